"""A trial on paper: estimated by published prices and the real meter, and counted nowhere else."""

from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.depin.books import (
    Books,
    OwnInterval,
    Price,
    RowState,
    SettledInterval,
    ZoneCleared,
)
from custom_components.depin.home_key import HomeKey
from custom_components.depin.market import Strategy, Wishes
from custom_components.depin.market_answers import SettledRow
from custom_components.depin.market_calendar import MarketCalendar, Version
from custom_components.depin.protocol.durations import DAY, HOUR
from custom_components.depin.protocol.settlement.charges import Charges, Fees, Vat
from custom_components.depin.trading_choices import Choices
from custom_components.depin.trial import GIVEN_UP, Paper, PaperOffer, Tally, Trial, outcome
from tests.home.told_market import MARKET, RULES, told_market

from .test_market_entities import Shown, member_of, this_interval, until

_START = 1_800_000_000_000
_OFFER = PaperOffer(
    *(MARKET, _START, _START - 300_000, 300_000, 80_000),
    asks=((90_000, 400), (160_000, 100)),
    bids=(),
)
_BID = _OFFER._replace(asks=(), bids=((200_000, 300), (120_000, 200)))
_PRICE = Price(
    _START, 300_000, 80_000, None, voided=False, buyers=150_000, sellers=150_000, volume=5_000
)
_ROW = OwnInterval(
    start=_START,
    end=_START + HOUR,
    state=RowState.PROVISIONAL,
    zone="all",
    bought=0,
    sold=0,
    buyers=None,
    sellers=None,
    delivered_in=0,
    delivered_out=0,
    pooled_in=100,
    pooled_out=150,
    grid_in=400,
    grid_out=350,
)
_SETTLED = SettledRow(
    start=_START,
    entry=7,
    final=False,
    zone="all",
    quality=2,
    bought=0,
    sold=0,
    price=None,
    imported=0,
    exported=400,
    delivered_in=0,
    delivered_out=0,
    pooled_in=0,
    pooled_out=0,
    grid_in=0,
    grid_out=400,
    pays=0,
    receives=0,
    fees=0,
    errors=0,
    trade_cost=0,
    trade_revenue=0,
    pool_cost=0,
    pool_revenue=0,
    grid_cost=0,
    grid_revenue=0,
)
_CHARGES = Charges(traded=Fees(40_000), vat=Vat(1, 5))


@pytest.mark.parametrize(
    ("offer", "price", "expected"),
    [
        # Only the step at or below the price is filled: 400 of the 500 Wh that were exported.
        (_OFFER, {}, Tally(sold=400, earned=400 * 150_000)),
        # Of 700 Wh sold, 200 were not exported, and cost what the grid's energy does.
        (
            _OFFER._replace(asks=((90_000, 700),)),
            {},
            Tally(sold=500, earned=700 * 150_000 - 200 * 300_000),
        ),
        # 300 Wh with 4 cents of fees, and a fifth of VAT on all of it.
        (_BID, {}, Tally(bought=300, earned=-300 * 190_000 * 6 // 5)),
        # Of 600 Wh bought, 100 were not used, and bring what the grid pays.
        (
            _BID._replace(bids=((150_000, 600),)),
            {},
            Tally(
                bought=500,
                earned=-600 * 150_000 + 100 * 80_000 - 500 * 40_000 - 500 * 190_000 // 5,
            ),
        ),
        # It is filled up to what all of the market traded.
        (_OFFER, {"volume": 30}, Tally(sold=30, earned=30 * 150_000)),
        (_OFFER, {"volume": None}, Tally(sold=400, earned=400 * 150_000)),
        # What one home sells and buys cancels.
        (_OFFER._replace(bids=_BID.bids), {}, Tally(sold=100, earned=100 * 150_000)),
        # Where nobody traded, there was no price.
        (_OFFER, {"sellers": None}, Tally()),
        (_OFFER, {"sellers": 80_000, "buyers": 80_000}, Tally()),
    ],
)
def test_what_an_offer_would_have_come_to(
    offer: PaperOffer, price: dict[str, Any], expected: Tally
) -> None:
    assert outcome(offer, _PRICE._replace(**price), _ROW, _CHARGES) == expected


def test_the_end_of_a_trial_orders_nothing() -> None:
    """What was ordered by hand stays where it was ordered, and the strategy is chosen anew."""
    real = Choices(wishes=Wishes(Strategy.SIMPLE), by_hand={_START: {"ask": ((1, 1),)}})
    tried = real.trial(begins=True)
    assert tried == Choices(on_paper=True, wishes=Wishes(Strategy.SIMPLE))
    assert tried.trial(begins=True) is tried
    assert tried.trial(begins=False) == Choices()
    assert Choices.of(tried.to_json()) == tried


class _Disk:
    """Keeps paper as a disk does."""

    def __init__(self) -> None:
        self.paper = Paper()

    async def async_save(self, paper: Paper) -> None:
        self.paper = Paper.of(paper.to_json())


async def test_offers_are_counted_once_they_are_settled(tmp_path: Path) -> None:
    """By the day on which they began; what is never settled is given up."""
    books, disk = await Books.open(tmp_path / "books"), _Disk()
    calendar = MarketCalendar(MARKET, (Version(HOUR, RULES),))
    later = _OFFER._replace(start=_START + DAY, gate=_OFFER.gate + DAY)
    trial = Trial(books, disk, Paper((_OFFER, later)))
    told: list[Paper] = []
    forget = trial.listen(lambda: told.append(trial.paper))

    async def count(now: int) -> None:
        await trial.count({MARKET: calendar}, UTC, now)

    await count(_START + HOUR)
    assert trial.paper.offers == (_OFFER, later)
    await books.keep_cleared(MARKET, [ZoneCleared(_START, False, 150_000, 150_000, 5_000)])  # noqa: FBT003
    await count(_START + HOUR)
    assert (trial.paper.offers, told) == ((_OFFER, later), [])
    await books.keep_settled(MARKET, [SettledInterval(_SETTLED, _START + HOUR)])
    await count(_START + HOUR)
    day = dt_util.utc_from_timestamp(_START / 1000).date().isoformat()
    assert disk.paper == trial.paper == Paper((later,), {day: Tally(400, 0, 60_000_000)})
    assert trial.since(day[:7]) == trial.since("") == Tally(400, 0, 60_000_000)
    assert trial.since("1999") == Tally()
    forget()
    await count(later.start + GIVEN_UP)
    assert (trial.paper.offers, len(told)) == ((), 1)
    await books.close()


async def test_a_trial_is_shown_as_an_estimate_apart_from_what_counts(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    key: HomeKey,
    hass_storage: dict[str, Any],
    device_registry: dr.DeviceRegistry,
) -> None:
    """Its sensors come with it, on a device of their own, and in no statistics."""
    start = this_interval()
    offer = _OFFER._replace(start=start, gate=start - RULES.gate)
    member = entry.data["member"]
    choices = Choices.at_first(on_paper=True).to_json()
    for what, kept in (("trading", choices), ("trial", Paper((offer,)).to_json())):
        name = f"depin.{what}.{member}"
        hass_storage[name] = {"version": 1, "minor_version": 1, "key": name, "data": kept}
    async with told_market() as node:
        node.clear(start, 150_000)
        async with member_of(hass, entry, key, node):
            shown = Shown(hass, entry)
            await until(hass, lambda: shown.state("trial_sold_today", None) == "0.0")
            assert shown.state("trial", None) == "on"
            node.settle(start, grid__exported=300)
            told = {"market": MARKET, "start": start, "pays": 0, "receives": 0, "measured": True}
            await node.push("settled", start, decision="d", kind="settled", **told)
            await until(hass, lambda: shown.state("trial_sold_today", None) == "0.3")
            for span in ("today", "month", "total"):
                assert shown.state(f"trial_sold_{span}", None) == "0.3"
                assert shown.state(f"trial_bought_{span}", None) == "0.0"
                # 400 Wh at 15 cents, less 100 Wh at 30 that were not there.
                assert float(shown.state(f"trial_net_{span}", None)) == pytest.approx(0.03)
            about = shown.attributes("trial_net_today", None)
            assert about["unit_of_measurement"] == "EUR"
            assert "state_class" not in about
            assert shown.state("net_today") == "0.0"
            found = er.async_get(hass).async_get(shown.entity_id("trial_net_today", None))
            assert found is not None
            named = {
                device.model: device.id
                for device in dr.async_entries_for_config_entry(device_registry, entry.entry_id)
            }
            assert named["Trial on paper"] == found.device_id
            await hass.services.async_call(
                "switch",
                "turn_off",
                {"entity_id": shown.entity_id("trial", None)},
                blocking=True,
            )
            assert shown.state("strategy", None) == "off"
        # What it came to stays to be looked at.
        async with member_of(hass, entry, key, node):
            await until(hass, lambda: shown.state("trial_sold_total", None) == "0.3")
