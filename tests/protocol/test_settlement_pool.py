"""The community pool: who gives, who takes, and how much."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from depin_protocol.bounds import MAX_AMOUNT, MAX_ENERGY, MAX_PRICE
from depin_protocol.settlement.charges import Charges, Fees, Taken, Taxed, Vat
from depin_protocol.settlement.limits import OutOfBoundsError
from depin_protocol.settlement.pool import Key, PoolRule, Stake, share_pool
from depin_protocol.settlement.trades import References

REFERENCES = References(retail=30, feed_in=8)
FREE = Charges()

stakes = st.builds(
    Stake,
    offer=st.integers(0, 50),
    need=st.integers(0, 50),
    retail=st.integers(-5, 45),
    feed_in=st.integers(-5, 45),
    weight=st.integers(0, 5),
)
communities = st.lists(stakes, max_size=8)
rules = st.builds(PoolRule, price=st.integers(-5, 40), key=st.sampled_from(Key))
charges = st.builds(
    Charges,
    pooled=st.builds(Fees, st.integers(0, 6), st.integers(0, 6), st.integers(0, 6)),
    vat=st.builds(
        Vat, st.integers(0, 7), st.just(7), st.sampled_from([Taxed.EVERYTHING, Taxed.ENERGY])
    ),
)


def gives(stake: Stake, rule: PoolRule) -> bool:
    return min(max(stake.feed_in, REFERENCES.feed_in), REFERENCES.retail) <= rule.price


def takes(stake: Stake, rule: PoolRule, charges: Charges) -> bool:
    fees = charges.pooled.grid_fee + charges.pooled.levies + charges.pooled.coop_fee
    taxed = rule.price + (fees if Taxed.GRID_FEE in charges.vat.on else 0)
    tax = Fraction(max(0, taxed) * charges.vat.numerator, charges.vat.denominator)
    retail = min(max(stake.retail, REFERENCES.feed_in), REFERENCES.retail)
    return rule.price + fees + tax <= retail


@given(communities, rules, charges)
def test_the_pool_gives_what_it_takes_and_only_from_and_to_who_gains(
    community: list[Stake], rule: PoolRule, charges: Charges
) -> None:
    lines = share_pool(community, rule, REFERENCES, charges)
    assert sum(line.given for line in lines) == sum(line.taken for line in lines)
    assert sum(line.cost for line in lines) == sum(line.revenue for line in lines)
    for stake, line in zip(community, lines, strict=True):
        assert 0 <= line.given <= (stake.offer if gives(stake, rule) else 0)
        assert 0 <= line.taken <= (stake.need if takes(stake, rule, charges) else 0)
        assert (line.cost, line.revenue) == (rule.price * line.taken, rule.price * line.given)


@given(communities, rules, charges)
def test_nobody_is_worse_off_in_the_pool_than_with_the_grid(
    community: list[Stake], rule: PoolRule, charges: Charges
) -> None:
    for stake, line in zip(
        community, share_pool(community, rule, REFERENCES, charges), strict=True
    ):
        fees = charges.on(Taken(pooled=line.taken, pooled_cost=line.cost)).pays
        assert line.cost + fees <= REFERENCES.clip(stake.retail) * line.taken
        assert line.revenue >= REFERENCES.clip(stake.feed_in) * line.given


@given(communities, rules)
def test_offers_are_used_pro_rata(community: list[Stake], rule: PoolRule) -> None:
    lines = share_pool(community, rule, REFERENCES, FREE)
    offers = [stake.offer if gives(stake, rule) else 0 for stake in community]
    used = sum(line.taken for line in lines)
    for offer, line in zip(offers, lines, strict=True):
        assert abs(line.given - Fraction(offer * used, sum(offers) or 1)) < 1


@given(communities, rules)
def test_each_key_divides_as_it_says(community: list[Stake], rule: PoolRule) -> None:
    lines = share_pool(community, rule, REFERENCES, FREE)
    offer = sum(stake.offer for stake in community if gives(stake, rule))
    needs = [stake.need if takes(stake, rule, FREE) else 0 for stake in community]
    weights = sum(stake.weight for stake in community)
    fixed = [
        min(Fraction(stake.weight * offer, weights or 1), Fraction(need))
        for stake, need in zip(community, needs, strict=True)
    ]
    taken = [line.taken for line in lines]
    everything = min(offer, sum(needs))
    match rule.key:
        case Key.STATIC:
            ideal = fixed
        case Key.DYNAMIC:
            ideal = [Fraction(need * everything, sum(needs) or 1) for need in needs]
            assert sum(taken) == everything
        case Key.HYBRID:
            rest = [need - part for need, part in zip(needs, fixed, strict=True)]
            left = min(offer - sum(fixed), sum(rest))
            ideal = [
                part + (Fraction(more * left) / sum(rest) if more else 0)
                for part, more in zip(fixed, rest, strict=True)
            ]
            assert sum(taken) == everything
    # Two roundings, and in the hybrid key the rounding of the others' fixed parts.
    slack = 1 if rule.key is not Key.HYBRID else 1 + len(community)
    assert all(abs(wh - part) < slack for wh, part in zip(taken, ideal, strict=True))


@pytest.mark.parametrize(
    ("key", "taken", "given_back"),
    [
        (Key.STATIC, [12, 6, 0], 6),
        (Key.DYNAMIC, [18, 6, 0], 0),
        (Key.HYBRID, [18, 6, 0], 0),
    ],
)
def test_a_worked_example(key: Key, taken: list[int], given_back: int) -> None:
    community = [
        Stake(offer=0, need=18, retail=30, feed_in=8, weight=2),
        Stake(offer=0, need=6, retail=30, feed_in=8, weight=1),
        Stake(offer=24, need=0, retail=30, feed_in=8, weight=1),
    ]
    lines = share_pool(community, PoolRule(15, key), REFERENCES, FREE)
    assert [line.taken for line in lines] == taken
    assert [line.given for line in lines] == [0, 0, 24 - given_back]
    assert [line.revenue - line.cost for line in lines] == [
        -15 * taken[0],
        -15 * taken[1],
        15 * (24 - given_back),
    ]


def test_a_static_key_without_weights_shares_nothing() -> None:
    community = [Stake(5, 0, 30, 8), Stake(0, 5, 30, 8)]
    lines = share_pool(community, PoolRule(15, Key.STATIC), REFERENCES, FREE)
    assert [line.taken for line in lines] == [0, 0]


def test_a_fixed_share_that_may_not_be_taken_goes_back_to_the_producers() -> None:
    community = [Stake(10, 0, 30, 8), Stake(0, 9, 14, 8, weight=1), Stake(0, 9, 15, 8, weight=1)]
    lines = share_pool(community, PoolRule(15, Key.STATIC), REFERENCES, FREE)
    assert [line.taken for line in lines] == [0, 0, 5]
    assert lines[0].given == 5


def test_figures_out_of_bounds_are_refused() -> None:
    with pytest.raises(OutOfBoundsError, match="weight"):
        Stake(0, 0, 0, 0, weight=-1)
    with pytest.raises(OutOfBoundsError, match="offer"):
        Stake(MAX_ENERGY + 1, 0, 0, 0)
    with pytest.raises(OutOfBoundsError, match="need"):
        Stake(0, -1, 0, 0)
    with pytest.raises(OutOfBoundsError, match="pool price"):
        PoolRule(MAX_PRICE + 1, Key.DYNAMIC)
    huge = [Stake(MAX_ENERGY, MAX_ENERGY, MAX_PRICE, MAX_PRICE)]
    dear = References(MAX_PRICE, MAX_PRICE)
    assert MAX_ENERGY * MAX_PRICE >= MAX_AMOUNT
    with pytest.raises(OutOfBoundsError, match="pool cost"):
        share_pool(huge, PoolRule(MAX_PRICE, Key.DYNAMIC), dear, FREE)
