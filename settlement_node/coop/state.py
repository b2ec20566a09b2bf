"""All that a co-op needs to decide, in memory; entries are the only way to change it."""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple, Self

from depin_protocol.events import EventKind
from depin_protocol.log.entries import StatementEntry, entry_name, read_entry
from depin_protocol.statements.bodies import Stream
from depin_protocol.statements.chains import Entry as Admitted
from depin_protocol.statements.envelope import Statement
from depin_protocol.statements.membership import KeyChange
from depin_protocol.statements.timing import lack_of_effect
from settlement_node.coop.rooms import Room
from settlement_node.governance.arriving import held_telling
from settlement_node.governance.community import Community
from settlement_node.governance.member import Member
from settlement_node.governance.objections import NO_EFFECT, no_effect
from settlement_node.governance.room import MembershipRoom
from settlement_node.intake.checking import Checked
from settlement_node.intake.looking_up import forget, look_up
from settlement_node.intake.said import Effects, Said, Telling
from settlement_node.intake.streams import ENDED, STATEMENT, Chain, chain_changes
from settlement_node.keeping.room import KeepingRoom
from settlement_node.keeping.roots import LINES
from settlement_node.keeping.state_root import STATE_ROOT, body_of
from settlement_node.keeping.succession import check_signed, inherited
from settlement_node.ledger.room import LedgerRoom
from settlement_node.log.entries import Decision, DecisionError
from settlement_node.log.reading import entry_at, log_size
from settlement_node.log.sealed import as_kept
from settlement_node.log.sequence import Sequence
from settlement_node.log.tables import TILE
from settlement_node.market.issuing.room import IssuingRoom
from settlement_node.market.issuing.settled_books import SettledMonths
from settlement_node.market.rules.room import RulesRoom
from settlement_node.market.settling.room import SettlingRoom
from settlement_node.market.trading.room import TradingRoom
from settlement_node.store.port import Store, View
from settlement_node.store.rows_view import RowsView
from settlement_node.store.tables import Change, Put, Row, Table


class _Answer(NamedTuple):
    """A decision that a statement calls for: whose, and of which kind."""

    member: str
    said: str
    decision: Decision


class CoopState:
    """The state machine: it takes entries in order, and knows which decision must come next."""

    def __init__(self) -> None:
        """Begin before entry 0."""
        self.community = Community()
        self.sequence = Sequence()
        self.at = 0
        """The logged time of the last entry."""
        self.ledger = LedgerRoom(self.community)
        self.rules = RulesRoom(self.community, self.ledger, self._takes_part)
        self.trading = TradingRoom(self.community, self.ledger, self.rules, self._is_metered)
        self.settling = SettlingRoom(self.community, self.ledger, self.rules, self.trading)
        settled = SettledMonths(self.settling, self.rules)
        self.issuing = IssuingRoom(self.community, self.ledger, self.rules, settled)
        self.keeping = KeepingRoom(self.community, self)
        others: tuple[Room, ...] = (
            self.ledger,
            self.rules,
            self.trading,
            self.settling,
            self.issuing,
        )
        elsewhere = self.keeping.actions.union(*(room.actions for room in others))
        membership = MembershipRoom(self.community, elsewhere)
        self._rooms: tuple[Room, ...] = (membership, *others, self.keeping)
        # What is overdue in another room may be the first entry of a day.
        self._by_time: tuple[Room, ...] = (self.keeping, membership, *others)
        self._room_of = {kind: room for room in self._rooms for kind in room.kinds}
        self._unanswered: deque[Said] = deque()
        self._answers: deque[_Answer] = deque()
        self._moved: dict[tuple[str, Stream, str], Chain] = {}
        self._placed: list[Row] = []
        self._taken: list[Change] = []

    @classmethod
    async def load(cls, store: Store) -> Self:
        """Take the state from a store's rows."""
        state = cls()
        with as_kept():
            last = await entry_at(store, await log_size(store) - 1)
            at = 0 if last is None else read_entry(last).at
            await state.take_up(await Sequence.load(store), at, store)
        return state

    async def take_up(self, sequence: Sequence, at: int, view: View) -> None:
        """Go on after the last entry of a sequence, with these rows."""
        self.sequence = sequence
        self.at = at
        for room in self._rooms:
            await room.load(view)

    async def succeed(self, at: int, decision: Decision, entry: bytes, body: bytes) -> Effects:
        """Begin with entry 0 of a log that succeeds another: the rooms go on where they were."""
        tables = {table.name: table for table in self.tables}
        facts, rows = inherited(decision, tables)
        check_signed(decision, facts, rows)
        await self.take_up(self.sequence, at, RowsView(rows))
        for table, row in rows:
            if table is ENDED:
                self.community.recall_ended(row)
        self.sequence.append(entry, body)
        return Effects(tuple(Put(table, [row]) for table, row in rows))

    def rows(self) -> Iterator[tuple[Table, Row]]:
        """Give every row of every room's state as it stands."""
        for room in self._rooms:
            yield from room.state_rows()

    @property
    def tables(self) -> tuple[Table, ...]:
        """The tables that follow from entries and bodies."""
        return (TILE, STATEMENT, *(table for room in self._rooms for table in room.tables))

    @property
    def size(self) -> int:
        """How many entries the log has."""
        return self.sequence.size

    def find(self, member: str) -> Member | None:
        """Return a member."""
        return self.community.members.get(member)

    def next_decision(self, at: int) -> Decision | None:
        """Return the decision that has to be the next entry at this time, if any has to."""
        self.answer()
        if self._answers:
            return self._answers[0].decision
        for room in self._by_time:
            decision = room.overdue(at)
            if decision is not None:
                return decision
        return None

    @property
    def may_owe(self) -> bool:
        """Tell whether statements of this instant may still call for a decision."""
        return bool(self._answers or self._unanswered)

    @property
    def unanswered(self) -> int | None:
        """The first statement that calls for a decision which is not there yet."""
        self.answer()
        if not self._answers:
            return None
        answered = self._answers[0].decision.result.get("statement")
        return answered if isinstance(answered, int) else self.size - 1

    def answer(self) -> None:
        """Find the next decisions that statements call for; of some, none follows."""
        while not self._answers and self._unanswered:
            said = self._unanswered.popleft()
            member, kind = said.statement.header.member, said.statement.kind
            decisions = self._following(said)
            self._answers.extend(_Answer(member, kind, decision) for decision in decisions)
            if all(decision.kind != NO_EFFECT for decision in decisions):
                for room in self._rooms:
                    if room.concerns(said):
                        self._taken += room.take(said)

    def enter(self, at: int, statement: Statement, admitted: Admitted) -> Effects:
        """Take a statement that was found to be the next of its chain."""
        self._advance(at)
        if admitted.lacks is not None:
            statement = statement._replace(body=None, lacks=admitted.lacks)
        entry = StatementEntry(at, statement.kind, statement.hash).encode()
        index = self.sequence.append(entry, statement.wire)
        member = self.community.members[statement.header.member]
        was_held = member.held
        for place, chain in member.enter(statement, admitted, index).items():
            self._moved[member.id, *place] = chain
        header = statement.header
        opened_at = member.streams[header.stream].chains[header.chain].opened_at
        self._placed.append((opened_at, header.seq, index))
        changes = self._take_taken()
        if isinstance(statement.body, KeyChange) or member.held != was_held:
            changes.append(self.community.member_row(member.id))
        said = Said(index, at, statement, member.orders_held)
        if self._calls_for_decision(said):
            self._unanswered.append(said)
        tellings: tuple[Telling, ...] = ()
        if header.seq == 1 and len(member.streams[header.stream].live()) > 1:
            tellings = (held_telling(member.id, None),)
        return Effects(tuple(changes), tellings)

    def decide(self, at: int, decision: Decision, entry: bytes, body: bytes) -> Effects:
        """Take a decision; raise a DecisionError if it does not follow from what precedes it.

        Of a state root, `body` is all its lines.
        """
        room = self._room_of.get(decision.kind)
        if room is None:
            raise DecisionError(f"the decision {decision.kind} is unknown here")
        wanted = self.next_decision(at)
        if wanted is None:
            room.check_free(decision, at)
        elif decision != wanted:
            raise DecisionError(f"the decision has to be {wanted}, not {decision}")
        answer = self._answers.popleft() if self._answers else None
        self._advance(at)
        is_root = decision.kind == STATE_ROOT
        index = self.sequence.append(entry, body_of(body) if is_root else body)
        name = entry_name(entry)
        effects = Effects(tuple(self._take_taken()))
        effects = effects.and_then(room.apply(decision, name=name, index=index, at=at))
        for other in self._rooms:
            if other is not room:
                effects = effects.and_then(other.hear(decision, index=index, at=at))
        if is_root:
            return effects.and_then(Effects((Put(LINES, [(index, body)]),)))
        if answer is None or decision.kind != NO_EFFECT:
            return effects
        about: dict[str, object] = {"decision": name, "kind": decision.kind, "said": answer.said}
        data = {**about, **decision.result, **decision.lines[0]}
        told = Telling(answer.member, EventKind.DECISION, data)
        return Effects(effects.changes, (*effects.tellings, told))

    async def look_up(self, checked: Iterable[Checked], view: View, at: int) -> None:
        """Bring near what deciding on these statements takes of what only the store has."""
        several = list(checked)
        await look_up(several, self.find, view, self.size)
        statements = [one.found for one in several if isinstance(one.found, Statement)]
        for room in self._rooms:
            await room.look_up(statements, view, size=self.size, at=at)

    def forget(self, checked: Iterable[Checked]) -> None:
        """Let go of what was brought near for these; what was decided is stored."""
        forget(checked, self.find)
        if not self.may_owe:
            for room in self._rooms:
                room.forget(self.at)

    def take_changes(self) -> list[Change]:
        """Return the rows that every entry since the last time has changed a little more."""
        changes = self.sequence.take_changes()
        if self._moved:
            changes += [*chain_changes(self._moved), Put(STATEMENT, self._placed)]
            self._moved = {}
            self._placed = []
        return changes + self._take_taken()

    @property
    def due_at(self) -> int | None:
        """When a decision will be due that should not wait for an entry."""
        return min((at for room in self._rooms if (at := room.due_at) is not None), default=None)

    def _take_taken(self) -> list[Change]:
        taken, self._taken = self._taken, []
        return taken

    def _advance(self, at: int) -> None:
        if at < self.at:
            raise DecisionError(f"the logged time goes back from {self.at} to {at}")
        self.at = at

    def _is_metered(self, member: str, start: int, end: int) -> bool:
        return self.settling.is_metered(member, start, end)

    def _takes_part(self, member: str, market: str, first: int) -> bool:
        return self.settling.has_reported(member) or self.trading.has_orders(market, member, first)

    def _calls_for_decision(self, said: Said) -> bool:
        lacks = lack_of_effect(said.statement, said.at, self.rules.deadlines(said.statement))
        if lacks is not None:
            return True
        for room in self._rooms:  # noqa: SIM110 - of every statement; `any` takes twice as long
            if room.concerns(said):
                return True
        return False

    def _following(self, said: Said) -> list[Decision]:
        lacks = lack_of_effect(said.statement, said.at, self.rules.deadlines(said.statement))
        if lacks is not None:
            return [no_effect(said, lacks.code, lacks.detail)]
        decisions: list[Decision] = []
        for room in self._rooms:
            if room.concerns(said):
                decisions += room.following(said)
            if any(decision.kind == NO_EFFECT for decision in decisions):
                break
        return decisions
