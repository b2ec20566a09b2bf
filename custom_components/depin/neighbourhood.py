"""What all members of a co-op did together in an interval, as its node tells everybody."""

from typing import NamedTuple

from .protocol.bounds import MAX_AMOUNT
from .protocol.statements.fields import MAX_COUNT, MAX_TIME, Fields


class Flows(NamedTuple):
    """Sums over all members, in watt-hours."""

    imported: int
    exported: int
    delivered: int
    """What was traded, delivered and used."""
    pooled: int
    """What passed from one to another through the community pool."""


class Neighbourhood(NamedTuple):
    """An interval of everybody's; of too few, nothing but its time is told."""

    start: int
    end: int
    members: int | None
    missing: int | None
    """Of how many of them the readings are missing."""
    estimated: int | None
    flows: Flows | None


def read_neighbourhood(value: object, path: str) -> Neighbourhood:
    """Read an interval of the public list, or raise a BodyError."""
    fields = Fields(value, path)
    start, end = fields.integer("start", 0, MAX_TIME), fields.integer("end", 0, MAX_TIME)
    told = fields.take("figures")
    if told is None:
        return Neighbourhood(start, end, None, None, None, None)
    figures = Fields(told, f"{path}.figures")
    members, missing, estimated = [
        figures.integer(name, 0, MAX_COUNT) for name in ("members", "missing", "estimated")
    ]
    flows = Flows(*(figures.integer(name, 0, MAX_AMOUNT) for name in Flows._fields))
    return Neighbourhood(start, end, members, missing, estimated, flows)
