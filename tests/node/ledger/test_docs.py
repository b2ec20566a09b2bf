"""The page on the ledger has a section on each code, and what it says happens so."""

from settlement_node.ledger.accounts import KINDS, AccountKind
from settlement_node.ledger.audit import audit
from settlement_node.ledger.codes import MOVES, Code
from tests.node.ledger.story import sections, whole_story


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
    assert set(KINDS) == set(AccountKind)
    for code, moves in MOVES.items():
        for debited, credited in moves:
            assert KINDS[debited].asset is KINDS[credited].asset, code
