"""Cutting a home's power at random moments while readings flow, and counting what is lost.

`python -m tests.system.home.powercut MODE CUTS [SEED]`; `scripts/soak` calls it.
"""

import asyncio
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Final

import click

from custom_components.depin.protocol.statements.envelope import (
    FIRST_PREV,
    read_statement,
    signature_holds,
)
from tests.node.powercut.disk import CUTS_OF_A_DISK, Disk, build, surviving_share
from tests.node.powercut.victim import Victim
from tests.system.home.meter_reader import key_of, opened

_READER: Final = "tests.system.home.meter_reader"
_SECONDS_TO_START: Final = 3


@dataclass(slots=True)
class Tally:
    """What came of some cuts."""

    cuts: int = 0
    acknowledged: int = 0
    lost: int = 0
    """Statements that were acknowledged and are not there."""
    used_twice: int = 0
    """Places that two different statements were seen at."""
    broken: int = 0
    """Starts after which a chain did not verify, or was taken for restored or damaged."""
    seen: dict[tuple[str, int], str] = field(default_factory=dict)

    def note(self, chain: str, seq: int, hash_: str) -> None:
        """See a statement at a place."""
        if self.seen.setdefault((chain, seq), hash_) != hash_:
            self.used_twice += 1

    def __str__(self) -> str:
        return (
            f"{self.cuts} cuts, {self.acknowledged} statements acknowledged, {self.lost} lost,"
            f" {self.used_twice} places used twice, {self.broken} chains broken"
        )

    @property
    def is_clean(self) -> bool:
        """Whether nothing went wrong."""
        return not (self.lost or self.used_twice or self.broken)


async def check(disk: Disk, seed: int, tally: Tally) -> set[str]:
    """Start the home after a cut, look at all that it holds, and return that."""
    home = await opened(disk.root, seed)
    try:
        tally.broken += home.is_damaged or home.is_restored
        wires = await home.async_ask(
            lambda outbox: [outbox.wire(place) for place in outbox.waiting("metering")]
        )
    finally:
        await home.close()
    prev, held = FIRST_PREV, set()
    for wire in wires:
        statement = read_statement(wire)
        header = statement.header
        prev = FIRST_PREV if header.seq == 1 else prev
        tally.broken += header.prev != prev or not signature_holds(wire, key_of(seed).public)
        tally.note(header.chain, header.seq, statement.hash)
        held.add(f"{header.chain} {header.seq} {statement.hash}")
        prev = statement.hash
    return held


async def cut(folder: Path, mode: str, cuts: int, random: Random) -> Tally:
    """Cut a home's power so many times; a disk goes through some of them."""
    tally = Tally()
    library = build(folder)
    acknowledged: set[str] = set()
    for number in range(cuts):
        if number % CUTS_OF_A_DISK == 0:
            disk = Disk(folder / f"disk{number}", folder / f"image{number}", library)
            disk.root.mkdir()
            disk.image.mkdir()
            acknowledged = set()
        seed = number // CUTS_OF_A_DISK
        words = (str(disk.root), str(seed), *(["reckless"] if mode == "reckless" else []))
        victim = Victim(_READER, words, disk.environment())
        victim.work(random, early=_SECONDS_TO_START)
        said = victim.kill()
        tally.broken += "restored" in said
        said = [line for line in said if line != "restored"]
        for line in said:
            chain, seq, hash_ = line.split(" ")
            tally.note(chain, int(seq), hash_)
        acknowledged |= set(said)
        tally.cuts += 1
        tally.acknowledged += len(said)
        disk.cut(random, surviving=surviving_share(random))
        held = await check(disk, seed, tally)
        tally.lost += len(acknowledged - held)
        acknowledged &= held
    return tally


def main() -> None:
    """Print what came of it; fail if anything was lost, used twice or broken."""
    mode, cuts, *seed = sys.argv[1:]
    number = int(seed[0]) if seed else int(time.time())
    with TemporaryDirectory() as folder:
        tally = asyncio.run(cut(Path(folder), mode, int(cuts), Random(number)))
    click.echo(f"home {mode}, seed {number}: {tally}")
    sys.exit(not tally.is_clean)


if __name__ == "__main__":
    main()
