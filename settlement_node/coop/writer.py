"""The single writer of a co-op: it decides in memory, commits once, and then gives its word."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from depin_protocol.durations import MINUTE
from depin_protocol.log.entries import SALT_LENGTH, StatementEntry, read_entry
from depin_protocol.problems import ChainEndedError, EarlierLogError, ForkError, RefusedError
from depin_protocol.receipts import sign_receipts
from depin_protocol.statements.envelope import Statement
from depin_protocol.statements.membership import OperatorAction
from settlement_node.coop.answers import Answer, Clock, Joined, Randomness, Settings
from settlement_node.coop.events import Events
from settlement_node.coop.keyring import Keyring
from settlement_node.coop.state import CoopState
from settlement_node.governance.arriving import admitted, evidence, holding, joined_by, joining
from settlement_node.governance.joining import JoinRefusedError
from settlement_node.governance.member import Member
from settlement_node.intake.checking import Checked, admit_in_turn, check_again
from settlement_node.intake.looking_up import index_of
from settlement_node.intake.receipts import group_row, receipt_at
from settlement_node.intake.said import Effects
from settlement_node.intake.streams import Place
from settlement_node.keeping.state_root import STATE_ROOT, written
from settlement_node.log.checkpoints import AT_ONCE, Checkpoints
from settlement_node.log.entries import Decision
from settlement_node.log.reading import entry_at
from settlement_node.market.settling.room import STOPPED
from settlement_node.store.port import Store
from settlement_node.store.tables import Change

_NEW_KEY: Final = "node_key_replaced"
_LONG_AWAY: Final = MINUTE


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a co-op takes from outside: time, chance, its keys and how it is to run."""

    keyring: Keyring
    clock: Clock
    randomness: Randomness
    settings: Settings = field(default_factory=Settings)


@dataclass(slots=True)
class Group:
    """What is committed together, with room for the answers."""

    joins: list[bytes] = field(default_factory=list)
    statements: list[Checked | RefusedError] = field(default_factory=list)


@dataclass(slots=True)
class Outcome:
    """The answers to a group, in order."""

    joins: list[Joined | JoinRefusedError] = field(default_factory=list)
    statements: list[Answer] = field(default_factory=list)
    entered: list[bool] = field(default_factory=list)
    """Which statements were not in the log before."""


type Entered = Statement | Place | RefusedError
"""What entered, or where it is in the log already, or why it can't enter."""


class Writer:
    """Writes one co-op's log; nobody else changes its state."""

    def __init__(
        self,
        store: Store,
        state: CoopState,
        checkpoints: Checkpoints,
        events: Events,
        surroundings: Surroundings,
    ) -> None:
        """Write for a state that was loaded from the store."""
        self._store = store
        self._state = state
        self._checkpoints = checkpoints
        self._events = events
        self._around = surroundings
        self._changes: list[Change] = []
        self._told: set[str] = set()
        self._at_once = False

    async def say_it_was_away(self) -> None:
        """Log before all else that the node was not there, where it had homes to listen to."""
        state = self._state
        is_long = self._around.clock() - state.at >= _LONG_AWAY
        if is_long and state.settling.waits and state.next_decision(state.at) is None:
            self.decide(Decision(STOPPED, {}), state.at)
            await self._commit(grown=True)

    async def write(self, group: Group) -> Outcome:
        """Put a group into the log, durably, and return what to answer."""
        state = self._state
        at = max(self._around.clock(), state.at)
        before = state.size
        self._decide_due(at)
        outcome = Outcome(joins=[self._join(wire, at) for wire in group.joins])
        checked = [one for one in group.statements if isinstance(one, Checked)]
        if any(one.envelope.kind == OperatorAction.KIND for one in checked):
            # It may look up whatever was decided before: so that must be stored.
            await self._commit(grown=state.size > before)
        await state.look_up(checked, self._store, at)
        first = state.size
        results = [await self._enter(one, at) for one in group.statements]
        self._decide_due(at)
        contradicting = [
            one.envelope.wire
            for one, result in zip(group.statements, results, strict=True)
            if isinstance(one, Checked) and isinstance(result, (ForkError, ChainEndedError))
        ]
        self._hold(contradicting, at)
        receipts = []
        entered = [result.hash for result in results if isinstance(result, Statement)]
        if entered:
            due = at + self._around.settings.promise
            facts = state.community.facts
            seed = self._around.keyring.seed(facts.receipt_key)
            receipts = sign_receipts(facts.origin, due, entered, seed)
            self._changes.append(group_row(first, receipts))
        await self._commit(grown=state.size > before)
        state.forget(checked)
        given = iter(receipts)
        outcome.entered = [isinstance(one, Statement) for one in results]
        for one in results:
            if isinstance(one, RefusedError):
                outcome.statements.append(one)
            elif isinstance(one, Place):
                outcome.statements.append(await self._receipt(one))
            else:
                outcome.statements.append(next(given))
        return outcome

    def decide(self, decision: Decision, at: int) -> int:
        """Log a decision within the batch; return its index."""
        if decision.kind == STATE_ROOT:
            entry, body = written(decision, at, self._around.randomness(SALT_LENGTH))
        else:
            salts = [self._around.randomness(SALT_LENGTH) for _ in decision.lines]
            entry, body = decision.written(at, salts)
        self._take(self._state.decide(at, decision, entry, body), at)
        self._at_once |= decision.kind in AT_ONCE or decision.kind == _NEW_KEY
        return self._state.size - 1

    @property
    def due_at(self) -> int | None:
        """When the time calls for a decision that should not wait."""
        return self._state.due_at

    async def commit_founding(self) -> None:
        """Commit entry 0, which was decided, and publish it."""
        await self._commit(grown=True)
        await self.checkpoint()

    async def checkpoint(self) -> None:
        """Sign and publish the log as it is, if it has grown or its key has changed."""
        state = self._state
        head = state.sequence.head()
        now = max(self._around.clock(), state.at)
        seed = self._around.keyring.seed(state.community.facts.log_key)
        note, change = self._checkpoints.sign(head, seed, now)
        await self._store.commit([change])
        self._checkpoints.publish(head, note)
        self._events.publish_checkpoint(head.size, now)

    def _join(self, wire: bytes, at: int) -> Joined | JoinRefusedError:
        community = self._state.community
        member = joined_by(wire, community)
        if member is not None:
            return self._joined(member)
        try:
            request, _ = admitted(wire, community, at)
        except JoinRefusedError as refused:
            return refused.with_traceback(None)
        self.decide(joining(wire, request), at)
        return self._joined(community.members[request.member])

    def _joined(self, member: Member) -> Joined:
        facts = self._state.community.facts
        key = facts.log_verifier()
        return Joined(member.id, member.joined_index, facts.origin, facts.receipt_key, key)

    async def _enter(self, one: Checked | RefusedError, at: int) -> Entered:
        """Take a statement, or find that it is known."""
        if isinstance(one, RefusedError):
            return one
        state = self._state
        current = check_again(one, state.find)
        if current is not one:
            # Its body was not read before, and may name what nobody has looked up.
            await state.look_up([current], self._store, at)
        try:
            admitted = admit_in_turn(current, state.find)
        except RefusedError as refused:
            return refused.with_traceback(None)
        if admitted is None:
            header = current.envelope.header
            return Place(header.member, header.stream, header.chain, header.seq)
        statement, entry = admitted
        self._take(state.enter(at, statement, entry), at)
        return statement

    def _decide_due(self, at: int) -> None:
        """Log every decision that has to come now."""
        while (decision := self._state.next_decision(at)) is not None:
            self.decide(decision, at)

    def _hold(self, wires: Sequence[bytes], at: int) -> None:
        """Keep the evidence that somebody else speaks with a member's key."""
        for wire in wires:
            if evidence(wire, self._state.community) is not None:
                self.decide(holding(wire), at)

    def _take(self, effects: Effects, at: int) -> None:
        self._changes += effects.changes
        if effects.tellings:
            self._changes.append(self._events.rows(effects.tellings, at))
            self._told.update(telling.member for telling in effects.tellings)

    async def _commit(self, *, grown: bool) -> None:
        if not grown:
            return
        self._changes += self._state.take_changes()
        await self._store.commit(self._changes)
        self._changes = []
        told, self._told = self._told, set()
        self._events.publish(told)
        self._checkpoints.grown(self._around.clock(), at_once=self._at_once)
        self._at_once = False

    async def _receipt(self, place: Place) -> Answer:
        facts = self._state.community.facts
        index = await index_of(place, self._state.find, self._store)
        if index is None and facts.previous is not None:
            return EarlierLogError(f"it stands in the log before this one, {facts.previous.origin}")
        logged = None if index is None else await entry_at(self._store, index)
        entry = None if logged is None else read_entry(logged)
        if index is None or not isinstance(entry, StatementEntry):
            raise LookupError(f"the statement at {place} is known, and has no row")
        receipt = await receipt_at(self._store, facts.origin, index)
        if receipt is None:
            # The statement was regained after a restore, and the promise given for it was not.
            due = self._around.clock() + self._around.settings.promise
            seed = self._around.keyring.seed(facts.receipt_key)
            receipts = sign_receipts(facts.origin, due, [entry.hash], seed)
            await self._store.commit([group_row(index, receipts)])
            receipt = receipts[0]
        return receipt
