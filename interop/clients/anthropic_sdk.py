"""One turn with the official Anthropic SDK for Python as it comes: its own retries, its own limits.

Usage: anthropic_sdk.py stream BASE_URL KEY PROMPT [MORE]. Prints the text of the answer as it arrives; any error of the SDK is
its own. The model may have the files of the working folder listed. With MORE, members of the request in JSON, the SDK repeats
nothing.
"""

import json
import os
import sys

from anthropic import Anthropic

LIST_FILES = {
    "name": "list_files",
    "description": "Lists the files of the working folder.",
    "input_schema": {"type": "object", "properties": {}},
}
ASKED = {"model": "sim-model", "max_tokens": 1024, "tools": [LIST_FILES]}


def main(_way, base_url, key, prompt, more=None):
    # The SDK adds the version to the address by itself.
    once = {"max_retries": 0} if more else {}
    client = Anthropic(base_url=base_url.removesuffix("/v1"), api_key=key, **once)
    asked = {**ASKED, "extra_body": json.loads(more or "{}")}
    messages = [{"role": "user", "content": prompt}]
    while messages[-1]["role"] == "user":
        with client.messages.stream(messages=messages, **asked) as events:
            for text in events.text_stream:
                print(text, end="", flush=True)
            message = events.get_final_message()
        # The SDK takes the end of the stream for the end of the message.
        if message.stop_reason is None:
            raise SystemExit("the message has no stop_reason")
        messages.append({"role": "assistant", "content": message.content})
        uses = [block for block in message.content if block.type == "tool_use"]
        results = [{"type": "tool_result", "tool_use_id": use.id, "content": listed()} for use in uses]
        if results:
            messages.append({"role": "user", "content": results})


def listed():
    return "\n".join(sorted(os.listdir()))


main(*sys.argv[1:])
