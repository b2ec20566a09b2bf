"""Settlement as one of the rooms that a co-op consists of."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Final

from depin_protocol.durations import DAY
from depin_protocol.encoding import EncodingError, encode_json, from_text
from depin_protocol.events import EventKind
from depin_protocol.identifiers import ID_LENGTH
from depin_protocol.metering import Quality
from depin_protocol.settlement.settled_member import SettledMember
from depin_protocol.statements.envelope import Statement
from depin_protocol.statements.fields import MARKET, MAX_TIME, BodyError, Fields
from depin_protocol.statements.measuring import Device, Readings
from depin_protocol.statements.membership import OperatorAction
from depin_protocol.statements.trading import Preference
from settlement_node.governance.community import Community
from settlement_node.governance.objections import ObjectedError, Objection, no_effect
from settlement_node.instants import shown_time
from settlement_node.intake.said import Effects, Said, Telling
from settlement_node.ledger.room import LedgerRoom
from settlement_node.ledger.transfers import Transfer
from settlement_node.log.entries import Decision, DecisionError
from settlement_node.market.rules.acting import MARKET_SET
from settlement_node.market.settling.actions import (
    ACTIONS,
    MemberSeries,
    TellQuarterHours,
    read_action,
    read_series,
)
from settlement_node.market.settling.amending import (
    CORRECTED,
    Amendment,
    after_readings,
    after_telling,
    by_member,
    decisions,
    told_of,
    touched,
)
from settlement_node.market.settling.booking import Booking
from settlement_node.market.settling.due import Due
from settlement_node.market.settling.history import Place, settled_rows
from settlement_node.market.settling.interval import SETTLED, SettledInterval
from settlement_node.market.settling.progress import Reached
from settlement_node.market.settling.state import Rules, SettlingState, Trading
from settlement_node.market.settling.tables import LATE, SETTLED_INTERVAL, TABLES
from settlement_node.store.port import View
from settlement_node.store.tables import Change, Put, Row, Table

TOLD: Final = "quarter_hours_told"
FINAL: Final = "final"
STOPPED: Final = "stopped"


class SettlingRoom:
    """What was metered is settled against what was traded, interval by interval."""

    kinds: Final = frozenset((SETTLED, CORRECTED, TOLD, FINAL, STOPPED))
    actions: Final = ACTIONS
    tables: Final[tuple[Table, ...]] = TABLES

    def __init__(
        self, community: Community, ledger: LedgerRoom, rules: Rules, trading: Trading
    ) -> None:
        """Settle what this community trades."""
        self._state = SettlingState(community, ledger, rules, trading)
        self._due = Due(self._state)
        self._amended: dict[tuple[str, int], Amendment] = {}
        self._ahead: dict[str, list[MemberSeries]] = {}
        """What operators have told and nobody has looked at yet."""

    async def load(self, view: View) -> None:
        """Take the state from its rows."""
        await self._state.load(view)

    def state_rows(self) -> Iterator[tuple[Table, Row]]:
        """Give every row of the state as it stands: settled intervals are none of it."""
        return self._state.rows()

    def is_metered(self, member: str, start: int, end: int) -> bool:
        """Tell whether a member has a grid meter that is in use all through an interval."""
        return any(one.role == "grid" for one in self._state.meters.in_use(member, start, end))

    def has_reported(self, member: str) -> bool:
        """Tell whether a member has a grid meter that was heard of."""
        return any(
            one.role == "grid" and one.last for one in self._state.meters.of(member).values()
        )

    def final_before(self, market: str) -> int:
        """Say before which start all of a market's settled intervals are final."""
        reached = self._state.progress.of(market)
        return 0 if reached is None else reached.final

    def concerns(self, said: Said) -> bool:
        """Tell whether a sound statement is this room's to answer."""
        match said.statement.body:
            case Readings() | Device() | Preference():
                return True
            case OperatorAction(action=action):
                return action in self.actions
        return False

    def following(self, said: Said) -> list[Decision]:
        """Return the corrections that a statement calls for, and what is taken of a telling."""
        state = self._state
        match said.statement.body:
            case Readings() as body:
                amended = after_readings(state, said.statement.header.member, body)
                return self._decided(said, amended)
            case Preference(market=market) if market not in state.rules.markets():
                detail = f"there is no market {market} here"
                return [no_effect(said, Objection.NO_SUCH_MARKET, detail)]
            case OperatorAction() as body if body.action in self.actions:
                try:
                    return self._told(said, read_action(body))
                except (BodyError, EncodingError) as error:
                    return [no_effect(said, Objection.PARAMETERS_INVALID, str(error))]
        return []

    def take(self, said: Said) -> tuple[Change, ...]:
        """Keep what a statement says of meters, or of preferred homes."""
        state, member = self._state, said.statement.header.member
        match said.statement.body:
            case Readings() as body:
                changes = state.meters.take(member, body, state.progress.everywhere)
            case Device() as body:
                changes = state.meters.declare(member, body, said.at, state.progress.everywhere)
                if body.role == "grid":
                    changes += tuple(state.begin(said.at))
            case Preference() as preference:
                return (state.prefer(member, preference), *state.hear(said.at))
            case OperatorAction() as action:
                begun = state.begun.take(member, read_action(action), said.at)
                return (*begun, *state.hear(said.at))
            case _:
                return ()
        self._due.changed()
        self._due.look_again(member)
        return (*changes, *state.hear(said.at))

    def overdue(self, at: int) -> Decision | None:
        """Return the settlement that the time calls for, or the end of a day's corrections."""
        due = self._due.next(at)
        if due is not None:
            return due[1]
        for market in self._state.progress.markets():
            until = self._final_until(market, at)
            if until is not None:
                return Decision(FINAL, {"market": market, "until": until})
        return None

    @property
    def due_at(self) -> int | None:
        """When an interval's time will come."""
        return self._due.at

    @property
    def waits(self) -> bool:
        """Tell whether anybody's readings are waited for, so that it matters who is away."""
        return bool(self._state.progress.markets())

    def check_free(self, decision: Decision, at: int) -> None:
        """Check a decision that nothing in the log called for, or raise a DecisionError."""
        if self.waits and decision == Decision(STOPPED, {}):
            return
        raise DecisionError(f"nothing that precedes {at} calls for the decision {decision.kind}")

    def apply(self, decision: Decision, *, name: str, index: int, at: int) -> Effects:
        """Let a decision take effect."""
        if decision.kind == STOPPED:
            return Effects((*self._state.hear(at), *self._state.hearing.stop()))
        return self._applied(decision, name, index, at).and_then(Effects(self._state.hear(at)))

    def hear(self, decision: Decision, *, index: int, at: int) -> Effects:  # noqa: ARG002
        """Begin to settle in a market that was made after the co-op's first meter."""
        heard = self._state.hear(at)
        if decision.kind != MARKET_SET or not self._state.progress.markets():
            return Effects(heard)
        return Effects((*heard, *self._state.begin(at)))

    async def look_up(self, said: Sequence[Statement], view: View, *, size: int, at: int) -> None:
        """Bring near the settled intervals that statements may correct."""
        for statement in said:
            match statement.body:
                case Readings() as body:
                    places = touched(self._state, statement.header.member, body)
                    await self._state.history.recall(places, view, size)
                case OperatorAction() as body if body.action in self.actions:
                    with suppress(BodyError, EncodingError):
                        places = self._told_by(statement.header.member, read_action(body), at)
                        await self._state.history.recall(places, view, size)

    def forget(self, at: int) -> None:  # noqa: ARG002
        """Let go of what was brought near: all that was decided until now is stored."""
        self._state.history.forget()
        self._amended.clear()
        self._ahead.clear()

    def _told_by(self, operator: str, action: TellQuarterHours, at: int) -> list[Place]:
        """Name the settled intervals that an import is of, once its last part comes."""
        ahead = self._ahead.setdefault(operator, [])
        ahead.extend(action.series)
        if not action.is_last:
            return []
        return told_of(self._state, [*self._state.begun.series(operator), *ahead], at)

    def _applied(self, decision: Decision, name: str, index: int, at: int) -> Effects:
        if decision.kind == SETTLED:
            return self._settle(decision, name, index, at)
        if decision.kind == CORRECTED:
            return self._correct(decision, name, index, at)
        fields = Fields(decision.result, "result")
        if decision.kind == TOLD:
            return Effects(tuple(self._take_told(decision)))
        market, until = fields.text("market", MARKET), fields.integer("until", 0, MAX_TIME)
        reached = self._reached(market)
        return Effects((self._state.progress.set(market, reached._replace(final=until)),))

    def _reached(self, market: str) -> Reached:
        reached = self._state.progress.of(market)
        if reached is None:
            raise DecisionError(f"the market {market} has not begun to settle")
        return reached

    def _final_until(self, market: str, at: int) -> int | None:
        """Say up to when a market's settlement becomes final, a day at a time."""
        reached = self._reached(market)
        until = (reached.final // DAY + 1) * DAY
        correction = self._state.rules.grid(market).version(reached.final).rules.correction
        return until if until <= reached.settled and until + correction <= at else None

    def _decided(self, said: Said, amended: dict[str, list[Amendment]]) -> list[Decision]:
        for market, amendments in amended.items():
            for one in amendments:
                self._amended[market + one.after.member, one.start] = one
        return list(decisions(self._state, said.index, amended))

    def _told(self, said: Said, action: TellQuarterHours) -> list[Decision]:
        for series in action.series:
            if series.member not in self._state.community.members:
                detail = f"nobody here is {series.member}"
                return [no_effect(said, Objection.NO_SUCH_MEMBER, detail)]
            if series.end > said.at:
                detail = f"nobody has measured yet what flows until {shown_time(series.end)}"
                return [no_effect(said, Objection.PARAMETERS_INVALID, detail)]
        try:
            whole = self._state.begun.with_part(said.statement.header.member, action)
        except ObjectedError as objection:
            return [no_effect(said, objection.code, objection.detail)]
        if not action.is_last:
            return []
        lines: tuple[dict[str, object], ...] = tuple({"series": one.to_json()} for one in whole)
        told = Decision(TOLD, {"statement": said.index}, lines)
        return [told, *self._decided(said, after_telling(self._state, whole, said.at))]

    def _take_told(self, decision: Decision) -> Iterator[Change]:
        """Let quarters of intervals that are not settled wait for them."""
        series = [read_series(line["series"], "line.series") for line in decision.lines]
        settled = self._state.progress.everywhere
        for member, ways in by_member(series).items():
            for way, quarters in ways.items():
                waiting = {at: one for at, one in quarters.items() if at >= settled}
                yield from self._state.quarters.add(member, way, waiting)
        self._due.changed()

    def _settle(self, decision: Decision, name: str, index: int, at: int) -> Effects:
        state = self._state
        due = self._due.next(at)
        if due is None:
            raise DecisionError("no interval is to be settled here")
        settled = due[0]
        interval = settled.interval
        market, start, end = interval.market, interval.start, interval.end
        booking = Booking(state.ledger.ledger, market, start, index, at)
        transfers = list(booking.settled(settled.members, settled.accounts))
        changes = list(state.ledger.book(transfers, index=index, at=at))
        rows = ((start, str(line["member"]), line) for line in decision.lines)
        changes.append(settled_rows(market, index, rows))
        changes.append(
            Put(SETTLED_INTERVAL, [(market, start, index, encode_json(decision.result))])
        )
        reached = self._reached(market)
        changes.append(state.progress.set(market, Reached(end, reached.final)))
        changes += state.meters.settle(end)
        changes += state.quarters.forget(state.progress.everywhere)
        changes += state.begun.forget(at)
        for one in settled.members:
            state.history.note(Place(market, start, one.member), one)
        self._due.changed()
        return Effects(tuple(changes), tuple(_tellings(settled, name)))

    def _correct(self, decision: Decision, name: str, index: int, at: int) -> Effects:
        state = self._state
        fields = Fields(decision.result, "result")
        market, is_late = fields.text("market", MARKET), fields.take("final") is True
        changes: list[Change] = []
        tellings: list[Telling] = []
        transfers: list[Transfer] = []
        late: list[Row] = []
        for line in decision.lines:
            start, member = Fields(line, "line").time("start"), str(line["member"])
            amendment = self._amended[market + member, start]
            if is_late:
                late.append((from_text(member, ID_LENGTH), index, market, start))
            else:
                booking = Booking(state.ledger.ledger, market, start, index, at)
                transfers += booking.corrected(amendment.before, amendment.after)
            state.history.note(Place(market, start, member), amendment.after)
            tellings.append(_telling(amendment.after, market, start, name, CORRECTED))
        changes += state.ledger.book(transfers, index=index, at=at)
        changes += [Put(LATE, late)] if late else []
        rows = (
            (Fields(line, "line").time("start"), str(line["member"]), line)
            for line in decision.lines
        )
        changes.append(settled_rows(market, index, rows))
        return Effects(tuple(changes), tuple(tellings))


def _tellings(settled: SettledInterval, name: str) -> Iterator[Telling]:
    interval = settled.interval
    for one in settled.members:
        yield _telling(one, interval.market, interval.start, name, SETTLED)


def _telling(one: SettledMember, market: str, start: int, name: str, kind: str) -> Telling:
    data: dict[str, object] = {
        "decision": name,
        "kind": kind,
        "market": market,
        "start": start,
        "pays": one.lines.pays,
        "receives": one.lines.receives,
        "measured": one.metered.quality is Quality.MEASURED,
    }
    return Telling(one.member, EventKind.SETTLED, data)
