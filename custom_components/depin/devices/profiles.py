"""Device profiles: one YAML file a device, read into formulas over places."""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import voluptuous as vol
import yaml  # type: ignore[import-untyped]

from .current_limit import CurrentLimit
from .formulas import (
    Check,
    Condition,
    Directed,
    First,
    Formula,
    Measured,
    Only,
    Plug,
    Raw,
    State,
    Sum,
    places,
)
from .places import REGISTERS, MessagePlace, Place, RegisterPlace, Step, TelegramPlace
from .points import Points, PvString, Reading, Role, Status
from .profile_schema import PROFILE
from .quantities import UNITS, finished, ratio

FOLDER: Final = Path(__file__).with_name("profiles")

_IS_POINT: Final = frozenset({"register", "topic", "sum", "first", "only", "directed", "plugged"})
_NO_OPTIONS: Final[Mapping[str, str]] = {}


class ProfileError(ValueError):
    """A profile, or a choice of its options, cannot be used."""


@dataclass(frozen=True, slots=True)
class PointFormulas:
    """How the points of a device, or of one role in it, follow from what was seen."""

    numbers: Mapping[str, Formula] = field(default_factory=dict)
    texts: Mapping[str, Measured] = field(default_factory=dict)
    status: State | Plug | None = None
    strings: tuple[Mapping[str, Formula], ...] = ()

    def places(self) -> Iterator[Hashable]:
        """Give every place that the points need."""
        for formula in self.numbers.values():
            yield from places(formula)
        for text in self.texts.values():
            yield from places(text)
        if self.status:
            yield from places(self.status)
        for string in self.strings:
            for formula in string.values():
                yield from places(formula)

    def points(self, seen: Mapping[Hashable, Raw]) -> Points:
        """Return the points."""
        strings = [PvString(**_finished(one, seen)) for one in self.strings]
        while strings and strings[-1] == PvString():
            strings.pop()
        return Points(
            **_finished(self.numbers, seen),
            manufacturer=self._text("manufacturer", seen),
            model=self._text("model", seen),
            serial=self._text("serial", seen),
            status=self.status.status(seen) if self.status else None,
            strings=tuple(strings),
        )

    def _text(self, name: str, seen: Mapping[Hashable, Raw]) -> str | None:
        return self.texts[name].text(seen) if name in self.texts else None


@dataclass(frozen=True, slots=True)
class Parameter:
    """A part of topics or paths that differs from home to home."""

    about: str
    default: str | None = None
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OwnersOption:
    """A disagreement between sources that the owner settles, unless the device tells."""

    about: str
    default: str
    choices: tuple[str, ...]
    told_by: Mapping[str, tuple[Check, ...]]


@dataclass(frozen=True, slots=True)
class Profile:
    """A device model as its file describes it, with the owner's choices made."""

    key: str
    name: str
    vendor: str
    models: tuple[str, ...]
    transport: str
    sources: tuple[str, ...]
    identified_by: str
    checks: tuple[Check, ...]
    notes: tuple[str, ...]
    phases: str | None
    also: tuple[Role, ...]
    unit_id: int | None
    units: tuple[str, ...]
    bases: tuple[int, ...]
    reading: Mapping[str, Any]
    defaults: Mapping[str, Any]
    parameters: Mapping[str, Parameter]
    availability: tuple[MessagePlace, frozenset[str]] | None
    own_time: MessagePlace | None
    keepalive: Mapping[str, Any] | None
    device: PointFormulas
    roles: Mapping[Role, PointFormulas]
    options: Mapping[str, OwnersOption]
    current_limit: CurrentLimit | None
    chosen: Mapping[str, str] = field(repr=False)
    written: Mapping[str, Any] = field(repr=False)

    def choosing(self, options: Mapping[str, str]) -> Profile:
        """Return this profile with further choices made."""
        return _chosen_profile(self.key, self.written, {**self.chosen, **options})

    def places(self) -> list[Place]:
        """Return every place that points come from, each once."""
        found: dict[Any, None] = {}
        for formulas in (self.device, *self.roles.values()):
            found.update(dict.fromkeys(formulas.places()))
        return list(found)

    def check_places(self) -> list[Place]:
        """Return every place that tells this device from others, each once."""
        found: dict[Any, None] = {check.value.place: None for check in self.checks}
        return list(found)

    def telling_places(self) -> list[Place]:
        """Return every place by which the device tells which choice fits it, each once."""
        checks = [
            check
            for option in self.options.values()
            for all_of in option.told_by.values()
            for check in all_of
        ]
        found: dict[Any, None] = {check.value.place: None for check in checks}
        return list(found)

    def told(self, seen: Mapping[Hashable, Raw]) -> dict[str, str]:
        """Return the choices that fit the device by what was seen, where others were made."""
        return {
            name: choice
            for name, option in self.options.items()
            for choice, checks in option.told_by.items()
            if choice != self.chosen.get(name, option.default)
            and all(check.passes(seen) for check in checks)
        }

    def read(self, seen: Mapping[Hashable, Raw]) -> Reading:
        """Return the points; a role of which nothing was seen is left out."""
        return Reading(
            self.device.points(seen),
            {
                role: formulas.points(seen)
                for role, formulas in self.roles.items()
                if any(place in seen for place in formulas.places())
            },
        )

    def times(self, heard: Mapping[Hashable, int]) -> dict[Role, dict[str, int]]:
        """Return when each number of each role was heard: a sum is as old as its oldest part."""
        return {
            role: {
                name: min(instants)
                for name, formula in formulas.numbers.items()
                if (instants := [heard[place] for place in places(formula) if place in heard])
            }
            for role, formulas in self.roles.items()
        }

    def matches(self, seen: Mapping[Hashable, Raw]) -> bool | None:
        """Tell whether what was seen looks like this device; None where the profile cannot tell."""
        return all(check.passes(seen) for check in self.checks) if self.checks else None


def names() -> list[str]:
    """Return the names of all profiles."""
    return sorted(file.stem for file in FOLDER.glob("*.yaml"))


def load(name: str, options: Mapping[str, str] = _NO_OPTIONS) -> Profile:
    """Read a profile's file, with the owner's choices; the rest stays as the profile suggests."""
    file = FOLDER / f"{name}.yaml"
    if name not in names():
        msg = f"there is no profile {name}: choose one of {', '.join(names())}"
        raise ProfileError(msg)
    return parse(name, file.read_text(encoding="utf-8"), options)


def parse(name: str, text: str, options: Mapping[str, str] = _NO_OPTIONS) -> Profile:
    """Check what a profile's file holds and make a profile of it."""
    try:
        return _chosen_profile(name, PROFILE(yaml.safe_load(text)), options)
    except (vol.Invalid, yaml.YAMLError) as error:
        msg = f"profile {name}: {error}"
        raise ProfileError(msg) from error


def _chosen_profile(key: str, written: Mapping[str, Any], options: Mapping[str, str]) -> Profile:
    made = _profile(key, PROFILE(_chosen(dict(written), options)))
    return replace(made, chosen=options, written=written)


def _chosen(written: dict[str, Any], options: Mapping[str, str]) -> dict[str, Any]:
    offered = written.get("options", {})
    if unknown := sorted(set(options) - set(offered)):
        msg = f"there is no option {unknown[0]}: {', '.join(offered) or 'there are none'}"
        raise ProfileError(msg)
    for option, offer in offered.items():
        choice = options.get(option, offer["default"])
        for each in (choice, *offer.get("told_by", {})):
            if each not in offer["choices"]:
                msg = f"{option} cannot be {each}: choose one of {', '.join(offer['choices'])}"
                raise ProfileError(msg)
        written = _merged(written, offer["choices"][choice])
    return written


def _merged(base: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """Lay a choice over a profile: key by key down to the points; null takes a key away."""
    merged = dict(base)
    for key, value in change.items():
        under = base.get(key)
        if isinstance(under, dict) and isinstance(value, dict) and not _IS_POINT & value.keys():
            merged[key] = _merged(under, value)
        else:
            merged[key] = value
    return {key: value for key, value in merged.items() if value is not None}


def _profile(key: str, written: dict[str, Any]) -> Profile:
    build = _Builder(written.get("defaults", {}))
    availability = written.get("availability")
    own_time = written.get("own_time")
    return Profile(
        key=key,
        name=written["name"],
        vendor=written["vendor"],
        models=tuple(written["models"]),
        transport=written["transport"],
        sources=tuple(written["sources"]),
        identified_by=written["identify"]["by"],
        checks=tuple(build.check(check) for check in written["identify"].get("checks", ())),
        notes=tuple(written.get("notes", ())),
        phases=written.get("phases"),
        also=tuple(Role(role) for role in written.get("also", ())),
        unit_id=written.get("unit_id"),
        units=tuple(written.get("units", ())),
        bases=tuple(written.get("bases", ())),
        reading=written.get("reading", {}),
        defaults=written.get("defaults", {}),
        parameters={
            name: Parameter(each["about"], each.get("default"), tuple(each.get("examples", ())))
            for name, each in written.get("parameters", {}).items()
        },
        availability=availability
        and (MessagePlace(availability["topic"]), frozenset(availability["online"])),
        own_time=own_time and MessagePlace(own_time["topic"], tuple(own_time.get("path", ()))),
        keepalive=written.get("keepalive"),
        device=build.points(written.get("device", {})),
        roles={Role(role): build.points(each) for role, each in written.get("roles", {}).items()},
        options={
            name: OwnersOption(
                each["about"],
                each["default"],
                tuple(each["choices"]),
                {
                    choice: tuple(build.check(check) for check in checks)
                    for choice, checks in each.get("told_by", {}).items()
                },
            )
            for name, each in written.get("options", {}).items()
        },
        current_limit=build.limit(written["current_limit"]) if "current_limit" in written else None,
        chosen=_NO_OPTIONS,
        written=written,
    )


class _Builder:
    """Makes formulas of what a file says, in the light of its defaults."""

    def __init__(self, defaults: Mapping[str, Any]) -> None:
        self._defaults = defaults

    def points(self, written: Mapping[str, Any]) -> PointFormulas:
        """Read the points of a device or of a role."""
        numbers = {
            name: self._formula(value)
            for name, value in written.items()
            if name not in {"status", "strings", "serial", "model", "manufacturer"}
        }
        texts = {
            name: self._measured(written[name])
            for name in ("serial", "model", "manufacturer")
            if name in written
        }
        return PointFormulas(
            numbers,
            texts,
            self._status(written["status"]) if "status" in written else None,
            tuple(
                {name: self._formula(value) for name, value in one.items()}
                for one in written.get("strings", ())
            ),
        )

    def check(self, written: Mapping[str, Any]) -> Check:
        """Read what tells the device from others."""
        low_high, begins = written.get("between"), written.get("begins_with")
        return Check(
            self._measured(written),
            low_high and (ratio(low_high[0]), ratio(low_high[1])),
            () if begins is None else (begins,) if isinstance(begins, str) else tuple(begins),
        )

    def limit(self, written: Mapping[str, Any]) -> CurrentLimit:
        """Read where a charger's current is limited."""
        lowest, highest = written["between"]
        return CurrentLimit(
            RegisterPlace(written["register"], "uint16", REGISTERS["uint16"]),
            written["steps_per_ampere"],
            lowest,
            highest,
            self._measured(written["shown"]),
            self.check(written["only_if"]),
            written["about"],
        )

    def _formula(self, written: Mapping[str, Any]) -> Formula:
        if "sum" in written:
            terms = tuple(self._formula(term) for term in written["sum"])
            return Sum(terms, partial=written.get("partial", False))
        if "first" in written:
            return First(tuple(self._formula(choice) for choice in written["first"]))
        if "only" in written:
            return Only(tuple(self._formula(choice) for choice in written["only"]))
        if "directed" in written:
            return Directed(
                self._measured(written["directed"]),
                tuple(self._condition(each) for each in written["negative_if"]),
                written.get("otherwise_positive", False),
            )
        return self._measured(written)

    def _condition(self, written: Mapping[str, Any]) -> Condition:
        return Condition(
            self._measured(written),
            frozenset(written.get("equals", ())),
            written.get("bits", 0),
            written.get("below_zero", False),
        )

    def _status(self, written: Mapping[str, Any]) -> State | Plug:
        if "states" not in written:
            return Plug(self._measured(written["plugged"]), self._measured(written["charging"]))
        names = {str(raw): Status(status) for raw, status in written["states"].items()}
        plugged = written.get("plugged_if")
        return State(self._measured(written), names, plugged and self._condition(plugged))

    def _measured(self, written: Mapping[str, Any]) -> Measured:
        return Measured(
            self._place(written),
            ratio(written.get("scale", 1)) * UNITS[written.get("unit", "W")],
            written.get("shift", 0),
            written.get("mask"),
            written.get("magnitude", False),
            written.get("zero_is_nothing", False),
            ratio(written["plain_above"]) if "plain_above" in written else None,
        )

    def _place(self, written: Mapping[str, Any]) -> Place:
        path: tuple[Step, ...] = tuple(written.get("path", ()))
        if "obis" in written:
            return TelegramPlace(written["topic"], written["obis"])
        if "topic" in written:
            return MessagePlace(written["topic"], path)
        kind = written["type"]
        return RegisterPlace(
            written["register"] + self._defaults.get("shift", 0),
            kind,
            written["length"] if kind == "string" else REGISTERS[kind],
            written.get("space", self._defaults.get("space", "holding")),
            written.get("word_order", self._defaults.get("word_order", "big")),
            frozenset(self._defaults.get("nothing", {}).get(kind, ())),
            written.get("of", ""),
        )


def _finished(formulas: Mapping[str, Formula], seen: Mapping[Hashable, Raw]) -> dict[str, Any]:
    """Return numbers as their points have them."""
    return {name: finished(name, formula.number(seen)) for name, formula in formulas.items()}
