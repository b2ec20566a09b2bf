"""The ledger in real stores: what was committed comes back the same, on both engines."""

from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest

from settlement_node.ledger.audit import audit
from settlement_node.ledger.beginning import Beginning
from settlement_node.ledger.ledger import Ledger
from settlement_node.ledger.outcomes import Outcome
from settlement_node.ledger.rows import Logged
from settlement_node.ledger.tables import TABLES, as_changes, load, recall, transfer_rows
from settlement_node.ledger.transfers import ids_in
from settlement_node.store.opening import open_store
from settlement_node.store.port import Store
from tests.node.ledger.drawn_transfers import NAMES, START, Drawer
from tests.node.ledger.row_shelf import DENOMINATIONS

ENTRIES = 120
LATER = 2**47


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """Give an empty store of each engine."""
    place = tmp_path / "coop"
    if request.param == "postgres":
        place = request.getfixturevalue("postgres_url")
    store = await open_store(place, b"a co-op's name..")
    yield store
    await store.close()


async def test_the_tables_are_as_described(store: Store) -> None:
    real = {table.shape() for table in await store.tables()}
    assert {table.shape() for table in TABLES} <= real


async def test_a_ledger_loaded_after_each_tenth_entry_goes_on_as_the_one_that_never_stopped(
    store: Store,
) -> None:
    steady, restarted = Ledger(DENOMINATIONS), Ledger(DENOMINATIONS)
    for name in NAMES:
        assert steady.open(name) == restarted.open(name)
    random, drawer = Random(5), Drawer()
    created = 0
    for entry in range(ENTRIES):
        logged = Logged(entry, START + entry // 2)
        batch = drawer.batch(random, logged.at)
        await recall(store, restarted, ids_in(batch), entry, Beginning())
        outcomes = restarted.apply(batch, logged)
        assert outcomes == steady.apply(batch, logged)
        created += outcomes.count(Outcome.CREATED)
        await store.commit(as_changes(restarted.take_changes()))
        if entry % 10 == 9:
            restarted = await load(store, DENOMINATIONS, logged)
            assert list(restarted.accounts()) == list(steady.accounts())
            assert set(restarted.reservations()) == set(steady.reservations())
            assert restarted.expiring(LATER) == steady.expiring(LATER)
    assert created > ENTRIES / 2
    assert audit(restarted, await transfer_rows(store)) == ()
