"""What a home says, signed and on disk before anybody hears of it; restores are recognised."""

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from secrets import token_bytes
from typing import Final, NamedTuple

from .chain import Chain
from .home_key import TIER, HomeKey
from .journal import DamagedError
from .outbox import Outbox, Place
from .outbox_state import STREAMS, Reopening, Stranded
from .protocol.encoding import to_text
from .protocol.identifiers import ID_LENGTH
from .protocol.statements.bodies import Body, Stream
from .protocol.statements.envelope import read_statement
from .protocol.statements.heads import Head
from .protocol.statements.membership import ChainOpening, KeyChange, prove_possession
from .restore_marker import RestoreMarker
from .salvage import note_as_said, salvaged, set_aside

_SAID_AGAIN_AT_ONCE: Final = 50
_NEVER_SAID_AGAIN: Final = frozenset((ChainOpening.KIND, KeyChange.KIND))


class KeyMissingError(Exception):
    """The key that the home signs with now is none of those that are stored."""


class Speaker(NamedTuple):
    """Who speaks: a member of a co-op."""

    coop: str
    member: str


@dataclass(frozen=True, slots=True)
class Rooms:
    """Where a membership keeps its files."""

    outbox: Path
    marker: Path
    """Must lie where no backup reaches."""


class Attestation:
    """Writes a home's statements, one after another, on a thread of its own."""

    def __init__(self, speaker: Speaker, keys: tuple[HomeKey, ...]) -> None:
        """Speak with the keys of a member, newest first."""
        self.speaker = speaker
        self.is_restored = False
        """Whether this start found the files of an earlier time."""
        self.is_damaged = False
        """Whether this start had to set a damaged outbox aside."""
        self.unheard_since = 0
        """How many statements had been written at the first start after the node's last word."""
        self._keys = keys
        self._may_replace = False
        self._said: Callable[[], None] = _nobody_listens
        self._writer = ThreadPoolExecutor(1, f"depin {speaker.member[:6]}")
        self._outbox: Outbox
        self._marker: RestoreMarker

    @classmethod
    async def open(
        cls,
        rooms: Rooms,
        speaker: Speaker,
        keys: tuple[HomeKey, ...],
        *,
        may_replace: bool = False,
    ) -> Attestation:
        """Go on where the home stopped; after a restore, in a new chain.

        Where the key that the home went on with is lost, another may replace it.
        """
        opened = cls(speaker, keys)
        opened._may_replace = may_replace
        with ExitStack() as undone:
            undone.callback(opened._writer.shutdown)
            await opened._run(opened._begin, rooms)
            undone.pop_all()
        return opened

    @property
    def key(self) -> HomeKey:
        """The key that the next statement will be signed with."""
        return self._signing_key()

    @property
    def keys(self) -> tuple[HomeKey, ...]:
        """All keys of the member that are here, newest first."""
        return self._keys

    def listen(self, said: Callable[[], None]) -> None:
        """Have this called after each statement."""
        self._said = said

    async def async_record(self, body: Body) -> Head:
        """Say something; it is signed and on disk when this returns."""
        head = await self._run(self._say, body.STREAMS[0], body)
        self._said()
        return head

    async def async_ask[T](self, question: Callable[[Outbox], T]) -> T:
        """Read or note something in the outbox, between two statements."""
        return await self._run(lambda: question(self._outbox))

    async def async_reopen(
        self, stream: Stream, after: tuple[Head, ...], stranded: Stranded | None = None
    ) -> None:
        """Open a chain that follows others, and say again in it what could not be delivered."""
        await self._run(self._reopen, {stream: Reopening(_name(), after, stranded)})
        self._said()

    async def async_hold(self, held: frozenset[Stream]) -> None:
        """Send nothing of these streams until the owner has answered; go on recording."""

        def hold(outbox: Outbox) -> None:
            if outbox.state.held != held:
                outbox.remember(replace(outbox.state, held=held))

        await self.async_ask(hold)

    async def async_waiting(self, stream: Stream) -> list[Place]:
        """Return what the node has not answered for yet, in the order in which it was said."""
        return await self.async_ask(lambda outbox: outbox.waiting(stream))

    async def async_held(self) -> frozenset[Stream]:
        """Return the streams that wait for their owner's answer."""
        return (await self.async_ask(lambda outbox: outbox.state)).held

    async def async_note_heard(self) -> None:
        """Note that the node has heard this start."""

        def note(outbox: Outbox) -> None:
            if outbox.state.unheard is not None:
                outbox.remember(replace(outbox.state, unheard=None))

        await self.async_ask(note)

    async def async_close(self, places: Sequence[Place]) -> None:
        """Expect no receipts for these."""
        await self.async_ask(lambda outbox: outbox.close(places, _now()))

    async def async_heed_key(self, known: bytes) -> None:
        """Sign with the key that the node knows, unless the home has changed to a later one."""
        await self._run(self._heed_key, known)

    async def async_is_key_settled(self) -> bool:
        """Tell whether it is known which of several keys the node knows the home by."""
        settled = await self.async_ask(lambda outbox: outbox.key is not None)
        return settled or len(self._keys) == 1

    async def async_change_key(self, new: HomeKey) -> None:
        """Hand over to a key that is on disk already; all that is said later is signed by it."""
        await self._run(self._change_key, new)
        self._said()

    async def close(self) -> None:
        """Finish what is being written, and use the files no more."""
        await self._run(self._end)
        self._writer.shutdown()

    # On the writer's thread

    async def _run[**P, T](self, job: Callable[P, T], *arguments: P.args, **more: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._writer, partial(job, *arguments, **more))

    def _begin(self, rooms: Rooms) -> None:
        with ExitStack() as undone:
            self._outbox = self._read(rooms.outbox)
            undone.callback(self._outbox.shut)
            self._marker = RestoreMarker(rooms.marker)
            undone.callback(self._marker.close)
            self._go_on(rooms)
            undone.pop_all()

    def _read(self, folder: Path) -> Outbox:
        try:
            return Outbox(folder, _name())
        except DamagedError:
            set_aside(folder)
            self.is_damaged = True
            return Outbox(folder, _name())

    def _go_on(self, rooms: Rooms) -> None:
        self._signing_key()
        outbox = self._outbox
        known = not outbox.is_new or self._marker.is_there
        if known and self._marker.contradicts(outbox.name, outbox.count):
            self.is_restored = True
            outbox.remember(replace(outbox.state, held=frozenset()))
            self._reopen(
                {stream: Reopening(_name(), (head,)) for stream, head in outbox.heads.items()}
            )
        else:
            self._finish_reopening()
        if outbox.state.unheard is None:
            outbox.remember(replace(outbox.state, unheard=outbox.count))
        self.unheard_since = outbox.state.unheard or 0
        self._marker.set(outbox.name, outbox.count)
        for aside, bodies in salvaged(rooms.outbox):
            for body in bodies:
                self._say(body.STREAMS[0], body)
            note_as_said(aside)

    def _end(self) -> None:
        self._outbox.shut()
        self._marker.close()

    def _signing_key(self) -> HomeKey:
        public = self._outbox.key
        if public is None:
            # Newer ones may never have been changed to. The node will say which it is.
            return self._keys[-1]
        for key in self._keys:
            if key.public == public:
                return key
        if self._may_replace:
            return self._keys[-1]
        msg = "the outbox goes on with a key that is not stored: restore it, or a newer backup"
        raise KeyMissingError(msg)

    def _say(self, stream: Stream, body: Body) -> Head:
        if stream not in self._outbox.heads:
            self._write(Chain(*self.speaker, stream, _name()), ChainOpening())
        head = self._outbox.heads[stream]
        return self._write(Chain(*self.speaker, stream, head.chain, head), body)

    def _write(self, chain: Chain, body: Body) -> Head:
        statement, _ = chain.write(body, self._signing_key(), _now(), _name())
        self._outbox.append(statement)
        self._marker.advance(self._outbox.name, self._outbox.count)
        return statement.head

    def _heed_key(self, known: bytes) -> None:
        signing = self._signing_key()
        publics = [key.public for key in self._keys]
        if known not in publics or len(publics) == 1 or known == self._outbox.key:
            return
        is_later = publics.index(known) < self._keys.index(signing)
        if is_later or not self._can_say_change_to(signing):
            self._outbox.sign_with(known)

    def _can_say_change_to(self, key: HomeKey) -> bool:
        """Tell whether the outbox can bring the node, or bring it again, the change to a key."""
        changes = (
            self._body(place)
            for place in self._outbox.since("trading", 0)
            if place.kind == KeyChange.KIND
        )
        return any(isinstance(one, KeyChange) and one.key == key.public for one in changes)

    def _change_key(self, new: HomeKey) -> None:
        coop, member = self.speaker
        possession = prove_possession(new.seed, coop, member, new.public)
        keys = (new, *self._keys)
        body = KeyChange(new.public, TIER, self._outbox.heads.get("metering"), possession)
        self._say("trading", body)
        self._keys = keys

    def _reopen(self, reopenings: dict[Stream, Reopening]) -> None:
        """Note first what is to be done, so that a power cut in between leaves nothing undone."""
        state = self._outbox.state
        self._outbox.remember(replace(state, reopened={**state.reopened, **reopenings}))
        self._finish_reopening()

    def _finish_reopening(self) -> None:
        for stream in STREAMS:
            reopening = self._outbox.state.reopened.get(stream)
            if reopening is None:
                continue
            head = self._outbox.heads.get(stream)
            if head is None or head.chain != reopening.chain:
                chain = Chain(*self.speaker, stream, reopening.chain)
                self._write(chain, ChainOpening(reopening.after))
            if reopening.stranded is not None:
                self._say_again(stream, reopening.stranded)

    def _say_again(self, stream: Stream, stranded: Stranded) -> None:
        left = [
            place
            for place in self._outbox.waiting(stream)
            if place.head.chain == stranded.chain and place.head.seq >= stranded.seq
        ]
        for begin in range(0, len(left), _SAID_AGAIN_AT_ONCE):
            part = left[begin : begin + _SAID_AGAIN_AT_ONCE]
            for place in part:
                if place.kind not in _NEVER_SAID_AGAIN:
                    self._say(stream, self._body(place))
            self._outbox.close(part, _now())

    def _body(self, place: Place) -> Body:
        body = read_statement(self._outbox.wire(place)).body
        assert body is not None  # noqa: S101 - nothing without effect is ever signed here
        return body


def _nobody_listens() -> None:
    """Hear nothing."""


def _name() -> str:
    return to_text(token_bytes(ID_LENGTH))


def _now() -> int:
    return time.time_ns() // 1_000_000
