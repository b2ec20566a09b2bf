"""One co-op at work: the single writer, and everything that the doors may ask of it.

For an HTTP layer and a command line (each `async` unless marked):

    Coop.found(store, facts, founder, around)   write entry 0; once per store
    Coop.open(store, around)                    load what the store holds; can be asked at once
    coop.start()            begin to write: overdue decisions first, then what is submitted
    coop.close()            commit what waits, publish a last checkpoint, stop; loses nothing
    coop.failure            plain: why it stopped by itself, or None

    coop.tick()             look at the clock now; a running co-op does so by itself
    coop.submit(wires) -> [Receipt | RefusedError]   in order; BusyError, StoppedError
    coop.join(wire) -> Joined                        JoinRefusedError; again = same answer
    coop.show_checkpoint(note)                       somebody else's; larger = read-only
    coop.offer_entries(start, entries)               what a restored node regains, from any mirror
    coop.offer_bodies(bodies) -> what is missing     homes' statements by `submit` do the same
    coop.missing            plain: what is missing still, and who could have it
    coop.resume()                                    after a restore, once nothing larger is known

    coop.facts              plain: identifier, currency, token, market, origin, keys
    coop.state              plain, read only: members, roles, invites, announcements
    coop.position           plain: entries, logged time, last checkpoint, why read-only
    coop.key_in_force(member)                        plain: for challenges; None: nobody
    coop.roles(member)                               plain
    coop.heads(member) -> {stream: [Head]}           plain: where a home goes on
    coop.receipt(place) -> Receipt | None
    coop.statement(place) -> (index, wire) | None
    coop.statements(member, stream, chain, after, limit) -> [(seq, index, wire)]
    coop.entry(index), coop.body(index)              public; private: check the role first
    coop.ledger             plain, read only: accounts and what they hold
    coop.movements(account, after, limit), coop.transfer(id)        private
    coop.state_lines(index) -> bytes | None          private too: what a state root stands for
    coop.proof_file(index) -> bytes | None           `.tlog-proof`, None until a checkpoint holds it
    coop.shelf.fetch(path) -> Served | None          `checkpoint`, `tile/...` with type and caching
    coop.shelf.inclusion(index, size), coop.shelf.consistency(old, new)

    coop.events.since(member, after, limit) -> [Event]
    coop.events.listen(member, after)                iterator: what was missed, then live

Operators' actions are statements: they come by `submit` like all others. `governance.actions`
builds and reads their parameters.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Self

from depin_protocol.log.merkle import TreeHead
from depin_protocol.receipts import Receipt
from depin_protocol.statements.bodies import Stream
from depin_protocol.statements.heads import Head
from settlement_node.coop.answers import Answers, Joined, ReadOnlyError, StoppedError
from settlement_node.coop.clearing_out import ClearingOut, deleted_below
from settlement_node.coop.events import Events
from settlement_node.coop.pipeline import Pipeline, stopped_by
from settlement_node.coop.regaining import NotRegainedError, Regaining, lacking_entries
from settlement_node.coop.state import CoopState
from settlement_node.coop.tidying import Tidying
from settlement_node.coop.trust import Shown, Trust
from settlement_node.coop.writer import Surroundings, Writer
from settlement_node.governance.facts import Facts
from settlement_node.governance.joining import JoinRefusedError
from settlement_node.governance.member import Role
from settlement_node.intake.checking import Checkers
from settlement_node.intake.looking_up import index_of, opening_of
from settlement_node.intake.receipts import receipt_at
from settlement_node.intake.streams import STATEMENT, Place
from settlement_node.keeping.roots import LINES
from settlement_node.ledger.ledger import Ledger
from settlement_node.ledger.reading import Movement, Spot, Told, movements, transfer_at
from settlement_node.log.checkpoints import Checkpoints, verified
from settlement_node.log.reading import bodies_at, body_at, entry_at
from settlement_node.log.sealed import DamagedLogError
from settlement_node.log.shelf import Shelf
from settlement_node.store.port import Store

PACKS_AT_ONCE: Final = 4
"""Opening a pack costs some 30 ms, and in a large co-op few of its statements are one home's."""

_BEING_COMPARED: Final = (
    "a checkpoint was shown that is larger than the last one here, and is being compared: send it"
    " again in a moment"
)


class Position(NamedTuple):
    """Where a co-op stands."""

    size: int
    at: int
    checkpoint: TreeHead
    read_only: str | None
    failure: str | None
    trouble: str | None
    """What can't be tidied up for now, though intake goes on."""
    erased: int | None
    """Below which entry an erasure has deleted all bodies since the start."""


@dataclass(frozen=True, slots=True)
class SaidBefore:
    """A statement that is held."""

    seq: int
    index: int
    wire: bytes


class Coop:
    """One co-op of a node."""

    def __init__(self, store: Store, state: CoopState, around: Surroundings) -> None:
        """Serve a state that was loaded from the store: `open` does that."""
        facts = state.community.facts
        self.state = state
        self.events = Events(store, around.settings.events_kept)
        self._store = store
        self._checkpoints = Checkpoints(facts.origin, around.settings.checkpoint_after)
        self.shelf = Shelf(store, self._checkpoints)
        # The loop has work of its own meanwhile, and others wait for it.
        self._checkers = Checkers(facts.coop, state.find, spared=1)
        self._writer = Writer(store, state, self._checkpoints, self.events, around)
        self._around = around
        self._pipeline = self._new_pipeline()
        self._trust = Trust(store, state)
        self._regaining: Regaining | None = None
        self._broken: str | None = None
        """Why what is in memory may be ahead of the store."""
        self._turn = asyncio.Lock()
        """Of who starts or stops the writer, or follows entries without it."""
        self._started = False

    @classmethod
    async def found(cls, store: Store, facts: Facts, founder: bytes, around: Surroundings) -> None:
        """Write entry 0 of a new co-op; the founder's request to join makes the first operator."""
        checkpoints = Checkpoints(facts.origin, around.settings.checkpoint_after)
        events = Events(store, around.settings.events_kept)
        writer = Writer(store, CoopState(), checkpoints, events, around)
        writer.decide(facts.checked().genesis(founder), around.clock())
        await writer.commit_founding()

    @classmethod
    async def open(cls, store: Store, around: Surroundings) -> Self:
        """Load a co-op; it can be asked at once, and takes statements after `start`."""
        coop = cls(store, await CoopState.load(store), around)
        await coop._checkpoints.load(store)
        await coop._check_last_checkpoint()
        coop._trust = await Trust.load(store, coop.state)
        await coop.events.load(coop.state.community.members)
        return coop

    def _new_pipeline(self) -> Pipeline:
        around = self._around
        clearing_out = ClearingOut(self._store, self.state, self.events, around.clock)
        tidying = Tidying(self._store, self._checkpoints, around, clearing_out)
        return Pipeline(self._writer, self._checkpoints, self._checkers, tidying, around)

    async def _check_last_checkpoint(self) -> None:
        """Compare what the store holds with what was signed last."""
        signed = self._checkpoints.published
        size = self.state.size
        if signed.size > size:
            raise DamagedLogError(
                f"a checkpoint of {signed.size} entries was published, and the store has {size}:"
                " restore a newer backup, and regain the rest"
            )
        if signed.size and await self.shelf.head(signed.size) != signed:
            raise DamagedLogError(
                f"the first {signed.size} entries are not those under the last checkpoint:"
                " run `settlement-node verify` to see which"
            )
        if signed.size < size:
            self._checkpoints.grown(self._around.clock())

    async def start(self) -> None:
        """Begin to write: first what is overdue, then what is submitted; not while read-only."""
        async with self._turn:
            await self._start()

    async def _start(self) -> None:
        if self._trust.read_only is None and not self._started:
            self._check_unbroken()
            self._started = True
            self._pipeline = self._new_pipeline()
            await self._pipeline.start()

    async def close(self) -> None:
        """Commit what waits, publish a last checkpoint, and stop; the store stays open."""
        async with self._turn:
            await self._pipeline.close(self._trust.read_only)
            self.events.close()
            self._checkers.close()

    @property
    def failure(self) -> str | None:
        """Why the co-op has stopped by itself."""
        store = self._store.failure
        return self._broken or self._pipeline.failure or (None if store is None else str(store))

    async def submit(self, wires: Sequence[bytes]) -> Answers:
        """Take statements; return a receipt or the refusal of each, in order."""
        if self._regaining is not None:
            await self.offer_bodies(wires)
        self._check_writable()
        if not wires:
            return Answers()
        outcome = await self._pipeline.hand_in(wires)
        return Answers(outcome.statements, outcome.entered)

    async def join(self, wire: bytes) -> Joined:
        """Take in a new member, or raise a JoinRefusedError."""
        self._check_writable()
        answer = (await self._pipeline.hand_in(join=wire)).joins[0]
        if isinstance(answer, JoinRefusedError):
            raise answer
        return answer

    async def tick(self) -> None:
        """Look at the clock now: log what is overdue, publish a checkpoint that is due."""
        self._check_writable()
        await self._pipeline.hand_in()

    def _check_writable(self) -> None:
        reason = self._trust.read_only
        if reason is not None:
            raise ReadOnlyError(reason)

    def _check_unbroken(self) -> None:
        reason = self.failure
        if reason is not None:
            raise StoppedError(reason)

    async def show_checkpoint(self, note: bytes) -> None:
        """Take a checkpoint that somebody holds, or raise a LogError if it is not of this log.

        One that is larger than the log here makes the co-op read-only until it has regained it;
        one that contradicts the log does so for good.
        """
        shown = Shown(verified(note, self.facts.log_verifier()), note)
        async with self._turn:
            if shown.checkpoint.tree.size <= self.shelf.size:
                await self._trust.compare(shown)
                if self._trust.read_only is not None:
                    await self._stop_growing()
                return
            # It was signed and not here: nothing may be until it is known what came of it.
            grew = self._started
            await self._stop_growing()
            await self._trust.show(shown)
            if self.failure is None:
                await self._trust.compare(shown)
                if grew:
                    await self._start()

    async def _stop_growing(self) -> None:
        """Sign nothing more for this log."""
        if self._started:
            self._started = False
            await self._pipeline.close(self._trust.read_only or _BEING_COMPARED)

    async def offer_entries(self, start: int, entries: Sequence[bytes]) -> None:
        """Take entries of the log that are missing here, or raise a NotRegainedError."""
        async with self._turn:
            largest = self._trust.largest
            if largest is None or largest.tree.size <= self.state.size:
                raise NotRegainedError(
                    "nothing is known to be missing: show a larger checkpoint first"
                )
            if self._regaining is None or self._regaining.target != largest:
                self._regaining = Regaining(self.state, self._store, largest)
            self._regaining.offer_entries(start, entries)
        await self.offer_bodies([])

    async def offer_bodies(self, bodies: Sequence[bytes]) -> str | None:
        """Take bodies that are missing, and go on as far as they reach; say what still is."""
        # Who goes away meanwhile must not leave it halfway.
        return await asyncio.shield(asyncio.create_task(self._regain(bodies)))

    async def _regain(self, bodies: Sequence[bytes]) -> str | None:
        async with self._turn:
            regaining = self._regaining
            if regaining is None:
                return None
            self._check_unbroken()
            for body in bodies:
                regaining.offer_body(body)
            following = asyncio.create_task(regaining.advance())
            await asyncio.wait([following])
            error = following.exception()
            if error is not None:
                self._broken = stopped_by(error)
                raise StoppedError(self._broken) from error
            if regaining.whole:
                self._regaining = None
                self._checkpoints.grown(self._around.clock())
            return self.missing

    @property
    def missing(self) -> str | None:
        """What is missing up to the largest checkpoint that is known, and who could have it."""
        if self._regaining is not None:
            return self._regaining.missing
        largest = self._trust.largest
        if largest is None or largest.tree.size <= self.state.size:
            return None
        return lacking_entries(self.state.size, largest.tree.size)

    @property
    def resumable(self) -> bool:
        """Tell whether nothing is known of the log that is not here, or was signed twice."""
        return self._trust.lost is None

    async def resume(self) -> None:
        """Let a restored co-op grow again: nobody is known to hold more of its log."""
        async with self._turn:
            self._check_unbroken()
            if self._trust.lost is not None:
                self._check_writable()
            await self._trust.settle()
            await self._start()

    @property
    def facts(self) -> Facts:
        """What the co-op is, and its node's keys in force."""
        return self.state.community.facts

    @property
    def position(self) -> Position:
        """Where the log stands."""
        state = self.state
        signed = self._checkpoints.published
        pipeline = self._pipeline
        said = (self._trust.read_only, self.failure, pipeline.trouble, pipeline.erased)
        return Position(state.size, state.at, signed, *said)

    @property
    def ledger(self) -> Ledger:
        """Who holds what: read only."""
        return self.state.ledger.ledger

    def key_in_force(self, member: str) -> bytes | None:
        """Return the key that a member shows itself with; nothing for who never was one.

        Who has left has no roles any more, and still reads what is its own.
        """
        found = self.state.find(member)
        return None if found is None else found.key

    def roles(self, member: str) -> frozenset[Role]:
        """Return the roles that a member may act in now."""
        found = self.state.find(member)
        return frozenset(role for role in Role if found is not None and found.acts_as(role))

    def check_events(self, member: str, after: int) -> None:
        """Raise an EventsExpiredError if a member can't go on after this event and miss nothing."""
        self.events.check(member, after, self.state.at)

    def heads(self, member: str) -> dict[Stream, list[Head]]:
        """Return where a member's chains stand that may go on."""
        found = self.state.find(member)
        if found is None:
            return {}
        return {
            name: [Head(chain, held.seq, held.hash) for chain, held in stream.chains.items()]
            for name, stream in found.streams.items()
        }

    async def receipt(self, place: Place) -> Receipt | None:
        """Return the receipt that was given for a statement."""
        index = await index_of(place, self.state.find, self._store)
        return None if index is None else await receipt_at(self._store, self.facts.origin, index)

    async def statement(self, place: Place) -> SaidBefore | None:
        """Return a statement that is held."""
        found = await self.statements(*place[:3], after=place.seq - 1, limit=1)
        return found[0] if found and found[0].seq == place.seq else None

    async def statements(
        self, member: str, stream: Stream, chain: str, *, after: int, limit: int
    ) -> list[SaidBefore]:
        """Return statements of a chain after a number: up to a limit, and from a few packs."""
        opened_at = await opening_of(member, stream, chain, self.state.find, self._store)
        if opened_at is None:
            return []
        after_key = (opened_at, after)
        rows = await self._store.scan(STATEMENT, (opened_at,), after=after_key, limit=limit)
        places = {index: seq for _, seq, index in rows if isinstance(index, int)}
        bodies = await bodies_at(self._store, places, PACKS_AT_ONCE)
        return [SaidBefore(int(places[index]), index, wire) for index, wire in bodies.items()]

    async def entry(self, index: int) -> bytes | None:
        """Return an entry, which everybody may see."""
        return await entry_at(self._store, index)

    async def body(self, index: int) -> bytes | None:
        """Return an entry's body, which is private: check first who asks."""
        return await body_at(self._store, index)

    async def transfer(self, name: bytes) -> Told | None:
        """Return a transfer, which is private."""
        return await transfer_at(self._store, name)

    async def movements(self, account: int, after: Spot, limit: int) -> list[Movement]:
        """Return what happened on an account after a place of the log; private too."""
        return await movements(self._store, account, after, limit)

    async def state_lines(self, index: int) -> bytes | None:
        """Return the lines of a state root that is kept; private, as bodies are."""
        row = await self._store.get(LINES, (index,))
        return row[1] if row is not None and isinstance(row[1], bytes) else None

    async def deleted_below(self) -> int:
        """Tell below which entry an erasure has deleted all bodies."""
        return await deleted_below(self._store)

    async def proof_file(self, index: int) -> bytes | None:
        """Return an entry's `.tlog-proof`, or nothing until a checkpoint holds it."""
        return await self.shelf.proof_file(index)
