"""What a co-op has heard from its members, kept in memory."""

from collections.abc import Callable, Collection, Iterable
from typing import Protocol

from ..keys import may_enrol
from ..problems import BadSignatureError, UnknownKeyError, WrongCoopError
from .bodies import Stream
from .chains import KNOWN, Admission, Entry, Streams, admit
from .envelope import (
    Header,
    Statement,
    open_envelope,
    read_envelope,
    signature_holds,
    statement_hash,
)
from .heads import Head
from .history import LOST, Handover, KeyHistory
from .membership import KeyChange


class MemberView(Protocol):
    """What is held of one member."""

    @property
    def history(self) -> KeyHistory:
        """The member's keys."""
        ...

    @property
    def streams(self) -> Streams:
        """The member's two streams."""
        ...


def check_statement(
    wire: bytes, coop: str, find: Callable[[str], MemberView | None]
) -> tuple[Statement, Admission]:
    """Read a statement and tell whether it enters its chain; raise a RefusedError if it can't."""
    envelope = read_envelope(wire)
    header = envelope.header
    if header.coop != coop:
        msg = f"signed for co-op {header.coop}, and this is {coop}"
        raise WrongCoopError(msg)
    member = find(header.member)
    if member is None:
        msg = f"nobody here is {header.member}"
        raise UnknownKeyError(msg)
    # It was signed by the key of its time, though a change may have named an earlier place since.
    if member.streams[header.stream].hash_at(header.chain, header.seq) == statement_hash(wire):
        return open_envelope(envelope), KNOWN
    index = key_index(header, member)
    if not signature_holds(wire, member.history.keys[index]):
        msg = f"number {header.seq} of chain {header.chain} is not signed by key {index + 1}"
        raise BadSignatureError(msg)
    statement = open_envelope(envelope)
    return statement, admit(statement, member.streams, member.history)


def key_index(header: Header, member: MemberView) -> int:
    """Tell which of a member's keys counts at a statement's place."""
    opened_under = member.streams[header.stream].opened_under(header.chain)
    return member.history.index_at(header.stream, header.chain, header.seq, opened_under)


class StreamRecord:
    """One stream, as far as it was heard."""

    def __init__(self) -> None:
        """Begin with nothing heard."""
        self._hashes: dict[str, list[str]] = {}
        self._opened_under: dict[str, int] = {}
        self._live: set[str] = set()

    def head(self, chain: str) -> Head | None:
        """Return the last statement held of a chain."""
        hashes = self._hashes.get(chain)
        return Head(chain, len(hashes), hashes[-1]) if hashes else None

    def hash_at(self, chain: str, seq: int) -> str | None:
        """Return the hash of a statement that is held."""
        hashes = self._hashes.get(chain, [])
        return hashes[seq - 1] if seq <= len(hashes) else None

    def live(self) -> Collection[str]:
        """Return the chains that may go on."""
        return self._live

    def opened_under(self, chain: str) -> int | None:
        """Return which key signed the chain's opening."""
        return self._opened_under.get(chain)

    def append(self, head: Head, key_index: int) -> None:
        """Take one more statement."""
        if head.seq == 1:
            self._hashes[head.chain] = []
            self._opened_under[head.chain] = key_index
            self._live.add(head.chain)
        self._hashes[head.chain].append(head.hash)

    def end(self, chain: str) -> None:
        """Let a chain go on no more."""
        self._live.discard(chain)


class MemberRecord:
    """One member, as far as it was heard."""

    def __init__(self, key: bytes) -> None:
        """Begin with the key that the member joined with."""
        if not may_enrol(key):
            msg = "not an Ed25519 key that may be enrolled: make another"
            raise ValueError(msg)
        self.history = KeyHistory(key)
        self._streams: dict[Stream, StreamRecord] = {
            "metering": StreamRecord(),
            "trading": StreamRecord(),
        }

    @property
    def streams(self) -> Streams:
        """The member's two streams."""
        return self._streams

    def enter(self, statement: Statement, entry: Entry) -> None:
        """Take a statement that was admitted."""
        header = statement.header
        index = key_index(header, self)
        self._streams[header.stream].append(entry.head, index)
        self._end(entry.ends)
        if isinstance(statement.body, KeyChange) and entry.lacks is None:
            handover = Handover(statement.body.metering, entry.head)
            self.history.hand_over(statement.body.key, handover)

    def replace_key(self, key: bytes) -> None:
        """Go on with another key by a decision of the co-op: all chains end where they stand."""
        if not may_enrol(key) or key in self.history.keys:
            msg = "not a new Ed25519 key that may be enrolled: make another"
            raise ValueError(msg)
        self._end((name, chain) for name in self._streams for chain in self._streams[name].live())
        self.history.hand_over(key, LOST)

    def _end(self, chains: Iterable[tuple[Stream, str]]) -> None:
        for name, chain in tuple(chains):
            self._streams[name].end(chain)


class CoopRecord:
    """A co-op's members, as far as they were heard."""

    def __init__(self, coop: str) -> None:
        """Begin with nobody."""
        self.coop = coop
        self._members: dict[str, MemberRecord] = {}

    def join(self, member: str, key: bytes) -> None:
        """Take in a member with its first key."""
        self._members[member] = MemberRecord(key)

    def find(self, member: str) -> MemberRecord | None:
        """Return what was heard from a member."""
        return self._members.get(member)

    def hear(self, wire: bytes) -> tuple[Statement, Admission]:
        """Take a statement into its chain, or raise the RefusedError that says why not."""
        statement, admission = check_statement(wire, self.coop, self.find)
        if admission != KNOWN:
            self._members[statement.header.member].enter(statement, admission)
        return statement, admission
