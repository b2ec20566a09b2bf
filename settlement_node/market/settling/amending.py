"""What better values make of settled intervals: late readings, and the grid operator's."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from depin_protocol.durations import DAY
from depin_protocol.metering import ESTIMATED_GAP_MS
from depin_protocol.settlement.correcting import corrected
from depin_protocol.settlement.metered import MeterEnergy, Told, metered
from depin_protocol.settlement.settled_member import SettledMember
from depin_protocol.statements.measuring import Readings
from settlement_node.log.entries import Decision
from settlement_node.market.settling.actions import MemberSeries
from settlement_node.market.settling.history import Course, Place
from settlement_node.market.settling.state import SettlingState
from settlement_node.market.settling.told import Quarters, Way

CORRECTED: Final = "corrected"

LATEST: Final = 3 * 366 * DAY
"""For how long after an interval the grid operator's word on it is heard, in milliseconds."""


class Amendment(NamedTuple):
    """A member's interval before and after a better value came."""

    start: int
    before: SettledMember
    after: SettledMember


def touched(state: SettlingState, member: str, body: Readings) -> list[Place]:
    """Name the settled intervals that a statement's samples may say more of."""
    meter = state.meters.of(member).get(body.device)
    if meter is None or not meter.hears(body):
        return []
    first, last = body.at[0], body.at[-1]
    before = [one.at for one in meter.samples if one.at < first]
    after = [one.at for one in meter.samples if one.at > last]
    low = max([first - ESTIMATED_GAP_MS, *before[-1:]]) if before else first
    high = min([last + ESTIMATED_GAP_MS, *after[:1]]) if after else last
    return [
        Place(market, start, member)
        for market in state.progress.markets()
        for start in _settled_starts(state, market, low, high)
    ]


def told_of(state: SettlingState, told: Iterable[MemberSeries], at: int) -> list[Place]:
    """Name the settled intervals that the grid operator's quarters are of, told at a time."""
    places: dict[Place, None] = {}
    for member, ways in by_member(told).items():
        instants = sorted({start for quarters in ways.values() for start in quarters})
        instants = [instant for instant in instants if instant >= at - LATEST]
        for market in state.progress.markets():
            reached = state.progress.of(market)
            grid = state.rules.grid(market)
            for instant in instants:
                begun = reached is not None and grid.versions[0].start <= instant
                if begun and reached is not None and instant < reached.settled:
                    places[Place(market, grid.start_of(instant), member)] = None
    return list(places)


def by_member(told: Iterable[MemberSeries]) -> dict[str, dict[Way, Quarters]]:
    """Gather quarters by member and way."""
    gathered: dict[str, dict[Way, Quarters]] = {}
    for series in told:
        ways = gathered.setdefault(series.member, {})
        ways.setdefault(series.way, {}).update(series.quarters)
    return gathered


def after_readings(state: SettlingState, member: str, body: Readings) -> dict[str, list[Amendment]]:
    """Amend what was settled without a statement's samples, market by market.

    A value takes the place of one that was less sure; its neighbours of the same quality then move
    with it, so that energies go on adding up.
    """
    places = touched(state, member, body)
    if not places:
        return {}
    meter = state.meters.of(member)[body.device]
    samples = meter.joined(body)
    amended: dict[str, list[Amendment]] = {}
    found: list[tuple[Place, Course, MeterEnergy, MeterEnergy]] = []
    for place in places:
        course = state.history.find(place)
        old = None if course is None else _of_device(course.latest, body.device)
        if course is not None and old is not None:
            end = state.rules.grid(place.market).next(place.start)
            energies = meter.energies(place.start, end, samples)
            found.append((place, course, old, MeterEnergy.of(body.device, meter.role, energies)))
    for place, course, old, new in _better(found):
        meters = tuple(new if one is old else one for one in course.latest.meters)
        amendment = _amended(state, place, course, meters, course.latest.told)
        if amendment is not None:
            amended.setdefault(place.market, []).append(amendment)
    return amended


def after_telling(
    state: SettlingState, series: Sequence[MemberSeries], at: int
) -> dict[str, list[Amendment]]:
    """Amend what was settled without the grid operator's quarters, market by market."""
    told = by_member(series)
    amended: dict[str, list[Amendment]] = {}
    for place in told_of(state, series, at):
        course = state.history.find(place)
        if course is None:
            continue
        end = state.rules.grid(place.market).next(place.start)
        new = state.quarters.told(place.member, place.start, end, told[place.member])
        latest = course.latest
        both = Told(new.imported or latest.told.imported, new.exported or latest.told.exported)
        amendment = _amended(state, place, course, latest.meters, both)
        if amendment is not None:
            amended.setdefault(place.market, []).append(amendment)
    return amended


def decisions(
    state: SettlingState, statement: int, amended: dict[str, list[Amendment]]
) -> Iterator[Decision]:
    """Write a decision for each market's corrections, before and after they are final."""
    for market, amendments in amended.items():
        reached = state.progress.of(market)
        final = 0 if reached is None else reached.final
        for is_late in (False, True):
            lines = [
                {"start": one.start, **one.after.line()}
                for one in amendments
                if (one.start < final) is is_late
            ]
            if lines:
                result: dict[str, object] = {
                    "statement": statement,
                    "market": market,
                    "final": is_late,
                }
                yield Decision(CORRECTED, result, tuple(lines))


def _better(
    found: list[tuple[Place, Course, MeterEnergy, MeterEnergy]],
) -> Iterator[tuple[Place, Course, MeterEnergy, MeterEnergy]]:
    surer = {place for place, _, old, new in found if new.quality > old.quality}
    moved = set(surer)
    for (one, *_), (other, *_) in pairwise(found):
        if one in surer or other in surer:
            moved |= {one, other}
    for place, course, old, new in found:
        if place in surer or (place in moved and new.quality == old.quality and new != old):
            yield place, course, old, new


def _amended(
    state: SettlingState,
    place: Place,
    course: Course,
    meters: tuple[MeterEnergy, ...],
    told: Told,
) -> Amendment | None:
    latest = course.latest
    bounds = state.bounds(place.market, place.start)
    figures = metered(meters, told, bounds, latest.terms)
    if figures == latest.metered:
        return None
    return Amendment(place.start, latest, corrected(course.first, meters, told, figures))


def _settled_starts(state: SettlingState, market: str, low: int, high: int) -> Iterable[int]:
    reached = state.progress.of(market)
    grid = state.rules.grid(market)
    if reached is None or low >= reached.settled:
        return
    start = grid.start_of(max(low, grid.versions[0].start))
    while start < min(high, reached.settled):
        if start >= reached.final:
            yield start
        start = grid.next(start)


def _of_device(settled: SettledMember, device: str) -> MeterEnergy | None:
    return next((one for one in settled.meters if one.device == device), None)
