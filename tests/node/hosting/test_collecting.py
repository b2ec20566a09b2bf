"""The pace at which Python looks for cycles."""

import gc
from collections.abc import Iterator

import pytest

from settlement_node.hosting.collecting import collect_seldom


@pytest.fixture(autouse=True)
def usual_pace() -> Iterator[None]:
    """Give back the pace that others expect."""
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


def test_what_is_loaded_is_passed_over() -> None:
    collect_seldom()
    assert gc.get_freeze_count() > 0


def test_cycles_are_still_found() -> None:
    """Seldom is not never: memory would grow for ever."""
    collect_seldom()
    assert gc.isenabled()
    before = sum(one["collections"] for one in gc.get_stats())
    held: list[list[int]] = [[] for _ in range(2 * gc.get_threshold()[0])]
    assert held
    assert sum(one["collections"] for one in gc.get_stats()) > before
