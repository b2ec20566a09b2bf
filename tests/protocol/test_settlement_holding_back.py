"""What a seller and a partner gain by holding back what the seller sold, all in all."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from depin_protocol.settlement.charges import Charges, Fees, Vat
from depin_protocol.settlement.interval import Member, MemberLines, Terms, ZonePrices, settle
from depin_protocol.settlement.pool import Key, PoolRule
from depin_protocol.settlement.trades import References

R, F = 30, 8
REFERENCES = References(retail=R, feed_in=F)

fees = st.builds(Fees, st.integers(0, 6), st.integers(0, 6), st.integers(0, 6))
charges = st.builds(
    Charges,
    traded=fees,
    pooled=fees,
    vat=st.builds(Vat, st.integers(0, 10), st.just(10)),
)
pools = st.none() | st.builds(PoolRule, st.integers(F - 2, R + 2), st.sampled_from(Key))


@dataclass(frozen=True)
class Holding:
    """A market with its tariffs at the references, and two members of it."""

    members: list[Member]
    price: int
    seller: int
    partner: int
    held_back: int

    def gain(self, terms: Terms) -> int:
        """Value each Wh held back at the reference retail price, as used at home instead."""
        return sum(self.change(terms, worth)) + R * self.held_back

    def change(self, terms: Terms, value: "Value") -> list[int]:
        """Tell what holding back changes for the two, in the value of their lines."""
        seller = self.members[self.seller]
        less = replace(seller, exported=seller.exported - self.held_back)
        changed = [less if member is seller else member for member in self.members]
        zones = [ZonePrices(self.price, self.price)]
        before, after = (settle(terms, zones, row).members for row in (self.members, changed))
        return [value(after[who]) - value(before[who]) for who in {self.seller, self.partner}]


type Value = Callable[[MemberLines], int]


def worth(lines: MemberLines) -> int:
    """Value a member's interval, the grid's part at the member's own tariffs."""
    return lines.receives - lines.pays + lines.grid.revenue - lines.grid.cost


def charged(lines: MemberLines) -> int:
    return lines.charges.pays


def pooled(lines: MemberLines) -> int:
    """Tell how much better the pool was than the grid, before its fees and VAT."""
    pool = lines.pool
    return pool.revenue - F * pool.given + R * pool.taken - pool.cost


@st.composite
def holdings(draw: st.DrawFn) -> Holding:
    """Draw a seller that exports no more than it sold, and holds some of that back."""
    size = draw(st.integers(2, 6))
    home = st.integers(0, size - 1)
    bought, sold = [0] * size, [0] * size
    for buyer, seller, wh in draw(st.lists(st.tuples(home, home, st.integers(1, 40)), max_size=8)):
        bought[buyer] += wh
        sold[seller] += wh
    members = [
        Member(
            retail=R,
            feed_in=F,
            imported=draw(st.integers(0, bought[row] + 20)),
            exported=draw(st.integers(0, sold[row] + 20)),
            bought=bought[row],
            sold=sold[row],
            pool_weight=draw(st.integers(0, 3)),
        )
        for row in range(size)
    ]
    sellers = [row for row in range(size) if sold[row] > bought[row]]
    assume(sellers)
    row = draw(st.sampled_from(sellers))
    exported = draw(st.integers(1, sold[row] - bought[row]))
    members[row] = replace(members[row], exported=exported)
    return Holding(
        members,
        price=draw(st.integers(F, R)),
        seller=row,
        partner=draw(home),
        held_back=draw(st.integers(1, exported)),
    )


@given(holdings(), fees)
def test_without_charges_on_trades_and_pool_nothing_is_gained_or_lost(
    holding: Holding, of_the_pool: Fees
) -> None:
    assert holding.gain(Terms(REFERENCES, Charges(pooled=of_the_pool))) == 0


@given(holdings(), charges, pools)
def test_otherwise_the_gain_is_the_charges_saved_and_what_the_pool_brings(
    holding: Holding, charges: Charges, pool: PoolRule | None
) -> None:
    terms = Terms(REFERENCES, charges, pool)
    saved = -sum(holding.change(terms, charged))
    assert holding.gain(terms) == saved + sum(holding.change(terms, pooled))


@given(holdings(), charges)
def test_without_a_pool_the_gain_is_at_most_the_charges_on_what_was_held_back(
    holding: Holding, charges: Charges
) -> None:
    per_wh = charges.traded.grid_fee + charges.traded.levies + charges.traded.coop_fee
    vat = -(-(holding.price + per_wh) * charges.vat.numerator // charges.vat.denominator)
    gain = holding.gain(Terms(REFERENCES, charges))
    # The partner's share of what nobody delivered may move by a Wh that the division rounds.
    assert -(per_wh + vat) <= gain <= (per_wh + vat) * (holding.held_back + 1)


@given(holdings(), charges, pools)
def test_with_a_pool_it_is_at_most_the_references_distance_more(
    holding: Holding, charges: Charges, pool: PoolRule | None
) -> None:
    per_wh = charges.traded.grid_fee + charges.traded.levies + charges.traded.coop_fee
    vat = -(-(holding.price + per_wh) * charges.vat.numerator // charges.vat.denominator)
    gain = holding.gain(Terms(REFERENCES, charges, pool))
    # Rounding moves a Wh for each of the two.
    assert gain <= (per_wh + vat + R - F) * (holding.held_back + 2)


@pytest.mark.parametrize(
    ("terms", "gain"),
    [
        pytest.param(Terms(REFERENCES, Charges()), 0, id="neither"),
        pytest.param(Terms(REFERENCES, Charges(traded=Fees(4, 0, 1))), 500, id="fees"),
        pytest.param(Terms(REFERENCES, Charges(vat=Vat(1, 5))), 400, id="VAT"),
        pytest.param(
            Terms(REFERENCES, Charges(), PoolRule(15, Key.DYNAMIC)), 1500, id="refill from the pool"
        ),
    ],
)
def test_known_gains(terms: Terms, gain: int) -> None:
    """100 Wh sold at 20 and held back; a third home has 100 Wh left for the pool."""
    members = [
        Member(R, F, exported=100, sold=100),
        Member(R, F, imported=100, bought=100),
        Member(R, F, exported=100),
    ]
    holding = Holding(members, price=20, seller=0, partner=1, held_back=100)
    assert holding.gain(terms) == gain
