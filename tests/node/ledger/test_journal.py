"""Beancount, which nobody here wrote, finds the books in order, and finds when they are not."""

from collections.abc import Iterable
from typing import Any

import pytest
from beancount import loader
from beancount.core.data import Balance, Transaction

from tests.node.ledger.beancount_journal import to_journal
from tests.node.ledger.story import BEGIN, whole_story


def load(text: str) -> tuple[list[Any], list[Any]]:
    entries, errors, _ = loader.load_string(text)
    return entries, errors


@pytest.fixture(scope="module")
def journal() -> str:
    story = whole_story()
    return "".join(to_journal(story.ledger, story.booked, BEGIN))


def test_it_is_in_order(journal: str) -> None:
    entries, errors = load(journal)
    assert errors == []
    moved = [entry for entry in entries if isinstance(entry, Transaction)]
    reserved = [
        transfer for _, transfer in whole_story().booked if transfer.phase.name == "RESERVE"
    ]
    assert len(moved) == len(whole_story().booked) - len(reserved)
    assert sum(isinstance(entry, Balance) for entry in entries) == sum(
        1 for _ in whole_story().ledger.accounts()
    )


def without_one(lines: list[str], mark: str) -> Iterable[str]:
    at = next(at for at, line in enumerate(lines) if mark in line)
    return lines[:at] + lines[at + 3 :]


@pytest.mark.parametrize("mark", ['"DEPOSIT"', '"CERTIFICATES_RETIRED"', '"TOKEN_PAYOUT"'])
def test_a_missing_transfer_is_found(journal: str, mark: str) -> None:
    _, errors = load("".join(without_one(journal.splitlines(keepends=True), mark)))
    assert errors
    assert all("Balance failed" in error.message for error in errors)
