"""The home's key and its chains."""

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

from custom_components.depin import attestation
from custom_components.depin.attestation import (
    Chain,
    HomeKey,
    KeyUnreadableError,
    async_load_key,
    async_remove_key,
    async_save_key,
    make_key,
)
from custom_components.depin.protocol import keys
from custom_components.depin.protocol.encoding import to_text
from custom_components.depin.protocol.identifiers import member_id
from custom_components.depin.protocol.statements.bodies import Body
from custom_components.depin.protocol.statements.envelope import (
    FIRST_PREV,
    read_statement,
    signature_holds,
)
from custom_components.depin.protocol.statements.membership import ChainOpening
from custom_components.depin.protocol.statements.trading import Curve, Order

_NOON = 1_790_000_000_000
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
    await async_save_key(hass, member, key)
    assert await async_load_key(hass, _COOP, member) == key


def _member() -> tuple[HomeKey, str]:
    key = make_key()
    return key, member_id(_COOP, key.public)


async def test_a_key_s_file_is_the_owner_s_and_whole(hass: HomeAssistant, disk: Path) -> None:
    """Nobody else may read it, and a power cut leaves the old file or the new one."""
    key, member = _member()
    with patch.object(storage, "write_utf8_file_atomic", wraps=write_utf8_file_atomic) as write:
        await async_save_key(hass, member, key)
    assert write.call_count == 1
    file = disk / f"depin.key.{member}"
    assert stat.S_IMODE(file.stat().st_mode) == stat.S_IRUSR | stat.S_IWUSR


async def test_a_file_that_is_no_json_is_a_lost_key(hass: HomeAssistant, disk: Path) -> None:
    """Home Assistant sets the file aside; removing the key erases that copy too."""
    key, member = _member()
    await async_save_key(hass, member, key)
    file = disk / f"depin.key.{member}"
    file.write_text(f"{{{to_text(key.seed)}")
    with pytest.raises(KeyUnreadableError):
        await async_load_key(hass, _COOP, member)
    assert [path.name.partition(".corrupt.")[0] for path in _files_of(file)] == [file.name]
    await async_remove_key(hass, member)
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
        ["seed"],
        {"seed": _SEED},
        {"version": 1},
        {"version": 1, "data": None},
        {"version": 1, "data": []},
        {"version": 1, "data": {}},
        {"version": 1, "data": {"seed": 5}},
        {"version": 1, "data": {"seed": "short"}},
        {"version": 1, "data": {"seed": "!" * 43}},
        # Whole, but of another member.
        {"version": 1, "data": {"seed": _SEED}},
        {"version": 0, "data": {"seed": _SEED}},
        {"version": "1", "data": {"seed": _SEED}},
        # Of a version to come.
        {"version": 2, "data": {"seed": _SEED}},
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
        await async_load_key(hass, _COOP, member)


def test_a_key_comes_of_the_system_s_randomness(monkeypatch: pytest.MonkeyPatch) -> None:
    """No generator that can be seeded has a part in it."""
    assert vars(attestation)["token_bytes"] is secrets.token_bytes
    monkeypatch.setattr(attestation, "token_bytes", lambda length: bytes(range(length)))
    assert make_key().seed == bytes(range(32))


def test_a_key_is_new_and_its_secret_is_not_shown() -> None:
    """Two keys differ, may both be enrolled, and do not print what they sign with."""
    key, other = make_key(), make_key()
    assert key.public != other.public
    assert key.fingerprint != other.fingerprint
    assert keys.may_enrol(key.public)
    assert repr(key.seed) not in repr(key)


def test_a_chain_goes_on_from_its_last_statement() -> None:
    """Each statement is signed, numbered and names the one before."""
    key = make_key()
    coop, name = to_text(bytes(16)), to_text(bytes(range(16)))
    chain = Chain(coop, member_id(coop, key.public), "trading", name)
    bodies: list[Body] = [
        ChainOpening(),
        Order("street", (Curve(_NOON, "ask", ((70_000, 400),)),)),
        Order("street", (Curve(_NOON, "ask", ((80_000, 350),)),)),
    ]
    prev = FIRST_PREV
    for seq, body in enumerate(bodies, start=1):
        salt = to_text(bytes([seq]) * 16)
        written, chain = chain.write(body, key, _NOON + seq, salt)
        statement = read_statement(written.wire)
        assert signature_holds(statement.wire, key.public)
        assert not signature_holds(statement.wire, make_key().public)
        assert statement.body == body
        header = statement.header
        assert (header.coop, header.member) == (chain.coop, chain.member)
        assert (header.stream, header.chain) == ("trading", name)
        assert (header.seq, header.prev) == (seq, prev)
        assert (header.issued_at, header.salt) == (_NOON + seq, salt)
        assert chain.head == statement.head
        prev = statement.hash
