"""Statements of account as hypothesis draws them: any month, any names, with corrections."""

from dataclasses import replace
from datetime import date

from hypothesis import strategies as st

from settlement_node.market.billing.corrections import Correction, Roof, SettledInterval
from settlement_node.market.billing.issuing import AccountMonth, statement_of_account
from settlement_node.market.billing.numbers import StatementNumber
from settlement_node.market.billing.parties import Holder, Issuer
from settlement_node.market.billing.statement import Movement, Reward, StatementOfAccount
from tests.node.market.worked_month import (
    BOB,
    BUYER,
    NOVEMBER,
    OCTOBER,
    QUARTER,
    SELLER,
    VAT,
    books,
    issue_of,
    settled,
)

_FIGURES = st.integers(0, 5000)
_WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=30
)
_ADDRESSES = st.lists(_WORDS, max_size=4).map(tuple)
_MOVEMENTS = st.tuples(
    st.integers(OCTOBER.begins, OCTOBER.ends - 1),
    st.sampled_from(["DEPOSIT", "DEPOSIT_RETURNED", "PAYOUT", "SUSPENSE_IDENTIFIED"]),
    st.integers(-(10**15), 10**15),
)


@st.composite
def _intervals(draw: st.DrawFn, seller_rate: int, begins: int) -> tuple[SettledInterval, ...]:
    row = draw(st.integers(0, 1))
    intervals = []
    for number in range(draw(st.integers(0, 5))):
        sold, exported, imported = draw(st.tuples(_FIGURES, _FIGURES, _FIGURES))
        lines = settled(
            replace(SELLER, sold=sold, exported=exported, produced=draw(_FIGURES)),
            replace(BUYER, bought=sold, imported=imported),
        ).members[row]
        roofs = draw(st.lists(st.builds(Roof, _WORDS, _FIGURES), max_size=9))
        start = begins + number * QUARTER
        intervals.append(SettledInterval(start, lines, VAT, seller_rate, tuple(roofs)))
    return tuple(intervals)


@st.composite
def drawn_statements(draw: st.DrawFn) -> StatementOfAccount:
    """Draw a first statement, or one that follows it and corrects it."""
    rate = draw(st.sampled_from([0, 1000, 1300]))
    holder = Holder("B" * 22, draw(_WORDS), BOB.reference, draw(_ADDRESSES))
    issuer = Issuer(draw(_WORDS), draw(_ADDRESSES), draw(_WORDS))
    intervals = draw(_intervals(rate, OCTOBER.begins))
    movements = tuple(Movement(*each) for each in draw(st.lists(_MOVEMENTS, max_size=5)))
    rewards = draw(st.lists(st.builds(Reward, _WORDS, st.integers(0, 10**15)), max_size=3))
    moved = sum(movement.amount for movement in movements)
    opening = draw(st.integers(-(10**16), 10**16))
    account = replace(books(opening, intervals, moved), movements=movements, rewards=tuple(rewards))
    first = statement_of_account(
        replace(issue_of(holder, draw(st.integers(1, 10**6))), coop=issuer), account, None
    )
    if not intervals or draw(st.booleans()):
        return first
    became = draw(_intervals(rate, NOVEMBER.begins).filter(bool))[0].lines
    corrections = (Correction(intervals[0], became, first.number, draw(_WORDS)),)
    issue = replace(issue_of(holder, 1, date(2027, 1, 3)), coop=issuer)
    november = AccountMonth(NOVEMBER, first.closing, first.closing, corrections=corrections)
    assert first.number < StatementNumber(2027, 1)
    return statement_of_account(issue, november, first)
