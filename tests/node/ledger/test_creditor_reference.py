"""A reference survives people: blanks, small letters, other text; and notices a slip."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from depin_protocol.encoding import to_text
from settlement_node.ledger.creditor_reference import (
    creditor_reference,
    is_creditor_reference,
    member_reference,
    references_in,
)

names = st.binary(min_size=16, max_size=16).map(to_text)


def test_published_references_hold() -> None:
    assert is_creditor_reference("RF18539007547034")
    assert is_creditor_reference("RF712348231")
    assert not is_creditor_reference("RF19539007547034")
    assert creditor_reference("539007547034") == "RF18539007547034"


@given(names, names)
def test_a_members_reference_is_its_own_and_holds(coop: str, member: str) -> None:
    reference = member_reference(coop, member)
    assert is_creditor_reference(reference)
    assert len(reference) == 18
    assert not set("OI") & set(reference[2:])
    assert member_reference(member, coop) != reference or coop == member


@given(names, names, st.text(max_size=30), st.text(max_size=30), st.sampled_from(" -./"))
def test_it_is_found_however_it_is_written(
    coop: str, member: str, before: str, after: str, blank: str
) -> None:
    reference = member_reference(coop, member)
    written = blank.join(reference[begin : begin + 4] for begin in range(0, 18, 4)).lower()
    assert reference in references_in(f"{before} {written} {after}")
    assert reference in references_in(f"{before}\n{reference}\n{after}")


@given(names, st.integers(2, 17), st.sampled_from("0123456789ABCIOXYZ"))
def test_one_wrong_letter_is_noticed(member: str, at: int, letter: str) -> None:
    reference = member_reference(member, member)
    altered = reference[:at] + letter + reference[at + 1 :]
    assert altered == reference or references_in(altered) == ()


@given(names, st.integers(2, 16))
def test_two_letters_swapped_are_noticed(member: str, at: int) -> None:
    reference = member_reference(member, member)
    first, second = reference[at], reference[at + 1]
    altered = reference[:at] + second + first + reference[at + 2 :]
    assert first == second or references_in(altered) == ()


@pytest.mark.parametrize("text", ["", "RF", "R F 1", "RFRFRF18", "rf18 5390 0754 7034", "R" * 9999])
def test_nothing_is_found_where_nothing_is(text: str) -> None:
    assert references_in(text) == ()
