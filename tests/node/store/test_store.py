"""What a store promises, on both engines alike."""

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from settlement_node.store import errors
from settlement_node.store.opening import Place, open_store
from settlement_node.store.port import Store
from settlement_node.store.tables import Change, Clear, Delete, Kind, Put, Row, Table
from tests.node.store.conftest import COOP, OTHER
from tests.node.store.example_tables import CHAIN, ENTRY, EVENT, META, NOWHERE, PENDING

TABLES = (ENTRY, CHAIN, PENDING, META, EVENT)
ALL = 10_000

# Few different values, so that keys meet; bytes and letters on which orders could differ.
VALUES: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.INT: st.sampled_from([-(2**63), -1, 0, 1, 2, 2**63 - 1]),
    Kind.BYTES: st.sampled_from([b"", b"\0", b"\0\0", b"a", b"\x7f", b"\x80", b"\xff"]),
    Kind.TEXT: st.sampled_from(["", "A", "a", "b", "é", "z", "\uffff", "\U0001f600"]),
}


def rows_of(table: Table) -> st.SearchStrategy[Row]:
    """Draw rows of a table."""
    return st.tuples(*(VALUES[column.kind] for column in table.columns))


def keys_of(table: Table) -> st.SearchStrategy[Row]:
    """Draw keys of a table."""
    return st.tuples(*(VALUES[column.kind] for column in table.key))


def changes_of(table: Table) -> st.SearchStrategy[Change]:
    """Draw changes to a table, seldom one that leaves nothing."""
    put = st.lists(rows_of(table), max_size=70).map(lambda rows: Put(table, rows))
    delete = st.lists(keys_of(table), max_size=3).map(lambda keys: Delete(table, keys))
    return st.one_of(put, put, put, delete, delete, st.just(Clear(table)))


BATCHES = st.lists(
    st.lists(st.sampled_from(TABLES).flatmap(changes_of), max_size=4), min_size=1, max_size=6
)


def sort_key(row: Row) -> tuple[bytes | int, ...]:
    """Return what a row is sorted by: text by its bytes."""
    return tuple(value.encode() if isinstance(value, str) else value for value in row)


class Model:
    """A store as one would write it on a slip of paper."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[Row, Row]] = {table.name: {} for table in TABLES}

    def do(self, change: Change) -> None:
        rows = self.rows[change.table.name]
        match change:
            case Put():
                for row in change.rows:
                    rows[row[: len(change.table.key)]] = row
            case Delete():
                for key in change.keys:
                    rows.pop(key, None)
            case Clear():
                rows.clear()

    def all_of(self, table: Table) -> list[Row]:
        return sorted(self.rows[table.name].values(), key=sort_key)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=BATCHES)
async def test_it_holds_what_a_plain_model_holds(store: Store, batches: list[list[Change]]) -> None:
    model = Model()
    await store.commit([Clear(table) for table in TABLES])
    await asyncio.gather(*(store.commit(batch) for batch in batches))
    for batch in batches:
        for change in batch:
            model.do(change)
    for table in TABLES:
        assert await store.scan(table, limit=ALL) == model.all_of(table)
        for key, row in model.rows[table.name].items():
            assert await store.get(table, key) == row


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_a_scan_gives_the_rows_between_its_bounds(store: Store, data: st.DataObject) -> None:
    rows = {row[:3]: row for row in data.draw(st.lists(rows_of(CHAIN), max_size=40))}
    await store.commit([Clear(CHAIN), Put(CHAIN, list(rows.values()))])
    prefix = data.draw(keys_of(CHAIN))[: data.draw(st.integers(0, 3))]
    bounds = st.none() | st.builds(
        lambda key, length: (*prefix, *key[len(prefix) :][:length]),
        keys_of(CHAIN),
        st.integers(0, 3),
    )
    after, until, reverse = data.draw(bounds), data.draw(bounds), data.draw(st.booleans())
    limit = data.draw(st.integers(1, 10))
    sign = -1 if reverse else 1

    def compared(row: Row, bound: Row) -> int:
        key = row[: len(bound)]
        return sign * ((key > bound) - (key < bound))

    expected = [
        row
        for row in sorted(rows.values(), key=sort_key, reverse=reverse)
        if row[: len(prefix)] == prefix
        and (after is None or compared(row, after) > 0)
        and (until is None or compared(row, until) <= 0)
    ]
    found = await store.scan(CHAIN, prefix, after=after, until=until, limit=limit, reverse=reverse)
    assert found == expected[:limit]


async def test_several_rows_are_found_by_their_keys(store: Store) -> None:
    rows: list[Row] = [(number, bytes([number % 256])) for number in range(2_000)]
    pending: list[Row] = [(number % 3, bytes([number])) for number in range(9)]
    await store.commit([Put(ENTRY, rows), Put(PENDING, pending)])
    asked = [(number,) for number in range(1_999, 500, -1)]
    assert await store.several(ENTRY, [*asked, (-1,), (3_000,), (600,)]) == rows[501:]
    assert await store.several(PENDING, [*pending, (0, b"\1"), (5, b"")]) == sorted(pending)
    assert await store.several(PENDING, []) == []
    with pytest.raises(errors.RowError, match="give all of it"):
        await store.several(PENDING, [(1,)])


async def test_rows_are_there_after_a_new_start(place: Place) -> None:
    store = await open_store(place, COOP)
    await store.commit([Put(ENTRY, [(1, b"one"), (2, b"two")])])
    await store.close()
    store = await open_store(place, COOP)
    assert await store.scan(ENTRY, limit=ALL) == [(1, b"one"), (2, b"two")]
    await store.check()
    await store.close()


async def test_a_batch_that_is_refused_leaves_nothing_and_spoils_no_other(store: Store) -> None:
    good = [store.commit([Put(ENTRY, [(n, b"")])]) for n in range(3)]
    bad = store.commit([Put(ENTRY, [(7, b"")]), Put(NOWHERE, [(1,)])])
    outcomes = await asyncio.gather(good[0], bad, *good[1:], return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [
        type(None),
        errors.RefusedError,
        type(None),
        type(None),
    ]
    assert await store.scan(ENTRY, limit=ALL) == [(0, b""), (1, b""), (2, b"")]


async def test_a_row_that_does_not_fit_is_refused_before_anything_is_written(store: Store) -> None:
    wrong: list[Row] = [(1,), (1, b"", 2), ("1", b""), (1, "text"), (True, b""), (2**63, b"")]
    for row in wrong:
        with pytest.raises(errors.RowError):
            await store.commit([Put(ENTRY, [(5, b"")]), Put(ENTRY, [row])])
    for name in ("nul\0", "half\ud800"):
        with pytest.raises(errors.RowError):
            await store.commit([Put(META, [(name, b"")])])
    for key in ((), (1, 2), ("1",)):
        with pytest.raises(errors.RowError):
            await store.commit([Delete(ENTRY, [key])])
        with pytest.raises(errors.RowError):
            await store.get(ENTRY, key)
    with pytest.raises(errors.RowError):
        await store.scan(EVENT, (b"member",), after=(b"other", 1), limit=1)
    assert await store.scan(ENTRY, limit=ALL) == []


async def test_commits_take_effect_in_the_order_in_which_they_were_called(store: Store) -> None:
    await asyncio.gather(*(store.commit([Put(META, [("last", b"%d" % n)])]) for n in range(300)))
    assert await store.get(META, ("last",)) == ("last", b"299")


async def test_who_asks_no_more_is_not_waited_for(store: Store) -> None:
    asked = asyncio.create_task(store.commit([Put(ENTRY, [(1, b"")])]))
    await asyncio.sleep(0)
    asked.cancel()
    await store.commit([Put(ENTRY, [(2, b"")])])
    assert asked.cancelled()
    assert await store.get(ENTRY, (2,)) == (2, b"")


async def test_a_snapshot_stands_still_while_commits_go_on(store: Store) -> None:
    await store.commit([Put(ENTRY, [(1, b"")])])
    async with store.snapshot() as view:
        await store.commit([Put(ENTRY, [(2, b"")]), Delete(ENTRY, [(1,)])])
        assert await view.scan(ENTRY, limit=ALL) == [(1, b"")]
        assert await asyncio.gather(view.get(ENTRY, (1,)), view.get(ENTRY, (2,))) == [
            (1, b""),
            None,
        ]
        assert await store.scan(ENTRY, limit=ALL) == [(2, b"")]


async def test_closing_commits_what_waits_and_takes_nothing_more(place: Place) -> None:
    store = await open_store(place, COOP)
    waiting = [asyncio.create_task(store.commit([Put(ENTRY, [(n, b"")])])) for n in range(50)]
    await asyncio.sleep(0)
    await store.close()
    await asyncio.gather(*waiting)
    with pytest.raises(errors.StoreClosedError, match="closed"):
        await store.commit([Put(ENTRY, [(99, b"")])])
    await store.close()
    store = await open_store(place, COOP)
    assert len(await store.scan(ENTRY, limit=ALL)) == 50
    await store.close()


async def test_a_store_has_one_owner(place: Place) -> None:
    store = await open_store(place, COOP)
    with pytest.raises(errors.StoreOwnedError, match="stop that one first"):
        await open_store(place, COOP)
    await store.close()
    store = await open_store(place, COOP)
    await store.close()


async def test_large_values_come_back(store: Store) -> None:
    rows: list[Row] = [(n, bytes([n]) * 65_535) for n in range(200)]
    await store.commit([Put(ENTRY, rows)])
    assert await store.scan(ENTRY, limit=ALL) == rows


@pytest.mark.postgres
async def test_co_ops_of_one_database_do_not_see_each_other(postgres_url: str) -> None:
    ours, theirs = await open_store(postgres_url, COOP), await open_store(postgres_url, OTHER)
    await ours.commit([Put(ENTRY, [(1, b"ours")])])
    await theirs.commit([Put(ENTRY, [(1, b"theirs"), (2, b"")])])
    await theirs.commit([Delete(ENTRY, [(2,)])])
    assert await ours.scan(ENTRY, limit=ALL) == [(1, b"ours")]
    await ours.commit([Clear(ENTRY)])
    assert await theirs.scan(ENTRY, limit=ALL) == [(1, b"theirs")]
    await ours.close()
    await theirs.close()
