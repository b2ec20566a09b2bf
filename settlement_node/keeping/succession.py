"""Entry 0 of a log that succeeds one of which a part is lost: what was held, and goes on."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Final

from depin_protocol.encoding import EncodingError, encode_json, from_text, to_text
from depin_protocol.identifiers import ID_LENGTH
from depin_protocol.joining import MAX_NAME
from depin_protocol.keys import SIGNATURE_LENGTH, sign, verify
from depin_protocol.log.checkpoint import open_checkpoint
from depin_protocol.log.entries import EntryError
from depin_protocol.log.errors import LogError
from depin_protocol.log.notes import Note
from depin_protocol.statements.fields import ID, SIGNATURE, BodyError, Fields
from settlement_node.governance.facts import FACTS, Facts
from settlement_node.governance.member import MEMBER, Member, Role
from settlement_node.intake.streams import CHAIN, ENDED, chain_row, read_chain_row
from settlement_node.keeping.roots import ROOT
from settlement_node.keeping.state_root import read_row, row_line
from settlement_node.log.entries import Decision, DecisionError
from settlement_node.store.tables import Row, Table

SUCCESSOR: Final = "successor"

_CHAINS: Final = frozenset((CHAIN, ENDED))

_ORIGIN: Final = re.compile(r"(.*?)(?:/([1-9][0-9]{0,5}))?")


def generation(origin: str) -> int:
    """Tell how many logs a co-op has had with this one."""
    number = _parts(origin)[1]
    return int(number or 1)


def next_origin(origin: str) -> str:
    """Name the log that succeeds one."""
    return f"{_parts(origin)[0]}/{generation(origin) + 1}"


def _parts(origin: str) -> tuple[str, str | None]:
    found = _ORIGIN.fullmatch(origin)
    return (origin, None) if found is None else (found[1], found[2])


def succeeding(
    facts: Facts, rows: Iterable[tuple[Table, Row]], note: bytes, operator: str, seed: bytes
) -> Decision:
    """Decide, as an operator, that another log goes on with these rows of the one that is held.

    `facts` are those of the new log; `note` is the largest checkpoint of the old one.
    """
    result = facts.public()
    passed_on = sorted((table.name, row) for table, row in _passed_on(list(rows)))
    lines = tuple(row_line(*one) for one in passed_on)
    first: dict[str, object] = {
        "name": facts.name,
        "checkpoint": to_text(note),
        "operator": operator,
        "signature": to_text(sign(seed, _message(result, lines))),
    }
    return Decision(SUCCESSOR, result, (first, *lines))


def _passed_on(rows: list[tuple[Table, Row]]) -> Iterable[tuple[Table, Row]]:
    """Leave out what is the old log's own; indexes of its entries are no indexes any more."""
    chains = [read_chain_row(row) for table, row in rows if table in _CHAINS]
    lowest = min((chain.opened_at for *_, chain in chains), default=0)
    below = min(lowest, 0) - 1
    for member, stream, name, chain in chains:
        at = chain.opened_at
        moved = replace(
            chain,
            opened_at=at if at < 0 else below - at,
            ended_at=None if chain.ended_at is None else -1,
        )
        table = CHAIN if chain.ended_at is None else ENDED
        yield table, chain_row(member, stream, name, moved)
    left = {*_CHAINS, FACTS, ROOT}
    yield from ((table, row) for table, row in rows if table not in left)


def inherited(
    decision: Decision, tables: Mapping[str, Table]
) -> tuple[Facts, list[tuple[Table, Row]]]:
    """Read what a new log begins with, or raise a DecisionError; `check_signed` has the rest."""
    try:
        facts = Facts.read(decision.result, _first(decision).words("name", MAX_NAME))
        rows = [read_row(line, tables) for line in decision.lines[1:]]
    except (BodyError, EncodingError, EntryError) as error:
        raise DecisionError(f"{SUCCESSOR}: {error}") from None
    return facts, [(FACTS, facts.row()), *rows]


def check_signed(decision: Decision, facts: Facts, rows: Iterable[tuple[Table, Row]]) -> None:
    """Insist that an operator has signed it, and that the checkpoint is the old log's."""
    previous = facts.previous
    if previous is None:
        raise DecisionError("it names no log that it succeeds")
    try:
        first = _first(decision)
        named = from_text(first.text("operator", ID), ID_LENGTH)
        members = (row for table, row in rows if table is MEMBER)
        operator = next((Member.read(row) for row in members if row[0] == named), None)
        signature = from_text(first.text("signature", SIGNATURE), SIGNATURE_LENGTH)
        shown = first.words("checkpoint", 2**18)
        note = Note.parse(from_text(shown, len(shown) * 3 // 4))
        old = replace(facts, origin=previous.origin)
        checkpoint = open_checkpoint(note, old.log_verifier())
    except (BodyError, EncodingError, LogError) as error:
        raise DecisionError(f"{SUCCESSOR}: {error}") from None
    if checkpoint.tree != previous.largest:
        raise DecisionError("it names another checkpoint than the one that it shows")
    if (
        operator is None
        or not operator.acts_as(Role.OPERATOR)
        or not verify(operator.key, _message(decision.result, decision.lines[1:]), signature)
    ):
        raise DecisionError("no operator of the co-op has signed it")


def _first(decision: Decision) -> Fields:
    return Fields(decision.lines[0] if decision.lines else None, "line")


def _message(result: dict[str, object], rows: tuple[dict[str, object], ...]) -> bytes:
    """Return what an operator signs: what everybody may know, and what goes on."""
    digest = sha256(encode_json([result, rows])).digest()
    return b"depin succession v1\x00" + digest
