"""The page on the ledger has a section on each code, and what it says happens so."""

import json
import re

from settlement_node.ledger.accounts import KIND_RULES, AccountKind
from settlement_node.ledger.actions import ACTIONS
from settlement_node.ledger.audit import audit
from settlement_node.ledger.codes import MOVES, Code
from settlement_node.ledger.effects import KINDS as DECISIONS
from tests.node.ledger.story import PAGE, sections, whole_story


def test_each_code_has_its_section_once() -> None:
    assert sorted(code for code, _ in sections()) == sorted(Code.__members__)


def test_the_examples_run_from_top_to_bottom() -> None:
    story = whole_story()
    assert story.codes == set(Code)
    used = {name.kind for name, _ in story.ledger.accounts()}
    assert used == set(AccountKind)
    latest = {row.id: row for row in story.rows}
    assert audit(story.ledger, latest.values()) == ()


def test_each_example_is_of_its_own_code() -> None:
    for code, lines in sections():
        assert any(" -> " in line for line in lines), code


def test_the_sets_are_closed() -> None:
    assert set(MOVES) == set(Code)
    assert set(KIND_RULES) == set(AccountKind)
    for code, moves in MOVES.items():
        for debited, credited in moves:
            assert KIND_RULES[debited].asset is KIND_RULES[credited].asset, code


def test_each_decision_has_an_example_without_anything_personal_in_public() -> None:
    found = re.findall(
        r"^#### `(\w+)`\n(?:[^`#]+\n)?.*?```json\n(.+?)\n```$",
        PAGE.read_text("utf-8"),
        re.MULTILINE | re.DOTALL,
    )
    assert sorted(kind for kind, _ in found) == sorted(DECISIONS)
    for _, example in found:
        told = json.loads(example)
        assert set(told) == {"result", "lines"}
        assert set(told["result"]) <= {"statement"}
        assert told["lines"]


def test_each_action_is_in_the_table() -> None:
    rows = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| `")]
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert set(ACTIONS) <= named
