"""What a charger says by OCPP 1.6 and 2.0.1."""

from typing import Any

import pytest

from custom_components.depin.devices.capture import replay
from custom_components.depin.devices.points import Points, Status
from custom_components.depin.devices.profiles import load

from .captures import capture, messages

ENERGY = "Energy.Active.Import.Register"
POWER = "Power.Active.Import"


async def said(*calls: tuple[str, Any], **parameters: str) -> Points:
    return (await replay(capture(messages(*calls)), load("ocpp"), parameters)).flat


def sampled(*samples: dict[str, Any], **beside: Any) -> tuple[str, Any]:  # noqa: ANN401 - as JSON
    return ("MeterValues", {"connectorId": 1, "meterValue": [{"sampledValue": samples}], **beside})


def begun(at: int) -> tuple[str, Any]:
    return ("StartTransaction", {"connectorId": 1, "meterStart": at})


def event(kind: str, *samples: dict[str, Any], **info: str) -> tuple[str, Any]:
    return (
        "TransactionEvent",
        {
            "eventType": kind,
            "transactionInfo": {"transactionId": "t", **info},
            "meterValue": [{"timestamp": kind, "sampledValue": samples}],
        },
    )


@pytest.mark.parametrize(
    ("samples", "watts", "wh"),
    [
        ([{"value": "1234567"}], None, 1_234_567),
        ([{"value": "5", "measurand": POWER, "unit": "kW"}], 5000, None),
        ([{"value": "5", "measurand": POWER}], 5, None),
        ([{"value": "5", "measurand": POWER, "unit": "A"}], None, None),
        ([{"value": "5", "measurand": POWER, "unit": 3}], None, None),
        ([{"value": True, "measurand": POWER}], None, None),
        (
            [{"value": str(2300 + n), "measurand": POWER, "phase": f"L{n}-N"} for n in (1, 2, 3)],
            6906,
            None,
        ),
        ([{"value": "2300", "measurand": POWER, "phase": "L2"}], None, None),
        (
            [
                {"value": "2300", "measurand": POWER, "phase": "L1"},
                {"value": "", "measurand": POWER, "phase": "L2"},
            ],
            None,
            None,
        ),
        ([{"value": "100", "phase": "L1"}, {"value": "300"}], None, 300),
        (
            [{"value": "999", "location": "Inlet"}, {"value": "300", "location": "Outlet"}],
            None,
            300,
        ),
        ([{"value": "999", "location": "Inlet"}], None, 999),
        ([{"value": "50", "location": "EV"}], None, None),
        ([{"value": "300"}, {"value": "OCMF|{}", "format": "SignedData"}], None, 300),
        ([{"value": 1234.5, "unitOfMeasure": {"unit": "kWh"}}], None, 1_234_500),
        ([{"value": 7.2, "measurand": POWER, "unitOfMeasure": {"multiplier": 3}}], 7200, None),
        ([{"value": 7, "measurand": POWER, "unitOfMeasure": {"multiplier": 99}}], None, None),
        ([{"value": 10**40}], None, None),
        (["no sample"], None, None),
    ],
)
async def test_a_sample_is_taken_whole_or_not_at_all(
    samples: list[Any], watts: int | None, wh: int | None
) -> None:
    points = await said(sampled(*samples))
    assert (points.power_w, points.import_wh) == (watts, wh)


async def test_phases_that_are_told_apart_at_one_time_are_added_up() -> None:
    apart = [
        {
            "timestamp": "2026-01-01T00:00:00Z",
            "sampledValue": [{"value": "100", "measurand": POWER, "phase": f"L{n}"}],
        }
        for n in (1, 2, 3)
    ]
    assert (await said(("MeterValues", {"connectorId": 1, "meterValue": apart}))).power_w == 300


async def test_a_second_session_begins_anew() -> None:
    first = (begun(1000), ("StopTransaction", {"meterStop": 2000}))
    assert (await said(*first)).session_wh == 1000
    points = await said(*first, begun(2000), sampled({"value": "2700"}))
    assert (points.import_wh, points.session_wh) == (2700, 700)


async def test_power_is_not_known_once_a_session_ended() -> None:
    points = await said(
        begun(1000),
        sampled({"value": "7", "measurand": POWER, "unit": "kW"}),
        ("StopTransaction", {"meterStop": 2000}),
    )
    assert (points.power_w, points.import_wh) == (None, 2000)


async def test_a_session_whose_beginning_was_not_heard_is_not_known() -> None:
    points = await said(sampled({"value": "2700"}))
    assert (points.import_wh, points.session_wh) == (2700, None)


async def test_connectors_are_kept_apart() -> None:
    calls = (
        ("StatusNotification", {"connectorId": 1, "status": "Charging"}),
        ("StatusNotification", {"connectorId": 2, "status": "Preparing"}),
        ("StatusNotification", {"connectorId": 0, "status": "Available"}),
        ("MeterValues", {"connectorId": 2, "meterValue": [{"sampledValue": [{"value": "9"}]}]}),
        ("MeterValues", {"connectorId": 0, "meterValue": [{"sampledValue": [{"value": "8"}]}]}),
    )
    one, two = await said(*calls, connector="1"), await said(*calls, connector="2")
    assert (one.status, one.import_wh) == (Status.CHARGING, None)
    assert (two.status, two.import_wh) == (Status.PLUGGED, 9)


async def test_the_whole_chargers_meter_counts_where_no_connector_speaks() -> None:
    meter = {"connectorId": 0, "meterValue": [{"sampledValue": [{"value": "8"}]}]}
    assert (await said(("MeterValues", meter))).import_wh == 8


async def test_a_transaction_ends_at_the_connector_where_it_began() -> None:
    points = await said(
        ("charger", [2, "a", "StartTransaction", {"connectorId": 1, "meterStart": 100}]),
        ("charger", [3, "a", {"transactionId": 7}]),
        ("charger", [2, "b", "StartTransaction", {"connectorId": 2, "meterStart": 500}]),
        ("charger", [3, "b", {"transactionId": 8}]),
        ("charger", [2, "c", "StopTransaction", {"transactionId": 7, "meterStop": 160}]),
        connector="1",
    )
    assert (points.import_wh, points.session_wh) == (160, 60)


async def test_events_of_a_transaction_tell_a_session() -> None:
    started = event("Started", {"value": 1000.0}, chargingState="EVConnected")
    going = event(
        "Updated",
        {"value": 1.5, "unitOfMeasure": {"unit": "kWh"}},
        {"value": 7.2, "measurand": POWER, "unitOfMeasure": {"unit": "W", "multiplier": 3}},
        chargingState="Charging",
    )
    plugged = ("StatusNotification", {"evseId": 1, "connectorId": 1, "connectorStatus": "Occupied"})
    points = await said(plugged, started, going, plugged)
    assert points == Points(7200, 1500, session_wh=500, status=Status.CHARGING)
    ended = event("Ended", {"value": 1600, "context": "Transaction.End"})
    points = await said(plugged, started, going, ended)
    assert points == Points(None, 1600, session_wh=600, status=Status.PLUGGED)


async def test_a_session_that_is_told_at_its_end_alone_is_known() -> None:
    samples = [
        {"timestamp": at, "sampledValue": [{"value": value, "context": f"Transaction.{at}"}]}
        for at, value in (("Begin", 100), ("End", 350))
    ]
    ended = {"eventType": "Ended", "evse": {"id": 1}, "meterValue": samples}
    assert (await said(("TransactionEvent", ended))).session_wh == 250


@pytest.mark.parametrize(
    "call",
    [
        ("MeterValues", {"meterValue": 5}),
        ("MeterValues", {"meterValue": [5, {"sampledValue": 5}]}),
        ("MeterValues", [4, "1", "Error", "", {}]),
        ("TransactionEvent", {"eventType": [], "transactionInfo": 5, "evse": 5}),
        ("StartTransaction", {"connectorId": True, "meterStart": {}}),
        ("StatusNotification", {"connectorId": 1, "status": 5}),
        ("Heartbeat", {}),
        ("MeterValues", "["),
    ],
)
async def test_a_strange_call_says_nothing(call: tuple[str, Any]) -> None:
    assert await said(call) == Points()
