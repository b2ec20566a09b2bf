"""Rows in memory are read just as a store reads them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from settlement_node.store.opening import open_store
from settlement_node.store.port import Store, View
from settlement_node.store.rows_view import RowsView
from settlement_node.store.tables import Clear, Put
from tests.node.store.conftest import COOP
from tests.node.store.example_tables import EVENT

members = st.sampled_from([b"", b"a", b"b"])
numbers = st.integers(0, 5)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await open_store(tmp_path / "store", COOP)
    yield opened
    await opened.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    st.lists(st.tuples(members, numbers), unique=True),
    st.one_of(st.just(()), st.tuples(members)),
    st.none() | numbers,
    st.none() | numbers,
    st.integers(1, 4),
    st.booleans(),
)
async def test_scans_agree(
    store: Store,
    keys: list[tuple[bytes, int]],
    prefix: tuple[bytes] | tuple[()],
    after: int | None,
    until: int | None,
    limit: int,
    reverse: bool,  # noqa: FBT001 - drawn
) -> None:
    rows = [(*key, "kind", 7, b"data") for key in keys]
    await store.commit([Clear(EVENT), Put(EVENT, rows)])
    view: View = RowsView((EVENT, row) for row in rows)
    start = prefix or (b"a",)
    bounds = [None if bound is None else (*start, bound) for bound in (after, until)]
    low, high = bounds
    found, wanted = [
        await one.scan(EVENT, prefix, after=low, until=high, limit=limit, reverse=reverse)
        for one in (view, store)
    ]
    assert found == wanted
    for key in keys:
        assert await view.get(EVENT, key) == await store.get(EVENT, key)
    assert await view.get(EVENT, (b"z", 1)) is None
    asked = [*keys[::2], (b"z", 1), (b"b", 9)]
    assert await view.several(EVENT, asked) == await store.several(EVENT, asked)
