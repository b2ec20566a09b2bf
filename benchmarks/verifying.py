"""What it costs a home to verify its co-op's books: CPU time of a look, and of an interval in it.

    benchmarks/verifying.py [--looks 100]

A real home, without Home Assistant, verifies a real node over real sockets. Both run in this
process on one core, so what is measured is the home and its node together: more than the home.
With k = 1 the node proves the home's fills, with k = 5 the home clears the whole book again.
"""

import argparse
import asyncio
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from custom_components.depin.protocol.events import Event
from tests.system.home.suspicious_home import MARKET, RULES, street

LOOKS_AN_HOUR = 12
INTERVALS_AN_HOUR = 4
HOUR_MS = 3_600_000
AIM_PERCENT = 1.0


async def measured(k: int, looks: int) -> tuple[float, float]:
    """Return the CPU milliseconds of a look without and with an interval of the home's."""
    with TemporaryDirectory() as folder:
        async with street(Path(folder), replace(RULES, k=k)) as one:
            await one.trade()
            await one.meter()
            await one.verification.verify()
            took = []
            for kinds in ({}, {"market": MARKET, "start": one.first}):
                began = time.process_time()
                for _ in range(looks):
                    if kinds:
                        one.verification.hear(Event(1, "settled", 1, dict(kinds)))
                    await one.verification.verify()
                took.append((time.process_time() - began) / looks * 1000)
            if one.alarm.told:
                raise SystemExit(one.alarm.told[0].said)
            idle, busy = took
            return idle, busy - idle


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--looks", type=int, default=100, help="that are measured (100)")
    looks = parser.parse_args().looks
    print("| book | a look, ms | an interval, ms | of one core |")
    print("|---|---|---|---|")
    for name, k in (("proven", 1), ("cleared again", 5)):
        idle, interval = asyncio.run(measured(k, looks))
        percent = 100 * (idle * LOOKS_AN_HOUR + interval * INTERVALS_AN_HOUR) / HOUR_MS
        print(f"| {name} | {idle:.1f} | {interval:.1f} | {percent:.4f} % |")
    print(f"\naim: at most {AIM_PERCENT} % of one core")


if __name__ == "__main__":
    main()
