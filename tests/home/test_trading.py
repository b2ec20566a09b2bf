"""Trading as the owner of a home has it in Home Assistant, against a real node."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from homeassistant.components.recorder.core import Recorder
from homeassistant.components.recorder.models import (
    StatisticData,
    StatisticMeanType,
    StatisticMetaData,
)
from homeassistant.components.recorder.statistics import async_import_statistics
from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant, SupportsResponse
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)

from custom_components.depin.books import ZoneCleared
from custom_components.depin.const import DOMAIN
from custom_components.depin.market import Strategy
from custom_components.depin.membership import DepinConfigEntry
from custom_components.depin.protocol.durations import DAY
from custom_components.depin.protocol.rules.market_rules import MarketRules
from custom_components.depin.trading import Trading
from tests.patience import PATIENCE

from .members import Street, street
from .test_entity_devices import COUNTER, add

RULES = MarketRules(credit_limit=10**15, k=1, most_wh=50_000, lot_wh=10)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    """Run a co-op for all these tests."""
    with street(tmp_path_factory.mktemp("street"), RULES) as it:
        yield it


@pytest.fixture
async def member(
    recorder_mock: Recorder,  # noqa: ARG001 - it is there from the start
    hass: HomeAssistant,
    here: Street,
) -> AsyncIterator[DepinConfigEntry]:
    """Return a home that has joined, with a grid meter of another integration's entities."""
    registry = er.async_get(hass)
    for name in ("import", "export"):
        made = registry.async_get_or_create("sensor", "other", name)
        hass.states.async_set(made.entity_id, "1234.5", COUNTER)
    entry = await here.join(hass)
    await add(
        hass,
        MockConfigEntry(entry_id=entry.entry_id),
        "grid",
        import_wh="sensor.other_import",
        export_wh="sensor.other_export",
    )
    # Home Assistant does not take away what is still being added when an entry is unloaded.
    await until(lambda: hass.states.get("sensor.hof_hof_buy_price") is not None)
    await hass.async_block_till_done()
    yield entry
    for each in hass.config_entries.async_entries(DOMAIN):
        await hass.config_entries.async_unload(each.entry_id)
    await hass.async_block_till_done()


def trading_of(entry: DepinConfigEntry) -> Trading:
    trading = entry.runtime_data.trading
    assert trading is not None
    return trading


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not true():
            await asyncio.sleep(0.1)


async def remember(hass: HomeAssistant, statistic: str, kwh_an_hour: float, days: int) -> None:
    """Let the recorder have counted as much in each hour of some days."""
    now = dt_util.utcnow().replace(minute=0, second=0, microsecond=0)
    metadata = StatisticMetaData(
        has_sum=True,
        mean_type=StatisticMeanType.NONE,
        name=None,
        source="recorder",
        statistic_id=statistic,
        unit_class="energy",
        unit_of_measurement="kWh",
    )
    rows = [
        StatisticData(start=now - timedelta(hours=back), sum=kwh_an_hour * (24 * days - back))
        for back in range(24 * days, 0, -1)
    ]
    async_import_statistics(hass, metadata, rows)
    await async_wait_recording_done(hass)


async def at_node(entry: DepinConfigEntry) -> dict[int, dict[str, Any]]:
    """Return what the node says that this home orders."""
    trading = trading_of(entry)
    delivery = entry.runtime_data.delivery
    assert delivery is not None
    await delivery.deliver()
    reading = await trading.async_reading()
    found: dict[int, dict[str, Any]] = {}
    for (start, side), steps in (await reading.orders()).items():
        found.setdefault(start, {})[side] = steps
    return found


async def choose(hass: HomeAssistant, option: str) -> None:
    await hass.services.async_call(
        "select",
        "select_option",
        {"entity_id": "select.hof_strategy", "option": option},
        blocking=True,
    )


async def set_number(hass: HomeAssistant, name: str, value: float) -> None:
    await hass.services.async_call(
        "number", "set_value", {"entity_id": f"number.hof_{name}", "value": value}, blocking=True
    )


async def act(hass: HomeAssistant, action: str, **data: object) -> Any:  # noqa: ANN401 - any answer
    wants = hass.services.supports_response(DOMAIN, action) is not SupportsResponse.NONE
    return await hass.services.async_call(
        DOMAIN, action, data, blocking=True, return_response=wants
    )


def state(hass: HomeAssistant, entity: str) -> str:
    found = hass.states.get(entity)
    assert found is not None, hass.states.async_entity_ids()
    return found.state


async def test_nothing_is_ordered_until_the_owner_chooses(
    hass: HomeAssistant, member: DepinConfigEntry
) -> None:
    """Then the next four hours are offered; turned off, all is taken back."""
    await remember(hass, "sensor.other_export", 2.0, 20)
    await remember(hass, "sensor.other_import", 0.0, 20)
    trading = trading_of(member)
    await until(lambda: bool(trading.intervals))
    assert state(hass, "select.hof_strategy") == "off"
    assert state(hass, "switch.hof_trading") == "on"
    assert float(state(hass, "number.hof_reserve_price")) == 0.08
    assert await at_node(member) == {}

    await choose(hass, "simple")
    await until(lambda: len(trading.placed) == 16)
    placed = await at_node(member)
    assert len(placed) == 16
    assert all(sides == {"ask": ((80_000, 500),)} for sides in placed.values())

    await set_number(hass, "reserve_price", 0.123)
    await set_number(hass, "share_of_surplus_to_sell", 40)
    await until(lambda: all(steps == ((123_000, 200),) for steps in trading.placed.values()))
    assert set(map(str, (await at_node(member)).values())) == {"{'ask': ((123000, 200),)}"}

    assert await hass.config_entries.async_reload(member.entry_id)
    assert state(hass, "select.hof_strategy") == "simple"
    assert state(hass, "number.hof_reserve_price") == "0.123"
    assert state(hass, "number.hof_share_of_surplus_to_sell") == "40"
    before = await at_node(member)
    trading = trading_of(member)
    await until(lambda: len(trading.placed) == 16)
    assert await at_node(member) == before

    # What is offered stands in the calendar, with what may come of it at most.
    (calendar,) = hass.states.async_entity_ids("calendar")
    shown = await hass.services.async_call(
        "calendar",
        "get_events",
        {"entity_id": calendar, "duration": {"hours": 24}},
        blocking=True,
        return_response=True,
    )
    assert shown is not None
    events: Any = shown[calendar]
    offers = {(one["summary"], one["description"]) for one in events["events"]}
    assert (offers, len(events["events"])) == ({("↑ ≤ 0.2 kWh", "↑ ≥ 0.123")}, 16)
    found = hass.states.get(calendar)
    assert found is not None
    assert found.attributes["message"] == "↑ ≤ 0.2 kWh"

    for turned, count in (("turn_off", 0), ("turn_on", 16)):
        await hass.services.async_call(
            "switch", turned, {"entity_id": "switch.hof_trading"}, blocking=True
        )
        await until(lambda count=count: len(trading.placed) == count)  # type: ignore[misc]
        assert len(await at_node(member)) == count


async def test_a_trial_takes_back_what_is_ordered_and_orders_nothing(
    hass: HomeAssistant, member: DepinConfigEntry
) -> None:
    """It goes on on paper, over a restart too; when it ends, the strategy is off."""
    await remember(hass, "sensor.other_export", 2.0, 20)
    await choose(hass, "simple")
    trading = trading_of(member)
    await until(lambda: len(trading.placed) == 16)
    assert len(await at_node(member)) == 16
    switch = {"entity_id": "switch.hof_trial_on_paper"}
    await hass.services.async_call("switch", "turn_on", switch, blocking=True)
    await until(lambda: len(trading.placed) == 0)
    assert await at_node(member) == {}
    assert set(trading.planned.values()) == {((80_000, 500),)}
    start = dt_util.utc_from_timestamp(trading.intervals[-1].start / 1000)
    answer = await act(hass, "place_order", side="sell", start=start, energy=1, price=0.2)
    assert answer["on_paper"] is True
    await until(lambda: ((200_000, 1000),) in trading.planned.values())

    said = (await trading._node.heads())["trading"]  # noqa: SLF001 - as the node has it
    assert await hass.config_entries.async_reload(member.entry_id)
    trading = trading_of(member)
    await until(lambda: bool(trading.intervals))
    assert len(trading.planned) == 16
    assert await at_node(member) == {}
    assert (await trading._node.heads())["trading"] == said  # noqa: SLF001

    await hass.services.async_call("switch", "turn_off", switch, blocking=True)
    await until(lambda: not trading.trial.paper.offers)
    assert (trading.choices.wishes.strategy, trading.choices.by_hand) == (Strategy.OFF, {})
    assert await at_node(member) == {}


async def test_who_joins_for_a_trial_sees_it_at_once(
    recorder_mock: Recorder,  # noqa: ARG001 - it is there from the start
    hass: HomeAssistant,
    here: Street,
) -> None:
    entry = await here.join(hass, on_paper=True)
    choices = trading_of(entry).choices
    assert (choices.on_paper, choices.wishes.strategy) == (True, Strategy.SIMPLE)
    assert state(hass, "switch.hof_trial_on_paper") == "on"
    await until(lambda: hass.states.get("sensor.hof_trial_sold_today_estimate") is not None)
    assert await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()


async def test_a_home_that_is_removed_takes_back_what_it_ordered(
    hass: HomeAssistant, member: DepinConfigEntry
) -> None:
    """And comes back to the same account and orders, if its owner likes."""
    trading = trading_of(member)
    await until(lambda: bool(trading.intervals))
    moment = dt_util.utc_from_timestamp(trading.intervals[-1].start / 1000)
    await act(hass, "place_order", side="sell", start=moment, energy=1, price=0.2)
    await until(lambda: len(trading.placed) == 1)
    assert len(await at_node(member)) == 1
    await hass.config_entries.async_remove(member.entry_id)
    flows = hass.config_entries.flow
    form = await flows.async_init(DOMAIN, context={"source": SOURCE_USER})
    form = await flows.async_configure(form["flow_id"], {"next_step_id": "resume"})
    chosen = {"member": member.data["member"]}
    back: Any = await flows.async_configure(form["flow_id"], chosen)
    await hass.async_block_till_done()
    found = back["result"]
    reading = await trading_of(found).async_reading()
    assert await reading.orders() == {}


async def test_what_a_car_needs_is_bid_for_beside_the_strategy_s_own(
    hass: HomeAssistant, member: DepinConfigEntry
) -> None:
    """Where the owner ordered by hand, or trades nothing, nothing is added."""
    made = er.async_get(hass).async_get_or_create("sensor", "other", "charged")
    hass.states.async_set(made.entity_id, "1234.5", COUNTER)
    config = MockConfigEntry(entry_id=member.entry_id)
    await add(hass, config, "charger", import_wh=made.entity_id)
    await remember(hass, "sensor.other_import", 2.0, 20)
    await choose(hass, "simple")
    trading = trading_of(member)
    await until(lambda: len(trading.placed) == 16)
    ready = (dt_util.now() - timedelta(hours=2)).time().isoformat("minutes")
    for domain, action, name, data in (
        ("time", "set_value", "car_ready_by", {"time": ready}),
        ("number", "set_value", "energy_the_car_needs", {"value": 7}),
        ("select", "select_option", "charge_the_car", {"option": "cheapest"}),
    ):
        what = {"entity_id": f"{domain}.meter_{name}", **data}
        await hass.services.async_call(domain, action, what, blocking=True)
    # 20 kW are 5 kWh in a quarter of an hour.
    await until(lambda: sum(steps[0][1] for steps in trading.placed.values()) == 15_000)
    first, second = sorted(trading.intervals, key=lambda one: one.start)[:2]
    assert len(trading.intervals) > 80
    placed = await at_node(member)
    assert placed[first.start] == {"bid": ((first.worth, 5_500),)}
    assert placed[second.start] == {"bid": ((second.worth, 2_500),)}
    moment = dt_util.utc_from_timestamp(second.start / 1000)
    await act(hass, "place_order", side="sell", start=moment, energy=1, price=0.2)
    await until(lambda: (second.start, "ask") in trading.placed)
    placed = await at_node(member)
    assert placed[second.start] == {"ask": ((200_000, 1_000),)}
    assert sum(sides["bid"][0][1] for sides in placed.values() if "bid" in sides) == 14_500
    await hass.services.async_call(
        "switch", "turn_off", {"entity_id": "switch.hof_trading"}, blocking=True
    )
    await until(lambda: trading.placed == {})
    assert await at_node(member) == {}


async def test_adaptive_learns_from_the_books(
    hass: HomeAssistant, member: DepinConfigEntry
) -> None:
    """At what the grid pays an error can only cost: it begins where intervals have cleared."""
    await remember(hass, "sensor.other_export", 2.0, 20)
    trading = trading_of(member)
    await until(lambda: bool(trading.intervals))
    await member.runtime_data.books.keep_cleared(
        "hof",
        [
            ZoneCleared(interval.start - day * DAY, voided=False, buyers=150_000, sellers=150_000)
            for interval in trading.intervals
            for day in range(1, 10)
        ],
    )
    await choose(hass, Strategy.ADAPTIVE)
    await until(lambda: len(trading.placed) == 16)
    placed = await at_node(member)
    assert all(sides == {"ask": ((150_000, 500),)} for sides in placed.values())


async def test_with_little_history_the_pool_is_left_to_it(
    hass: HomeAssistant, member: DepinConfigEntry
) -> None:
    await remember(hass, "sensor.other_export", 2.0, 12)
    await choose(hass, "simple")
    trading = trading_of(member)
    await until(lambda: bool(trading.intervals))
    await trading.trade()
    assert (trading.forecasts, trading.placed) == ({}, {})


async def test_the_rarer_limits_can_be_enabled(
    hass: HomeAssistant, member: DepinConfigEntry, entity_registry: er.EntityRegistry
) -> None:
    """They are off by default, and work once they are on."""
    names = ("number.hof_maximum_price", "switch.hof_never_sell_below_zero")
    for name in names:
        found = entity_registry.async_get(name)
        assert found is not None
        assert found.disabled
        entity_registry.async_update_entity(name, disabled_by=None)
    assert await hass.config_entries.async_reload(member.entry_id)
    trading = trading_of(member)
    await until(lambda: bool(trading.intervals))
    await until(lambda: state(hass, names[0]) == "0.3")
    await set_number(hass, "maximum_price", -0.05)
    assert trading.choices.wishes.maximum == -50_000
    assert state(hass, names[1]) == "on"
    await hass.services.async_call("switch", "turn_off", {"entity_id": names[1]}, blocking=True)
    assert not trading.choices.wishes.guarded


async def test_orders_by_hand_replace_the_strategy_s(
    hass: HomeAssistant, member: DepinConfigEntry
) -> None:
    """And a cancelled one is not ordered anew; the co-op need not be named if there is one."""
    await remember(hass, "sensor.other_export", 2.0, 20)
    await choose(hass, Strategy.SIMPLE)
    trading = trading_of(member)
    await until(lambda: len(trading.placed) == 16)
    start = max(interval.start for interval in trading.intervals)
    moment = dt_util.utc_from_timestamp(start / 1000 + 100).isoformat()

    order = {"start": moment, "energy": 0.2584, "price": 0.20005}
    answer = await act(hass, "place_order", side="buy", **order)
    assert (answer["side"], answer["energy"], answer["price"]) == ("buy", 0.25, 0.2)
    assert answer["start"] == dt_util.as_local(dt_util.utc_from_timestamp(start / 1000)).isoformat()
    await until(lambda: (start, "ask") not in trading.placed)
    assert (await at_node(member))[start] == {"bid": ((200_000, 250),)}
    await act(hass, "place_order", config_entry=member.entry_id, side="sell", **order)
    await until(lambda: (start, "ask") in trading.placed)
    assert (await at_node(member))[start] == {
        "bid": ((200_000, 250),),
        "ask": ((200_100, 250),),
    }

    assert await hass.config_entries.async_reload(member.entry_id)
    trading = trading_of(member)
    await until(lambda: len(trading.placed) >= 17)
    assert len((await at_node(member))[start]) == 2
    await act(hass, "cancel_order", start=moment)
    await until(lambda: (start, "ask") not in trading.placed)
    assert start not in await at_node(member)

    far = start + 2 * DAY
    moment = dt_util.utc_from_timestamp(far / 1000).isoformat()
    await act(hass, "place_order", side="sell", start=moment, energy=1, price=0.1)
    await until(lambda: (far, "ask") in trading.placed)
    assert (await at_node(member))[far] == {"ask": ((100_000, 1_000),)}


@pytest.mark.parametrize(
    ("changed", "key"),
    [
        ({"price": 1.5}, "outside_band"),
        ({"price": -0.1}, "outside_band"),
        ({"energy": 51}, "too_much"),
        ({"energy": 0.001}, "too_little"),
    ],
)
async def test_what_would_have_no_effect_is_refused(
    hass: HomeAssistant, member: DepinConfigEntry, changed: dict[str, float], key: str
) -> None:
    trading = trading_of(member)
    await until(lambda: bool(trading.intervals))
    start = dt_util.utc_from_timestamp(trading.intervals[-1].start / 1000)
    order = {"side": "sell", "start": start, "energy": 1, "price": 0.1, **changed}
    with pytest.raises(ServiceValidationError) as refused:
        await act(hass, "place_order", **order)
    assert refused.value.translation_key == key
    assert trading.choices.by_hand == {}


async def test_what_is_over_or_never_was_cannot_be_ordered_in(
    hass: HomeAssistant, member: DepinConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    trading = trading_of(member)
    await until(lambda: bool(trading.intervals))
    last = trading.intervals[-1]
    long_ago = dt_util.utcnow() - timedelta(days=400)
    monkeypatch.setattr("custom_components.depin.trading_actions._now", lambda: last.gate)
    for moment, key in (
        (dt_util.utc_from_timestamp(last.start / 1000), "too_late"),
        (long_ago, "no_such_interval"),
    ):
        for action, more in (
            ("place_order", {"side": "buy", "energy": 1, "price": 0.1}),
            ("cancel_order", {}),
        ):
            with pytest.raises(ServiceValidationError) as refused:
                await act(hass, action, start=moment, **more)
            assert refused.value.translation_key == key


async def test_who_does_not_trade_cannot_order(
    hass: HomeAssistant, member: DepinConfigEntry
) -> None:
    order = {"side": "sell", "start": dt_util.utcnow(), "energy": 1, "price": 0.1}
    trading_of(member).halt(halted=True)
    with pytest.raises(ServiceValidationError) as refused:
        await act(hass, "place_order", **order)
    assert refused.value.translation_key == "trading_is_off"


async def test_who_was_invited_alone_has_nothing_to_trade(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """There is no entity, and an action says why it does nothing."""
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert not hass.states.async_entity_ids(("number", "select", "switch"))
    with pytest.raises(ServiceValidationError) as refused:
        await act(hass, "cancel_order", start=dt_util.utcnow())
    assert refused.value.translation_key == "not_a_member_yet"
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_the_best_time_is_found(hass: HomeAssistant, member: DepinConfigEntry) -> None:
    """Prices are likely to be what they were at that time of day; else the grid's."""
    books, interval = member.runtime_data.books, 900_000
    noon = dt_util.start_of_local_day() + timedelta(days=1, hours=12)

    at = round(noon.timestamp() * 1000)
    await books.keep_cleared(
        "hof",
        [
            ZoneCleared(
                at - day * DAY + quarter * interval, voided=False, buyers=price, sellers=price
            )
            for day in range(1, 10)
            for quarter in range(-16, 16)
            for price in (100_000 if 0 <= quarter < 4 else 250_000,)
        ],
    )
    sought = {"earliest": noon - timedelta(hours=3), "latest": noon + timedelta(hours=3)}
    found = await act(hass, "find_best_window", duration={"minutes": 50}, **sought)
    assert dt_util.parse_datetime(found["start"]) == noon
    assert dt_util.parse_datetime(found["end"]) == noon + timedelta(hours=1)
    assert (found["price"], found["grid_price"], found["kind"]) == (0.1, 0.3, "forecast")
    sold = await act(hass, "find_best_window", side="sell", duration="01:00:00", **sought)
    assert (sold["price"], sold["grid_price"]) == (0.25, 0.08)
    assert dt_util.parse_datetime(sold["start"]) == noon - timedelta(hours=3)
    with pytest.raises(ServiceValidationError) as refused:
        await act(hass, "find_best_window", duration={"hours": 7}, **sought)
    assert refused.value.translation_key == "no_window"


async def test_a_node_that_is_away_is_said(hass: HomeAssistant, member: DepinConfigEntry) -> None:
    trading = trading_of(member)
    await until(lambda: bool(trading.intervals))
    reading = await trading.async_reading()
    reading.node.node.address = "http://127.0.0.1:1"
    with pytest.raises(HomeAssistantError) as refused:
        await act(hass, "find_best_window", duration={"hours": 1})
    assert refused.value.translation_key == "node_is_away"
    moment = dt_util.utc_from_timestamp(trading.intervals[-1].start / 1000)
    with pytest.raises(HomeAssistantError) as refused:
        await act(hass, "place_order", side="buy", start=moment, energy=1, price=0.1)
    assert refused.value.translation_key == "node_is_away"
