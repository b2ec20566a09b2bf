"""The outbox: what this home signed, on disk before anybody hears of it, and what came of it.

Statements lie in segments, files that are only added to; beside each lie the receipts for what is
in it. A segment begins with where the chains stood before, so that older segments can go.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import Final, NamedTuple

from .journal import DamagedError, Journal, Record, new_folder, records, sync_folder
from .outbox_state import STREAMS, State
from .protocol.durations import DAY
from .protocol.encoding import EncodingError, decode_json, encode_json, from_text, to_text
from .protocol.identifiers import HASH_LENGTH
from .protocol.problems import RefusedError
from .protocol.receipts import Receipt, ReceiptError
from .protocol.statements.bodies import Stream
from .protocol.statements.envelope import Statement, read_statement
from .protocol.statements.fields import ID, MAX_COUNT, BodyError, Fields
from .protocol.statements.heads import Head
from .protocol.statements.membership import KeyChange

SEGMENT_SIZE: Final = 2**20
KEPT_AFTER_PROOF: Final = 30 * DAY
"""How long a statement is kept once the log was seen to hold it, in milliseconds."""

_HEADER, _SAID, _STATE, _KEY = b"H", b"S", b"N", b"K"
_RECEIPT, _PROOF, _CLOSED = b"R", b"P", b"X"
_STATEMENTS, _ANSWERS = "statements", "answers"
_TIME_SIZE: Final = 8


class OutboxError(DamagedError):
    """The outbox cannot be read; the message says what is wrong with it."""


class Place(NamedTuple):
    """A statement in the outbox: what it is called, and where its bytes are."""

    number: int
    stream: Stream
    head: Head
    kind: str
    segment: int
    start: int
    length: int


class Outbox:
    """All that a home has said in a co-op and has to keep; for one thread at a time."""

    def __init__(self, folder: Path, name: str, segment_size: int = SEGMENT_SIZE) -> None:
        """Read what is there, or begin with nothing under this name of 16 random bytes."""
        self.name = name
        self.state = State()
        self.key: bytes | None = None
        """What this home changed to, or the node knows it by; None until either is known."""
        self.heads: dict[Stream, Head] = {}
        self.count = 0
        """How many statements this home has ever written here."""
        self._said: dict[Stream, list[Place]] = {stream: [] for stream in STREAMS}
        self._places: dict[str, Place] = {}
        self._answered: set[str] = set()
        self._closed: dict[str, int] = {}
        self._proofs: dict[tuple[Stream, str], list[tuple[int, int]]] = {}
        self._folder = folder
        self._segment_size = segment_size
        new_folder(folder)
        self._segments = sorted(int(file.stem) for file in folder.glob(f"*.{_STATEMENTS}"))
        try:
            for segment in self._segments:
                self._load(segment)
        except (EncodingError, BodyError, RefusedError, ReceiptError) as error:
            msg = f"the outbox is not as it was written: {error}"
            raise OutboxError(msg) from error
        if not self._segments:
            self._segments.append(1)
        self._open(self._segments[-1])

    @property
    def is_new(self) -> bool:
        """Whether nothing was ever said here."""
        return not self.count

    @property
    def receipts(self) -> int:
        """For how many of the statements that are kept the node gave a receipt."""
        return len(self._answered)

    def waiting(self, stream: Stream) -> list[Place]:
        """Return what the node has not answered for yet, in the order in which it was said."""
        return [place for place in self._said[stream] if not self._is_done(place)]

    def has_answers(self, stream: Stream) -> bool:
        """Tell whether the node has ever answered for something that is kept of this stream."""
        return any(self._is_done(place) for place in self._said[stream])

    def unproven(self) -> list[Place]:
        """Return the last statement of each chain that has a receipt, if no proof covers it yet."""
        last = {
            (stream, place.head.chain): place
            for stream in STREAMS
            for place in self._said[stream]
            if place.head.hash in self._answered
        }
        return [place for place in last.values() if self._released_at(place) is None]

    def place(self, stream: Stream, chain: str, seq: int) -> Place | None:
        """Find a statement that is kept."""
        for place in reversed(self._said[stream]):
            if place.head[:2] == (chain, seq):
                return place
        return None

    def since(self, stream: Stream, number: int) -> list[Place]:
        """Return what is kept of a stream from the statement of a number on."""
        said = self._said[stream]
        return said[bisect_left(said, number, key=attrgetter("number")) :]

    def chains(self, stream: Stream) -> dict[str, Head]:
        """Return the last statement of each chain that goes on, or of which something is kept."""
        last = self.heads.get(stream)
        chains = {} if last is None else {last.chain: last}
        return chains | {place.head.chain: place.head for place in self._said[stream]}

    def wire(self, place: Place) -> bytes:
        """Return the bytes that were signed."""
        if place.segment == self._segments[-1]:
            return self._statements.read(place.start, place.length)
        with self._file(place.segment, _STATEMENTS).open("rb") as file:
            file.seek(place.start)
            return file.read(place.length)

    def answer(self, place: Place) -> bytes | None:
        """Return the receipt for a statement, if the node gave one."""
        for record in self._records(place.segment, _ANSWERS):
            if record.kind == _RECEIPT:
                receipt = Receipt.read(record.content)
                if receipt.statement == place.head.hash:
                    return record.content
        return None

    # What is written

    def append(self, statement: Statement) -> Place:
        """Have a statement on disk; it must be the next of its stream."""
        if self._statements.size > self._segment_size:
            self._begin_segment()
        place = self._next(statement, self._segments[-1], 0)
        (start,) = self._statements.add((_SAID, statement.wire))
        place = place._replace(start=start)
        self._take_in(place, statement)
        return place

    def remember(self, state: State) -> None:
        """Have what is remembered besides statements on disk."""
        self._statements.add((_STATE, encode_json(state.to_json())))
        self.state = state

    def sign_with(self, key: bytes) -> None:
        """Have on disk which key signs from now on, by the node's word."""
        self._statements.add((_KEY, key))
        self.key = key

    def keep_receipts(self, receipts: Iterable[Receipt]) -> None:
        """Keep receipts that were checked."""
        self._keep([(_RECEIPT, one.statement, one.written()) for one in receipts])

    def keep_proof(self, place: Place, proof: bytes, at: int) -> None:
        """Keep what shows that the log holds a statement, and with it those before in its chain."""
        self._keep([(_PROOF, place.head.hash, _stamped(place.head.hash, at) + proof)])

    def close(self, places: Sequence[Place], at: int) -> None:
        """Expect no receipt for these: they lie in an earlier log, or were said again elsewhere."""
        self._keep([(_CLOSED, one.head.hash, _stamped(one.head.hash, at)) for one in places])

    def doubt(self, place: Place) -> None:
        """Wait for answers anew from this statement of a chain on: the node holds it no more."""
        for one in self._said[place.stream]:
            if one.head.chain == place.head.chain and one.head.seq >= place.head.seq:
                self._answered.discard(one.head.hash)

    def forget(self, now: int) -> int:
        """Delete the oldest segments while all in them may go; return how many statements went."""
        gone = 0
        while len(self._segments) > 1 and self._may_go(self._segments[0], now):
            segment = self._segments.pop(0)
            for suffix in (_ANSWERS, _STATEMENTS):
                self._file(segment, suffix).unlink(missing_ok=True)
            sync_folder(self._folder)
            for stream in STREAMS:
                kept = [place for place in self._said[stream] if place.segment != segment]
                gone += len(self._said[stream]) - len(kept)
                self._said[stream] = kept
        if gone:
            kept_hashes = {place.head.hash for said in self._said.values() for place in said}
            self._answered &= kept_hashes
            self._places = {hash_: self._places[hash_] for hash_ in kept_hashes}
            self._closed = {hash_: at for hash_, at in self._closed.items() if hash_ in kept_hashes}
        return gone

    def shut(self) -> None:
        """Use the files no more."""
        self._statements.close()
        self._answers.close()

    # How it lies on disk

    def _open(self, segment: int) -> None:
        statements = Journal(self._file(segment, _STATEMENTS))
        try:
            if not statements.size:
                statements.add((_HEADER, encode_json(self._header())))
            self._answers = Journal(self._file(segment, _ANSWERS))
        except OSError:
            statements.close()
            raise
        self._statements = statements

    def _begin_segment(self) -> None:
        """Go on in a new file, once its header is on disk."""
        before = self._statements, self._answers
        self._open(self._segments[-1] + 1)
        self._segments.append(self._segments[-1] + 1)
        for journal in before:
            journal.close()

    def _header(self) -> dict[str, object]:
        return {
            "name": self.name,
            "count": self.count,
            "key": None if self.key is None else to_text(self.key),
            "heads": {stream: head.to_json() for stream, head in self.heads.items()},
            "state": self.state.to_json(),
        }

    def _file(self, segment: int, suffix: str) -> Path:
        return self._folder / f"{segment:08}.{suffix}"

    def _keep(self, answers: Iterable[tuple[bytes, str, bytes]]) -> None:
        of_segment: dict[int, list[tuple[bytes, bytes]]] = {}
        for kind, hash_, content in answers:
            segment = self._places[hash_].segment
            of_segment.setdefault(segment, []).append((kind, content))
        for segment, contents in of_segment.items():
            if segment == self._segments[-1]:
                self._answers.add(*contents)
            else:
                journal = Journal(self._file(segment, _ANSWERS))
                try:
                    journal.add(*contents)
                finally:
                    journal.close()
            for kind, content in contents:
                self._take_answer(kind, content)

    def _load(self, segment: int) -> None:
        for record in self._records(segment, _STATEMENTS):
            if record.kind == _SAID:
                statement = read_statement(record.content)
                place = self._next(statement, segment, record.start)
                self._take_in(place, statement)
            elif record.kind == _STATE:
                self.state = State.read(decode_json(record.content))
            elif record.kind == _KEY:
                self.key = record.content
            else:
                self._take_header(Fields(decode_json(record.content), "header"))
        for record in self._records(segment, _ANSWERS):
            self._take_answer(record.kind, record.content)

    def _records(self, segment: int, suffix: str) -> Iterator[Record]:
        file = self._file(segment, suffix)
        data = file.read_bytes() if file.exists() else b""
        sound = 0
        for record in records(data):
            sound = record.end
            yield record
        if sound < len(data) and segment != self._segments[-1] and suffix == _STATEMENTS:
            msg = f"{file.name} is damaged at byte {sound}: the disk fails"
            raise OutboxError(msg)

    def _take_header(self, fields: Fields) -> None:
        self.name = fields.text("name", ID)
        count = fields.integer("count", 0, MAX_COUNT)
        if self.count not in {0, count}:
            msg = f"a segment of the outbox goes on at statement {count}, not {self.count}"
            raise OutboxError(msg)
        self.count = count
        key = fields.take("key")
        self.key = None if key is None else from_text(str(key), HASH_LENGTH)
        heads = fields.json_object("heads")
        self.heads = {
            stream: Head.read(heads[stream], "header.heads")
            for stream in STREAMS
            if stream in heads
        }
        self.state = State.read(fields.take("state"))

    def _next(self, statement: Statement, segment: int, start: int) -> Place:
        header = statement.header
        last = self.heads.get(header.stream)
        if header.seq != 1 and (last is None or header.prev != last.hash):
            msg = f"number {header.seq} of chain {header.chain} does not follow the one before it"
            raise OutboxError(msg)
        head, length = statement.head, len(statement.wire)
        return Place(self.count, header.stream, head, statement.kind, segment, start, length)

    def _take_in(self, place: Place, statement: Statement) -> None:
        self.count += 1
        self.heads[place.stream] = place.head
        self._said[place.stream].append(place)
        self._places[place.head.hash] = place
        if isinstance(statement.body, KeyChange):
            self.key = statement.body.key

    # What came of statements

    def _take_answer(self, kind: bytes, content: bytes) -> None:
        if kind == _RECEIPT:
            self._answered.add(Receipt.read(content).statement)
            return
        hash_, at = to_text(content[:HASH_LENGTH]), int.from_bytes(content[HASH_LENGTH:_STAMP_END])
        if kind == _CLOSED:
            self._closed[hash_] = at
            return
        place = self._places[hash_]
        proofs = self._proofs.setdefault((place.stream, place.head.chain), [])
        insort(proofs, (place.head.seq, at))

    def _is_done(self, place: Place) -> bool:
        return place.head.hash in self._answered or place.head.hash in self._closed

    def _released_at(self, place: Place) -> int | None:
        """Return since when a statement need not be sent any more, None while it must be kept."""
        closed = self._closed.get(place.head.hash)
        if closed is not None:
            return closed
        proofs = self._proofs.get((place.stream, place.head.chain), [])
        first = bisect_left(proofs, place.head.seq, key=itemgetter(0))
        return proofs[first][1] if first < len(proofs) else None

    def _may_go(self, segment: int, now: int) -> bool:
        for stream in STREAMS:
            for place in self._said[stream]:
                if place.segment != segment:
                    break
                released = self._released_at(place)
                if released is None or released + KEPT_AFTER_PROOF > now:
                    return False
        return True


_STAMP_END: Final = HASH_LENGTH + _TIME_SIZE


def _stamped(hash_: str, at: int) -> bytes:
    return from_text(hash_, HASH_LENGTH) + at.to_bytes(_TIME_SIZE)


def statement_in(record: Record) -> Statement | None:
    """Return the statement in a record, if it is one."""
    return read_statement(record.content) if record.kind == _SAID else None


def answered_in(record: Record) -> str | None:
    """Return the hash of the statement for which a record says that no answer is expected."""
    if record.kind == _RECEIPT:
        return Receipt.read(record.content).statement
    return to_text(record.content[:HASH_LENGTH]) if record.kind == _CLOSED else None
