"""Both engines, and tables to try them with."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from settlement_node.store.opening import Place, open_store
from settlement_node.store.port import Store

COOP = b"a co-op's name.."
OTHER = b"another co-op..."


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Return where a new store can be made, on each engine."""
    if request.param == "sqlite":
        return tmp_path / "store"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
async def store(place: Place) -> AsyncIterator[Store]:
    """Give an empty store."""
    store = await open_store(place, COOP)
    yield store
    await store.close()
