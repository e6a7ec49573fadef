"""The upgrade itself: requests that are none, or not for us, and the status that each is answered with."""

import asyncio
from urllib.parse import urlsplit

GOOD = {
    "Host": "{host}",
    "Authorization": "Bearer {key}",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


def but(**other):
    """The good head with some lines changed, or without them."""
    changed = GOOD | {name.replace("_", "-"): value for name, value in other.items()}
    return {name: value for name, value in changed.items() if value is not None}


# Name, head, and what has to be in the answer's head. The accept value is that of RFC 6455, section 1.3.
HANDSHAKES = [
    ("as the standard has it", GOOD, "101 s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
    ("names in any case", but(Upgrade="WebSocket", Connection="keep-alive, upgrade"), "101 s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
    ("an extension nobody knows", but(Sec_WebSocket_Extensions="x-unknown; a=1"), "101 s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
    ("no key of the handshake", but(Sec_WebSocket_Key=None), "400"),
    ("a key of the handshake that is too short", but(Sec_WebSocket_Key="c2hvcnQ="), "400"),
    ("another version", but(Sec_WebSocket_Version="12"), "426 13"),
    ("no version", but(Sec_WebSocket_Version=None), "426 13"),
    ("no upgrade", but(Upgrade=None), "400"),
    ("no key of a client", but(Authorization=None), "401"),
    ("a page's origin", but(Origin="https://evil.example"), "403"),
    ("a name that is not ours", but(Host="evil.example"), "421"),
]

SHOWN = "sec-websocket-accept", "sec-websocket-version"


async def answered(head, base_url, key):
    """The status, and what the handshake's own headers say."""
    host = urlsplit(base_url).netloc
    lines = [f"{name}: {value.format(host=host, key=key)}" for name, value in head.items()]
    reader, writer = await asyncio.open_connection(*host.rsplit(":", 1))
    writer.write("\r\n".join(["GET /v1/responses HTTP/1.1", *lines, "", ""]).encode())
    said = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)).decode("latin-1").split("\r\n")
    writer.close()
    headers = dict(line.lower().split(": ", 1)[:1] + [line.split(": ", 1)[1]] for line in said[1:] if line)
    return " ".join([said[0].split()[1], *(headers[name] for name in SHOWN if name in headers)])
