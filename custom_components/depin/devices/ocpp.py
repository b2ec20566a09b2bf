"""What a charger tells its central system by OCPP 1.6 and 2.0.1, connector by connector."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from .quantities import number

_REGISTER: Final = "Energy.Active.Import.Register"
_POWER: Final = "Power.Active.Import"
_FACTORS: Final = {
    _REGISTER: {None: 1, "Wh": 1, "kWh": 1000},
    _POWER: {None: 1, "W": 1, "kW": 1000},
}
_PHASES: Final = ("L1", "L2", "L3")
# A charger that measures in two places is asked for what the car gets.
_LOCATIONS: Final = ("Outlet", "Inlet")
_MULTIPLIERS: Final = range(-10, 11)
_LARGEST: Final = 10**30

type Said = dict[str, int | str | None]


class ChargePoint:
    """A charger whose calls are told one by one, framed or as payloads of their actions."""

    def __init__(self) -> None:
        """Begin with nothing known of any connector."""
        self._connectors: dict[int, _Connector] = {}
        self._of_transactions: dict[str, int] = {}
        self._starting: dict[str, int] = {}

    def take(self, topic: str, tree: object) -> Iterator[tuple[int, Said]]:
        """Give what a call says, by the number of its connector."""
        match tree:
            case [2, str() as call, str() as action, dict() as payload]:
                pass
            case [3, str() as call, dict() as answer]:
                self._note_transaction(answer.get("transactionId"), self._starting.get(call))
                return
            case dict() as payload:
                call, action = "", topic
            case _:
                return
        number_of = self._connector_of(payload)
        if action == "StartTransaction":
            self._starting[call] = number_of
        connector = self._connectors.setdefault(number_of, _Connector())
        if said := connector.take(action, payload):
            yield number_of, said

    def _connector_of(self, payload: Mapping[str, Any]) -> int:
        """Return which connector a call is of: it names it, or its transaction does."""
        evse, info = payload.get("evse"), payload.get("transactionInfo")
        named = [
            evse.get("id") if isinstance(evse, dict) else None,
            payload.get("evseId"),
            payload.get("connectorId"),
        ]
        of_info = info.get("transactionId") if isinstance(info, dict) else None
        transaction = payload.get("transactionId", of_info)
        found = next((each for each in named if type(each) is int), None)
        if found is None:
            running = [key for key, each in self._connectors.items() if each.began is not None]
            found = self._of_transactions.get(str(transaction), running[-1] if running else 1)
        self._note_transaction(transaction, found)
        return found

    def _note_transaction(self, transaction: object, connector: int | None) -> None:
        if transaction is not None and connector is not None:
            self._of_transactions[str(transaction)] = connector


@dataclass(slots=True)
class _Connector:
    """One connector: where its counter stood when the session began, and what it last was."""

    began: Fraction | None = None
    charging: str | None = None
    plugged: str | None = None

    def take(self, action: str, payload: Mapping[str, Any]) -> Said:
        """Return what a call says anew."""
        match action:
            case "StatusNotification" if payload.get("connectorId") != 0:
                return self._notified(payload.get("status", payload.get("connectorStatus")))
            case "MeterValues":
                return self._measured(payload.get("meterValue"))
            case "StartTransaction":
                self.began = _plain(payload.get("meterStart"))
                return {} if self.began is None else self._counted(self.began)
            case "StopTransaction":
                stop = _plain(payload.get("meterStop"))
                return {"power_w": None} | ({} if stop is None else self._counted(stop))
            case "TransactionEvent":
                return self._event(payload)
        return {}

    def _notified(self, status: object) -> Said:
        """Take a status; that something is plugged in says less than what it does."""
        self.plugged = status if isinstance(status, str) else None
        if self.plugged is None or (self.plugged == "Occupied" and self.charging):
            return {}
        return {"status": self.plugged}

    def _event(self, payload: Mapping[str, Any]) -> Said:
        """Take an event of a transaction of OCPP 2.0.1."""
        info = payload.get("transactionInfo")
        state = info.get("chargingState") if isinstance(info, dict) else None
        kind = payload.get("eventType")
        if kind == "Started":
            self.began = _first_register(payload.get("meterValue"))
        said = self._measured(payload.get("meterValue"))
        if kind == "Ended":
            said = {"power_w": None} | said
            self.charging = None
            state = self.plugged or state
        elif isinstance(state, str):
            self.charging = state
        return said | ({"status": state} if isinstance(state, str) else {})

    def _measured(self, written: object) -> Said:
        said: Said = {}
        for samples in _by_time(written):
            if any(each.get("context") == "Transaction.Begin" for each in samples):
                begun = _total(samples, _REGISTER)
                self.began = self.began if begun is None else begun
            if (watts := _total(samples, _POWER)) is not None:
                said["power_w"] = round(watts)
            if (register := _total(samples, _REGISTER)) is not None:
                said |= self._counted(register)
        return said

    def _counted(self, register: Fraction) -> Said:
        """Return the counter, and what the session took of it."""
        known = self.began is not None and register >= self.began
        session = round(register - (self.began or 0)) if known else None
        return {"import_wh": round(register), "session_wh": session}


def _by_time(written: object) -> Iterator[list[Mapping[str, Any]]]:
    """Give the samples that were taken at one time together: some send each phase apart."""
    together: dict[object, list[Mapping[str, Any]]] = {}
    for number_of, each in enumerate(written if isinstance(written, list) else ()):
        if not isinstance(each, dict) or not isinstance(each.get("sampledValue"), list):
            continue
        at = each.get("timestamp")
        key = at if isinstance(at, str) else number_of
        samples = [sample for sample in each["sampledValue"] if isinstance(sample, dict)]
        together.setdefault(key, []).extend(samples)
    yield from together.values()


def _first_register(written: object) -> Fraction | None:
    registers = (_total(samples, _REGISTER) for samples in _by_time(written))
    return next((register for register in registers if register is not None), None)


def _total(samples: list[Mapping[str, Any]], measurand: str) -> Fraction | None:
    """Return a quantity of all phases: the total that is told, or else all phases added up."""
    meant = [
        each
        for each in samples
        if each.get("measurand", _REGISTER) == measurand and each.get("format") != "SignedData"
    ]
    for location in _LOCATIONS:
        there = [each for each in meant if each.get("location", _LOCATIONS[0]) == location]
        values = [_value(each, measurand) for each in there if each.get("phase") is None]
        if totals := [value for value in values if value is not None]:
            return totals[-1]
        phases = {
            str(each["phase"]).removesuffix("-N"): _value(each, measurand)
            for each in there
            if each.get("phase") is not None
        }
        told = [value for value in phases.values() if value is not None]
        if told and len(told) == len(phases) and phases.keys() == {*_PHASES[: len(phases)]}:
            return sum(told, Fraction())
    return None


def _value(sample: Mapping[str, Any], measurand: str) -> Fraction | None:
    """Return a sample in watts or watt-hours, None where its unit is another."""
    unit: object = sample.get("unit")
    multiplier: object = 0
    if isinstance(described := sample.get("unitOfMeasure"), dict):
        unit, multiplier = described.get("unit"), described.get("multiplier", 0)
    factor = _FACTORS[measurand].get(unit) if unit is None or isinstance(unit, str) else None
    value = _plain(sample.get("value"))
    if value is None or factor is None or not isinstance(multiplier, int):
        return None
    return value * factor * Fraction(10) ** multiplier if multiplier in _MULTIPLIERS else None


def _plain(written: object) -> Fraction | None:
    """Return a number that stands as such or as text."""
    if isinstance(written, str):
        return number(written)
    if not isinstance(written, int | Fraction) or isinstance(written, bool):
        return None
    value = Fraction(written)
    return value if abs(value) < _LARGEST else None
