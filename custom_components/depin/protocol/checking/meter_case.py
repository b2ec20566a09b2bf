"""Checks what a settled line says of a meter, from what the home had said of it before."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, Final, NamedTuple, Self

from ..bounds import MAX_READINGS
from ..encoding import to_text
from ..log.notes import VerifierKey
from ..metering import FINE_WH, Flag, MeteringError, Quality, Register, Sample
from ..problems import RefusedError
from ..settlement.registers import SIGNS, register_rules
from ..statements.envelope import MAX_STATEMENT, Statement, read_statement
from ..statements.fields import ID, MAX_TIME, BodyError, Fields
from ..statements.measuring import Device, Readings
from ..statements.timing import Deadlines, lack_of_effect
from .settlement_case import SETTLED, ShownInterval
from .shown import ShownEntry, read_bytes
from .verdicts import Check, FailedCheckError, UnshownError

_NEVER_LATE: Final = Deadlines(0, MAX_TIME)
"""What precedes a settlement in the log came in time for it."""


class Logged(NamedTuple):
    """A statement, and its entry in the log."""

    wire: bytes
    shown: ShownEntry

    def under(self, log: VerifierKey) -> tuple[int, int, Statement]:
        """Return the entry's index, its time and the statement."""
        index, entry = self.shown.statement(log)
        try:
            statement = read_statement(self.wire)
        except RefusedError as error:
            msg = f"what is shown as a statement is none: {error}"
            raise UnshownError(msg) from error
        if statement.hash != entry.hash:
            msg = f"entry {index} is another statement's"
            raise UnshownError(msg)
        return index, entry.at, statement

    def to_json(self) -> dict[str, object]:
        """Return what is written of it."""
        return {"statement": to_text(self.wire), "shown": self.shown.to_json()}

    @classmethod
    def read(cls, value: object, path: str = "logged") -> Self:
        """Read what was written."""
        fields = Fields(value, path)
        wire = read_bytes(fields.take("statement"), fields.path("statement"), MAX_STATEMENT)
        logged = cls(wire, ShownEntry.read(fields.take("shown"), fields.path("shown")))
        fields.finish()
        return logged


@dataclass(frozen=True, slots=True)
class MeterCase:
    """A member's line, a meter's declaration, and all that its chain said around the interval."""

    NAME: ClassVar[Check] = Check.METER

    member: str
    shown: ShownInterval
    declared: Logged
    readings: tuple[Logged, ...]

    def check(self, log: VerifierKey) -> None:
        """Raise a FailedCheckError if the line says other energies than the statements do."""
        told = self.shown.under(log, self.member)
        settled_index, decision = self.shown.entry.decision(log, SETTLED)
        try:
            end = Fields(decision.result, "result").integer("end", told.start + 1, MAX_TIME)
        except BodyError as error:
            raise FailedCheckError(Check.METER, f"the interval has no end: {error}") from error
        _, since, device_said = self.declared.under(log)
        device = device_said.body
        if not isinstance(device, Device) or device.role not in SIGNS or since > told.start:
            msg = "the meter was not declared before the interval"
            raise UnshownError(msg)
        said = [one.under(log) for one in self.readings]
        for index, at, statement in said:
            if index >= settled_index or lack_of_effect(statement, at, _NEVER_LATE) is not None:
                msg = "a reading came late, or from a clock that was wrong"
                raise UnshownError(msg)
        statements = [device_said, *(statement for _, _, statement in said)]
        if {one.header.member for one in statements} != {self.member}:
            msg = "these are not the statements of this member"
            raise UnshownError(msg)
        due = metered_by(device, statements[1:], told.start, end)
        if due is None:
            msg = "the readings do not tell for sure what the meter counted"
            raise UnshownError(msg)
        found = [one for one in told.settled.meters if one.device == device.device]
        if not found:
            msg = f"the meter counted {due} Wh, and the line leaves it out"
            raise FailedCheckError(Check.METER, msg)
        if found[0].wh != due:
            msg = f"the meter counted {due} Wh, and the line says {found[0].wh}"
            raise FailedCheckError(Check.METER, msg)

    def to_json(self) -> dict[str, object]:
        """Return what is written of it."""
        return {
            "member": self.member,
            "shown": self.shown.to_json(),
            "declared": self.declared.to_json(),
            "readings": [one.to_json() for one in self.readings],
        }

    @classmethod
    def read(cls, value: object, path: str = "meter") -> Self:
        """Read what was written."""
        fields = Fields(value, path)
        case = cls(
            fields.text("member", ID),
            ShownInterval.read(fields.take("shown")),
            Logged.read(fields.take("declared")),
            fields.array("readings", MAX_READINGS, Logged.read, least=1),
        )
        fields.finish()
        return case


def metered_by(
    device: Device, statements: Sequence[Statement], start: int, end: int
) -> tuple[int, ...] | None:
    """Work out a meter's energies from a stretch of a chain; None where they are not sure.

    Only fine counters are sure: what a coarse one had at a boundary can move until it counts on.
    """
    rules = register_rules(device)
    if any(one.resolution > FINE_WH for one in rules) or not _is_unbroken(statements):
        return None
    said = [one.body for one in statements if isinstance(one.body, Readings)]
    of_device = [body for body in said if body.device == device.device]
    energies = []
    for name, rule in zip(SIGNS[device.role], rules, strict=True):
        try:
            energy = Register(list(_samples(of_device, name)), rule).energy(start, end)
        except MeteringError:
            return None
        if energy.wh is None or energy.quality is not Quality.MEASURED:
            return None
        energies.append(energy.wh)
    return tuple(energies)


def _is_unbroken(statements: Sequence[Statement]) -> bool:
    """Tell whether no statement of the chain is left out between the first and the last."""
    return all(
        after.header.chain == before.header.chain and after.header.prev == before.hash
        for before, after in pairwise(statements)
    )


def _samples(said: Sequence[Readings], register: str) -> Iterator[Sample]:
    for body in said:
        nothing = (None,) * len(body.at)
        rows = zip(
            body.at,
            body.registers.get(register, nothing),
            body.power or nothing,
            body.flags or (0,) * len(body.at),
            strict=True,
        )
        for at, counter, power, flags in rows:
            yield Sample(at, counter, power, Flag(flags))
