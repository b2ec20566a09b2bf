"""A SunSpec device: its chain of models becomes points, with what vendors do differently."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from fractions import Fraction
from typing import Final, Self

from modbus_connection.model.sunspec import SunSpecMapShiftError

from .counted_parts import CountedParts
from .formulas import Raw
from .learned import Learned
from .points import NO_POINTS, Points, PvString, Reading, Role, Status
from .profiles import Profile
from .quantities import energy, frequency, power, share
from .registers import RegisterSource
from .sunspec_chain import BASES, Chain, ReadModel, as_number, open_chain
from .sunspec_models import COMMON, DER, INVERTERS, METERS

_STATES: Final = {
    1: Status.OFF,
    2: Status.ASLEEP,
    3: Status.STARTING,
    4: Status.RUNNING,
    5: Status.THROTTLED,
    6: Status.STOPPING,
    7: Status.FAULT,
    8: Status.STANDBY,
}
_CHARGING: Final = 4
_DISCHARGING: Final = 3
_PV_PORT: Final = 0
_BATTERY_PORT: Final = 1
_ACC32: Final = 2**32
# A Fronius hybrid shows its battery as the last two of four modules.
_CHARGING_MODULE: Final = 3
_DISCHARGING_MODULE: Final = 4
# No inverter of panels alone takes more from the mains at night.
_STANDBY_W: Final = 100
# Strings and mains are measured one after the other, so clouds part them by less than this.
_DOUBTFUL_W: Final = 500
_HIDDEN_BATTERY: Final = (
    "the AC side takes power, so a battery is behind it that this map does not show: "
    "what the panels give is not known"
)
_HYBRID_AC: Final = (
    "production_wh is counted on the AC side, so it contains what the battery gave: "
    "this device shows no counters of its PV strings"
)


@dataclass(frozen=True, slots=True)
class _Direct:
    """A DC input or port: what it is, its power, what came in and what went out."""

    power: Fraction | None
    energy: Fraction | None


@dataclass(slots=True)
class _Inputs:
    """The DC side, sorted by what is connected."""

    strings: list[_Direct] = field(default_factory=list)
    charging: list[_Direct] = field(default_factory=list)
    discharging: list[_Direct] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Settled:
    """What a device's owner settled: which meter is meant, its sign, and what production is."""

    meter: int = 1
    meter_sign: str = "auto"
    production: str = "auto"


AS_SEEN: Final = Settled()
"""Nothing settled: the device is taken as it looks."""

_CHOICES: Final = tuple(each.name for each in fields(Settled))


class SunSpecDevice:
    """A pulled source: `read` finds the models by itself, again whenever they have moved."""

    def __init__(
        self,
        source: RegisterSource,
        *,
        bases: Sequence[int] = BASES,
        settled: Settled = AS_SEEN,
        frozen: bool = False,
    ) -> None:
        """Take a unit, and what its owner settled."""
        self._source = source
        self._bases = bases
        self._frozen = frozen
        self._chain: Chain | None = None
        self._settled = settled
        self.told: Mapping[str, str] = {}
        """The choices that fit it by what it says, where the owner made none."""
        self.learned = Learned()

    @classmethod
    def of(
        cls,
        profile: Profile,
        source: RegisterSource,
        base: int | None = None,
        *,
        elsewhere: Sequence[int] = (),
        frozen: bool = False,
    ) -> Self:
        """Take what a profile settles, and where else than there the map could begin."""
        owners = () if base is None else (base,)
        chosen = {name: profile.defaults[name] for name in _CHOICES if name in profile.defaults}
        return cls(
            source,
            bases=(*owners, *(profile.bases or BASES), *elsewhere),
            settled=Settled(**chosen),
            frozen=frozen,
        )

    async def read(self) -> Reading:
        """Ask for all points of all models.

        Raises SunSpecError where there is no map, ModbusError where the device gives no answer.
        """
        try:
            models = await self._models()
        except SunSpecMapShiftError:
            self._chain = None
            models = await self._models()
        if self._settled.production == "auto" and hides_battery(models):
            self.learned.has_battery = True
            self.told = {"production": "dc"}
        return interpret(models, self._settled, self.learned)

    def scan_again(self) -> None:
        """Look for models anew at the next read, as some appear only later."""
        self._chain = None

    async def _models(self) -> list[ReadModel]:
        if self._chain is None:
            self._chain = await open_chain(self._source, self._bases, frozen=self._frozen)
        return await self._chain.read()


def hides_battery(models: Sequence[ReadModel]) -> bool:
    """Tell whether the AC side takes or gives what its strings cannot: a battery is behind it."""
    ac_power = _inverter_power(models)
    strings = _inputs(models, _manufacturer(models)).strings
    dc_power = _total(each.power for each in strings)
    if ac_power is None or dc_power is None or _total(each.energy for each in strings) is None:
        return False
    return ac_power < -_STANDBY_W or ac_power > 2 * dc_power + _DOUBTFUL_W


def interpret(models: Sequence[ReadModel], settled: Settled, learned: Learned) -> Reading:
    """Return the points of a chain of models, as they were read."""
    manufacturer = _manufacturer(models)
    if manufacturer.startswith("outback"):
        models = [_without_unsigned_nothing(each) for each in models]
    inverter = _first(models, (*INVERTERS, DER))
    chosen = _meters(models)[settled.meter - 1 : settled.meter]
    inputs = _inputs(models, manufacturer)
    battery = _battery(models, inputs, learned.counted)
    parts: dict[Role, Points] = {}
    said: list[str] = []
    device = NO_POINTS
    if inverter:
        device = _inverter(models, inverter)
    if inverter and battery and inputs.discharging and not inputs.strings:
        battery = battery.filled_from(Points(discharge_wh=device.production_wh))
        device = replace(device, production_wh=None)
    elif inverter:
        # Once it was seen there, a battery stays: its counters do not change places every day.
        learned.has_battery |= battery is not None
        seen = settled.production == "auto" and learned.has_battery
        hybrid = seen or settled.production == "dc"
        parts[Role.PRODUCTION], more = _production(device, inputs, learned.counted, hybrid=hybrid)
        said += more
    if battery:
        parts[Role.BATTERY] = battery
    if chosen:
        reverse = settled.meter_sign == "reversed" or (
            settled.meter_sign == "auto" and manufacturer.startswith("solaredge")
        )
        parts[Role.GRID] = _grid(chosen[0], reverse=reverse, manufacturer=manufacturer)
    if Role.PRODUCTION in parts:
        produced = parts[Role.PRODUCTION].production_wh
        device = replace(device, production_wh=produced)
    return Reading(_identity(models).filled_from(device), parts, tuple(said))


def _meters(models: Iterable[ReadModel]) -> list[ReadModel]:
    return [each for each in models if each.model.model_id in METERS]


def _manufacturer(models: Iterable[ReadModel]) -> str:
    common = _first(models, (COMMON,))
    return ((common.text("Mn") if common else None) or "").lower()


def _without_unsigned_nothing(model: ReadModel) -> ReadModel:
    """Drop the 0xFFFF that OutBack puts into signed points that it does not have."""
    points = {
        name: None if as_number(value) == -model.factors.get(name, Fraction(1)) else value
        for name, value in model.points.items()
    }
    return replace(model, points=points)


def _identity(models: Sequence[ReadModel]) -> Points:
    common = _first(models, (COMMON,))
    rating = _first_number(models, ((120, "WRtg"), (702, "WMaxRtg"), (121, "WMax")))
    return Points(
        manufacturer=common.text("Mn") if common else None,
        model=common.text("Md") if common else None,
        serial=common.text("SN") if common else None,
        rated_w=power(rating) or None,
    )


def _inverter(models: Sequence[ReadModel], inverter: ReadModel) -> Points:
    """Return the AC side as the inverter sees it, negative while a battery charges from there."""
    kinds = [kind for kind in INVERTERS if _first(models, (kind,))]
    counters = [(kind, "WH") for kind in kinds] + [(DER, "TotWhInj")]
    hertz = _first_number(models, [*((kind, "Hz") for kind in kinds), (DER, "Hz")])
    return Points(
        power_w=power(_inverter_power(models)),
        production_wh=energy(_first_number(models, counters)),
        frequency_hz=frequency(hertz),
        status=_status(inverter),
    )


def _inverter_power(models: Sequence[ReadModel]) -> Fraction | None:
    return _first_number(models, [(kind, "W") for kind in (*INVERTERS, DER)])


def _status(inverter: ReadModel) -> Status | None:
    if inverter.model.model_id == DER:
        state = inverter.number("InvSt")
        return None if state is None else _STATES.get(int(state) + 1)
    state = inverter.number("St")
    return None if state is None else _STATES.get(int(state))


def _production(
    device: Points, inputs: _Inputs, counted: CountedParts, *, hybrid: bool
) -> tuple[Points, list[str]]:
    """Return what the panels do; on a hybrid the AC side does not tell."""
    strings = tuple(PvString(power(each.power), energy(each.energy)) for each in inputs.strings)
    while strings and strings[-1] == PvString():
        strings = strings[:-1]
    if not hybrid:
        produced = Points(production_wh=device.production_wh, strings=strings)
        if device.power_w is not None and device.power_w < -_STANDBY_W:
            return produced, [_HIDDEN_BATTERY]
        return Points(power_w=device.power_w).filled_from(produced), []
    dc_power = _total(each.power for each in inputs.strings)
    if _lacks_part("production_wh", inputs.strings, counted):
        return Points(power_w=power(dc_power), strings=strings), []
    dc_energy = _total(each.energy for each in inputs.strings)
    return (
        Points(
            power_w=power(dc_power),
            production_wh=device.production_wh if dc_energy is None else energy(dc_energy),
            strings=strings,
        ),
        [_HYBRID_AC] if dc_energy is None and device.production_wh is not None else [],
    )


def _grid(meter: ReadModel, *, reverse: bool, manufacturer: str) -> Points:
    watts = meter.number("W")
    turned = -watts if watts is not None and reverse else watts
    signed = manufacturer.startswith("kostal")
    return Points(
        power_w=power(turned),
        import_wh=energy(_counter(meter, "TotWhImp", signed=signed)),
        export_wh=energy(_counter(meter, "TotWhExp", signed=signed)),
        frequency_hz=frequency(meter.number("Hz")),
    )


def _counter(meter: ReadModel, name: str, *, signed: bool) -> Fraction | None:
    """Return a counter; Kostal's meter sends export as a negative number in 32 bits."""
    value = meter.number(name)
    factor = meter.factors.get(name, Fraction(1))
    if value is None or not signed or value / factor < _ACC32 // 2:
        return value
    return _ACC32 * factor - value


def _inputs(models: Iterable[ReadModel], manufacturer: str) -> _Inputs:
    """Sort DC inputs: model 714 says what a port is, in model 160 its name or the vendor does."""
    inputs = _Inputs()
    known = list(models)
    ports = _first(known, (714,))
    modules = _first(known, (160,))
    for port in _told(ports, "NPrt"):
        kind = as_number(port["PrtTyp"])
        watts = as_number(port["DCW"])
        given, taken = as_number(port["DCWhInj"]), as_number(port["DCWhAbs"])
        if kind == _BATTERY_PORT:
            inputs.discharging.append(_Direct(watts, given))
            inputs.charging.append(_Direct(None, taken))
        elif kind == _PV_PORT:
            inputs.strings.append(_Direct(watts, given))
    if ports and (inputs.strings or inputs.discharging):
        return inputs
    blocks = _told(modules, "N")
    hybrid = (
        manufacturer.startswith("fronius")
        and _first(known, (124,)) is not None
        and len(blocks) == _DISCHARGING_MODULE
        and not any(_label(block["IDStr"]) for block in blocks[_CHARGING_MODULE - 1 :])
    )
    for number, block in enumerate(blocks, start=1):
        direct = _Direct(as_number(block["DCW"]), as_number(block["DCWH"]))
        place = number if hybrid else None
        _module_list(inputs, block["IDStr"], of_hybrid=place).append(direct)
    return inputs


def _module_list(inputs: _Inputs, name: Raw, *, of_hybrid: int | None) -> list[_Direct]:
    """Return the list that a module of model 160 belongs to, by its name or its place."""
    label = _label(name)
    if "discha" in label or of_hybrid == _DISCHARGING_MODULE:
        return inputs.discharging
    if "stcha" in label or "charge" in label or of_hybrid == _CHARGING_MODULE:
        return inputs.charging
    return inputs.strings


def _label(name: Raw) -> str:
    return "".join(name.lower().strip("\0").split()) if isinstance(name, str) else ""


def _told(model: ReadModel | None, count: str) -> Sequence[Mapping[str, Raw]]:
    """Return as many blocks as a model says that it has; what stands behind them is none."""
    if model is None:
        return ()
    said = model.number(count)
    return model.blocks[: int(said)] if said else model.blocks


def _battery(models: Sequence[ReadModel], inputs: _Inputs, counted: CountedParts) -> Points | None:
    """Return the battery's points, None where nothing speaks of one."""
    given = _total(each.power for each in inputs.discharging)
    taken = _total(each.power for each in inputs.charging if each.power is not None)
    watts = given if taken is None else (given or Fraction()) - taken
    bank = _first(models, (802,))
    battery = Points(
        power_w=power(_bank_power(bank) if watts is None and bank else watts),
        charge_wh=_whole_energy("charge_wh", inputs.charging, counted),
        discharge_wh=_whole_energy("discharge_wh", inputs.discharging, counted),
        soc_percent=share(_first_number(models, ((713, "SoC"), (802, "SoC"), (124, "ChaState")))),
    )
    return None if battery == NO_POINTS else battery


def _whole_energy(name: str, inputs: Sequence[_Direct], counted: CountedParts) -> int | None:
    if _lacks_part(name, inputs, counted):
        return None
    return energy(_total(each.energy for each in inputs))


def _lacks_part(name: str, inputs: Sequence[_Direct], counted: CountedParts) -> bool:
    """Tell whether a part of a total is silent that has counted, or gives power beside others."""
    lacks = counted.lacks(name, [each.energy for each in inputs])
    counts = any(each.energy is not None for each in inputs)
    return lacks or (counts and any(each.power and each.energy is None for each in inputs))


def _bank_power(bank: ReadModel) -> Fraction | None:
    """Return a bank's power: its charge state gives the sign, which the model leaves open."""
    watts, state = bank.number("W"), bank.number("ChaSt")
    if watts is None:
        return None
    return {_CHARGING: -abs(watts), _DISCHARGING: abs(watts)}.get(int(state or 0), watts)


def _total(values: Iterable[Fraction | None]) -> Fraction | None:
    """Add up the inputs that there are: an absent string carries no value."""
    there = [value for value in values if value is not None]
    return sum(there, Fraction()) if there else None


def _first(models: Iterable[ReadModel], kinds: Sequence[int]) -> ReadModel | None:
    return next((each for each in models if each.model.model_id in kinds), None)


def _first_number(models: Sequence[ReadModel], names: Iterable[tuple[int, str]]) -> Fraction | None:
    """Return the first number there is, by model and point."""
    for kind, name in names:
        for each in models:
            if each.model.model_id == kind and (value := each.number(name)) is not None:
                return value
    return None
