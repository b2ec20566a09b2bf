"""What an administrator does about a home's key, and about the room for samples."""

from dataclasses import replace
from pathlib import Path

import pytest
from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.depin.home_key import (
    HomeKey,
    RecoveryFile,
    key_of_phrase,
    make_key,
    phrase_of,
)
from custom_components.depin.journal import JournalError
from custom_components.depin.key_store import (
    StoredKeys,
    async_load_keys,
    async_remove_keys,
    async_save_keys,
)
from custom_components.depin.membership import sample_folder
from custom_components.depin.protocol.encoding import from_text, to_text
from custom_components.depin.protocol.identifiers import HASH_LENGTH
from custom_components.depin.protocol.invite import Invite
from custom_components.depin.protocol.keys import SIGNATURE_LENGTH, public_key, verify
from custom_components.depin.protocol.log.notes import SignatureType, VerifierKey
from custom_components.depin.protocol.statements.membership import possession_message
from tests.home.pretender import pretending


async def _choose(hass: HomeAssistant, entry: MockConfigEntry, step: str) -> ConfigFlowResult:
    menu = await entry.start_reconfigure_flow(hass)
    assert menu["type"] is FlowResultType.MENU
    return await hass.config_entries.flow.async_configure(menu["flow_id"], {"next_step_id": step})


async def _answer(hass: HomeAssistant, form: ConfigFlowResult, **said: object) -> ConfigFlowResult:
    result = await hass.config_entries.flow.async_configure(form["flow_id"], said)
    await hass.async_block_till_done()
    return result


async def _keys(hass: HomeAssistant, entry: MockConfigEntry) -> StoredKeys:
    return await async_load_keys(hass, entry.data["coop"], entry.data["member"])


async def test_a_key_is_shown_to_be_kept(
    hass: HomeAssistant, entry: MockConfigEntry, key: HomeKey
) -> None:
    """As words and as a file, of which each brings it back."""
    form = await _choose(hass, entry, "show_key")
    shown = form["description_placeholders"]
    assert shown
    assert key_of_phrase(shown["phrase"]) == key
    assert RecoveryFile.read(shown["file"]).key == key
    assert shown["fingerprint"] == key.fingerprint
    result = await _answer(hass, form)
    assert result["reason"] == "key_shown"


async def test_a_lost_key_cannot_be_shown_or_changed(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """It has to be brought back first."""
    await async_remove_keys(hass, entry.data["member"])
    for step in ("show_key", "change_key"):
        result = await _choose(hass, entry, step)
        assert result.get("reason") == "no_key"


@pytest.mark.parametrize("as_file", [True, False])
async def test_a_lost_key_is_brought_back(
    hass: HomeAssistant, entry: MockConfigEntry, key: HomeKey, *, as_file: bool
) -> None:
    """What is none, or somebody else's, is refused; then the entry works again."""
    await async_remove_keys(hass, entry.data["member"])
    assert not await hass.config_entries.async_setup(entry.entry_id)
    coop, member = entry.data["coop"], entry.data["member"]
    form = await _choose(hass, entry, "recover_key")
    for wrong in ("", "babad", RecoveryFile(coop, coop, key).written()):
        form = await _answer(hass, form, kept=wrong)
        assert form["errors"] == {"kept": "no_kept_key"}
    form = await _answer(hass, form, kept=phrase_of(make_key()))
    assert form["errors"] == {"base": "node_away"}
    kept = RecoveryFile(coop, member, key).written() if as_file else phrase_of(key)
    result = await _answer(hass, form, kept=kept)
    assert result["reason"] == "key_recovered"
    assert entry.state is ConfigEntryState.LOADED
    assert await _keys(hass, entry) == StoredKeys((key,))


async def test_a_changed_key_is_brought_back_by_the_node_s_word(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """It does not name the member, so the node is asked whether it speaks for it."""
    later = make_key()
    await async_remove_keys(hass, entry.data["member"])
    async with pretending() as node:
        data = {**entry.data, "address": node.address}
        hass.config_entries.async_update_entry(entry, data=data)
        node.answers["/challenges"] = 201, {"challenge": "A" * 74 + "A"}
        node.refuse("/tokens", "challenge-refused")
        form = await _choose(hass, entry, "recover_key")
        form = await _answer(hass, form, kept=phrase_of(later))
        assert form["errors"] == {"base": "key_of_somebody_else"}
        node.answers["/tokens"] = 201, {"token": "abc", "expires": 5}
        result = await _answer(hass, form, kept=phrase_of(later))
    assert result["reason"] == "key_recovered"
    assert await _keys(hass, entry) == StoredKeys((later,), may_replace=True)


async def test_an_older_key_never_takes_the_place_of_the_one_in_force(
    hass: HomeAssistant, entry: MockConfigEntry, key: HomeKey
) -> None:
    """The node says which it is; while it is away, nothing is changed."""
    let_it_be_a_member(hass, entry)
    new = make_key()
    member = entry.data["member"]
    await async_save_keys(hass, member, StoredKeys((new, key)))
    form = await _choose(hass, entry, "recover_key")
    form = await _answer(hass, form, kept=phrase_of(key))
    assert form["errors"] == {"base": "node_away"}
    async with pretending() as node:
        data = {**entry.data, "address": node.address}
        hass.config_entries.async_update_entry(entry, data=data)
        node.answers["/challenges"] = 201, {"challenge": "A" * 74 + "A"}
        node.refuse("/tokens", "challenge-refused")
        form = await _answer(hass, form, kept=phrase_of(key))
        assert form["errors"] == {"base": "older_key"}
        await async_remove_keys(hass, member)
        form = await _answer(hass, form, kept=phrase_of(key))
        assert form["errors"] == {"base": "older_key"}
        await async_save_keys(hass, member, StoredKeys((key,)))
        node.answers["/tokens"] = 201, {"token": "abc", "expires": 5}
        result = await _answer(hass, form, kept=phrase_of(new))
        assert result["reason"] == "key_recovered"
        assert await _keys(hass, entry) == StoredKeys((new, key))
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_a_member_s_first_key_is_brought_back_while_the_node_is_away(
    hass: HomeAssistant, entry: MockConfigEntry, key: HomeKey
) -> None:
    """Where no other is here, nothing can be lost by it."""
    let_it_be_a_member(hass, entry)
    await async_remove_keys(hass, entry.data["member"])
    form = await _choose(hass, entry, "recover_key")
    result = await _answer(hass, form, kept=phrase_of(key))
    assert result["reason"] == "key_recovered"
    assert await _keys(hass, entry) == StoredKeys((key,))
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_a_home_that_has_not_joined_changes_no_key(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """It will be named by the key that it has."""
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert (await _choose(hass, entry, "change_key")).get("reason") == "not_joined"


def let_it_be_a_member(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Say that the home has joined at a node that is away now."""
    key = VerifierKey("node.example/log", SignatureType.ED25519, public_key(bytes(32)))
    joined = {"origin": key.name, "log_key": key.format()}
    hass.config_entries.async_update_entry(entry, data={**entry.data, **joined})


async def test_a_key_is_changed(hass: HomeAssistant, entry: MockConfigEntry, key: HomeKey) -> None:
    """The new one is on disk with the old, and signs from then on."""
    let_it_be_a_member(hass, entry)
    assert await hass.config_entries.async_setup(entry.entry_id)
    form = await _choose(hass, entry, "change_key")
    assert form["type"] is FlowResultType.FORM
    result = await _answer(hass, form)
    assert result["reason"] == "key_changed"
    new, old = (await _keys(hass, entry)).keys
    assert old == key != new
    assert entry.runtime_data.key == new


async def test_a_key_is_not_changed_when_the_disk_fails(
    hass: HomeAssistant, entry: MockConfigEntry, key: HomeKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What signs is what the outbox says, so the old key goes on, and is the one shown."""
    let_it_be_a_member(hass, entry)
    assert await hass.config_entries.async_setup(entry.entry_id)
    form = await _choose(hass, entry, "change_key")

    async def fail(_: HomeKey) -> None:
        raise JournalError("full")

    monkeypatch.setattr(entry.runtime_data.attestation, "async_change_key", fail)
    assert (await _answer(hass, form))["reason"] == "no_key"
    assert entry.runtime_data.key == key
    shown = (await _choose(hass, entry, "show_key"))["description_placeholders"]
    assert shown
    assert key_of_phrase(shown["phrase"]) == key
    monkeypatch.undo()
    assert await hass.config_entries.async_reload(entry.entry_id)
    # Only the node can say by now whether it has heard of the new one.
    form = await _choose(hass, entry, "change_key")
    assert (await _answer(hass, form))["reason"] == "key_unsettled"
    assert entry.runtime_data.key == key


async def test_the_room_for_samples_is_the_owner_s_to_set(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """A smaller one takes effect at once."""
    assert await hass.config_entries.async_setup(entry.entry_id)
    for number in range(40):
        samples = [b"%d" % number + bytes(2**19)]
        await entry.runtime_data.samples.async_add("A" * 22, samples)
    form = await _choose(hass, entry, "samples")
    result = await _answer(hass, form, samples_mib=16)
    assert result["reason"] == "samples_limited"
    assert entry.options == {"samples_mib": 16}
    folder: Path = sample_folder(hass, entry.data["member"])
    assert sum(file.stat().st_size for file in folder.iterdir()) <= 16 * 2**20


@pytest.mark.parametrize("is_lost", [True, False])
async def test_a_lost_key_can_be_replaced(
    hass: HomeAssistant, entry: MockConfigEntry, key: HomeKey, *, is_lost: bool
) -> None:
    """What the co-op needs is shown; the new key waits beside the old one, if there is one."""
    assert (await _choose(hass, entry, "replace_key")).get("reason") == "not_joined"
    let_it_be_a_member(hass, entry)
    if is_lost:
        await async_remove_keys(hass, entry.data["member"])
    assert await hass.config_entries.async_setup(entry.entry_id) is not is_lost
    form = await _choose(hass, entry, "replace_key")
    form = await _answer(hass, form)
    new, *others = (await _keys(hass, entry)).keys
    assert others == ([] if is_lost else [key])
    shown = form["description_placeholders"]
    assert shown
    coop, member = entry.data["coop"], entry.data["member"]
    assert shown["member"] == member
    assert key_of_phrase(shown["phrase"]) == RecoveryFile.read(shown["file"]).key == new
    public = from_text(shown["key"], HASH_LENGTH)
    assert public == new.public
    possession = from_text(shown["possession"], SIGNATURE_LENGTH)
    assert verify(public, possession_message(coop, member, public), possession)
    assert (await _answer(hass, form))["reason"] == "key_awaited"
    assert entry.state is ConfigEntryState.LOADED
    assert entry.runtime_data.key == (new if is_lost else key)
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_a_node_that_moved_or_changed_its_key_is_followed(
    hass: HomeAssistant, entry: MockConfigEntry, invite: Invite
) -> None:
    """As an invite says, of the same co-op; who answers there has to have the invite's key."""
    newer = public_key(bytes(32))
    moved = replace(invite, node_key=newer)
    async with pretending() as node:
        at_node = replace(moved, address=node.address)
        described = {"name": "Ort", "node_key": to_text(newer), "currency": "EUR", "market": "hof"}
        form = await _choose(hass, entry, "node_moved")
        for text, errors in (
            ("http://node.example", {"invite": "no_invite"}),
            (str(moved)[:-9], {"invite": "invite_damaged"}),
            (str(moved), {"base": "no_answer_there"}),
            (str(at_node), {"base": "no_answer_there"}),
        ):
            form = await _answer(hass, form, invite=text)
            assert form["errors"] == errors
        other = replace(at_node, coop=to_text(bytes(16)))
        for coop in (invite.coop, other.coop):
            node.answers[f"/{coop}"] = 200, described
        form = await _answer(hass, form, invite=str(other))
        assert form["errors"] == {"invite": "another_coop"}
        form = await _answer(hass, form, invite=str(replace(at_node, node_key=invite.node_key)))
        assert form["errors"] == {"base": "node_key_differs"}
        before = dict(entry.data)
        result = await _answer(hass, form, invite=str(at_node))
        assert result["reason"] == "node_followed"
        assert entry.data == {**before, "address": node.address, "node_key": to_text(newer)}
        await hass.config_entries.async_unload(entry.entry_id)
