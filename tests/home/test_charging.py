"""When a car is charged: what is bid for it, and what comes from the grid."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from custom_components.depin.books import Books
from custom_components.depin.car_charging import CarCharging, Charge
from custom_components.depin.charging import (
    Bid,
    Mode,
    Moment,
    Tariff,
    Wish,
    bids,
    charges_now,
    horizon,
    ready_at,
    with_car,
)
from custom_components.depin.forecast import LEVELS, Distribution
from custom_components.depin.market import GridTariff, OpenInterval
from custom_components.depin.market_answers import Traded
from custom_components.depin.protocol.durations import DAY, HOUR, MINUTE
from custom_components.depin.protocol.settlement.charges import Fees, Vat
from custom_components.depin.protocol.statements.trading import MAX_STEPS

_START = 1_790_000_100_000
_QUARTER = 15 * MINUTE
_POWER = 4_000
_UNTIL = _START + 8 * _QUARTER
_WISH = Wish(Mode.CHEAPEST, 2_500, until=_UNTIL)


def interval(number: int, retail: int = 300_000) -> OpenInterval:
    start = _START + number * _QUARTER
    return OpenInterval(
        start=start,
        end=start + _QUARTER,
        gate=start - 5 * MINUTE,
        low=0,
        high=1_000_000,
        tick=1_000,
        lot=10,
        most=20_000,
        cover=300_000,
        back=80_000,
        fees=Fees(grid_fee=50_500),
        vat=Vat(),
        grid=GridTariff(retail, 80_000),
        participation=10_000,
    )


def alike(price: int) -> Distribution:
    return Distribution((price,) * (LEVELS - 1))


def test_the_cheapest_intervals_are_bid_for_at_what_the_grid_s_energy_is_worth() -> None:
    """As many as the car needs: a quarter of an hour of 4 kW is 1 kWh."""
    ahead = [interval(number) for number in range(10)]
    prices = {one.start: alike(200_000 - number * 1_000) for number, one in enumerate(ahead)}
    chosen = bids(_WISH, _POWER, ahead, prices)
    # The last two intervals end after the car is wanted.
    assert chosen == {
        ahead[7].start: (249_000, 1_000),
        ahead[6].start: (249_000, 1_000),
        ahead[5].start: (249_000, 500),
    }
    assert bids(_WISH, _POWER, ahead, prices, won=1_995) == {ahead[7].start: (249_000, 510)}
    dear = replace(_WISH, maximum=123_456)
    assert set(bids(dear, _POWER, ahead, {}).values()) == {(123_000, 1_000), (123_000, 500)}
    assert bids(replace(_WISH, maximum=-5_000), _POWER, ahead, {}) == {}
    # Where no price is known, the grid's tells which is cheapest.
    cheap = [interval(0), interval(1, 200_000), interval(2)]
    assert next(iter(bids(_WISH, _POWER, cheap, {}))) == cheap[1].start


@pytest.mark.parametrize(
    ("wish", "minutes", "won", "expected"),
    [
        (Wish(), 0, 0, False),
        (replace(_WISH, needed=0), 0, 900, False),
        # What was won is charged from the beginning, at the charger's power.
        (_WISH, 7, 500, True),
        (_WISH, 8, 500, False),
        (Wish(Mode.NEIGHBOURS, 2_500), 7, 500, True),
        (Wish(Mode.NEIGHBOURS, 2_500), 8, 500, False),
        (Wish(Mode.NEIGHBOURS, 2_500), 8, 0, False),
        # 2.5 kWh last 37.5 minutes, and it begins a quarter of an hour before it must.
        (_WISH, 67, 0, False),
        (_WISH, 68, 0, True),
    ],
)
def test_what_was_not_won_comes_from_the_grid_in_time(
    wish: Wish, minutes: int, won: int, *, expected: bool
) -> None:
    """And from no grid where only neighbours' energy is wanted, whatever else is known."""
    now = _START + minutes * MINUTE
    moment = Moment(now, now - (now - _START) % _QUARTER, won)
    flat = {_START + n * _QUARTER: Tariff(_START + (n + 1) * _QUARTER, 300_000) for n in range(8)}
    assert charges_now(wish, _POWER, moment, {}) is expected
    assert charges_now(wish, _POWER, moment, flat) is expected


def test_where_the_grid_is_cheaper_at_times_these_are_taken() -> None:
    """As many as the car needs, the later ones first where they are alike."""
    retail = (300, 100, 100, 200, 300, 300, 300, 300, 50)
    tariffs = {
        _START + n * _QUARTER: Tariff(_START + (n + 1) * _QUARTER, each)
        for n, each in enumerate(retail)
    }

    def taken(needed: int) -> list[int]:
        found = []
        for n in range(8):
            wish = replace(_WISH, needed=needed)
            start = _START + n * _QUARTER
            if charges_now(wish, _POWER, Moment(start, start, 0), tariffs):
                found.append(n)
                needed -= 1_000
        return found

    assert taken(1_000) == [2]
    assert taken(2_000) == [1, 2]
    assert taken(2_500) == [1, 2, 3]
    # Nothing is gained by taking the dearest early.
    assert taken(4_000) == [1, 2, 3, 6]


def test_a_car_is_wanted_when_clocks_on_the_wall_show_it() -> None:
    """In the nights in which they are changed, too."""
    zone = ZoneInfo("Europe/Berlin")
    evening = datetime(2026, 10, 24, 20, 0, tzinfo=zone)
    ready = ready_at(7 * 60, round(evening.timestamp()) * 1000, zone)
    assert datetime.fromtimestamp(ready / 1000, zone) == datetime(2026, 10, 25, 7, 0, tzinfo=zone)
    assert ready - round(evening.timestamp()) * 1000 == 12 * HOUR
    assert ready_at(7 * 60, ready, zone) == ready + DAY


def test_bids_are_wanted_as_long_as_energy_is() -> None:
    assert horizon(Wish(needed=5), _START) is None
    assert horizon(replace(_WISH, needed=0), _START) is None
    assert horizon(_WISH, _START) == _UNTIL
    assert horizon(_WISH, _UNTIL - 2 * DAY) == _UNTIL - DAY
    assert horizon(Wish(Mode.NEIGHBOURS, 5), _START) == _START + DAY


def test_the_car_s_energy_joins_the_home_s_own() -> None:
    """As far as the market takes it, and never in more steps than it takes."""
    one, other = _START, _START + _QUARTER
    own = {(one, "bid"): ((250_000, 100), (100_000, 50)), (one, "ask"): ((90_000, 5),)}
    car = {one: (200_000, 1_000), other: (200_000, 1_000)}
    both = with_car(own, car, {one: 600, other: 5_000})  # type: ignore[arg-type]
    assert both == {
        (one, "bid"): ((250_000, 100), (200_000, 450), (100_000, 50)),
        (one, "ask"): ((90_000, 5),),
        (other, "bid"): ((200_000, 1_000),),
    }
    assert with_car(both, {one: (1, 1)}, {one: 600}) == both
    steps = tuple((price, 1) for price in range(100 + MAX_STEPS, 100, -1))
    for limit, joins in ((110, 110), (500, 116), (5, 101)):
        full = with_car({(one, "bid"): steps}, {one: (limit, 9)}, {one: 600})
        assert dict(full[one, "bid"])[joins] == 10
        assert len(full[one, "bid"]) == MAX_STEPS


class _Disk:
    """Keeps what is known of a car as a disk does."""

    def __init__(self) -> None:
        self.charge = Charge()

    async def async_save(self, charge: Charge) -> None:
        self.charge = Charge.of(charge.to_json())


async def test_a_car_s_need_falls_as_the_charger_counts_and_ends_in_the_morning(
    tmp_path: Path,
) -> None:
    """What was won for it is charged at once; a restart forgets nothing."""
    books, disk, counter = await Books.open(tmp_path / "books"), _Disk(), [100_000]
    car = CarCharging(disk, Charge(), _POWER, lambda: counter[0])
    ready = datetime.fromtimestamp(_UNTIL / 1000, UTC)
    minute = ready.hour * 60 + ready.minute
    await car.look(books, "street", _START)
    assert car.charges is None
    await car.async_wish(Wish(Mode.CHEAPEST, 2_500, ready=minute), _START, UTC)
    assert car.wish.until == _UNTIL - _UNTIL % MINUTE
    ahead = [interval(number) for number in range(8)]
    bid = await car.bids(books, "street", ahead, {}, _START - HOUR)
    assert len(bid) == 3
    await car.placed(bid, {_START: 300}, ahead, _START - HOUR)
    assert car.charge.bid[_START] == Bid(_START + _QUARTER, 1_000, 300)
    await car.look(books, "street", _START)
    assert car.charges is False

    told = Traded("street", _START, "all", False, 200_000, 200_000, 900, 0)  # noqa: FBT003
    await books.keep_traded(told, _START + _QUARTER)
    changes: list[bool | None] = []
    forget = car.listen(lambda: changes.append(car.charges))
    await car.look(books, "street", _START + MINUTE)
    assert changes == [True]
    # Of 900 Wh that were won, 300 were for the rest of the home.
    await car.look(books, "street", _START + 9 * MINUTE)
    assert car.charges is False
    left = await car.bids(books, "street", ahead[1:], {}, _START)
    assert sum(wh for _, wh in left.values()) == 1_900
    await car.placed(left, {}, ahead[1:], _START)
    assert min(car.charge.bid) == _START
    forget()

    counter[0] += 600
    car = CarCharging(disk, disk.charge, _POWER, lambda: counter[0])
    await car.look(books, "street", _START + 10 * MINUTE)
    assert (car.wish.needed, disk.charge.counter) == (1_900, 100_600)
    await books.close()
    # Books that cannot be read hold no car back.
    await car.look(books, None, _UNTIL - 20 * MINUTE)
    assert car.charges is True
    silent = CarCharging(disk, disk.charge, _POWER, lambda: None)
    await silent.async_wish(replace(silent.wish, mode=Mode.NEIGHBOURS), _UNTIL, UTC)
    assert (silent.wish.until, disk.charge.counter) == (None, 100_600)
    await car.look(books, None, _UNTIL + int(timedelta(minutes=1).total_seconds() * 1000))
    assert (car.wish.needed, car.wish.until, car.charges) == (0, None, False)
