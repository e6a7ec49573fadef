"""The official OpenAI SDK for Python against `alipes simulate`: does a stranger's client understand our simulator?

Usage: sdk.py stream|connect BASE_URL. Exit 0 if every promise holds, 1 with the broken one on stderr.
"""

import sys

from openai import OpenAI
from openai.types.responses import (
    ResponseCompletedEvent,
    ResponseCreatedEvent,
    ResponseOutputItemDoneEvent,
    ResponseTextDeltaEvent,
)

MODEL = "sim-model"
NEEDED = (ResponseCreatedEvent, ResponseTextDeltaEvent, ResponseOutputItemDoneEvent, ResponseCompletedEvent)


def main(way, base_url):
    client = OpenAI(base_url=base_url, api_key="sk-interop-dummy", max_retries=0, timeout=20)
    {"stream": stream, "connect": connect}[way](client)


def stream(client):
    """One turn over SSE through `responses.stream`."""
    with client.responses.stream(model=MODEL, input="say hello") as events:
        seen = list(events)
        final = events.get_final_response()
    # The helper adds a snapshot to some events under types of its own; `type` is what the wire said.
    types = [event.type for event in seen]
    expect(types[0] == "response.created", f"the first event is response.created, not {types[0]}")
    expect(types[-1] == "response.completed", f"the last event is response.completed, not {types[-1]}")
    text = "".join(event.delta for event in seen if event.type == "response.output_text.delta")
    check_final(final, text)


def connect(client):
    """Two turns on one WebSocket, the second by `previous_response_id`; then an id that nobody knows."""
    with client.responses.connect(max_retries=0) as connection:
        connection.response.create(model=MODEL, input="say hello")
        first = one_turn(connection)
        connection.response.create(model=MODEL, input="and once more", previous_response_id=first.id)
        second = one_turn(connection)
        expect(second.id != first.id, "each response has an id of its own")
        expect(second.previous_response_id == first.id, "the second response names the first")
        connection.response.create(model=MODEL, input="again", previous_response_id="resp_nobody_knows")
        error = connection.recv()
        expect(error.type == "error", f"an unknown previous_response_id is an error, not {error.type}")
        detail = error.to_dict().get("error") or {}
        code = detail.get("code")
        expect(code == "previous_response_not_found", f"the error's code is previous_response_not_found, not {code}")


def one_turn(connection):
    seen = []
    for event in connection:
        expect(event.type != "error", f"no error in a turn: {event}")
        if event.type.startswith("response."):
            seen.append(event)
        if event.type == "response.completed":
            break
    expect(isinstance(seen[0], ResponseCreatedEvent), f"the first event is typed as created: {seen[0]}")
    for kind in NEEDED:
        expect(any(isinstance(event, kind) for event in seen), f"the stream has a {kind.__name__}")
    text = "".join(event.delta for event in seen if isinstance(event, ResponseTextDeltaEvent))
    check_final(seen[-1].response, text)
    return seen[-1].response


def check_final(response, text):
    expect(text.strip(), "the deltas hold text")
    expect(response.status == "completed", f"the response is completed, not {response.status}")
    expect(response.output_text == text, f"final text {response.output_text!r} is the sum of the deltas {text!r}")
    usage = response.usage
    expect(usage is not None, "the response has usage")
    total = usage.input_tokens + usage.output_tokens
    expect(usage.total_tokens == total, f"the token counts add up: {usage}")


def expect(holds, promise):
    if not holds:
        raise SystemExit(f"broken promise: {promise}")


main(*sys.argv[1:])
