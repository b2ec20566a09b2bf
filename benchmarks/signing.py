"""How much reading and checking a statement costs beside the signature's own check."""

import argparse
from collections.abc import Callable
from hashlib import sha256
from statistics import median
from time import perf_counter

from nacl.signing import VerifyKey

from depin_protocol.encoding import to_text
from depin_protocol.keys import public_key
from depin_protocol.statements.bodies import Body
from depin_protocol.statements.envelope import (
    Header,
    Statement,
    open_envelope,
    read_envelope,
    sign_statement,
    signature_holds,
)
from depin_protocol.statements.kinds import KINDS
from depin_protocol.statements.measuring import Readings
from depin_protocol.statements.membership import Vote
from depin_protocol.statements.money import Payout
from depin_protocol.statements.trading import Curve, Order

ROUNDS = 15
CALLS = 1000
NOON = 1_800_000_000_000
AIMS = {"payout": 0.85, "readings, 60 samples": 0.5}


def hashed(number: int) -> bytes:
    """Make bytes that look like any others."""
    return sha256(b"%d" % number).digest()


def statement(body: Body, seed: bytes) -> Statement:
    """Sign a body."""
    names = (to_text(hashed(n)[:16]) for n in range(4))
    stream = KINDS[body.KIND].STREAMS[0]
    coop, member, chain, salt = names
    header = Header(coop, member, stream, chain, 1234, to_text(hashed(9)), NOON, salt)
    return sign_statement(header, body, seed)


def bodies() -> dict[str, Body]:
    """Return what is measured: short statements, readings and orders."""
    minutes = tuple(NOON + 15_000 * n for n in range(60))
    return {
        "payout": Payout(1_234_567_890),
        "vote": Vote(to_text(hashed(5)), "yes"),
        "readings, 4 samples": Readings(
            to_text(hashed(6)[:16]),
            minutes[::16],
            {"import": (7_123_456,) * 4, "export": (3_123_456, 3_123_470, 3_123_490, 3_123_500)},
            (-800, -900, -1000, -900),
        ),
        "readings, 60 samples": Readings(
            to_text(hashed(6)[:16]),
            minutes,
            {
                "import": (7_123_456,) * 60,
                "export": tuple(range(3_123_456, 3_123_456 + 240, 4)),
            },
            tuple(-900 - 7 * n for n in range(60)),
        ),
        "order, 96 intervals": Order(
            "main",
            tuple(
                Curve(NOON + 900_000 * n, "ask", ((120_000, 400), (180_000, 500)))
                for n in range(96)
            ),
        ),
    }


def seconds(call: Callable[[], object]) -> float:
    """Time one call, over many."""
    begin = perf_counter()
    for _ in range(CALLS):
        call()
    return (perf_counter() - begin) / CALLS


def check(wire: bytes, key: bytes) -> Statement:
    """Do what intake does with a statement before it looks at the chain."""
    envelope = read_envelope(wire)
    if not signature_holds(wire, key):
        raise SystemExit("a good signature was refused")
    return open_envelope(envelope)


def measure(body: Body) -> tuple[int, float, float, float]:
    """Return a statement's size, our rate, PyNaCl's rate, and the median of their ratios."""
    seed = hashed(7)
    wire = statement(body, seed).wire
    key = public_key(seed)
    raw_key = VerifyKey(key)
    message, signature = b"depin statement v1\x00" + wire[64:], wire[:64]
    pairs = [
        (
            seconds(lambda: check(wire, key)),
            seconds(lambda: raw_key.verify(message, signature)),
        )
        for _ in range(ROUNDS)
    ]
    return (
        len(wire) - 64,
        1 / median(ours for ours, _ in pairs),
        1 / median(raw for _, raw in pairs),
        median(raw / ours for ours, raw in pairs),
    )


def main() -> None:
    """Print one table."""
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    print(f"{'statement':<22}{'bytes':>7}{'ours /s':>11}{'PyNaCl /s':>11}{'ratio':>7}  aim")
    for name, body in bodies().items():
        size, ours, raw, ratio = measure(body)
        aim = AIMS.get(name)
        verdict = "" if aim is None else f"  {aim} {'holds' if ratio >= aim else 'MISSED'}"
        print(f"{name:<22}{size:>7}{ours:>11,.0f}{raw:>11,.0f}{ratio:>7.2f}{verdict}")


if __name__ == "__main__":
    main()
