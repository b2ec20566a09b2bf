"""Imports of quarter hours of which parts are still to come: they count for nothing until then."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final, NamedTuple

from depin_protocol.durations import DAY
from depin_protocol.encoding import decode_json, encode_json, from_text, to_text
from depin_protocol.identifiers import ID_LENGTH
from depin_protocol.statements.fields import Fields
from settlement_node.governance.objections import ObjectedError, Objection
from settlement_node.market.settling.actions import (
    MAX_TOLD,
    MemberSeries,
    TellQuarterHours,
    import_name,
)
from settlement_node.market.settling.tables import BEGUN
from settlement_node.store.port import View
from settlement_node.store.scanning import every_row
from settlement_node.store.tables import Change, Delete, Put, Row, Table

_WAITS: Final = DAY
"""Milliseconds after which nobody is believed to go on with an import."""


class _Part(NamedTuple):
    at: int
    told: TellQuarterHours


class BegunImports:
    """What each operator has told of an import so far, part by part."""

    def __init__(self) -> None:
        """Begin without any."""
        self._begun: dict[str, list[_Part]] = {}

    async def load(self, view: View) -> None:
        """Take them from their rows, which lie in the order of parts."""
        self._begun = {}
        async for row in every_row(view, BEGUN):
            match row:
                case (bytes(operator), int(), int(at), bytes(data)):
                    told = TellQuarterHours.read(Fields(decode_json(data), BEGUN.name))
                    self._begun.setdefault(to_text(operator), []).append(_Part(at, told))

    def rows(self) -> Iterator[tuple[Table, Row]]:
        """Give every row."""
        for operator, parts in self._begun.items():
            for part in parts:
                yield BEGUN, _row(operator, part)

    def series(self, operator: str) -> Iterator[MemberSeries]:
        """Give all that an operator has told so far."""
        for part in self._begun.get(operator, ()):
            yield from part.told.series

    def with_part(self, operator: str, told: TellQuarterHours) -> tuple[MemberSeries, ...]:
        """Return what was told of an import with this part, or raise an ObjectedError."""
        before = [one.told for one in self._begun.get(operator, ())] if told.part > 1 else []
        if len(before) != told.part - 1 or any(not told.continues(one) for one in before):
            raise ObjectedError(
                Objection.PART_MISSING,
                f"part {told.part} of an import came without those before it:"
                " tell all of it anew, from part 1 on",
            )
        series = (*chain.from_iterable(one.series for one in before), *told.series)
        quarters = sum(len(one.values) for one in series)
        if quarters > MAX_TOLD:
            raise ObjectedError(
                Objection.PARAMETERS_INVALID,
                f"an import of more than {MAX_TOLD} quarters of an hour: tell fewer days at once",
            )
        if told.is_last and import_name(series) != told.name:
            raise ObjectedError(
                Objection.PARAMETERS_INVALID,
                "its parts are not the import that they name: tell all of it anew, from part 1 on",
            )
        return series

    def take(self, operator: str, told: TellQuarterHours, at: int) -> Iterator[Change]:
        """Keep a part until the last has come; what was begun before the first is given up."""
        if told.part == 1 or told.is_last:
            yield from self._drop([operator])
        if not told.is_last:
            part = _Part(at, told)
            self._begun.setdefault(operator, []).append(part)
            yield Put(BEGUN, [_row(operator, part)])

    def forget(self, at: int) -> Iterator[Change]:
        """Give up imports with which nobody has gone on for a day."""
        yield from self._drop(
            [name for name, parts in self._begun.items() if parts[-1].at + _WAITS < at]
        )

    def _drop(self, operators: Iterable[str]) -> Iterator[Change]:
        keys = [
            (from_text(operator, ID_LENGTH), part.told.part)
            for operator in operators
            for part in self._begun.pop(operator, ())
        ]
        if keys:
            yield Delete(BEGUN, keys)


def _row(operator: str, part: _Part) -> Row:
    told = part.told
    return from_text(operator, ID_LENGTH), told.part, part.at, encode_json(told.to_json())
