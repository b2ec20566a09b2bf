"""Verify passes on what the node wrote, and names what was altered; rebuild makes it anew."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from depin_protocol.keys import public_key
from depin_protocol.log.entries import StatementEntry, read_entry
from depin_protocol.statements.membership import prove_possession
from depin_protocol.statements.trading import Preference
from settlement_node.coop.following import DoesNotFollowError
from settlement_node.governance.actions import ReplaceKey, SetRoles, Suspend, action_body
from settlement_node.governance.facts import FACTS as FACTS_TABLE
from settlement_node.governance.member import MEMBER, Role
from settlement_node.intake.streams import CHAIN, STATEMENT
from settlement_node.log.checkpoints import verified
from settlement_node.log.entries import Decision
from settlement_node.log.tables import BODY, CHECKPOINT, ENTRY, TILE
from settlement_node.replay.comparing import DifferenceError
from settlement_node.replay.rebuild import rebuild
from settlement_node.replay.verify import CheckpointError, verify
from settlement_node.store.port import Store
from settlement_node.store.scanning import every_row
from settlement_node.store.tables import Change, Clear, Delete, Put, Row, Table
from tests.node.village import FACTS, Village, readings, surroundings, village
from tests.protocol.spoken import COOP, NOON, Home, seed

STATE = (TILE, STATEMENT, FACTS_TABLE, MEMBER, CHAIN)


async def lived(here: Village) -> None:
    """Let a co-op live a little: more than one tile, a fork, a key change, a suspension."""
    homes = [Home(2), Home(3)]
    for home in homes:
        await here.welcome(home)
    for total in range(150):
        here.clock.now += 1_000
        await here.say(*(home.say("metering", readings(NOON, total)) for home in homes))
    before = homes[0].heads["trading"]
    clone = homes[0].say("trading", Preference("street", ()))
    homes[0].heads["trading"] = before
    await here.say(homes[0].say("trading", Preference("street", (homes[1].member,))))
    await here.coop.submit([clone.wire])
    await here.say(homes[1].change_key(30, homes[1].heads["metering"]))
    await here.say(homes[1].say("metering", readings(NOON, 1000)))
    await here.act(SetRoles(homes[1].member, (Role.AUDITOR, Role.MEMBER)))
    await here.act(Suspend(homes[0].member))
    await here.say(homes[0].say("trading", Preference("street", ())))
    await here.say(homes[0].say("metering", readings(NOON + 10**9)))


async def dump(store: Store) -> dict[str, list[Row]]:
    """Read all tables that follow from the log."""
    return {table.name: [row async for row in every_row(store, table)] for table in STATE}


async def test_verify_passes_and_rebuild_makes_the_same_tables(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        await lived(here)
        await here.coop.close()
        found = await verify(here.store)
        assert found.entries == here.coop.position.size > 300
        assert found.head == here.coop.position.checkpoint
        before = await dump(here.store)
        await here.store.commit([Clear(table) for table in STATE])
        with pytest.raises(DifferenceError):
            await verify(here.store)
        assert await rebuild(here.store) == found.entries
        assert await dump(here.store) == before
        assert await verify(here.store) == found
        again = await type(here.coop).open(here.store, surroundings(here.clock))
        await again.start()
        here.coop = again
        await here.welcome(Home(4))
        await here.coop.close()
        await verify(here.store)


@pytest.mark.postgres
async def test_a_life_on_postgresql_is_verified_and_rebuilt_too(postgres_url: str) -> None:
    async with village(postgres_url) as here:
        await lived(here)
        await here.coop.close()
        found = await verify(here.store)
        before = await dump(here.store)
        assert await rebuild(here.store) == found.entries
        assert await dump(here.store) == before
        assert await verify(here.store) == found


async def first(store: Store, table: Table, at: int = 0) -> Row:
    """Read a row."""
    return (await store.scan(table, limit=at + 1))[at]


def flipped(row: Row, column: int) -> Row:
    """Change one bit of a value."""
    value = row[column]
    assert not isinstance(value, str)
    changed = value ^ 1 if isinstance(value, int) else value[:-1] + bytes([value[-1] ^ 1])
    return (*row[:column], changed, *row[column + 1 :])


@pytest.mark.parametrize(
    ("table", "at", "column", "error", "words"),
    [
        (BODY, 5, 1, DoesNotFollowError, "entry 5 "),
        (ENTRY, 7, 1, DoesNotFollowError, "entry 7 "),
        (TILE, 0, 2, DifferenceError, "tile"),
        (STATEMENT, 3, 2, DifferenceError, "statement"),
        (MEMBER, 1, 1, DifferenceError, "member"),
        (CHAIN, 1, 3, DifferenceError, "chain"),
        (FACTS_TABLE, 0, 1, DifferenceError, "facts"),
        (CHECKPOINT, 1, 1, CheckpointError, "checkpoint"),
        (CHECKPOINT, 1, 2, CheckpointError, "checkpoint"),
    ],
)
async def test_verify_names_what_was_altered(
    tmp_path: Path, table: Table, at: int, column: int, error: type[Exception], words: str
) -> None:
    async with village(tmp_path) as here:
        await lived(here)
        await here.coop.close()
        row = await first(here.store, table, at)
        await here.store.commit([Put(table, (flipped(row, column),))])
        with pytest.raises(error, match=words):
            await verify(here.store)


async def test_verify_names_a_row_too_much_and_a_row_that_is_gone(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        await lived(here)
        await here.coop.close()
        for table in STATE:
            row = await first(here.store, table)
            key = row[: len(table.key)]
            await here.store.commit([Delete(table, (key,))])
            with pytest.raises(DifferenceError) as gone:
                await verify(here.store)
            assert (gone.value.table, gone.value.key) == (table.name, key)
            more = (*_another(key), *row[len(key) :])
            await here.store.commit([Put(table, (row, more))])
            with pytest.raises(DifferenceError) as surplus:
                await verify(here.store)
            assert (surplus.value.table, surplus.value.key) == (table.name, _another(key))
            await here.store.commit([Delete(table, (_another(key),))])
        await verify(here.store)


def _another(key: Row) -> Row:
    last = key[-1]
    match last:
        case int():
            return (*key[:-1], last + 100_000)
        case bytes():
            return (*key[:-1], bytes(len(last)))
        case _:
            return (*key[:-1], last + "x")


async def test_a_forged_statement_is_found_though_the_log_was_signed_over_it(
    tmp_path: Path,
) -> None:
    async with village(tmp_path) as here:
        home = Home(2)
        await here.welcome(home)
        home.seed = seed(66)
        forged = home.say("metering", readings(NOON))
        entry = StatementEntry(here.clock(), "readings", forged.hash).encode()
        index = here.coop.position.size
        await here.coop.close()
        await append(here.store, index, [(entry, forged.wire)])
        with pytest.raises(DoesNotFollowError, match=f"entry {index} .*not signed by key 1"):
            await verify(here.store)


async def test_a_statement_twice_in_the_log_is_found(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        await lived(here)
        index = here.coop.position.size
        await here.coop.close()
        entry = await here.store.get(ENTRY, (6,))
        body = await here.store.get(BODY, (6,))
        assert entry is not None
        assert body is not None
        assert isinstance(entry[1], bytes)
        assert isinstance(body[1], bytes)
        old = read_entry(entry[1])
        assert isinstance(old, StatementEntry)
        again = StatementEntry(here.clock(), old.kind, old.hash).encode()
        await append(here.store, index, [(again, body[1])])
        with pytest.raises(DoesNotFollowError, match="in the log already"):
            await verify(here.store)


async def test_a_decision_that_nothing_calls_for_is_found(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        await here.welcome(Home(2))
        member = here.operator.member
        index = here.coop.position.size
        await here.coop.close()
        left = Decision("left", {"statement": 3}, ({"member": member},))
        await append(here.store, index, [left.written(here.clock(), [bytes(16)])])
        with pytest.raises(DoesNotFollowError, match=f"entry {index} .*calls for"):
            await verify(here.store)


async def test_a_decision_that_was_left_out_is_found(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        home = Home(2)
        await here.welcome(home)
        ahead = home.say("metering", readings(NOON + 10**9))
        index = here.coop.position.size
        await here.coop.close()
        entry = StatementEntry(here.clock(), "readings", ahead.hash).encode()
        await append(here.store, index, [(entry, ahead.wire)])
        with pytest.raises(DoesNotFollowError, match=f"entry {index} .*the log ends without"):
            await rebuild(here.store)


async def test_decisions_follow_from_all_that_was_committed_with_the_statement(
    tmp_path: Path,
) -> None:
    async with village(tmp_path) as here:
        home = Home(2)
        await here.welcome(home)
        key = public_key(seed(20))
        possession = prove_possession(seed(20), COOP, home.member, key)
        action = action_body(ReplaceKey(home.member, key, "software", possession), "lost")
        told = here.operator.say("trading", action)
        await here.say(told, home.change_key(20, home.heads["metering"]))
        assert not here.coop.state.community.announced
        await here.coop.close()
        await verify(here.store)


async def test_a_trusted_checkpoint_must_be_of_this_log(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    async with village(tmp_path / "one") as one, village(tmp_path / "other") as other:
        await one.welcome(Home(2))
        await other.welcome(Home(3))
        await one.coop.close()
        await other.coop.close()
        notes = [await here.coop.shelf.fetch("checkpoint") for here in (one, other)]
        trusted = [
            verified(note.content, FACTS.log_verifier()) for note in notes if note is not None
        ]
        await verify(one.store, trusted=trusted[0])
        with pytest.raises(CheckpointError, match="trusted"):
            await verify(one.store, trusted=trusted[1])


async def append(store: Store, index: int, written: Sequence[tuple[bytes, bytes]]) -> None:
    """Write entries behind the node's back."""
    changes: list[Change] = []
    for at, (entry, body) in enumerate(written, index):
        changes += [Put(ENTRY, ((at, entry),)), Put(BODY, ((at, body),))]
    await store.commit(changes)
