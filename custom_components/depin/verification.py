"""Verifies the co-op's books for this home, over and over; what does not hold stops trading."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from pathlib import Path
from random import SystemRandom
from typing import TYPE_CHECKING, Final, Protocol

from .attestation import Attestation
from .delivery import Trust, pause_after
from .log_watch import LogWatch
from .node import MemberNode, NodeError, NodeRefusedError, StrangeAnswerError, agreed
from .outbox import Outbox, Place
from .own_words import OwnWords
from .protocol.checking.evidence import Evidence
from .protocol.checking.log_cases import PromiseCase
from .protocol.checking.verdicts import Check
from .protocol.durations import DAY, MINUTE
from .protocol.events import Event, EventKind
from .protocol.log.proof_file import ProofFile
from .protocol.receipts import Receipt
from .protocol.statements.fields import MARKET, MAX_TIME, BodyError, Fields
from .rules_watch import RulesWatch
from .suspicion import SuspicionError, examine
from .verified_file import Suspicion, Verified, VerifiedFile, write_whole
from .waiting_orders import WaitingOrders

if TYPE_CHECKING:
    from .interval_checks import IntervalChecks

_LOGGER: Final = logging.getLogger(__name__)

_EVERY: Final = (240.0, 360.0)
"""How often all is looked at, in seconds; each home at moments of its own."""
_SOON: Final = (2.0, 20.0)
"""How soon after an interval of this home was settled."""
_BACK: Final = 2 * DAY
"""How far back a home begins, and for how long what is not shown is asked for again."""
_GRACE: Final = 10 * MINUTE
"""For how long after the time promised a statement may still be on its way into a checkpoint."""
_AT_ONCE: Final = 100
_DRAWN: Final = SystemRandom()

type Announced = tuple[str, int]
"""A market, and the start of an interval that was settled or corrected."""


class Alarm(Protocol):
    """Who is told that the books do not hold."""

    def tell_suspicion(self, suspicion: Suspicion) -> None:
        """Say what was found, until the owner has answered."""
        ...

    def withdraw_suspicion(self) -> None:
        """Say no more of it."""
        ...


@dataclass(frozen=True, slots=True)
class Places:
    """Where it keeps what it knows, and where the owner finds evidence."""

    file: Path
    evidence: Path


class Verification:
    """Checks the log, this home's statements in it, and each of its intervals."""

    def __init__(  # noqa: PLR0913 - what it stands between
        self,
        *,
        attestation: Attestation,
        node: MemberNode,
        trust: Trust,
        log_in: Callable[[], Awaitable[None]],
        orders: WaitingOrders,
        alarm: Alarm,
        clock: Callable[[], int],
    ) -> None:
        """Begin with nothing known."""
        self.is_verified: bool | None = None
        """Whether all that was looked at holds; None before anything was."""
        self.intervals = 0
        """How many intervals were checked since the start."""
        self.looked_at: int | None = None
        """When all that is new was last looked at to the end; None before."""
        self._attestation = attestation
        self._node = node
        self._trust = trust
        self._log_in = log_in
        self._orders = orders
        self._alarm = alarm
        self._clock = clock
        self._listeners: list[Callable[[], None]] = []
        self._wanted = asyncio.Event()
        self._announced: set[Announced] = set()
        self._turn = asyncio.Lock()
        self._words = OwnWords()
        self._held: Verified
        self._saved: Verified
        self._places: Places
        self._file: VerifiedFile
        self._watch: LogWatch
        self._rules: RulesWatch
        self._salt: bytes

    async def open(self, places: Places, salt: bytes) -> None:
        """Go on where the home stopped; `salt` is that of its pseudonyms."""
        self._places, self._file = places, VerifiedFile(places.file)
        self._held = self._saved = await asyncio.to_thread(self._file.load)
        self._watch = LogWatch(self._node.node, self._trust.log, self._held.seen)
        self._rules = RulesWatch(self._node.node, self._watch)
        self._salt = salt
        for wire in self._held.declared:
            self._words.remember(wire)
        if self._held.suspicion is not None:
            self.is_verified = False
            self._orders.stopped = True
            self._alarm.tell_suspicion(self._held.suspicion)

    @property
    def size(self) -> int:
        """How many entries of the log were verified to follow from each other."""
        return self._watch.size

    @property
    def suspicion(self) -> Suspicion | None:
        """Why nothing is to be traded until the owner has answered."""
        return self._held.suspicion

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call back after each look, until the returned function is called."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def hear(self, event: Event | None) -> None:
        """Look at an interval soon after the node has told that it was settled or corrected."""
        if event is None or event.known is not EventKind.SETTLED:
            return
        with suppress(BodyError):
            fields = Fields(event.data, "data")
            self._announced.add((fields.text("market", MARKET), fields.time("start")))
            self._wanted.set()

    async def run(self) -> None:
        """Look for ever; what can't be asked for now is asked for later."""
        failures = 0
        while True:
            pause = _DRAWN.uniform(*_EVERY)
            try:
                await self.verify()
                failures = 0
            except (NodeError, OSError) as error:
                failures += 1
                _LOGGER.debug("The co-op's books cannot be looked at for now: %s", error)
                pause = pause_after(failures, error)
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._wanted.wait()
                await asyncio.sleep(_DRAWN.uniform(*_SOON))
            self._wanted.clear()

    async def verify(self) -> None:
        """Look at everything that is new; a NodeError says that not all could be asked for."""
        async with self._turn:
            try:
                await self._look()
            except SuspicionError as error:
                await self._suspect(error)
            else:
                self.looked_at = self._clock()
                if self.suspicion is None:
                    self.is_verified = True
            finally:
                await self._save()
                self._tell()

    async def compare_proof(self, proof: bytes) -> None:
        """Compare the checkpoint under a statement's proof with what was seen of the log."""
        async with self._turn:
            try:
                await self._watch.compare(ProofFile.parse(proof).checkpoint.format())
            except SuspicionError as error:
                await self._suspect(error)

    async def trust_again(self) -> None:
        """Take the owner's word that trading goes on; a forked log is followed as it is now."""
        async with self._turn:
            if self.suspicion is not None and self.suspicion.check is Check.LOG:
                self._watch.forget()
            self._held = replace(self._held, suspicion=None)
            self.is_verified = None
            await self._save()
            self._orders.stopped = False
            self._alarm.withdraw_suspicion()
        self._wanted.set()
        self._tell()

    # One look

    async def _look(self) -> None:
        if not self._node.is_logged_in:
            await self._log_in()
        await self._check_origin()
        await self._watch.advance()
        now = self._clock()
        await self._attestation.async_ask(partial(self._words.take_in, now=now))
        await self._check_promises(now)
        await self._rules.refresh()
        for market, start in sorted(self._announced):
            if market in self._rules.markets and start <= self._held.upto.get(market, 0):
                await self._check_interval(market, start, now)
            self._announced.discard((market, start))
        for market in self._rules.markets:
            await self._check_market(market, now)

    async def _check_origin(self) -> None:
        answer = await self._node.node.ask(self._node.node.path)
        origin = Fields(answer, "co-op").take("origin") if isinstance(answer, dict) else None
        if origin != self._trust.origin:
            msg = "the co-op has another log now: this home has to follow it first"
            raise StrangeAnswerError(msg)

    async def _check_promises(self, now: int) -> None:
        """Ask for the proof of what should have been in the log for a while."""
        for place in await self._attestation.async_ask(Outbox.unproven):
            wire, written = await self._attestation.async_ask(partial(_said_and_answered, place))
            if written is None or Receipt.read(written).due + _GRACE > now:
                continue
            try:
                proof = await self._node.proof(place.stream, place.head)
            except NodeRefusedError:
                examine(PromiseCase(wire, written, self._trust.node_key, now), self._watch.log)
            else:
                await self._watch.compare(ProofFile.parse(proof).checkpoint.format())

    async def _check_market(self, market: str, now: int) -> None:
        """Check each interval of this home that was settled since the last look."""
        while True:
            after = self._held.upto.get(market, max(0, now - _BACK))
            page = f"?after={after}&limit={_AT_ONCE}"
            public = f"{self._node.node.path}/markets/{market}/settlements{page}"
            passed = agreed(partial(_starts, await self._node.node.ask(public), after))
            own = await self._node.ask(f"{self._node.path}/settlements/{market}{page}")
            for start in agreed(partial(_starts, own, after)):
                await self._check_interval(market, start, now)
            if passed:
                self._reached(market, passed[-1])
            if len(passed) < _AT_ONCE:
                return

    async def _check_interval(self, market: str, start: int, now: int) -> None:
        """Check an interval; one that does not hold is not looked at again by itself."""
        try:
            await (await self._checks()).check(market, start)
        except NodeRefusedError as error:
            if start > now - _BACK:
                raise
            _LOGGER.debug("What interval %s came to is shown no more: %s", start, error)
        except SuspicionError:
            self._reached(market, start)
            raise
        self.intervals += 1
        self._reached(market, start)

    async def _checks(self) -> IntervalChecks:
        """Load what checks intervals when there is one; numpy comes with it."""
        await asyncio.to_thread(import_module, f"{__package__}.interval_checks")
        from .interval_checks import IntervalChecks  # noqa: PLC0415 - loaded just now

        return IntervalChecks(
            node=self._node,
            watch=self._watch,
            rules=self._rules,
            attestation=self._attestation,
            words=self._words,
            salt=self._salt,
        )

    def _reached(self, market: str, start: int) -> None:
        upto = self._held.upto
        self._held = replace(self._held, upto={**upto, market: max(start, upto.get(market, 0))})

    # What does not hold

    async def _suspect(self, error: SuspicionError) -> None:
        """Keep evidence, stop trading and tell the owner; the first of what is found counts."""
        self.is_verified = False
        if self.suspicion is not None:
            return
        self._orders.stopped = True
        now = self._clock()
        coop = self._attestation.speaker.coop
        evidence = Evidence(coop, now, str(error), self._trust.log, error.case)
        file = self._places.evidence / f"evidence-{error.check}-{now}.json"
        await asyncio.to_thread(write_whole, file, evidence.written())
        _LOGGER.error("The co-op's books do not hold: %s (evidence is in %s)", error, file)
        suspicion = Suspicion(error.check, str(error)[:1_000], str(file))
        self._held = replace(self._held, suspicion=suspicion)
        await self._save()
        self._alarm.tell_suspicion(suspicion)

    async def _save(self) -> None:
        declared = self._words.declared.values()
        wires = tuple(one.wire for one in declared if one is not None)
        self._held = replace(self._held, seen=self._watch.seen, declared=wires)
        if self._held != self._saved:
            await asyncio.to_thread(self._file.save, self._held)
            self._saved = self._held

    def _tell(self) -> None:
        for listener in tuple(self._listeners):
            listener()


def _said_and_answered(place: Place, outbox: Outbox) -> tuple[bytes, bytes | None]:
    return outbox.wire(place), outbox.answer(place)


def _starts(answer: object, after: int) -> list[int]:
    """Read the starts of listed intervals, which must rise."""
    if not isinstance(answer, list) or len(answer) > _AT_ONCE:
        msg = f"the list is none of at most {_AT_ONCE} intervals"
        raise BodyError(msg)
    starts = [Fields(one, "interval").integer("start", 0, MAX_TIME) for one in answer]
    if any(one <= before for before, one in zip([after, *starts], starts, strict=False)):
        msg = "the listed intervals do not rise"
        raise BodyError(msg)
    return starts
