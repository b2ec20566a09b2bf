"""What some tests need that not every machine has, and what is left out where it is missing."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from hypothesis import settings

from provision import browser, mosquitto, postgresql

VARIABLE: Final = "DEPIN_REFERENCE"
NOTHING_LEFT_OUT: Final = "DEPIN_COMPLETE"
"""The marks of tests that fail, rather than being left out, where what they need is missing."""

# Hypothesis gives each example 200 ms otherwise, and a busy machine takes longer.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")


@dataclass(frozen=True, slots=True)
class Need:
    """What the tests with a mark need."""

    mark: str
    what: str
    is_there: Callable[[], bool]


NEEDS: Final = (
    Need(
        "reference",
        f"the folder of published vectors, {VARIABLE}",
        lambda: bool(os.environ.get(VARIABLE)),
    ),
    Need(
        "postgres",
        "PostgreSQL's server; scripts/setup --complete says why it cannot be had",
        lambda: postgresql.find() is not None,
    ),
    Need(
        "mosquitto",
        "the broker mosquitto; scripts/setup --complete says why it cannot be had",
        lambda: mosquitto.find() is not None,
    ),
    Need(
        "chromium",
        "the browser Chromium; scripts/setup --browser gets it",
        lambda: browser.find() is not None,
    ),
)
LEFT_OUT: Final = pytest.StashKey[list[str]]()


@pytest.fixture(scope="session")
def reference() -> Path:
    """Return the folder of the published vectors, which are not ours to copy into here."""
    return Path(os.environ[VARIABLE])


def pytest_configure(config: pytest.Config) -> None:
    config.stash[LEFT_OUT] = []
    named = os.environ.get(VARIABLE)
    if named and not Path(named).is_dir():
        raise pytest.UsageError(f"{VARIABLE} names no folder: {named}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for need in NEEDS:
        concerned = [item for item in items if item.get_closest_marker(need.mark)]
        if not concerned or need.is_there():
            continue
        if need.mark in os.environ.get(NOTHING_LEFT_OUT, "").split():
            raise pytest.UsageError(f"{len(concerned)} tests need {need.what}")
        config.stash[LEFT_OUT].append(f"{len(concerned)} tests left out: they need {need.what}.")
        config.hook.pytest_deselected(items=concerned)
        items[:] = [item for item in items if item not in concerned]


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    for line in config.stash[LEFT_OUT]:
        terminalreporter.write_line(line)
