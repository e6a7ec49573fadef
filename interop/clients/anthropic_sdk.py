"""One turn with the official Anthropic SDK for Python as it comes: its own retries, its own limits.

Usage: anthropic_sdk.py stream|create BASE_URL KEY PROMPT. Prints the text of the answer as it arrives; any error of the
SDK is its own.
"""

import sys

from anthropic import Anthropic

MODEL = "sim-model"


def main(way, base_url, key, prompt):
    # The SDK adds the version to the address by itself.
    client = Anthropic(base_url=base_url.removesuffix("/v1"), api_key=key)
    asked = {"model": MODEL, "max_tokens": 1024, "messages": [{"role": "user", "content": prompt}]}
    {"stream": stream, "create": create}[way](client, asked)


def stream(client, asked):
    with client.messages.stream(**asked) as events:
        for text in events.text_stream:
            print(text, end="", flush=True)
        check(events.get_final_message())


def create(client, asked):
    message = client.messages.create(**asked)
    check(message)
    print("".join(block.text for block in message.content if block.type == "text"))


def check(message):
    # The SDK takes the end of the stream for the end of the message.
    if message.stop_reason is None:
        raise SystemExit("the message has no stop_reason")


main(*sys.argv[1:])
