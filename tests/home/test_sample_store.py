"""Fine samples stay at home, and the oldest go first."""

from pathlib import Path

from custom_components.depin.protocol.encoding import to_text
from custom_components.depin.protocol.log.merkle import leaf_hash
from custom_components.depin.protocol.log.tree import CompactRange
from custom_components.depin.sample_store import SMALLEST_LIMIT, SampleStore

_METER = "A" * 22


def _samples(number: int, size: int = 40) -> list[bytes]:
    return [b"%d %d" % (number, one) + bytes(size) for one in range(10)]


def _root(samples: list[bytes]) -> str:
    edge = CompactRange()
    for sample in samples:
        edge.append(leaf_hash(sample))
    return to_text(edge.head().root)


async def test_samples_are_found_by_their_root(tmp_path: Path) -> None:
    """Also when the store was opened anew."""
    store = await SampleStore.open(tmp_path / "samples")
    assert store.kept_since is None
    await store.async_add(_METER, _samples(1))
    await store.close()
    store = await SampleStore.open(tmp_path / "samples")
    kept = await store.async_find(_root(_samples(1)))
    assert kept is not None
    assert (kept.device, list(kept.samples)) == (_METER, _samples(1))
    assert kept.at == store.kept_since
    assert await store.async_find(_root(_samples(2))) is None
    await store.close()


async def test_the_oldest_go_first_when_the_room_is_used_up(tmp_path: Path) -> None:
    """The newest stay, and what is kept never takes more than the room by a part's size."""
    folder = tmp_path / "samples"
    store = await SampleStore.open(folder, SMALLEST_LIMIT)
    for number in range(300):
        await store.async_add(_METER, _samples(number, 1000))
    assert await store.async_find(_root(_samples(0, 1000))) is None
    assert await store.async_find(_root(_samples(299, 1000))) is not None
    assert sum(file.stat().st_size for file in folder.iterdir()) <= SMALLEST_LIMIT
    await store.close()
    store = await SampleStore.open(folder, SMALLEST_LIMIT)
    assert await store.async_find(_root(_samples(299, 1000))) is not None
    await store.close()


async def test_damaged_samples_are_left_aside(tmp_path: Path) -> None:
    """They can be spared: recording goes on."""
    folder = tmp_path / "samples"
    store = await SampleStore.open(folder)
    for number in range(3):
        await store.async_add(_METER, _samples(number))
    await store.close()
    (file,) = folder.iterdir()
    damaged = bytearray(file.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    file.write_bytes(damaged)
    store = await SampleStore.open(folder)
    await store.async_add(_METER, _samples(7))
    assert await store.async_find(_root(_samples(0))) is not None
    assert await store.async_find(_root(_samples(7))) is not None
    await store.close()
