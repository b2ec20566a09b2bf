"""What is said again after the disk has damaged the outbox."""

from operator import methodcaller
from pathlib import Path

import pytest

from custom_components.depin.attestation import Attestation, Rooms, Speaker
from custom_components.depin.home_key import make_key
from custom_components.depin.protocol.encoding import to_text
from custom_components.depin.protocol.identifiers import member_id
from custom_components.depin.protocol.statements.envelope import read_statement
from custom_components.depin.protocol.statements.measuring import Readings
from custom_components.depin.protocol.statements.money import Payout

COOP = to_text(bytes(16))
METER = "A" * 22
KEY = make_key()


async def opened(tmp_path: Path) -> Attestation:
    """Start a home."""
    rooms = Rooms(tmp_path / "outbox", tmp_path / "marker")
    return await Attestation.open(rooms, Speaker(COOP, member_id(COOP, KEY.public)), (KEY,))


async def waiting(home: Attestation) -> list[int]:
    """Return the instants of the readings that wait for the node."""
    found: list[int] = []
    for place in await home.async_waiting("metering"):
        wire = await home.async_ask(methodcaller("wire", place))
        body = read_statement(wire).body
        if isinstance(body, Readings):
            found += body.at
    return found


async def written(tmp_path: Path) -> None:
    """Let a home say thirty things, of which the node has answered for the first nine."""
    home = await opened(tmp_path)
    for at in range(1, 31):
        await home.async_record(Readings(METER, (at,), {"import": (at,)}))
    await home.async_record(Payout(1))
    places = await home.async_waiting("metering")
    for first in range(0, 10, 2):
        await home.async_close(places[first : first + 2])
    await home.close()


def flip(file: Path, at: int) -> None:
    """Let the disk flip one bit."""
    data = bytearray(file.read_bytes())
    data[at] ^= 1
    file.write_bytes(data)


@pytest.mark.parametrize(
    ("suffix", "share", "lost", "again"),
    [("answers", 0.5, 0, 1), ("statements", 0.9, 1, 0), ("statements", 0.5, 1, 0)],
)
async def test_all_that_is_sound_is_said_again_once(
    tmp_path: Path, suffix: str, share: float, lost: int, again: int
) -> None:
    """An answer is gone, so that one is said twice, or a statement, which is missing."""
    await written(tmp_path)
    (file,) = (tmp_path / "outbox").glob(f"*.{suffix}")
    flip(file, int(file.stat().st_size * share))
    home = await opened(tmp_path)
    assert home.is_damaged
    found = await waiting(home)
    assert len(found) == 21 - lost + again
    assert set(found) & set(range(10, 31)) == set(found) - set(range(1, 10))
    assert await home.async_waiting("trading") == []
    await home.close()

    home = await opened(tmp_path)
    assert not home.is_damaged
    assert await waiting(home) == found
    await home.close()
