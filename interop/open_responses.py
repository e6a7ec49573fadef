"""What the Open Responses specification asks of a server, asked of the one at BASE_URL.

Usage: open_responses.py BASE_URL KEY. Exit 0 if every check holds; each is told on its own line. The specification's own
suite is in no registry; these are its checks, written from the schema (github.com/openresponses/openresponses,
schema/*.tsp of 2026-04): what has to be in a response, an item and an event, and of what kind.
"""

import json
import sys
import urllib.request

MODEL = "sim-model"

TEXT, WHOLE, FLAG, LIST, OBJECT, NULL = str, int, bool, list, dict, type(None)
NUMBER = (int, float)

RESPONSE = {
    "id": TEXT, "object": TEXT, "created_at": WHOLE, "completed_at": (WHOLE, NULL), "status": TEXT,
    "incomplete_details": (OBJECT, NULL), "model": TEXT, "previous_response_id": (TEXT, NULL),
    "instructions": (TEXT, NULL), "output": LIST, "error": (OBJECT, NULL), "tools": LIST, "tool_choice": (TEXT, OBJECT),
    "truncation": TEXT, "parallel_tool_calls": FLAG, "text": OBJECT, "top_p": NUMBER, "presence_penalty": NUMBER,
    "frequency_penalty": NUMBER, "top_logprobs": WHOLE, "temperature": NUMBER, "reasoning": (OBJECT, NULL),
    "usage": (OBJECT, NULL), "max_output_tokens": (WHOLE, NULL), "max_tool_calls": (WHOLE, NULL), "store": FLAG,
    "background": FLAG, "service_tier": TEXT, "metadata": OBJECT, "safety_identifier": (TEXT, NULL),
    "prompt_cache_key": (TEXT, NULL),
}  # fmt: skip
USAGE = {
    "input_tokens": WHOLE,
    "output_tokens": WHOLE,
    "total_tokens": WHOLE,
    "input_tokens_details": OBJECT,
    "output_tokens_details": OBJECT,
}
TOOL = {"type": TEXT, "name": TEXT, "description": (TEXT, NULL), "parameters": (OBJECT, NULL), "strict": (FLAG, NULL)}
ITEMS = {
    "message": {"id": TEXT, "status": TEXT, "role": TEXT, "content": LIST},
    "function_call": {"id": TEXT, "call_id": TEXT, "name": TEXT, "arguments": TEXT, "status": TEXT},
    "reasoning": {"id": TEXT, "summary": LIST},
}
PARTS = {"output_text": {"text": TEXT, "annotations": LIST}, "refusal": {"refusal": TEXT}}

# Every event has a type and a sequence number besides.
AT = {"output_index": WHOLE}
IN = AT | {"item_id": TEXT}
WITHIN = IN | {"content_index": WHOLE}
EVENTS = {
    "response.created": {"response": OBJECT},
    "response.in_progress": {"response": OBJECT},
    "response.completed": {"response": OBJECT},
    "response.output_item.added": AT | {"item": OBJECT},
    "response.output_item.done": AT | {"item": OBJECT},
    "response.content_part.added": WITHIN | {"part": OBJECT},
    "response.content_part.done": WITHIN | {"part": OBJECT},
    "response.output_text.delta": WITHIN | {"delta": TEXT},
    "response.output_text.done": WITHIN | {"text": TEXT},
    "response.function_call_arguments.delta": IN | {"delta": TEXT},
    "response.function_call_arguments.done": IN | {"arguments": TEXT},
}

# A red pixel.
IMAGE = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
LIST_FILES = {
    "type": "function",
    "name": "list_files",
    "description": "Lists the files of a folder.",
    "parameters": {"type": "object", "properties": {"path": {"type": "string"}}},
}


def says(role, content):
    return {"type": "message", "role": role, "content": content}


def text(ask):
    ended(ask(input=[says("user", "hello")]), "message")


def text_as_stream(ask):
    response, events = ask(input=[says("user", "hello")], stream=True)
    ended(response, "message")
    kinds = [event["type"] for event in events]
    expect(kinds[:2] == ["response.created", "response.in_progress"], f"a stream begins with {kinds[:2]}")
    said = "".join(event["delta"] for event in events if event["type"] == "response.output_text.delta")
    whole = "".join(part["text"] for item in response["output"] for part in item.get("content", []))
    expect(said == whole, f"the deltas say {said!r}, the message {whole!r}")


def system_prompt(ask):
    ended(ask(input=[says("system", "You are brief."), says("user", "hello")], instructions="Be kind."), "message")


def tool_call(ask):
    call = ended(ask(input=[says("user", "list the files")], tools=[LIST_FILES]), "function_call")
    expect(isinstance(json.loads(call["arguments"]), dict), f"arguments are {call['arguments']}")


def tool_call_as_stream(ask):
    response, events = ask(input=[says("user", "list the files")], tools=[LIST_FILES], stream=True)
    call = ended(response, "function_call")
    for edge in "added", "done":
        is_edge = lambda event: event["type"] == f"response.output_item.{edge}" and event["item"]["type"] == "function_call"
        expect(any(map(is_edge, events)), f"no call is {edge}")
    kind = "response.function_call_arguments"
    said = "".join(event["delta"] for event in events if event["type"] == f"{kind}.delta")
    done = [event["arguments"] for event in events if event["type"] == f"{kind}.done"]
    expect([said] == done == [call["arguments"]], f"the deltas say {said!r}, their end {done}, the call {call}")


def tool_result(ask):
    question = says("user", "list the files")
    first = ask(input=[question], tools=[LIST_FILES])
    call = ended(first, "function_call")
    result = {"type": "function_call_output", "call_id": call["call_id"], "output": "marker.txt"}
    message = ended(ask(input=[question, *first["output"], result], tools=[LIST_FILES]), "message")
    expect("marker.txt" in message["content"][0]["text"], f"the result is not in {message}")


def image(ask):
    content = [{"type": "input_text", "text": "What is this?"}, {"type": "input_image", "image_url": IMAGE}]
    ended(ask(input=[says("user", content)]), "message")


def several_turns(ask):
    ended(ask(input=[says("user", "I am Alice."), says("assistant", "Hello Alice."), says("user", "Who am I?")]), "message")


def echo(ask):
    response = ask(
        input="hello", tools=[LIST_FILES], tool_choice="none", temperature=0.5, top_p=0.25, max_output_tokens=100,
        metadata={"a": "b"}, instructions="Be kind.", parallel_tool_calls=False,
    )  # fmt: skip
    asked = {"tool_choice": "none", "temperature": 0.5, "top_p": 0.25, "max_output_tokens": 100, "metadata": {"a": "b"}}
    asked |= {"instructions": "Be kind.", "parallel_tool_calls": False}
    told = {name: response[name] for name in asked}
    expect(told == asked, f"asked for {asked}, the response says {told}")


def ended(response, kind):
    """The item of this kind in a response that has ended well."""
    response = response[0] if isinstance(response, tuple) else response
    expect(response["status"] == "completed", f"the status is {response['status']}")
    found = [item for item in response["output"] if item["type"] == kind]
    expect(found, f"there is no {kind} in {response['output']}")
    return found[-1]


def post(base_url, key, **body):
    """The response; with `stream` its events, too. All of it is as the schema wants it."""
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    asked = urllib.request.Request(f"{base_url}/responses", json.dumps({"model": MODEL} | body).encode(), headers)
    try:
        with urllib.request.urlopen(asked, timeout=30) as answer:
            answered = answer.read().decode()
    except urllib.error.HTTPError as error:
        raise Broken(f"HTTP {error.code}: {error.read().decode()}") from error
    if not body.get("stream"):
        return checked_response(json.loads(answered))
    events = [checked_event(block) for block in answered.strip().split("\n\n") if not block.startswith((":", "data: [DONE]"))]
    numbers = [event["sequence_number"] for event in events]
    expect(numbers == sorted(set(numbers)), f"the sequence numbers are {numbers}")
    expect(events[-1]["type"] == "response.completed", f"the last event is {events[-1]['type']}")
    return events[-1]["response"], events


def checked_event(block):
    lines = dict(line.split(": ", 1) for line in block.split("\n"))
    event = json.loads(lines["data"])
    kind = event["type"]
    expect(lines["event"] == kind, f"the event {lines['event']} holds {kind}")
    expect(kind in EVENTS, f"nobody knows the event {kind}")
    check(kind, event, EVENTS[kind] | {"sequence_number": WHOLE})
    if "response" in event:
        checked_response(event["response"])
    if "item" in event:
        check_item(event["item"])
    if "part" in event:
        check(event["part"]["type"], event["part"], PARTS[event["part"]["type"]])
    return event


def checked_response(response):
    check("response", response, RESPONSE)
    for item in response["output"]:
        check_item(item)
    for tool in response["tools"]:
        check("tool", tool, TOOL)
    if response["usage"]:
        check("usage", response["usage"], USAGE)
        check("usage.input_tokens_details", response["usage"]["input_tokens_details"], {"cached_tokens": WHOLE})
        check("usage.output_tokens_details", response["usage"]["output_tokens_details"], {"reasoning_tokens": WHOLE})
    return response


def check_item(item):
    check(item["type"], item, ITEMS[item["type"]])
    for part in item.get("content", []):
        check(part["type"], part, PARTS[part["type"]])


def check(what, found, wanted):
    missing = [name for name in wanted if name not in found]
    expect(not missing, f"{what} has no {', '.join(missing)}")
    wrong = [f"{name} = {found[name]!r}" for name, kind in wanted.items() if not is_kind(found[name], kind)]
    expect(not wrong, f"{what} has {', '.join(wrong)}")


def is_kind(value, kind):
    # In Python a flag is a whole number, too.
    return isinstance(value, kind) and (not isinstance(value, bool) or kind in (FLAG, (FLAG, NULL)))


class Broken(Exception):
    """A promise of the specification is."""


def expect(holds, promise):
    if not holds:
        raise Broken(promise)


CHECKS = [text, text_as_stream, system_prompt, tool_call, tool_call_as_stream, tool_result, image, several_turns, echo]


def main(base_url, key):
    broken = 0
    for one in CHECKS:
        try:
            one(lambda **body: post(base_url, key, **body))
            print(f"ok  {one.__name__}")
        except Broken as error:
            broken += 1
            print(f"BROKEN  {one.__name__}: {error}")
    sys.exit(broken > 0)


main(*sys.argv[1:])
