"""How a point follows from the values that a device gives: sums, alternatives, signs, states."""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from .points import Status
from .quantities import exact, number

type Raw = int | float | bool | str | Fraction | None
"""What stands at a place: None says that the device has no value there."""


@dataclass(frozen=True, slots=True)
class Measured:
    """The value at one place, scaled."""

    place: Hashable
    factor: Fraction = Fraction(1)
    shift: int = 0
    mask: int | None = None
    magnitude: bool = False
    zero_is_nothing: bool = False
    plain_above: Fraction | None = None

    def number(self, seen: Mapping[Hashable, Raw]) -> Fraction | None:
        """Return the scaled value."""
        raw = seen.get(self.place)
        if isinstance(raw, str):
            raw = number(raw)
        if raw is None:
            return None
        if self.shift or self.mask is not None:
            raw = int(raw) >> self.shift
            raw = raw if self.mask is None else raw & self.mask
        value = raw if isinstance(raw, Fraction) else exact(raw)
        if value is None or (self.zero_is_nothing and not value):
            return None
        if self.plain_above is None:
            value *= self.factor
        elif abs(value) > self.plain_above:
            value = -value if self.factor < 0 else value
        elif value and value.denominator == 1:
            # A whole number can be of either unit.
            return None
        else:
            value *= self.factor
        return abs(value) if self.magnitude else value

    def text(self, seen: Mapping[Hashable, Raw]) -> str | None:
        """Return the value as a device would print it, without blanks around it."""
        raw = seen.get(self.place)
        if isinstance(raw, bool):
            return str(raw).lower()
        if isinstance(raw, str):
            return raw.strip(" \0\t\r\n") or None
        value = self.number(seen)
        if value is None:
            return None
        return str(value.numerator if value.denominator == 1 else float(value))


@dataclass(frozen=True, slots=True)
class Sum:
    """Values added up: all of them, or those that there are."""

    terms: tuple[Formula, ...]
    partial: bool = False

    def number(self, seen: Mapping[Hashable, Raw]) -> Fraction | None:
        """Return the sum."""
        values = [value for term in self.terms if (value := term.number(seen)) is not None]
        complete = len(values) == len(self.terms)
        return sum(values, Fraction()) if values and (complete or self.partial) else None


@dataclass(frozen=True, slots=True)
class First:
    """The first of several that has a value."""

    choices: tuple[Formula, ...]

    def number(self, seen: Mapping[Hashable, Raw]) -> Fraction | None:
        """Return the first value."""
        values = (choice.number(seen) for choice in self.choices)
        return next((value for value in values if value is not None), None)


@dataclass(frozen=True, slots=True)
class Only:
    """The one of several that has a value: where two have one, nobody knows which is meant."""

    choices: tuple[Formula, ...]

    def number(self, seen: Mapping[Hashable, Raw]) -> Fraction | None:
        """Return the only value."""
        values = [value for each in self.choices if (value := each.number(seen)) is not None]
        return values[0] if len(values) == 1 else None


@dataclass(frozen=True, slots=True)
class Condition:
    """Whether another value says that this one is negative."""

    value: Measured
    equal: frozenset[int] = frozenset()
    bits: int = 0
    below_zero: bool = False

    def holds(self, seen: Mapping[Hashable, Raw]) -> bool | None:
        """Tell, or return None where the other value is missing."""
        value = self.value.number(seen)
        if value is None:
            return None
        return bool(
            value in self.equal or int(value) & self.bits or (self.below_zero and value < 0)
        )


@dataclass(frozen=True, slots=True)
class Directed:
    """A value whose direction stands elsewhere; without any word of it, there is no value."""

    value: Measured
    negative_if: tuple[Condition, ...]
    otherwise_positive: bool

    def number(self, seen: Mapping[Hashable, Raw]) -> Fraction | None:
        """Return the value with its sign."""
        value = self.value.number(seen)
        words = [
            word for word in (each.holds(seen) for each in self.negative_if) if word is not None
        ]
        if value is None or not words:
            return None
        if any(words):
            return -abs(value)
        return abs(value) if self.otherwise_positive else value


type Formula = Measured | Sum | First | Only | Directed


@dataclass(frozen=True, slots=True)
class State:
    """A status by the name or number that a device has for it."""

    value: Measured
    names: Mapping[str, Status]
    plugged_if: Condition | None = None

    def status(self, seen: Mapping[Hashable, Raw]) -> Status | None:
        """Return the status, None for a state that the profile does not know."""
        text = self.value.text(seen)
        status = None if text is None else self.names.get(text)
        if status is Status.UNPLUGGED and self.plugged_if and self.plugged_if.holds(seen):
            return Status.PLUGGED
        return status


@dataclass(frozen=True, slots=True)
class Plug:
    """A charger's status from two flags."""

    plugged: Measured
    charging: Measured

    def status(self, seen: Mapping[Hashable, Raw]) -> Status | None:
        """Return the status, None where a flag that matters is missing."""
        charging, plugged = _flag(self.charging, seen), _flag(self.plugged, seen)
        if charging:
            return Status.CHARGING
        if plugged is None:
            return None
        return Status.PLUGGED if plugged else Status.UNPLUGGED


@dataclass(frozen=True, slots=True)
class Check:
    """A value that tells this device from others."""

    value: Measured
    between: tuple[Fraction, Fraction] | None = None
    begins_with: tuple[str, ...] = ()

    def passes(self, seen: Mapping[Hashable, Raw]) -> bool:
        """Tell whether what was seen looks like this device."""
        if self.begins_with:
            return (self.value.text(seen) or "").startswith(self.begins_with)
        value = self.value.number(seen)
        return value is not None and (
            self.between is None or self.between[0] <= value <= self.between[1]
        )


def places(formula: Formula | State | Plug) -> Iterator[Hashable]:
    """Give every place that a formula looks at."""
    match formula:
        case Measured():
            yield formula.place
        case Sum(terms=several) | First(choices=several) | Only(choices=several):
            for each in several:
                yield from places(each)
        case Directed():
            yield formula.value.place
            yield from (condition.value.place for condition in formula.negative_if)
        case State():
            yield formula.value.place
            if formula.plugged_if:
                yield formula.plugged_if.value.place
        case Plug():
            yield from (formula.plugged.place, formula.charging.place)


def _flag(value: Measured, seen: Mapping[Hashable, Raw]) -> bool | None:
    text = value.text(seen)
    return {"true": True, "1": True, "false": False, "0": False}.get(text or "")
