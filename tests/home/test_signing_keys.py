"""Which of a member's keys signs: what the outbox says, and what the node knows."""

from pathlib import Path

from custom_components.depin.attestation import Attestation, Rooms, Speaker
from custom_components.depin.home_key import HomeKey, make_key
from custom_components.depin.protocol.encoding import to_text
from custom_components.depin.protocol.identifiers import member_id
from custom_components.depin.protocol.statements.measuring import Readings

_COOP = to_text(bytes(16))
_FIRST, _SECOND, _THIRD = make_key(), make_key(), make_key()


async def _opened(folder: Path, *keys: HomeKey) -> Attestation:
    rooms = Rooms(folder / "outbox", folder / "marker")
    return await Attestation.open(rooms, Speaker(_COOP, member_id(_COOP, _FIRST.public)), keys)


async def test_before_anybody_has_said_which_key_it_is_the_first_signs(tmp_path: Path) -> None:
    """From the opening on: the newer one may never have been changed to."""
    home = await _opened(tmp_path, _SECOND, _FIRST)
    assert home.key == _FIRST
    await home.async_record(Readings("A" * 22, (1,), {"import": (1,)}))
    assert home.key == _FIRST
    await home.close()


async def test_the_node_s_word_is_kept(tmp_path: Path) -> None:
    """A key that is not here changes nothing."""
    home = await _opened(tmp_path, _THIRD, _SECOND, _FIRST)
    await home.async_heed_key(make_key().public)
    assert home.key == _FIRST
    await home.async_heed_key(_SECOND.public)
    assert home.key == _SECOND
    await home.close()
    again = await _opened(tmp_path, _THIRD, _SECOND, _FIRST)
    assert again.key == _SECOND
    await again.async_heed_key(_THIRD.public)
    assert again.key == _THIRD
    await again.close()


async def test_a_node_that_has_not_heard_of_a_change_undoes_none(tmp_path: Path) -> None:
    """The change waits in the outbox, and is signed by the key that the node knows."""
    home = await _opened(tmp_path, _FIRST)
    await home.async_change_key(_SECOND)
    await home.async_heed_key(_FIRST.public)
    assert home.key == _SECOND
    await home.close()


async def test_a_first_key_that_the_node_confirms_is_settled(tmp_path: Path) -> None:
    """Another stays unused until the node knows it."""
    home = await _opened(tmp_path, _SECOND, _FIRST)
    assert not await home.async_is_key_settled()
    await home.async_heed_key(_FIRST.public)
    assert await home.async_is_key_settled()
    assert home.key == _FIRST
    await home.close()


async def test_the_node_s_word_counts_in_any_order(tmp_path: Path) -> None:
    """An operator may enrol one of two keys that were made for a lost one, then the other."""
    home = await _opened(tmp_path, _THIRD, _SECOND, _FIRST)
    for known in (_THIRD, _SECOND):
        await home.async_heed_key(known.public)
        assert home.key == known
    await home.async_change_key(make_key())
    changed = home.key
    await home.async_heed_key(_SECOND.public)
    assert home.key == changed
    await home.close()
