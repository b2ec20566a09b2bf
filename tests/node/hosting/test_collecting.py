"""What Python passes over when it looks for garbage."""

import gc
from collections.abc import Iterator

import pytest

from settlement_node.hosting.collecting import pass_over_what_is_loaded


@pytest.fixture(autouse=True)
def usual_look() -> Iterator[None]:
    """Let later tests look through everything again."""
    yield
    gc.unfreeze()


def test_what_is_loaded_is_passed_over() -> None:
    loaded: list[object] = [[]]
    pass_over_what_is_loaded()
    assert not any(one is loaded for one in gc.get_objects())


def test_what_comes_later_is_looked_at() -> None:
    pass_over_what_is_loaded()
    later: list[object] = [[]]
    assert gc.isenabled()
    assert any(one is later for one in gc.get_objects())
