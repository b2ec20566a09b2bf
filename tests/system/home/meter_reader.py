"""Records readings for ever, and prints each statement once it is on disk.

`python -m tests.system.home.meter_reader FOLDER SEED [reckless]`: a reckless one never syncs.
"""

import asyncio
import os
import sys
from pathlib import Path

from custom_components.depin.attestation import Attestation, Rooms, Speaker
from custom_components.depin.home_key import HomeKey
from custom_components.depin.protocol.encoding import to_text
from custom_components.depin.protocol.identifiers import member_id
from custom_components.depin.protocol.statements.measuring import Readings

COOP = to_text(bytes(16))
METER = "A" * 22


def key_of(seed: int) -> HomeKey:
    """Return the key that a home has for its whole life."""
    return HomeKey(seed.to_bytes(32))


def rooms(folder: Path) -> Rooms:
    """Return where a home keeps its files."""
    return Rooms(folder / ".storage" / "outbox", folder / ".cache" / "depin" / "marker")


async def opened(folder: Path, seed: int) -> Attestation:
    """Start a home."""
    key = key_of(seed)
    return await Attestation.open(rooms(folder), Speaker(COOP, member_id(COOP, key.public)), (key,))


async def main(folder: Path, seed: int) -> None:
    """Record; each device in a task of its own."""
    home = await opened(folder, seed)
    heads = await home.async_ask(lambda outbox: outbox.heads)
    if home.is_damaged or (home.is_restored and heads):
        os.write(1, b"restored\n")

    async def read(device: int) -> None:
        number = 0
        while True:
            number += 1
            body = Readings(METER, (number,), {"import": (number * device,)})
            head = await home.async_record(body)
            os.write(1, f"{head.chain} {head.seq} {head.hash}\n".encode())

    await asyncio.gather(*(read(device) for device in range(1, 4)))


if __name__ == "__main__":
    if sys.argv[3:] == ["reckless"]:
        setattr(os, "fsync", lambda _: None)  # noqa: B010 - its type names its argument
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
