"""One turn with the official OpenAI SDK for Python as it comes: its own retries, its own limits.

Usage: openai_sdk.py responses|websocket|chat BASE_URL KEY PROMPT. Prints the text of the answer as it arrives; any error
of the SDK is its own.
"""

import sys

from openai import OpenAI

MODEL = "sim-model"


def main(way, base_url, key, prompt):
    client = OpenAI(base_url=base_url, api_key=key)
    {"responses": responses, "websocket": websocket, "chat": chat}[way](client, prompt)


def responses(client, prompt):
    with client.responses.stream(model=MODEL, input=prompt) as events:
        for event in events:
            if event.type == "response.output_text.delta":
                tell(event.delta)
        events.get_final_response()


def websocket(client, prompt):
    with client.responses.connect() as connection:
        connection.response.create(model=MODEL, input=prompt)
        for event in connection:
            if event.type == "response.output_text.delta":
                tell(event.delta)
            elif event.type == "response.completed":
                return
            elif event.type in ("error", "response.failed", "response.incomplete"):
                raise SystemExit(f"the answer ended in {event.to_dict()}")
    raise SystemExit("the connection ended before the answer did")


def chat(client, prompt):
    finished = None
    messages = [{"role": "user", "content": prompt}]
    for chunk in client.chat.completions.create(model=MODEL, messages=messages, stream=True):
        for choice in chunk.choices:
            tell(choice.delta.content or "")
            finished = choice.finish_reason or finished
    # The SDK takes the end of the stream for the end of the answer.
    if finished is None:
        raise SystemExit("the stream ended without a finish_reason")


def tell(text):
    print(text, end="", flush=True)


main(*sys.argv[1:])
