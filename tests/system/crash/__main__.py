"""Kill the node so many times: `python -m tests.system.crash ENGINE MODE CUTS [SEED]`.

MODE is `safe`, or a control that must lose: NORMAL, OFF (SQLite), off (PostgreSQL).
"""

import signal
import sys
import time
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import click

from tests.system.crash.hunt import Tally, hunt, machines_of


def main() -> None:
    """Print what came of it; fail if a promise was broken."""
    # So that what runs is ended and removed then too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    engine, mode, cuts, *seed = sys.argv[1:]
    number = int(seed[0]) if seed else int(time.time())
    quick = None if mode == "safe" else mode
    tally = Tally()
    with TemporaryDirectory() as folder, machines_of(engine, quick) as machines:
        hunt(machines, Path(folder), int(cuts), Random(number), tally)
    click.echo(f"{engine} {mode}, seed {number}: {tally}")
    sys.exit(not tally.clean)


main()
