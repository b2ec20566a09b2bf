"""A root of the whole state stands in the log each day, and a replay can begin there."""

from pathlib import Path

import pytest

from depin_protocol.log.checkpoint import Checkpoint
from depin_protocol.log.entries import DecisionEntry, read_entry
from settlement_node.coop.following import DoesNotFollowError
from settlement_node.governance.actions import SetRoles
from settlement_node.governance.member import MEMBER, Role
from settlement_node.keeping.roots import LINES, MILESTONE, NEWEST_KEPT, ROOT
from settlement_node.keeping.state_root import STATE_ROOT
from settlement_node.ledger.actions import ReservePayout
from settlement_node.ledger.effects import EXPIRED
from settlement_node.log.checkpoints import verified
from settlement_node.log.tables import BODY, CHECKPOINT, ENTRY
from settlement_node.replay.comparing import DifferenceError
from settlement_node.replay.rebuild import rebuild
from settlement_node.replay.verify import CheckpointError, verify
from settlement_node.store.port import Store
from settlement_node.store.scanning import every_row
from settlement_node.store.tables import Put, Row, Table
from tests.node.keeping.days import closed, confirm, day, days, roots, told
from tests.node.ledger.till import CENT, IBAN, banked, done, line, open_banks, reference
from tests.node.village import DAY, FACTS, Village, readings, surroundings


async def state_roots(here: Village) -> dict[int, DecisionEntry]:
    """Read the state roots that stand in the log."""
    found = {}
    for index in range(here.coop.position.size):
        entry = read_entry(await here.coop.entry(index) or b"")
        if isinstance(entry, DecisionEntry) and entry.kind == STATE_ROOT:
            found[index] = entry
    return found


async def dump(store: Store) -> dict[str, list[Row]]:
    """Read all that follows from the log."""
    tables = [table for table in await store.tables() if table.name not in {"meta", "event"}]
    return {table.name: [row async for row in every_row(store, table)] for table in tables}


async def test_each_day_begins_with_the_root_of_what_was(place: Path | str) -> None:
    async with days(place, 3) as (here, home, _):
        assert len(await state_roots(here)) == 3
        here.clock.now += 10 * DAY
        await here.coop.tick()
        found = await state_roots(here)
        assert len(found) == 4, "a tick is enough"
        here.clock.now += DAY
        await here.coop.tick()
        assert len(await state_roots(here)) == 4, "nothing was logged since the last one"
        await day(here, home)
        assert len(await state_roots(here)) == 4, "nor before the first entry of this day"
        await day(here, home)
        assert len(await state_roots(here)) == 5
        written = found[roots(here)[0]]
        rows = len(list(here.coop.state.rows())) - len(roots(here))
        assert written.count == rows + 1, "there was no root before, and a line says when it was"
        body = await here.coop.body(roots(here)[0])
        assert body is not None
        assert len(body) < 100, "the lines are kept elsewhere, and not for ever"
        verified_ = await closed(here)
        before = await dump(here.store)
        assert await rebuild(here.store) == verified_.entries
        assert await dump(here.store) == before


async def test_a_day_that_begins_with_what_is_overdue_begins_with_a_root(tmp_path: Path) -> None:
    async with days(tmp_path, 1) as (here, home, _):
        await open_banks(here)
        await banked(here, line(2000, reference(home)))
        before = await state_roots(here)
        midnight = (here.clock.now // DAY + 1) * DAY
        await done(here, ReservePayout(home.member, IBAN, 500 * CENT, expires=midnight))
        size = here.coop.position.size
        here.clock.now = midnight
        await here.coop.tick()
        assert list(await state_roots(here)) == [*before, size]
        expired = read_entry(await here.coop.entry(size + 1) or b"")
        assert isinstance(expired, DecisionEntry)
        assert expired.kind == EXPIRED
        await here.coop.tick()
        assert here.coop.position.size == size + 2
        await closed(here)


async def test_few_roots_keep_their_lines(tmp_path: Path) -> None:
    async with days(tmp_path, 100) as (here, home, auditor):
        steady = roots(here)[0]
        await confirm(here, auditor, roots(here)[-3])
        confirmed = roots(here)[-3]
        for _ in range(20):
            await day(here, home)
        kept = roots(here)
        assert {steady, confirmed} <= set(kept)
        assert len(kept) <= NEWEST_KEPT + 1 + 121 * DAY // MILESTONE + 1
        assert [row[0] async for row in every_row(here.store, LINES)] == kept
        assert (await closed(here)).entries > 240


async def test_a_state_loaded_from_the_store_gives_the_same_root(tmp_path: Path) -> None:
    async with days(tmp_path, 2) as (here, home, _):
        await here.coop.close()
        again = await type(here.coop).open(here.store, surroundings(here.clock))
        await again.start()
        before = sorted((table.name, row) for table, row in here.coop.state.rows())
        assert sorted((table.name, row) for table, row in again.state.rows()) == before
        here.coop = again
        await day(here, home)
        await closed(here)


async def test_an_auditor_confirms_and_nobody_else(place: Path | str) -> None:
    async with days(place, 2) as (here, home, auditor):
        (first, second) = roots(here)
        await confirm(here, home, second)
        assert await told(here, home) == ["not-auditor"]
        await confirm(here, auditor, second)
        await confirm(here, auditor, second)
        assert await told(here, auditor) == ["nothing-to-do"]
        assert here.coop.state.keeping.roots.all[second].confirmed == (auditor.member,)
        assert not here.coop.state.keeping.roots.all[first].confirmed
        await here.act(SetRoles(auditor.member, (Role.MEMBER,)))
        await confirm(here, auditor, first)
        assert await told(here, auditor) == ["not-auditor", "nothing-to-do"]
        await closed(here)


async def trusted_of(here: Village) -> Checkpoint:
    """Return the newest checkpoint."""
    served = await here.coop.shelf.fetch("checkpoint")
    assert served is not None
    return verified(served.content, FACTS.log_verifier())


async def test_verify_begins_at_the_last_root_under_a_trusted_checkpoint(
    place: Path | str,
) -> None:
    async with days(place, 12) as (here, home, _):
        here.clock.now += 5_000
        await here.coop.tick()
        trusted, start = await trusted_of(here), roots(here)[-1]
        await here.say(home.say("metering", readings(here.clock())))
        await day(here, home)
        whole = await closed(here)
        found = await verify(here.store, trusted=trusted, begin_there=True)
        assert (found.start, whole.start) == (start, 0)
        assert (found.head, found.entries, found.erased) == (whole.head, whole.entries, 0)
        assert await verify(here.store, trusted=trusted) == whole


async def alter(store: Store, table: Table, key: Row) -> Row:
    """Flip the last bit of a row's first bytes; return the row as it was."""
    row = await store.get(table, key)
    assert row is not None
    at = next(place for place in range(len(key), len(row)) if isinstance(row[place], bytes))
    value = row[at]
    assert isinstance(value, bytes)
    flipped = value[:-1] + bytes([value[-1] ^ 1])
    await store.commit([Put(table, [(*row[:at], flipped, *row[at + 1 :])])])
    return row


async def test_a_trusted_start_believes_bodies_before_it_and_nothing_else(tmp_path: Path) -> None:
    async with days(tmp_path, 5) as (here, home, _):
        here.clock.now += 5_000
        await here.coop.tick()
        trusted, start = await trusted_of(here), roots(here)[-1]
        await here.say(home.say("metering", readings(here.clock())))
        await here.coop.close()
        size = (await here.store.scan(CHECKPOINT, limit=1))[0][0]
        member = (await here.store.scan(MEMBER, limit=1))[0][0]
        for table, key, error, words in (
            (ENTRY, (4,), DoesNotFollowError, "entry 4 "),
            (CHECKPOINT, (size,), CheckpointError, f"of {size!r} entries"),
            (LINES, (start,), DoesNotFollowError, f"entry {start} .*not the one under its root"),
            (LINES, (roots(here)[0],), DoesNotFollowError, "not the one under its root"),
            (ROOT, (start,), DifferenceError, "state_root"),
            (MEMBER, (member,), DifferenceError, "member"),
            (BODY, (start + 1,), DoesNotFollowError, f"entry {start + 1} "),
            (BODY, (start,), DoesNotFollowError, f"entry {start} "),
        ):
            row = await alter(here.store, table, key)
            with pytest.raises(error, match=words):
                await verify(here.store, trusted=trusted, begin_there=True)
            await here.store.commit([Put(table, [row])])
        row = await alter(here.store, BODY, (4,))
        await verify(here.store, trusted=trusted, begin_there=True)
        with pytest.raises(DoesNotFollowError, match="entry 4 "):
            await verify(here.store, trusted=trusted)
