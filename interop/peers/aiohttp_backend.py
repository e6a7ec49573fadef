"""A Responses backend on aiohttp: a stranger for our client to talk to.

Our client and our simulator share code and could be wrong together. This file was written from recorded traffic
alone, in another language, on another HTTP and WebSocket library. Its model is a script: look into the folder
with `list_files`, then repeat what the tool said.

It prints `listening on URL`, then one JSON line for everything it saw. It stops when its standard input ends.
Its ways: CRLF and multi-line `data` in SSE, single bytes as chunks while it asks for the tool, one large chunk for
the answer; over WebSocket permessage-deflate and a strict `previous_response_id`.
"""

import asyncio
import itertools
import json
import sys

from aiohttp import WSMsgType, web

TOOL = "list_files"
ARGUMENTS = {}
TURN_STATE = "turn-state-of-aiohttp"
LARGEST_REQUEST = 4 * 1024 * 1024

serial = itertools.count(1)


class Refusal(Exception):
    """A request that a real backend would not accept."""

    def __init__(self, status, code, message):
        super().__init__(message)
        self.status = status
        self.error = {"type": "invalid_request_error", "code": code, "message": message, "param": None}


def log(event, **facts):
    print(json.dumps({"ev": event, **facts}), flush=True)


def check(body, conversation):
    """What the real backends insist on, as far as it was observed."""
    if body.get("stream") is not True:
        raise Refusal(400, None, "Stream must be set to true")
    if body.get("store") is not False:
        raise Refusal(400, None, "Store must be set to false")
    if not isinstance(body.get("input"), list):
        raise Refusal(400, None, "Input must be a list")
    called = set()
    for item in conversation:
        if item.get("role") == "system":
            raise Refusal(400, None, "System messages are not allowed")
        if item["type"] == "function_call":
            called.add(item["call_id"])
        if item["type"] == "function_call_output" and item["call_id"] not in called:
            raise Refusal(400, None, f"No tool call found for function call output with call_id {item['call_id']}.")


def plan(body, conversation):
    """The items that this model answers with."""
    number = next(serial)
    if body.get("generate") is False:
        return []
    result = next((i["output"] for i in reversed(conversation) if i["type"] == "function_call_output"), None)
    if result is not None:
        return [message(number, f"Gefunden ✓ – the folder holds: {result}", "final_answer")]
    reasoning = {
        "type": "reasoning",
        "id": f"rs_{number}",
        "summary": [],
        "encrypted_content": f"sealed-{number}",
        "x_unknown_field": {"kept": True},
    }
    call = {
        "type": "function_call",
        "id": f"fc_{number}",
        "call_id": f"call_{number}",
        "name": TOOL,
        "arguments": json.dumps(ARGUMENTS),
        "status": "completed",
    }
    return [reasoning, message(number, "I look into the folder first.", "commentary"), call]


def message(number, text, phase):
    part = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    return {
        "type": "message",
        "id": f"msg_{number}",
        "role": "assistant",
        "status": "completed",
        "phase": phase,
        "content": [part],
    }


def events(body, items):
    """The stream of one response; the caller learns its id from the first event."""
    response = {"id": f"resp_{next(serial)}", "object": "response", "model": body.get("model"), "output": []}
    yield {"type": "response.created", "response": {**response, "status": "in_progress"}}
    yield {"type": "response.weather_report", "weather": "an event that nobody knows"}
    for index, item in enumerate(items):
        yield from item_events(index, item)
    usage = {
        "input_tokens": 120,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": 30,
        "output_tokens_details": {"reasoning_tokens": 10},
        "total_tokens": 150,
    }
    # The ChatGPT backend has been seen to send no output here: items count when they are done.
    yield {"type": "response.completed", "response": {**response, "status": "completed", "output": None, "usage": usage}}


def item_events(index, item):
    where = {"output_index": index, "item_id": item["id"]}
    yield {"type": "response.output_item.added", "output_index": index, "item": opened(item)}
    if item["type"] == "message":
        text = item["content"][0]["text"]
        part = {"type": "output_text", "text": "", "annotations": []}
        # The official SDKs need it: they put the deltas into the part that it announces.
        yield {"type": "response.content_part.added", **where, "content_index": 0, "part": part}
        for start in range(0, len(text), 5):
            delta = text[start : start + 5]
            yield {"type": "response.output_text.delta", **where, "content_index": 0, "delta": delta}
        yield {"type": "response.output_text.done", **where, "content_index": 0, "text": text}
        yield {"type": "response.content_part.done", **where, "content_index": 0, "part": item["content"][0]}
    if item["type"] == "function_call":
        for piece in item["arguments"]:
            yield {"type": "response.function_call_arguments.delta", **where, "delta": piece}
        yield {"type": "response.function_call_arguments.done", **where, "arguments": item["arguments"]}
    yield {"type": "response.output_item.done", "output_index": index, "item": item}


def opened(item):
    """An item as it looks before its content has arrived."""
    empty = {"message": {"content": []}, "function_call": {"arguments": ""}}
    return {**item, "status": "in_progress", **empty.get(item["type"], {})}


def sse(event):
    """CRLF, an event name, and the JSON broken over several `data` lines, as the standard allows."""
    lines = json.dumps(event, ensure_ascii=False, indent=1).split("\n")
    return "".join([f"event: {event['type']}\r\n", *(f"data: {line}\r\n" for line in lines), "\r\n"]).encode()


async def post(request):
    body = await request.json()
    version = f"{request.version.major}.{request.version.minor}"
    headers = [[name.lower(), value] for name, value in request.headers.items()]
    log("http", method=request.method, path=request.path, httpver=version, headers=headers, body=body)
    try:
        if "previous_response_id" in body:
            raise Refusal(400, None, "Unsupported parameter: previous_response_id")
        check(body, body["input"])
    except Refusal as refusal:
        log("refused", error=refusal.error)
        return web.json_response({"error": refusal.error}, status=refusal.status)
    items = plan(body, body["input"])
    stream = b"".join([b": welcome\r\n\r\n", *map(sse, events(body, items))])
    head = {"content-type": "text/event-stream; charset=utf-8", "x-codex-turn-state": TURN_STATE}
    answer = web.StreamResponse(headers=head)
    await answer.prepare(request)
    size = 1 if len(items) > 1 else len(stream)
    for start in range(0, len(stream), size):
        await answer.write(stream[start : start + size])
    await answer.write_eof()
    return answer


async def socket(request):
    headers = [[name.lower(), value] for name, value in request.headers.items()]
    log("ws_upgrade", path=request.path, httpver="1.1", headers=headers)
    ws = web.WebSocketResponse(compress=True, max_msg_size=LARGEST_REQUEST)
    await ws.prepare(request)
    log("ws_open", compressed=bool(ws.compress))
    base = {"id": None, "items": []}
    async for frame in ws:
        if frame.type == WSMsgType.TEXT:
            body = json.loads(frame.data)
            log("ws_frame", body=body)
            await create(ws, body, base)
    log("ws_closed", code=ws.close_code)
    return ws


async def create(ws, body, base):
    """Answers one `response.create`; `base` is what the next one may build on."""
    try:
        previous = body.get("previous_response_id")
        if previous is not None and previous != base["id"]:
            raise Refusal(400, "previous_response_not_found", f"Previous response with id '{previous}' not found.")
        conversation = (base["items"] if previous else []) + body["input"]
        check(body, conversation)
    except Refusal as refusal:
        base.update(id=None, items=[])
        log("refused", error=refusal.error)
        await ws.send_json({"type": "error", "status": refusal.status, "error": refusal.error})
        return
    items = plan(body, conversation)
    for event in events(body, items):
        if event["type"] == "response.created":
            base.update(id=event["response"]["id"], items=conversation + items)
        await ws.send_str(json.dumps(event, ensure_ascii=False))


async def main():
    app = web.Application(client_max_size=LARGEST_REQUEST)
    app.router.add_post("/v1/responses", post)
    app.router.add_get("/v1/responses", socket)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    print(f"listening on http://127.0.0.1:{port}/v1", flush=True)
    await asyncio.to_thread(sys.stdin.buffer.read)
    await runner.cleanup()


asyncio.run(main())
