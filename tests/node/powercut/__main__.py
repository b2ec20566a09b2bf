"""Cut the power of a store so many times: `python -m tests.node.powercut ENGINE MODE CUTS [SEED]`.

`scripts/soak` calls it.
"""

import asyncio
import sys
import time
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import cast

import click

from settlement_node.store.sqlite_file import Synchronous
from tests.node.postgres_server import server_programs
from tests.node.powercut.hunt import Tally, cut_postgres, cut_sqlite


async def hunt(engine: str, mode: str, cuts: int, random: Random) -> Tally:
    """Cut, and count."""
    if engine == "sqlite":
        with TemporaryDirectory() as folder:
            return await cut_sqlite(Path(folder), cast("Synchronous", mode), cuts, random)
    with server_programs() as binaries:
        return await cut_postgres(binaries, mode, cuts, random)


def main() -> None:
    """Print what came of it; fail if anything was lost or damaged."""
    engine, mode, cuts, *seed = sys.argv[1:]
    number = int(seed[0]) if seed else int(time.time())
    tally = asyncio.run(hunt(engine, mode, int(cuts), Random(number)))
    click.echo(f"{engine} {mode}, seed {number}: {tally}")
    sys.exit(bool(tally.lost or tally.damaged))


main()
