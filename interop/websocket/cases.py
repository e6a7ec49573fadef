"""What is tried, in the order of the sections of autobahn's own suite, and what has to come back (see `peer.py`).

A step is a frame, or a function of the peer for what is more than one. Where the standard leaves a choice, `or` is between
what is right. A close that starts with us is `close CODE *`: its words are free; who is said goodbye to says it back.
"""

import json
import zlib
from typing import NamedTuple

from autobahn.websocket.compress import PerMessageDeflateOffer
from peer import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT

BROKEN, NOT_TEXT, TOO_LARGE = "close 1002 *", "close 1007 *", "close 1009 *"
HELLO = "answer hello"

# The longest message that the server takes, in bytes, as it has been told.
LARGEST = 1_000_000


class Case(NamedTuple):
    section: str
    name: str
    steps: list
    expected: list
    offers: tuple = ()
    masked: bool = True


def ask(words="hello", size=0):
    """A request, with white space up to a size."""
    asked = {"type": "response.create", "model": "sim-model", "input": words}
    return json.dumps(asked, ensure_ascii=False).encode().ljust(size)


def frame(opcode, payload=b"", **how):
    return lambda peer: peer.sendFrame(opcode, payload, **how)


def message(payload, **how):
    """A message as autobahn would send it, compressed if that was agreed on."""
    return lambda peer: peer.sendMessage(payload, **how)


def raw(octets):
    return lambda peer: peer.sendData(octets)


def goodbye(payload=b""):
    return lambda peer: peer.close(payload)


def fragments(payload, size, opcode=TEXT, ends=True):
    """A message in frames of so many bytes."""
    pieces = [payload[at : at + size] for at in range(0, len(payload), size)]
    last = len(pieces) - 1
    return [
        frame(opcode if at == 0 else CONTINUATION, piece, fin=ends and at == last) for at, piece in enumerate(pieces)
    ]


def framing():
    for size in 125, 126, 127, 128, 65_535, 65_536, LARGEST:
        yield f"text of {size} bytes", [frame(TEXT, ask(size=size))], [HELLO]
    yield "text, byte by byte", [frame(TEXT, ask(size=200), chopsize=1)], [HELLO]
    yield "text of 65536 bytes, 997 at a time", [frame(TEXT, ask(size=65_536), chopsize=997)], [HELLO]
    yield "empty text", [frame(TEXT)], ["refused 400"]
    yield "binary", [frame(BINARY, b"\0\1\2")], ["close 1003 *"]
    yield "a length written in too many bytes", [raw(b"\x81\xfe\0\x7dmask" + b"\0" * 125)], [BROKEN]
    yield "two requests at once", [frame(TEXT, ask("one")), frame(TEXT, ask("two"))], ["answer one", "answer two"]


def pings():
    yield "empty", [frame(PING)], ["pong "]
    yield "with text", [frame(PING, b"hello")], ["pong hello"]
    yield "with bytes that are no text", [frame(PING, b"\xff\xfe")], ["pong \ufffd\ufffd"]
    yield "of 125 bytes", [frame(PING, b"p" * 125)], ["pong of 125 bytes"]
    yield "of 125 bytes, byte by byte", [frame(PING, b"p" * 125, chopsize=1)], ["pong of 125 bytes"]
    yield "of 126 bytes", [frame(PING, b"p" * 126)], [BROKEN]
    yield "pong nobody asked for", [frame(PONG, b"hello")], []
    yield "pong of 125 bytes", [frame(PONG, b"p" * 125), frame(PING, b"1")], ["pong 1"]
    yield "pong of 126 bytes", [frame(PONG, b"p" * 126)], [BROKEN]
    ten = [str(number).encode() for number in range(10)]
    yield "ten at once", [frame(PING, each) for each in ten], [f"pong {number}" for number in range(10)]
    yield "beside an answer", [frame(TEXT, ask()), frame(PING, b"1")], ["pong 1", HELLO]


def reserved_bits():
    for bits in range(1, 8):
        yield f"{bits:03b} on text", [frame(TEXT, ask(), rsv=bits)], [BROKEN]
    for name, opcode in ("ping", PING), ("pong", PONG), ("close", CLOSE):
        yield f"001 on {name}", [frame(opcode, rsv=1)], [BROKEN]
        yield f"100 on {name}", [frame(opcode, rsv=4)], [BROKEN]
    yield "010 in the middle of a message", [frame(TEXT, ask()[:9], fin=False), frame(CONTINUATION, b"", rsv=2)], [BROKEN]


def opcodes():
    for opcode in *range(3, 8), *range(11, 16):
        yield f"{opcode}", [frame(opcode)], [BROKEN]
    yield "3 in the middle of a message", [frame(TEXT, b"a", fin=False), frame(3)], [BROKEN]


def fragmentation():
    whole = ask()
    half = len(whole) // 2
    head, tail = frame(TEXT, whole[:half], fin=False), frame(CONTINUATION, whole[half:])
    yield "in two", [head, tail], [HELLO]
    yield "a frame for each byte", fragments(whole, 1), [HELLO]
    yield "empty frames between", [frame(TEXT, fin=False), frame(CONTINUATION, fin=False), frame(CONTINUATION, whole)], [HELLO]
    yield "with a ping between", [head, frame(PING, b"1"), tail], ["pong 1", HELLO]
    many = fragments(whole, 7)
    between = [step for number, piece in enumerate(many) for step in (piece, frame(PING, b"%d" % number))]
    yield "pings between all", between, [*(f"pong {number}" for number in range(len(many))), HELLO]
    yield "with a pong between", [head, frame(PONG, b"1"), tail], [HELLO]
    yield "with a close between", [head, goodbye(b"\x03\xe8")], ["close 1000"]
    yield "with another text between", [head, frame(TEXT, whole)], [BROKEN]
    yield "with a binary between", [head, frame(BINARY, b"1", fin=False)], [BROKEN]
    yield "a continuation of nothing", [frame(CONTINUATION, whole)], [BROKEN]
    yield "a continuation of nothing that goes on", [frame(CONTINUATION, whole, fin=False)], [BROKEN]
    yield "a continuation behind the end", [head, tail, frame(CONTINUATION)], [BROKEN]
    for name, opcode in ("ping", PING), ("pong", PONG), ("close", CLOSE):
        yield f"a {name} in two", [frame(opcode, b"\x03", fin=False), frame(CONTINUATION, b"\xe8")], [BROKEN]


VALID = ["κόσμε", "Hello-µ@ßöäüàá-UTF-8!!", "\u0080 \u07ff \u0800 \uffff", "\U00010000 \U0010ffff", "\ud7ff \ue000 \ufffd", "😀"]
INVALID = {
    "a byte that begins nothing": b"\x80",
    "0xfe": b"\xfe",
    "0xff": b"\xff",
    "/ as two bytes": b"\xc0\xaf",
    "/ as three bytes": b"\xe0\x80\xaf",
    "NUL as two bytes": b"\xc0\x80",
    "the longest that is too long": b"\xf0\x8f\xbf\xbf",
    "a high surrogate": b"\xed\xa0\x80",
    "a low surrogate": b"\xed\xbf\xbf",
    "a pair of surrogates": b"\xed\xa0\x80\xed\xb0\x80",
    "beyond the last": b"\xf4\x90\x80\x80",
    "five bytes": b"\xf8\x88\x80\x80\x80",
    "six bytes": b"\xfc\x84\x80\x80\x80\x80",
    "half a letter, then another": b"\xce\xce\xba",
}


def utf8():
    for words in VALID:
        name = words.encode("unicode_escape").decode()[:24]
        yield f"valid: {name}", [frame(TEXT, ask(words))], [f"answer {words}"]
        yield f"valid, a frame for each byte: {name}", fragments(ask(words), 1), [f"answer {words}"]
    for name, octets in INVALID.items():
        yield f"invalid: {name}", [frame(TEXT, ask().replace(b"hello", octets))], [NOT_TEXT]
        # The message has no end, so whoever waits for it waits for ever.
        yield f"invalid, told at once: {name}", fragments(b"{" + octets + b"  ", 1, ends=False), [NOT_TEXT]
    yield "ends within a letter", [frame(TEXT, ask() + b"\xce")], [NOT_TEXT]
    yield "ends within a letter, in frames", fragments(ask() + b"\xf0\x9f\x98", 9), [NOT_TEXT]


VALID_CODES = 1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999
INVALID_CODES = 0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535


def closing():
    yield "empty", [goodbye()], ["close"]
    yield "one byte", [goodbye(b"a")], [BROKEN]
    for code in VALID_CODES:
        yield f"{code}", [goodbye(code.to_bytes(2, "big"))], [f"close {code}"]
    for code in INVALID_CODES:
        yield f"{code}, which nobody may send", [goodbye(code.to_bytes(2, "big"))], [BROKEN]
    normal = (1000).to_bytes(2, "big")
    yield "with words", [goodbye(normal + b"bye")], ["close 1000 bye"]
    yield "with 123 bytes of words", [goodbye(normal + b"b" * 123)], ["close 1000 of 123 bytes"]
    yield "with 124 bytes of words", [goodbye(normal + b"b" * 124)], [BROKEN]
    yield "with words that are no text", [goodbye(normal + b"\xce\xba\xed\xa0\x80")], [f"{NOT_TEXT} or {BROKEN}"]
    yield "twice", [goodbye(normal), frame(CLOSE, normal)], ["close 1000"]
    yield "a ping behind it", [goodbye(normal), frame(PING, b"1")], ["close 1000"]
    yield "a request behind it", [goodbye(normal), frame(TEXT, ask())], ["close 1000"]
    yield "in the middle of an answer", [frame(TEXT, ask()), goodbye(normal)], ["close 1000"]


def limits():
    over = ask(size=LARGEST + 1)
    yield "one byte too many", [frame(TEXT, over)], [TOO_LARGE]
    yield "one byte too many, in frames", fragments(over, LARGEST // 3), [TOO_LARGE]
    for name, length, end in ("2^32", 2**32, TOO_LARGE), ("2^63", 2**63, BROKEN), ("2^64 - 1", 2**64 - 1, BROKEN):
        octets = b"\x81\xff" + length.to_bytes(8, "big") + b"mask" + b"some of it"
        yield f"a frame that says {name} bytes", [raw(octets)], [end]
    yield "more requests at once than may wait", [frame(TEXT, ask(size=50_000))] * 30, ["close 1008 *"]


def compression():
    words = json.dumps([f"{number} bottles of beer on the wall" for number in range(600)])
    long = json.dumps({"type": "response.create", "model": "sim-model", "input": "hello", "instructions": words}).encode()
    offers = {
        "as it comes": PerMessageDeflateOffer(),
        "no context kept by the server": PerMessageDeflateOffer(request_no_context_takeover=True),
        "no limit on the client": PerMessageDeflateOffer(accept_max_window_bits=False, accept_no_context_takeover=False),
    }
    windows = {f"a window of {bits} bits": PerMessageDeflateOffer(request_max_window_bits=bits) for bits in range(9, 16)}
    for name, offer in (offers | windows).items():
        steps = [message(ask()), message(long), message(long, fragmentSize=100), message(ask("bye"), doNotCompress=True)]
        yield name, steps, [*[HELLO] * 3, "answer bye"], (offer,)
    agreed = (PerMessageDeflateOffer(),)
    yield "two offers", [message(ask())], [HELLO], (PerMessageDeflateOffer(request_max_window_bits=9), *agreed)
    yield "pings between the frames", [*deflated(ask(), 9)], ["pong 1"] * len(range(9, len(deflate(ask())), 9)) + [HELLO], agreed
    yield "the bit on a continuation", [frame(TEXT, deflate(ask()), fin=False, rsv=4), frame(CONTINUATION, rsv=4)], [BROKEN], agreed
    for name, opcode in ("ping", PING), ("pong", PONG), ("close", CLOSE):
        yield f"the bit on a {name}", [frame(opcode, rsv=4)], [BROKEN], agreed
    yield "another bit beside it", [frame(TEXT, deflate(ask()), rsv=6)], [BROKEN], agreed
    yield "no text inside", [frame(TEXT, deflate(b'"\xed\xa0\x80"'), rsv=4)], [NOT_TEXT], agreed
    garbage = f"{BROKEN} or {NOT_TEXT} or close 1011 *"
    yield "not compressed at all", [frame(TEXT, b"\xff" * 40, rsv=4)], [garbage], agreed
    yield "a bomb", [frame(TEXT, deflate(b" " * 200 * LARGEST), rsv=4)], [TOO_LARGE], agreed
    yield "a bomb in frames", [*pieces(deflate(b" " * 200 * LARGEST), 10_000)], [TOO_LARGE], agreed


def deflate(payload):
    """A message as RFC 7692, section 7.2.1, wants it."""
    one = zlib.compressobj(wbits=-15)
    return (one.compress(payload) + one.flush(zlib.Z_SYNC_FLUSH)).removesuffix(b"\0\0\xff\xff")


def pieces(payload, size):
    """The frames of a compressed message: only the first has the bit."""
    cut = [payload[at : at + size] for at in range(0, len(payload), size)]
    first = frame(TEXT, cut[0], fin=len(cut) == 1, rsv=4)
    return [first, *(frame(CONTINUATION, piece, fin=piece is cut[-1]) for piece in cut[1:])]


def deflated(payload, size):
    """The same with a ping between any two."""
    frames = pieces(deflate(payload), size)
    return [step for piece in frames for step in (frame(PING, b"1"), piece)][1:]


def masks():
    yield "a text without", [frame(TEXT, ask())], [BROKEN], (), False
    yield "a ping without", [frame(PING)], [BROKEN], (), False
    yield "of zeros", [raw(b"\x81\xfe\0\xc8\0\0\0\0" + ask(size=200))], [HELLO]


SECTIONS = {
    "1 framing": framing,
    "2 pings and pongs": pings,
    "3 reserved bits": reserved_bits,
    "4 opcodes": opcodes,
    "5 fragmentation": fragmentation,
    "6 UTF-8": utf8,
    "7 close": closing,
    "9 limits": limits,
    "12 compression": compression,
    "masks": masks,
}

CASES = [Case(name, *case) for name, section in SECTIONS.items() for case in section()]
