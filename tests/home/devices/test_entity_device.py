"""Entities that Home Assistant already has: which can be points, and what their states say."""

import pytest

from custom_components.depin.devices.capture import Capture
from custom_components.depin.devices.entity_device import EntityDevice, EntityFault, entity_fault
from custom_components.depin.devices.message_device import MessageDevice
from custom_components.depin.devices.points import Points, Pulled, Pushed, Role, Status
from custom_components.depin.devices.profiles import load
from custom_components.depin.devices.register_device import RegisterDevice
from custom_components.depin.devices.sunspec import SunSpecDevice


@pytest.mark.parametrize(
    ("point", "unit", "state_class", "fault"),
    [
        ("import_wh", "kWh", "total_increasing", None),
        ("export_wh", "MWh", "total", None),
        ("power_w", "kW", "measurement", None),
        ("power_w", "W", None, None),
        ("soc_percent", "%", "measurement", None),
        ("frequency_hz", "Hz", "measurement", None),
        ("import_wh", "kWh", "measurement", EntityFault.STATE_CLASS),
        ("import_wh", "kWh", None, EntityFault.STATE_CLASS),
        ("power_w", "W", "total", EntityFault.STATE_CLASS),
        ("import_wh", "kW", "total_increasing", EntityFault.UNIT),
        ("import_wh", "m³", "total_increasing", EntityFault.UNIT),
        ("power_w", "kWh", "measurement", EntityFault.UNIT),
        ("power_w", None, "measurement", EntityFault.UNIT),
        ("serial", None, None, EntityFault.POINT),
    ],
)
def test_which_entity_can_be_a_point(
    point: str, unit: str | None, state_class: str | None, fault: EntityFault | None
) -> None:
    assert entity_fault(point, unit, state_class) is fault


def device() -> EntityDevice:
    heard = EntityDevice(Role.BATTERY, ["charge_wh", "power_w", "soc_percent"])
    heard.hear("charge_wh", "1234.567", "kWh", 1000)
    heard.hear("power_w", "-1.5", "kW", 2000)
    heard.hear("soc_percent", "55.5", "%", 1500)
    return heard


def test_states_become_points() -> None:
    points = device().reading(2000).parts[Role.BATTERY]
    assert points == Points(charge_wh=1_234_567, power_w=-1500, soc_percent=55.5)
    assert device().heard_at == 2000
    times = {"charge_wh": 1000, "power_w": 2000, "soc_percent": 1500}
    assert device().times() == {Role.BATTERY: times}


@pytest.mark.parametrize("state", ["unknown", "unavailable", "", "nan", "on"])
def test_a_state_that_is_no_number_ends_the_value(state: str) -> None:
    heard = device()
    heard.hear("charge_wh", state, "kWh", 3000)
    assert heard.reading(3000).parts[Role.BATTERY].charge_wh is None
    assert heard.heard_at == 2000


@pytest.mark.parametrize("unit", ["W", None, "furlong"])
def test_a_unit_that_changed_ends_the_value(unit: str | None) -> None:
    heard = device()
    heard.hear("charge_wh", "5", unit, 3000)
    assert heard.reading(3000).parts[Role.BATTERY].charge_wh is None


def test_an_entity_of_another_point_is_not_heard() -> None:
    heard = device()
    heard.hear("import_wh", "5", "kWh", 3000)
    assert heard.reading(2000).parts[Role.BATTERY].import_wh is None


def test_sources_are_pulled_or_pushed() -> None:
    pulled: list[Pulled] = [
        RegisterDevice(load("solis_hybrid"), {}),
        SunSpecDevice(Capture()),
    ]
    pushed: list[Pushed] = [device(), MessageDevice(load("evcc_mqtt"), {})]
    assert [source.reading(10**9).flat.status for source in pushed] == [Status.UNAVAILABLE, None]
    assert len(pulled) == 2


def test_silence_is_unavailable() -> None:
    assert device().reading(10**7).flat == Points(status=Status.UNAVAILABLE)
    assert EntityDevice(Role.GRID, []).reading(0).flat == Points(status=Status.UNAVAILABLE)


def test_a_clock_that_was_ahead_hides_no_silence() -> None:
    heard = EntityDevice(Role.SUB, ["power_w"])
    heard.hear("power_w", "5", "W", 10**9)
    assert heard.reading(1000).flat.status is None
    assert heard.reading(10**7).flat.status is Status.UNAVAILABLE
