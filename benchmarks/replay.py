"""How fast `verify` follows a log of statements, beside the raw check of their signatures.

    python -m benchmarks.replay [--statements 20000] [--rounds 3]

Both sides take turns in one run. `by the clock` is the time that one thread needs for the
signatures alone, by the time that `verify` takes with all cores; `by CPU` compares the CPU time of
all threads, in which everything but the signatures is loss.
"""

import argparse
import asyncio
from collections.abc import Sequence
from itertools import batched
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import NamedTuple

from depin_protocol.keys import public_key
from depin_protocol.statements.envelope import signature_holds
from depin_protocol.statements.measuring import Readings
from settlement_node.replay.verify import verify
from tests.node.village import village
from tests.protocol.spoken import NOON, Home, ident

HOMES = 32
GROUP = 1_000
SAMPLES = 4
"""A quarter of an hour, which is what a home says at a time."""


class Took(NamedTuple):
    """Seconds by the clock, and of all threads together."""

    clock: float
    cpu: float


def readings(number: int) -> Readings:
    """Make a quarter of an hour's samples of two registers."""
    at = tuple(NOON - (SAMPLES - place) * 300_000 for place in range(SAMPLES))
    totals = tuple(1_000_000 + number * 100 + place for place in range(SAMPLES))
    return Readings(ident(9000), at, {"import": totals, "export": totals})


def signatures(said: Sequence[tuple[bytes, bytes]]) -> Took:
    """Check nothing but the signatures."""
    clock, cpu = perf_counter(), process_time()
    if not all(signature_holds(wire, key) for wire, key in said):
        raise RuntimeError("a statement of the benchmark's own does not verify")
    return Took(perf_counter() - clock, process_time() - cpu)


async def measure(statements: int, rounds: int, folder: Path) -> None:
    """Fill a log, then follow it again and again."""
    async with village(folder) as here:
        homes = [Home(2 + number) for number in range(HOMES)]
        for home in homes:
            await here.welcome(home)
        said = [
            (home.say("metering", readings(number)).wire, public_key(home.seed))
            for number in range(statements)
            for home in [homes[number % HOMES]]
        ]
        for group in batched(said, GROUP, strict=False):
            await here.coop.submit([wire for wire, _ in group])
        await here.coop.tick()
        print(f"{here.coop.position.size:,} entries of {len(said[0][0])} bytes")
        print(f"{'':10}{'a second':>10}{'by the clock':>14}{'by CPU':>8}")
        ratios: list[Took] = []
        for _ in range(rounds):
            raw = signatures(said)
            clock, cpu = perf_counter(), process_time()
            await verify(here.store)
            whole = Took(perf_counter() - clock, process_time() - cpu)
            ratios.append(Took(raw.clock / whole.clock, raw.cpu / whole.cpu))
            print(f"{'raw':10}{statements / raw.clock:>10,.0f}")
            print(f"{'verify':10}{statements / whole.clock:>10,.0f}", end="")
            print(f"{ratios[-1].clock:>14.2f}{ratios[-1].cpu:>8.2f}")
    print(f"{'median':20}{median(one.clock for one in ratios):>14.2f}", end="")
    print(f"{median(one.cpu for one in ratios):>8.2f}")


def main() -> None:
    """Measure as the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--statements", type=int, default=20_000, help="that the log holds (20,000)"
    )
    parser.add_argument("--rounds", type=int, default=3, help="their median is shown (3)")
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        asyncio.run(measure(given.statements, given.rounds, Path(folder)))


if __name__ == "__main__":
    main()
