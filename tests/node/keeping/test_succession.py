"""A log that lost a part is succeeded by another, which goes on with what was held."""

from dataclasses import replace
from pathlib import Path

import pytest

from depin_protocol.log.entries import DecisionEntry, read_entry
from depin_protocol.problems import EarlierLogError
from depin_protocol.receipts import Receipt
from settlement_node.coop.coop import Coop
from settlement_node.coop.following import DoesNotFollowError
from settlement_node.coop.succeeding import NoSuccessionError, succeed
from settlement_node.governance.facts import Facts
from settlement_node.keeping.succession import generation, next_origin
from settlement_node.log.entries import read_decision
from settlement_node.log.reading import body_at, entry_at
from settlement_node.log.tables import BODY, ENTRY
from settlement_node.replay.rebuild import rebuild
from settlement_node.replay.verify import verify
from settlement_node.store.backup import backup
from settlement_node.store.opening import Place, open_store, restore_into
from settlement_node.store.port import Store
from settlement_node.store.tables import Put, Row
from tests.node.coop.test_regaining import note_of
from tests.node.keeping.days import day
from tests.node.keeping.test_state_roots import dump
from tests.node.village import FACTS, Village, readings, surroundings, village
from tests.protocol.spoken import NOON, Home, seed


async def succeeded(store: Store, here: Village, key: bytes) -> tuple[Facts, list[str]]:
    """Found a successor; return its facts, and the origins of the logs that were archived."""
    archived: list[str] = []

    async def archive(origin: str) -> None:
        archived.append(origin)

    return await succeed(store, [key], surroundings(here.clock), archive), archived


async def lost(here: Village, home: Home, folder: Path, name: str) -> tuple[Store, Coop]:
    """Let the co-op lose a day of its books, and learn of it."""
    await backup(here.store, folder / f"{name}.backup")
    await day(here, home)
    await here.coop.close()
    note = await note_of(here.coop)
    await restore_into(folder / name, folder / f"{name}.backup")
    store = await open_store(folder / name, here.store.coop)
    coop = await Coop.open(store, surroundings(here.clock))
    await coop.show_checkpoint(note)
    await coop.close()
    return store, coop


async def test_origins_are_numbered() -> None:
    first = FACTS.origin
    assert (generation(first), next_origin(first)) == (1, f"{first}/2")
    assert (generation(f"{first}/2"), next_origin(f"{first}/2")) == (2, f"{first}/3")
    assert next_origin(f"{first}/19") == f"{first}/20"


async def test_what_was_held_goes_on_log_after_log(place: Place, tmp_path: Path) -> None:
    async with village(place) as here:
        home = Home(2)
        await here.welcome(home)
        stores = []
        for number in (2, 3, 4):
            before = home.heads["metering"]
            store, _ = await lost(here, home, tmp_path, f"books {number}")
            stores.append(store)
            home.heads["metering"] = before
            held = keys(here.coop)
            facts, archived = await succeeded(store, here, here.operator.seed)
            assert archived == [here.coop.facts.origin]
            assert facts.origin == f"{FACTS.origin}/{number}"
            here.coop, here.store = await Coop.open(store, surroundings(here.clock)), store
            assert keys(here.coop) == {key for key in held if key[0] != "state_root"}
            await here.coop.start()
            first = home.say("metering", readings(here.clock()))
            (receipt,) = await here.say(first)
            assert receipt.origin == facts.origin
            await here.welcome(Home(10 + number))
            assert await here.say(first) == [receipt]
        await here.coop.close()
        found = await verify(here.store)
        before_rebuild = await dump(here.store)
        assert await rebuild(here.store) == found.entries
        assert await dump(here.store) == before_rebuild
        assert await verify(here.store) == found
        for store in stores:
            await store.close()


def keys(coop: Coop) -> set[tuple[str, Row]]:
    """Return which rows a co-op's state has."""
    return {(table.name, row[: len(table.key)]) for table, row in coop.state.rows()}


async def test_only_an_operator_founds_a_successor_and_only_of_a_lost_log(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        home = Home(2)
        await here.welcome(home)
        with pytest.raises(NoSuccessionError, match="nothing of the log"):
            await succeeded(here.store, here, here.operator.seed)
        store, coop = await lost(here, home, tmp_path, "restored")
        for key in (seed(66), home.seed):
            with pytest.raises(NoSuccessionError, match="no operator"):
                await succeeded(store, here, key)
        assert (await verify(store)).entries == coop.position.size, "nothing was changed"
        await succeeded(store, here, here.operator.seed)
        with pytest.raises(NoSuccessionError, match="nothing of the log"):
            await succeeded(store, here, here.operator.seed)
        await store.close()


async def test_what_lies_before_a_successor_is_no_fork_and_no_crash(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        home = Home(2)
        await here.welcome(home)
        said = [home.say("metering", readings(NOON, total)) for total in range(5)]
        await here.say(*said)
        store, _ = await lost(here, home, tmp_path, "restored")
        await succeeded(store, here, here.operator.seed)
        coop = await Coop.open(store, surroundings(here.clock))
        await coop.start()
        home.heads["metering"] = said[1].head
        forged = home.say("metering", readings(NOON, 77))
        home.heads["metering"] = said[-1].head
        after = home.say("metering", readings(NOON, 6))
        answers = await coop.submit([said[1].wire, forged.wire, said[-1].wire, after.wire])
        kinds = [EarlierLogError, EarlierLogError, EarlierLogError, Receipt]
        assert [type(answer) for answer in answers] == kinds
        member = coop.state.find(home.member)
        assert member is not None
        assert not member.held
        assert coop.failure is None
        await coop.close()
        await verify(store)
        await store.close()


async def test_a_forged_beginning_is_found(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        home = Home(2)
        await here.welcome(home)
        store, _ = await lost(here, home, tmp_path, "restored")
        await succeeded(store, here, here.operator.seed)
        await verify(store)
        written, body = await entry_at(store, 0), await body_at(store, 0)
        assert written is not None
        assert body is not None
        entry = read_entry(written)
        assert isinstance(entry, DecisionEntry)
        whole = read_decision(entry, body)
        named = whole.lines[0]
        for forged, words in (
            (replace(whole, lines=whole.lines[:-1]), "no operator"),
            (replace(whole, result={**whole.result, "currency": "CHF"}), "no operator"),
            (replace(whole, lines=({**named, "operator": home.member}, *whole.lines[1:])), "no op"),
            (
                replace(whole, lines=({**named, "checkpoint": "AAAA"}, *whole.lines[1:])),
                "successor",
            ),
            (replace(whole, lines=(named, {"nowhere": []})), "not the row of a table"),
            (replace(whole, lines=()), "line"),
        ):
            other, lines = forged.written(entry.at, [bytes(16) for _ in forged.lines])
            await store.commit([Put(ENTRY, [(0, other)]), Put(BODY, [(0, lines)])])
            with pytest.raises(DoesNotFollowError, match=f"entry 0 .*{words}"):
                await verify(store)
        await store.close()
