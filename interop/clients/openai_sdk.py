"""One turn with the official OpenAI SDK for Python as it comes: its own retries, its own limits.

Usage: openai_sdk.py responses|websocket|chat BASE_URL KEY PROMPT [MORE]. Prints the text of the answer as it arrives; any
error of the SDK is its own. The model may have the files of the working folder listed. With MORE, members of the request in
JSON, the SDK repeats nothing.
"""

import json
import os
import sys

from openai import OpenAI

MODEL = "sim-model"
MORE = {}
LIST_FILES = {
    "name": "list_files",
    "description": "Lists the files of the working folder.",
    "parameters": {"type": "object", "properties": {}},
}
FUNCTION = {"type": "function", "strict": False, **LIST_FILES}


def main(way, base_url, key, prompt, more=None):
    client = OpenAI(base_url=base_url, api_key=key, **({"max_retries": 0} if more else {}))
    MORE.update(json.loads(more or "{}"))
    {"responses": responses, "websocket": websocket, "chat": chat}[way](client, prompt)


def responses(client, prompt):
    said = [{"role": "user", "content": prompt}]
    results = said
    while results:
        with client.responses.stream(model=MODEL, input=said, tools=[FUNCTION], **MORE) as events:
            for event in events:
                if event.type == "response.output_text.delta":
                    tell(event.delta)
            response = events.get_final_response()
        results = outputs(response)
        said = said + response.output + results


def websocket(client, prompt):
    with client.responses.connect() as connection:
        ask = {"model": MODEL, "tools": [FUNCTION], **MORE}
        new, previous = [{"role": "user", "content": prompt}], {}
        while new:
            connection.response.create(**ask, **previous, input=new)
            response = answer(connection)
            # The socket remembers what came before.
            new, previous = outputs(response), {"previous_response_id": response.id}


def answer(connection):
    for event in connection:
        if event.type == "response.output_text.delta":
            tell(event.delta)
        elif event.type == "response.completed":
            return event.response
        elif event.type in ("error", "response.failed", "response.incomplete"):
            raise SystemExit(f"the answer ended in {event.to_dict()}")
    raise SystemExit("the connection ended before the answer did")


def outputs(response):
    calls = [item for item in response.output if item.type == "function_call"]
    return [{"type": "function_call_output", "call_id": call.call_id, "output": listed()} for call in calls]


def chat(client, prompt):
    messages = [{"role": "user", "content": prompt}]
    while messages[-1]["role"] != "assistant":
        said, calls, finished = "", {}, None
        tools = [{"type": "function", "function": LIST_FILES}]
        ask = {"model": MODEL, "messages": messages, "tools": tools, **MORE}
        for chunk in client.chat.completions.create(**ask, stream=True):
            for choice in chunk.choices:
                said += choice.delta.content or ""
                tell(choice.delta.content or "")
                for piece in choice.delta.tool_calls or []:
                    call = calls.setdefault(piece.index, {"id": "", "name": "", "arguments": ""})
                    call["id"] += piece.id or ""
                    call["name"] += piece.function.name or ""
                    call["arguments"] += piece.function.arguments or ""
                finished = choice.finish_reason or finished
        # The SDK takes the end of the stream for the end of the answer.
        if finished is None:
            raise SystemExit("the stream ended without a finish_reason")
        messages += history(said, list(calls.values()))


def history(said, calls):
    """What goes back to the model: its own words, and a result for each of its calls."""
    if not calls:
        return [{"role": "assistant", "content": said}]
    function = lambda call: {"name": call["name"], "arguments": call["arguments"]}
    made = [{"id": call["id"], "type": "function", "function": function(call)} for call in calls]
    results = [{"role": "tool", "tool_call_id": call["id"], "content": listed()} for call in calls]
    return [{"role": "assistant", "content": said or None, "tool_calls": made}, *results]


def listed():
    return "\n".join(sorted(os.listdir()))


def tell(text):
    print(text, end="", flush=True)


main(*sys.argv[1:])
