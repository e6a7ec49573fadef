"""The server side of `GET /v1/responses` against clients that break the standard, and against some that only try.

Usage: check.py BASE_URL KEY. Prints what was expected and what was observed; exit 0 if it is the same everywhere. The sections
are those of the autobahn test suite (which needs Python 2): RFC 6455 and RFC 7692, case by case.
"""

import asyncio
import logging
import sys
from fnmatch import fnmatchcase

from cases import CASES
from handshakes import HANDSHAKES, answered
from peer import connect

# Cases at a time: an answer is mostly waited for.
LANES = 8


async def main(base_url, key):
    lanes = asyncio.Semaphore(LANES)

    async def in_lane(judged):
        async with lanes:
            return await judged

    judged = [tried(case, base_url, key) for case in CASES]
    judged += [upgraded(name, head, expected, base_url, key) for name, head, expected in HANDSHAKES]
    rows = await asyncio.gather(*map(in_lane, judged))
    failed = [row for row in rows if not row[0]]
    for holds, section, name, expected, observed in rows:
        if holds:
            print(f"ok      {section}: {name} → {observed}")
    for holds, section, name, expected, observed in failed:
        print(f"FAILED  {section}: {name}: expected {expected}, observed {observed}")
    print(f"{len(rows) - len(failed)} of {len(rows)} cases")
    sys.exit(bool(failed))


async def tried(case, base_url, key):
    peer = await connect(base_url, key, case.offers, case.masked)
    for step in case.steps:
        step(peer)
    observed = await peer.listen(len(case.expected))
    holds = len(observed) == len(case.expected) and all(map(is_meant, observed, case.expected))
    # Whoever offers compression is to get it.
    holds &= bool(peer.agreed) == bool(case.offers)
    peer.dropConnection(abort=True)
    return holds, case.section, case.name, ", ".join(case.expected) or "nothing", ", ".join(observed) or "nothing"


async def upgraded(name, head, expected, base_url, key):
    observed = await answered(head, base_url, key)
    return observed == expected, "handshake", name, expected, observed


def is_meant(observed, expected):
    # The words of a close may be missing.
    return any(fnmatchcase(f"{observed} ", one) or observed == one for one in expected.split(" or "))


# Autobahn tells in its log what is told here.
logging.disable()
asyncio.run(main(*sys.argv[1:]))
