"""A client that says exactly what it is told to, on autobahn, and notes what comes back, in words.

Autobahn's `sendFrame` was made for its own fuzzing: it sends what no client should. What is noted: `answer WORDS` with the
prompt that a whole answer repeats, `refused STATUS` for an error frame, `pong PAYLOAD`, `close CODE REASON`, `cut` for an end
without a goodbye, and `left open` where the end does not come.
"""

import asyncio
import json
import re

from autobahn.asyncio.websocket import WebSocketClientFactory, WebSocketClientProtocol
from autobahn.websocket.compress import PerMessageDeflateResponseAccept

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
LIMIT = 10

# The ping behind everything: what was to be said has been said when its pong is there.
LAST = b"that was all"


class Peer(WebSocketClientProtocol):
    def __init__(self):
        super().__init__()
        self.opened = asyncio.get_running_loop().create_future()
        self.noted, self.agreed = [], []
        self.parted = self.said_goodbye = False
        self.news, self.over, self.gone = asyncio.Event(), asyncio.Event(), asyncio.Event()

    def onConnect(self, response):
        self.agreed = response.extensions

    def onOpen(self):
        self.opened.set_result(self)

    def onMessage(self, payload, isBinary):
        event = json.loads(payload)
        if event["type"] == "error":
            self.note(f"refused {event['status']}")
        if event["type"] == "response.completed":
            text = "".join(part["text"] for item in event["response"]["output"] for part in item.get("content", []))
            self.note(f"answer {''.join(re.findall('“(.*)”', text))}")

    def onPong(self, payload):
        if payload == LAST:
            self.over.set()
        else:
            self.note(f"pong {short(payload)}")

    def onCloseFrame(self, code, reasonRaw):
        words = ["close", *([] if code is None else [str(code)]), short(reasonRaw or b"")]
        self.note(" ".join(words).rstrip())
        self.parted = True
        if not self.said_goodbye:
            self.sendFrame(CLOSE, b"" if code is None else code.to_bytes(2, "big"))

    def onClose(self, wasClean, code, reason):
        if not self.opened.done():
            self.opened.set_exception(ConnectionError(reason))
        if not self.parted:
            self.note("cut")
        self.over.set()
        self.gone.set()

    def note(self, word):
        self.noted.append(word)
        self.news.set()

    def close(self, payload=b""):
        """Says goodbye as it is told to; what autobahn does by itself would be checked by it first."""
        self.said_goodbye = True
        self.sendFrame(CLOSE, payload)

    async def listen(self, expected):
        """What comes until there is as much as expected, and what else is behind it."""
        try:
            async with asyncio.timeout(LIMIT):
                while len(self.noted) < expected and not self.gone.is_set():
                    await self.news.wait()
                    self.news.clear()
                if not (self.parted or self.said_goodbye or self.gone.is_set()):
                    self.sendFrame(PING, LAST)
                    await self.over.wait()
                if self.parted:
                    # It is the server that ends the connection (RFC 6455, section 7.1.1).
                    await self.gone.wait()
        except TimeoutError:
            self.note("left open")
        return self.noted


async def connect(url, key, offers=(), masked=True):
    """Opens a connection that offers compression by some parameters, or none."""
    factory = WebSocketClientFactory(re.sub("^http", "ws", url) + "/responses", headers={"Authorization": f"Bearer {key}"})
    factory.protocol = Peer
    factory.setProtocolOptions(
        perMessageCompressionOffers=list(offers),
        perMessageCompressionAccept=PerMessageDeflateResponseAccept,
        maskClientFrames=masked,
        serverConnectionDropTimeout=0,
        openHandshakeTimeout=LIMIT,
    )
    _, peer = await asyncio.get_running_loop().create_connection(factory, factory.host, factory.port)
    return await peer.opened


def short(payload):
    return f"of {len(payload)} bytes" if len(payload) > 40 else payload.decode(errors="replace")
