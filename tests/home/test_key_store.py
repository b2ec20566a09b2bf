"""The home's keys, as Home Assistant stores them."""

import json
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.helpers import storage
from homeassistant.util.file import write_utf8_file_atomic

from custom_components.depin import home_key
from custom_components.depin.home_key import HomeKey, make_key
from custom_components.depin.key_store import (
    KeyUnreadableError,
    StoredKeys,
    async_load_keys,
    async_remove_keys,
    async_save_keys,
)
from custom_components.depin.protocol import keys
from custom_components.depin.protocol.encoding import to_text
from custom_components.depin.protocol.identifiers import member_id

_COOP = to_text(bytes(16))


# The test package keeps stores in memory.
_ON_DISK = {
    name: getattr(storage.Store, name)
    for name in ("_async_load", "_async_write_data", "async_remove")
}


@pytest.fixture
def disk(hass: HomeAssistant) -> Iterator[Path]:
    """Let stores be files; return their folder."""
    folder = Path(hass.config.path(".storage"))
    folder.mkdir(exist_ok=True)
    with patch.multiple(storage.Store, **_ON_DISK):
        yield folder


async def test_a_key_is_kept(hass: HomeAssistant) -> None:
    """What is stored is what was made."""
    key, member = _member()
    await async_save_keys(hass, member, StoredKeys((key,)))
    assert await async_load_keys(hass, _COOP, member) == StoredKeys((key,))


async def test_a_key_that_the_node_confirmed_needs_not_be_the_first(hass: HomeAssistant) -> None:
    """Older keys stay beside the newest one; without the first, the node's word counts."""
    first, member = _member()
    changed = StoredKeys((make_key(), first))
    await async_save_keys(hass, member, changed)
    assert await async_load_keys(hass, _COOP, member) == changed
    await async_save_keys(hass, member, StoredKeys((make_key(),)))
    with pytest.raises(KeyUnreadableError):
        await async_load_keys(hass, _COOP, member)
    confirmed = StoredKeys((make_key(),), may_replace=True)
    await async_save_keys(hass, member, confirmed)
    assert await async_load_keys(hass, _COOP, member) == confirmed


def _member() -> tuple[HomeKey, str]:
    key = make_key()
    return key, member_id(_COOP, key.public)


async def test_a_key_s_file_is_the_owner_s_and_whole(hass: HomeAssistant, disk: Path) -> None:
    """Nobody else may read it, and a power cut leaves the old file or the new one."""
    key, member = _member()
    with patch.object(storage, "write_utf8_file_atomic", wraps=write_utf8_file_atomic) as write:
        await async_save_keys(hass, member, StoredKeys((key,)))
    assert write.call_count == 1
    file = disk / f"depin.key.{member}"
    assert stat.S_IMODE(file.stat().st_mode) == stat.S_IRUSR | stat.S_IWUSR


async def test_a_file_that_is_no_json_is_a_lost_key(hass: HomeAssistant, disk: Path) -> None:
    """Home Assistant sets the file aside; removing the key erases that copy too."""
    key, member = _member()
    await async_save_keys(hass, member, StoredKeys((key,)))
    file = disk / f"depin.key.{member}"
    file.write_text(f"{{{to_text(key.seed)}")
    with pytest.raises(KeyUnreadableError):
        await async_load_keys(hass, _COOP, member)
    assert [path.name.partition(".corrupt.")[0] for path in _files_of(file)] == [file.name]
    await async_remove_keys(hass, member)
    assert _files_of(file) == []


def _files_of(file: Path) -> list[Path]:
    return list(file.parent.glob(f"{file.name}*"))


_SEED = to_text(bytes(range(32)))


@pytest.mark.parametrize(
    "stored",
    [
        None,
        7,
        "a text",
        [],
        ["seeds"],
        {"seeds": [_SEED]},
        {"version": 1},
        {"version": 1, "data": None},
        {"version": 1, "data": []},
        {"version": 1, "data": {}},
        {"version": 1, "data": {"seeds": 5}},
        {"version": 1, "data": {"seeds": []}},
        {"version": 1, "data": {"seeds": [5]}},
        {"version": 1, "data": {"seeds": ["short"]}},
        {"version": 1, "data": {"seeds": ["!" * 43]}},
        # Whole, but of another member.
        {"version": 1, "data": {"seeds": [_SEED]}},
        {"version": 0, "data": {"seeds": [_SEED]}},
        {"version": "1", "data": {"seeds": [_SEED]}},
        # Of a version to come.
        {"version": 2, "data": {"seeds": [_SEED]}},
    ],
    ids=str,
)
async def test_a_damaged_file_is_a_lost_key(
    hass: HomeAssistant, disk: Path, stored: object
) -> None:
    """Whatever stands in the file, it is said that the key cannot be read."""
    _, member = _member()
    file = disk / f"depin.key.{member}"
    file.write_text(json.dumps(stored))
    with pytest.raises(KeyUnreadableError):
        await async_load_keys(hass, _COOP, member)


def test_a_key_comes_of_the_system_s_randomness(monkeypatch: pytest.MonkeyPatch) -> None:
    """No generator that can be seeded has a part in it."""
    assert vars(home_key)["token_bytes"] is secrets.token_bytes
    monkeypatch.setattr(home_key, "token_bytes", lambda length: bytes(range(length)))
    assert make_key().seed == bytes(range(32))


def test_a_key_is_new_and_its_secret_is_not_shown() -> None:
    """Two keys differ, may both be enrolled, and do not print what they sign with."""
    key, other = make_key(), make_key()
    assert key.public != other.public
    assert key.fingerprint != other.fingerprint
    assert keys.may_enrol(key.public)
    assert repr(key.seed) not in repr(key)
