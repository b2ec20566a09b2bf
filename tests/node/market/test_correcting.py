"""What a correction may do and what it may not, for whatever was settled and came to light."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from depin_protocol.metering import Quality
from depin_protocol.rules.market_rules import MarketRules
from depin_protocol.rules.member_terms import WHOLE, MemberTerms
from depin_protocol.settlement.charges import Charges, Fees, Vat
from depin_protocol.settlement.correcting import corrected
from depin_protocol.settlement.metered import NOTHING_TOLD, Metered
from depin_protocol.settlement.pool import Key, PoolRule
from depin_protocol.settlement.settled_member import SettledMember, Traded
from settlement_node.market.settling.interval import Interval, Participant, SettledInterval, settle
from settlement_node.market.trading.cleared import Cleared, ZonePrices
from settlement_node.market.trading.cleared import Traded as Filled
from tests.protocol.spoken import NOON, QUARTER, ident

RULES = MarketRules(
    charges=Charges(Fees(10_000, 3_000), Fees(5_000), Vat(19, 100)),
    pool=PoolRule(120_000, Key.DYNAMIC),
)
PRICE = 180_000

energies = st.integers(0, 900)
figures = st.builds(
    Metered, energies, energies, energies, energies, st.sampled_from([Quality.MEASURED])
)


@st.composite
def intervals(draw: st.DrawFn) -> SettledInterval:
    """Draw an interval in which some sold to others, and all have meters that say anything."""
    pairs = draw(st.lists(st.tuples(energies, figures, figures), min_size=1, max_size=4))
    members: list[Participant] = []
    filled: dict[str, Filled] = {}
    terms = MemberTerms(310_000, 70_000, "all", 1, WHOLE, 0)
    for wh, seller, buyer in pairs:
        for traded, metered in ((Traded(0, wh), seller), (Traded(wh, 0, wh * PRICE), buyer)):
            name = ident(len(members))
            filled[name] = Filled("all", traded.bought, traded.sold, traded.held)
            members.append(Participant(name, terms, traded, (), NOTHING_TOLD, metered, 50, ()))
    cleared = Cleared("street", NOON, {"all": ZonePrices(PRICE, PRICE)}, 0, 0, filled)
    return settle(Interval("street", NOON, NOON + QUARTER, RULES), members, cleared)


def after(first: SettledMember, metered: Metered) -> SettledMember:
    return corrected(first, first.meters, first.told, metered)


@given(intervals(), figures)
def test_a_correction_gives_back_nothing_and_explains_every_wh(
    settled: SettledInterval, metered: Metered
) -> None:
    for first in settled.members:
        became = after(first, metered)
        lines = became.lines
        assert became.owes >= first.owes
        assert lines.trade.delivered_in + lines.pool.taken + lines.grid.imported == metered.imported
        assert (
            lines.trade.delivered_out + lines.pool.given + lines.grid.exported == metered.exported
        )
        assert lines.trade.delivered_out >= 0
        assert lines.pool.given >= 0
        # What others were settled with stays: what was bought, what was taken, and its charges.
        assert lines.charges == first.lines.charges
        assert lines.pool.taken == first.lines.pool.taken
        assert lines.trade.sale == first.lines.trade.sale
        passed = lines.certificates
        held = first.certificates + passed.issued - passed.passed - passed.retired_at_home
        assert (passed.issued, passed.held) == (metered.produced, held)


@given(intervals(), figures)
def test_corrections_come_to_the_last_value_whatever_was_between(
    settled: SettledInterval, metered: Metered
) -> None:
    for first in settled.members:
        between = after(first, metered)
        assert after(first, first.metered) == first
        assert replace(between, metered=first.metered, lines=first.lines) == first


@given(intervals(), figures)
def test_holding_back_what_was_settled_as_delivered_never_gains(
    settled: SettledInterval, metered: Metered
) -> None:
    for first in settled.members:
        lines = first.lines
        short = max(0, lines.trade.delivered_out + lines.pool.given - metered.exported)
        cheapest = min(first.prices.cover, RULES.pool.price if RULES.pool else 0)
        assert after(first, metered).owes - first.owes >= short * cheapest
