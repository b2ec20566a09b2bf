"""Where the published test vectors are, and what is left out where there are none."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

VARIABLE = "DEPIN_REFERENCE"
LEFT_OUT = pytest.StashKey[int]()

# Hypothesis gives each example 200 ms otherwise, and a busy machine takes longer.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")


@pytest.fixture(scope="session")
def reference() -> Path:
    """Return the folder of the published vectors, which are not ours to copy into here."""
    return Path(os.environ[VARIABLE])


def pytest_configure(config: pytest.Config) -> None:
    config.stash[LEFT_OUT] = 0
    named = os.environ.get(VARIABLE)
    if named and not Path(named).is_dir():
        raise pytest.UsageError(f"{VARIABLE} names no folder: {named}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if os.environ.get(VARIABLE):
        return
    left_out = [item for item in items if item.get_closest_marker("reference")]
    config.stash[LEFT_OUT] = len(left_out)
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if count := config.stash[LEFT_OUT]:
        terminalreporter.write_line(
            f"{count} tests left out: they need the folder of published vectors, {VARIABLE}."
        )
