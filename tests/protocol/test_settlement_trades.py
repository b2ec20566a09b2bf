"""Trades against meters: who pays for what was not delivered or not used."""

import dataclasses
from fractions import Fraction

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from depin_protocol.bounds import MAX_AMOUNT, MAX_ENERGY, MAX_PRICE
from depin_protocol.settlement.limits import OutOfBoundsError
from depin_protocol.settlement.trades import (
    Position,
    References,
    ReferencesReversedError,
    TradeLine,
    UnbalancedTradesError,
    UncancelledTradeError,
    cancel_own,
    settle_trades,
)

type Market = tuple[References, list[Position]]


@st.composite
def markets(draw: st.DrawFn, *, two_prices: bool = True) -> Market:
    """Draw a market of up to 8 members that traded in pairs and metered what they like."""
    feed_in, retail = sorted(draw(st.tuples(st.integers(-20, 60), st.integers(-20, 60))))
    size = draw(st.integers(1, 8))
    member = st.integers(0, size - 1)
    bought, sold = [0] * size, [0] * size
    for buyer, seller, wh in draw(
        st.lists(st.tuples(member, member, st.integers(1, 40)), max_size=10)
    ):
        bought[buyer] += wh
        sold[seller] += wh
    sellers_price = draw(st.integers(-80, 120))
    buyers_price = sellers_price + (draw(st.integers(0, 30)) if two_prices else 0)
    positions = []
    for gross_bought, gross_sold in zip(bought, sold, strict=True):
        net_bought, net_sold = cancel_own(gross_bought, gross_sold)
        positions.append(
            Position(
                bought=net_bought,
                sold=net_sold,
                price=buyers_price if net_bought else sellers_price,
                imported=_metered(draw, net_bought),
                exported=_metered(draw, net_sold),
            )
        )
    return References(retail, feed_in), positions


def _metered(draw: st.DrawFn, traded: int) -> int:
    return draw(st.one_of(st.just(traded), st.integers(0, traded + 30)))


def money(line: TradeLine) -> int:
    return line.receives - line.pays


def worth(references: References, position: Position, line: TradeLine) -> int:
    """Value a member's interval when the grid takes and gives the rest at the references."""
    from_grid = position.imported - line.delivered_in
    to_grid = position.exported - line.delivered_out
    return money(line) + references.feed_in * to_grid - references.retail * from_grid


@given(st.integers(0, MAX_ENERGY), st.integers(0, MAX_ENERGY))
def test_own_trades_cancel_to_one_side(bought: int, sold: int) -> None:
    net_bought, net_sold = cancel_own(bought, sold)
    assert net_bought - net_sold == bought - sold
    assert min(net_bought, net_sold) == 0


@given(markets())
def test_balancing_is_the_price_difference_times_the_smaller_sum(market: Market) -> None:
    references, positions = market
    trades = settle_trades(positions, references)
    prices = {position.price for position in positions if position.bought + position.sold}
    short = sum(max(0, p.sold - p.exported) for p in positions)
    idle = sum(max(0, p.bought - p.imported) for p in positions)
    dear = max(prices | {references.retail})
    cheap = min(prices | {references.feed_in})
    assert trades.balancing == (dear - cheap) * min(short, idle)
    assert trades.balancing >= 0


@given(markets())
def test_money_of_trades_goes_to_balancing_and_the_price_difference_alone(market: Market) -> None:
    references, positions = market
    trades = settle_trades(positions, references)
    surplus = sum(p.price * p.bought - p.price * p.sold for p in positions)
    assert sum(money(line) for line in trades.lines) + trades.balancing + surplus == 0


@given(markets())
def test_delivered_is_what_was_traded_and_metered_less_a_fair_share_of_the_gap(
    market: Market,
) -> None:
    references, positions = market
    lines = settle_trades(positions, references).lines
    short = sum(max(0, p.sold - p.exported) for p in positions)
    idle = sum(max(0, p.bought - p.imported) for p in positions)
    used = [min(p.bought, p.imported) for p in positions]
    met = [min(p.sold, p.exported) for p in positions]
    for position, line, into, out in zip(positions, lines, used, met, strict=True):
        assert line.undelivered == position.sold - out
        assert line.unused == position.bought - into
        uncovered = Fraction(into * max(0, short - idle), sum(used) or 1)
        unplaced = Fraction(out * max(0, idle - short), sum(met) or 1)
        assert abs(line.uncovered - uncovered) < 1
        assert abs(line.unplaced - unplaced) < 1
        assert line.delivered_in == into - line.uncovered >= 0
        assert line.delivered_out == out - line.unplaced >= 0
    assert sum(line.uncovered for line in lines) == max(0, short - idle)
    assert sum(line.unplaced for line in lines) == max(0, idle - short)
    assert sum(line.delivered_in for line in lines) == sum(line.delivered_out for line in lines)


@given(markets())
def test_what_was_not_delivered_or_not_used_never_earns(market: Market) -> None:
    references, positions = market
    trades = settle_trades(positions, references)
    for position, line in zip(positions, trades.lines, strict=True):
        assert position.price * line.undelivered <= line.shortfall
        assert line.refund <= position.price * line.unused
        # The other way round, who is let down is never worse off than before the trade.
        assert position.price * line.uncovered <= line.cover
        assert references.retail * line.uncovered <= line.cover
        assert line.handed_back <= position.price * line.unplaced
        assert line.handed_back <= references.feed_in * line.unplaced


@given(markets(), st.data())
def test_no_group_gains_by_trading_what_it_neither_delivers_nor_uses(
    market: Market, data: st.DataObject
) -> None:
    references, positions = market
    ghosts = data.draw(st.sets(st.integers(0, len(positions) - 1)))
    positions = [
        dataclasses.replace(position, imported=0, exported=0) if row in ghosts else position
        for row, position in enumerate(positions)
    ]
    lines = settle_trades(positions, references).lines
    assert all(money(lines[row]) <= 0 for row in ghosts)


@given(markets(), st.data())
def test_no_pair_gains_by_holding_back(market: Market, data: st.DataObject) -> None:
    references, positions = market
    sellers = [row for row, member in enumerate(positions) if member.sold and member.exported]
    assume(sellers)
    row = data.draw(st.sampled_from(sellers))
    partner = data.draw(st.integers(0, len(positions) - 1))
    position = positions[row]
    held_back = data.draw(st.integers(1, position.exported))
    changed = list(positions)
    changed[row] = dataclasses.replace(position, exported=position.exported - held_back)
    before = settle_trades(positions, references)
    after = settle_trades(changed, references)

    def together(at: list[Position], lines: tuple[TradeLine, ...]) -> int:
        return sum(worth(references, at[who], lines[who]) for who in {row, partner})

    # A watt-hour kept at home is worth at most the reference retail price.
    gain = (
        together(changed, after.lines)
        + references.retail * held_back
        - together(positions, before.lines)
    )
    kept_unsold = max(0, position.exported - position.sold)
    delivered_less = max(0, held_back - kept_unsold)
    allowed = (references.retail - references.feed_in) * (held_back - delivered_less)
    # Below the feed-in price it pays to be left unplaced, above retail to be left uncovered,
    # and rounding moves at most one such watt-hour a member.
    rounding = 2 * (
        max(0, references.feed_in - before.return_price)
        + max(0, before.cover_price - references.retail)
    )
    assert gain <= allowed + rounding


@given(markets(two_prices=False), st.data())
def test_within_the_references_only_the_own_meter_counts(
    market: Market, data: st.DataObject
) -> None:
    references, positions = market
    price = data.draw(st.integers(references.feed_in, references.retail))
    positions = [dataclasses.replace(position, price=price) for position in positions]
    lines = settle_trades(positions, references).lines
    for position, line in zip(positions, lines, strict=True):
        short = max(0, position.sold - position.exported)
        idle = max(0, position.bought - position.imported)
        assert worth(references, position, line) == (
            price * (position.sold - position.bought)
            - references.retail * (position.imported - position.bought + idle + short)
            + references.feed_in * (position.exported - position.sold + short + idle)
        )


@given(markets())
def test_with_what_was_traded_metered_nothing_is_settled_beside_the_price(market: Market) -> None:
    references, positions = market
    positions = [
        dataclasses.replace(
            position,
            imported=max(position.imported, position.bought),
            exported=max(position.exported, position.sold),
        )
        for position in positions
    ]
    trades = settle_trades(positions, references)
    assert trades.balancing == 0
    for position, line in zip(positions, trades.lines, strict=True):
        assert money(line) == position.price * (position.sold - position.bought)
        assert (line.delivered_in, line.delivered_out) == (position.bought, position.sold)


def test_a_worked_example() -> None:
    """3 Wh are short and 1 Wh idle: 2 Wh stay uncovered, of the 9 Wh that buyers used."""
    positions = [
        Position(bought=6, sold=0, price=20, imported=6, exported=0),
        Position(bought=4, sold=0, price=20, imported=3, exported=5),
        Position(bought=0, sold=10, price=20, imported=0, exported=7),
    ]
    trades = settle_trades(positions, References(retail=30, feed_in=8))
    assert [line.uncovered for line in trades.lines] == [1, 1, 0]
    assert [line.delivered_in for line in trades.lines] == [5, 2, 0]
    assert [line.delivered_out for line in trades.lines] == [0, 0, 7]
    assert [money(line) for line in trades.lines] == [-90, -42, 110]
    assert trades.balancing == 22


def test_nobody_and_nothing_traded() -> None:
    references = References(retail=30, feed_in=8)
    assert settle_trades([], references).lines == ()
    trades = settle_trades([Position(0, 0, -5, 7, 9)], references)
    assert money(trades.lines[0]) == 0
    # The price of a member that traded nothing is no price of the market.
    assert (trades.cover_price, trades.return_price) == (30, 8)


@given(
    st.sampled_from([-MAX_PRICE, -1, 0, 1, MAX_PRICE]),
    st.sampled_from([1, 2**21, 2**22 - 1, 2**22, MAX_ENERGY]),
)
@example(price=MAX_PRICE, wh=MAX_ENERGY)
def test_an_amount_is_exact_or_refused(price: int, wh: int) -> None:
    positions = [Position(wh, 0, price, wh, 0), Position(0, wh, price, 0, wh)]
    if abs(price) * wh < MAX_AMOUNT:
        lines = settle_trades(positions, References(0, 0)).lines
        assert [money(line) for line in lines] == [-price * wh, price * wh]
    else:
        with pytest.raises(OutOfBoundsError):
            settle_trades(positions, References(0, 0))


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ReferencesReversedError):
        References(retail=7, feed_in=8)
    with pytest.raises(UncancelledTradeError):
        Position(bought=1, sold=1, price=0, imported=0, exported=0)
    with pytest.raises(UnbalancedTradesError):
        settle_trades([Position(1, 0, 0, 1, 0)], References(30, 8))
    with pytest.raises(OutOfBoundsError, match="imported"):
        Position(bought=0, sold=0, price=0, imported=-1, exported=0)
    with pytest.raises(OutOfBoundsError, match="exported"):
        Position(bought=0, sold=0, price=0, imported=0, exported=MAX_ENERGY + 1)
    with pytest.raises(OutOfBoundsError, match="retail"):
        References(retail=MAX_PRICE + 1, feed_in=0)
