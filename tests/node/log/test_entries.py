"""Entries are written in one form, and their bodies are the ones that they stand for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from depin_protocol.log.entries import (
    MAX_LINES,
    DecisionEntry,
    EntryError,
    StatementEntry,
    read_entry,
)
from depin_protocol.log.tiles import MAX_ENTRY
from settlement_node.log.entries import Decision, decode_lines, encode_lines, read_decision
from tests.protocol.spoken import NOON, digest, hashes, json_objects, times

kinds = st.from_regex(r"[a-z][a-z0-9_]{0,31}", fullmatch=True)
salts = st.binary(min_size=16, max_size=16)


@given(times, kinds, hashes)
def test_a_statements_entry_is_read_back(at: int, kind: str, hash_: str) -> None:
    entry = StatementEntry(at, kind, hash_)
    assert read_entry(entry.encode()) == entry


@given(times, kinds, json_objects, st.lists(st.tuples(salts, json_objects), max_size=9))
def test_a_decision_is_read_back(
    at: int, kind: str, result: dict[str, object], lines: list[tuple[bytes, dict[str, object]]]
) -> None:
    decision = Decision(kind, result, tuple(line for _, line in lines))
    written, body = decision.written(at, [salt for salt, _ in lines])
    entry = read_entry(written)
    assert isinstance(entry, DecisionEntry)
    assert (entry.at, entry.count) == (at, len(lines))
    assert read_decision(entry, body) == decision


@given(st.lists(salts, min_size=1, max_size=5), st.data())
def test_another_body_is_refused(salts: list[bytes], data: st.DataObject) -> None:
    lines: tuple[dict[str, object], ...] = tuple({"n": at} for at in range(len(salts)))
    written, body = Decision("gate", {}, lines).written(NOON, salts)
    entry = read_entry(written)
    assert isinstance(entry, DecisionEntry)
    at = data.draw(st.integers(0, len(body) - 1))
    altered = body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]
    for other in (altered, body[:-1], body + body, b""):
        with pytest.raises(EntryError):
            read_decision(entry, other)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b'{"at":1,"statement":"readings","hash":"%s" }' % digest(1).encode(),
        b'{"at":01,"statement":"readings","hash":"%s"}' % digest(1).encode(),
        b'{"at":1,"statement":"readings","hash":"short"}',
        b'{"at":1,"decision":"gate","result":{},"lines":{"count":0}}',
        b'{"at":1, "decision":"gate","result":{},"lines":{"count":0,"root":"%s"}}'
        % digest(1).encode(),
    ],
)
def test_another_form_is_refused(data: bytes) -> None:
    with pytest.raises(EntryError):
        read_entry(data)


def test_a_decision_can_have_lines_for_every_row_of_a_large_co_op() -> None:
    rows = DecisionEntry(NOON, "state_root", {}, 10_000_000, bytes(32))
    assert read_entry(rows.encode()) == rows
    beyond = DecisionEntry(NOON, "state_root", {}, MAX_LINES + 1, bytes(32))
    with pytest.raises(EntryError, match="count"):
        read_entry(beyond.encode())


def test_what_does_not_fit_an_entry_is_refused() -> None:
    with pytest.raises(EntryError, match="at most"):
        Decision("gate", {"much": "x" * MAX_ENTRY}).written(NOON, [])


@given(st.binary(max_size=80))
def test_lines_are_read_or_refused(body: bytes) -> None:
    try:
        lines = decode_lines(body)
    except EntryError:
        return
    assert encode_lines(lines) == body
