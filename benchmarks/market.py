"""Seconds to clear and to settle one interval, from stored readings to posted entries and leaves.

    benchmarks/market.py [--homes 100 1000 10000 100000]

For each size a co-op is founded on SQLite and real homes join it: half of them sell, half buy, each
says its order and what its meters read, signed. Then the clock stands at the gate, and later at the
reading deadline, and what the co-op does there is timed: nothing else runs, on one core. A home
whose last reading is missing lets the deadline, not the last reading, begin the settlement.

Each size runs in a process of its own, so that its memory is its own.
"""

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import time
from itertools import batched
from pathlib import Path
from tempfile import TemporaryDirectory

from depin_protocol.encoding import to_text
from depin_protocol.rules.market_rules import MarketRules
from depin_protocol.statements.bodies import Body, Stream
from depin_protocol.statements.measuring import Device, Readings
from depin_protocol.statements.trading import Curve, Order, Side
from settlement_node.hosting.collecting import pass_over_what_is_loaded
from settlement_node.hosting.folder import NodeFolder
from settlement_node.simulation.founding import MARKET, Clock, Street, founded
from settlement_node.simulation.plan import MIDSUMMER
from settlement_node.simulation.speaking import Dice, Speaker

SIZES = (100, 1_000, 10_000, 100_000)
AIM_SECONDS = 15
AIM_FLAT = 1.5
AIM_BYTES = 2 * 2**30
SOLD = 1_000
"""Wh that a seller offers and delivers; a buyer takes as many."""


class Home:
    """A home with one grid meter, which buys or sells."""

    def __init__(self, speaker: Speaker, number: int, dice: Dice) -> None:
        self.speaker = speaker
        self.sells = number % 2 == 0
        self.price = 80_000 + 100 * (number * 7_919 % 1_000) + 110_000 * (not self.sells)
        self.meter = to_text(dice(16))

    def reading(self, at: int, total: int) -> Readings:
        """Read the meter."""
        grid = {"import": 0 if self.sells else total, "export": total if self.sells else 0}
        return Readings(self.meter, (at,), {name: (wh,) for name, wh in grid.items()})

    def order(self, start: int) -> Order:
        """Sell or buy in one interval."""
        side: Side = "ask" if self.sells else "bid"
        return Order(MARKET, (Curve(start, side, ((self.price, SOLD),)),))


async def say(street: Street, stream: Stream, homes: list[Home], told: list[Body]) -> None:
    """Let each home say something."""
    now = street.clock.now
    for some in batched(zip(homes, told, strict=True), 2_000, strict=False):
        await street.submit(home.speaker.say(stream, body, now) for home, body in some)


async def at(street: Street, instant: int) -> tuple[float, float]:
    """Let the co-op do what is due at an instant; return seconds, of a clock and of the CPU."""
    street.clock.now = instant
    begun, worked = time.perf_counter(), time.process_time()
    await street.coop.tick()
    return time.perf_counter() - begun, time.process_time() - worked


async def measured(count: int, folder: Path) -> dict[str, float]:
    """Let one interval be cleared and settled."""
    dice, rules = Dice(b"market"), MarketRules()
    start = MIDSUMMER
    async with founded(NodeFolder(folder), rules, Clock(start - 2 * rules.gate), dice) as street:
        homes = [Home(street.speaker(f"Home {n}"), n, dice) for n in range(count)]
        await street.welcome([home.speaker for home in homes])
        devices: list[Body] = [
            Device(home.meter, "grid", {"import": 1, "export": 1}) for home in homes
        ]
        await say(street, "trading", homes, devices)
        await say(street, "trading", homes, [home.order(start) for home in homes])
        pass_over_what_is_loaded()
        cleared, _ = await at(street, start - rules.gate)
        street.clock.now = start
        await say(street, "metering", homes, [home.reading(start, 0) for home in homes])
        end = start + rules.interval
        street.clock.now = end
        begun = time.perf_counter()
        last: list[Body] = [home.reading(end, SOLD) for home in homes]
        await say(street, "metering", homes[1:], last[1:])
        read = time.perf_counter() - begun
        settled, worked = await at(street, end + rules.reading_deadline)
        found = street.coop.state.trading.unsettled()
        if found:
            raise SystemExit(f"{found} is not settled: nothing was measured")
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"cleared": cleared, "read": read, "settled": settled, "worked": worked, "bytes": most}


def alone(count: int) -> dict[str, float]:
    """Measure one size in a process of its own."""
    command = [sys.executable, __file__, "--child", str(count)]
    # One core: the checks of signatures would else take the other one, beside what is timed.
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--homes", type=int, nargs="+", default=list(SIZES), help="sizes of co-ops (100 to 100,000)"
    )
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child is not None:
        os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
        with TemporaryDirectory() as folder:
            print(json.dumps(asyncio.run(measured(given.child, Path(folder)))))
        return
    print("  homes   clear s  settle s   CPU s  us a home   MiB  (reading the meters, s)")
    each = {}
    for count in given.homes:
        found = alone(count)
        each[count] = found["settled"] / count * 1e6
        print(
            f"{count:7,} {found['cleared']:9.3f} {found['settled']:9.3f} {found['worked']:7.3f}"
            f" {each[count]:10.1f} {found['bytes'] / 2**20:5.0f}  ({found['read']:.1f})",
            flush=True,
        )
        if count == SIZES[-1]:
            enough = found["settled"] <= AIM_SECONDS and found["bytes"] <= AIM_BYTES
            print(f"at most {AIM_SECONDS} s and 2 GiB wanted: {'met' if enough else 'MISSED'}")
    large = [each[count] for count in given.homes if count >= SIZES[1]]
    if len(large) > 1:
        flat = max(large) / min(large)
        print(f"a home costs {flat:.2f} times as much at most (at most {AIM_FLAT} wanted)")


main()
