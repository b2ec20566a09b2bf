"""The outbox keeps what was said, in segments that go when nobody can ask for them any more."""

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from custom_components.depin.chain import Chain
from custom_components.depin.home_key import HomeKey, make_key
from custom_components.depin.journal import DamagedError, records
from custom_components.depin.outbox import KEPT_AFTER_PROOF, Outbox, OutboxError
from custom_components.depin.outbox_state import Reopening, State, Stranded
from custom_components.depin.protocol.encoding import to_text
from custom_components.depin.protocol.identifiers import member_id
from custom_components.depin.protocol.receipts import Receipt, sign_receipts
from custom_components.depin.protocol.statements.bodies import Body, Stream
from custom_components.depin.protocol.statements.measuring import Readings
from custom_components.depin.protocol.statements.membership import (
    ChainOpening,
    KeyChange,
    prove_possession,
)

_COOP = to_text(bytes(16))
_NAME = to_text(bytes(range(16)))
_SEGMENT = 2000
_NODE = bytes(range(32))


@dataclass
class Writer:
    """Signs statements into an outbox, which can be opened anew."""

    folder: Path
    key: HomeKey
    outbox: Outbox

    def open(self) -> None:
        self.outbox.shut()
        self.outbox = Outbox(self.folder, "A" * 22, _SEGMENT)

    def say(self, body: Body, stream: Stream = "metering", chain: str | None = None) -> None:
        head = self.outbox.heads.get(stream)
        if chain is not None or head is None:
            begun = Chain(_COOP, self.member, stream, chain or to_text(stream.encode().ljust(16)))
        else:
            begun = Chain(_COOP, self.member, stream, head.chain, head)
        statement, _ = begun.write(body, self.key, self.outbox.count + 1, _NAME)
        self.outbox.append(statement)

    @property
    def member(self) -> str:
        return member_id(_COOP, self.key.public)

    def receipts(self, stream: Stream = "metering") -> list[Receipt]:
        hashes = [place.head.hash for place in self.outbox.waiting(stream)]
        return sign_receipts("node.example/log", 5, hashes, _NODE)


@pytest.fixture
def writer(tmp_path: Path) -> Writer:
    folder = tmp_path / "outbox"
    writer = Writer(folder, make_key(), Outbox(folder, _NAME, _SEGMENT))
    assert writer.outbox.is_new
    writer.say(ChainOpening(), chain=to_text(b"a metering chain"))
    for number in range(1, 20):
        writer.say(_readings(number))
    return writer


def _say(writer: Writer, numbers: range) -> None:
    for number in numbers:
        writer.say(_readings(number))


def _readings(number: int) -> Readings:
    return Readings("A" * 22, (number,), {"import": (number,)})


def _segments(writer: Writer) -> list[str]:
    return sorted(file.name for file in writer.folder.glob("*.statements"))


def test_what_was_said_is_there_when_it_is_opened_anew(writer: Writer) -> None:
    """Over several segments, byte for byte, under the name that it began with."""
    before = [(place, writer.outbox.wire(place)) for place in writer.outbox.waiting("metering")]
    assert len(_segments(writer)) > 3
    writer.open()
    outbox = writer.outbox
    assert [(place, outbox.wire(place)) for place in outbox.waiting("metering")] == before
    assert (outbox.name, outbox.count, outbox.is_new) == (_NAME, 20, False)
    writer.say(_readings(20))
    chain = before[0][0].head.chain
    found = outbox.place("metering", chain, 7)
    assert found == before[6][0]
    assert outbox.place("trading", chain, 7) is None
    assert outbox.chains("metering") == {chain: outbox.heads["metering"]}
    outbox.shut()


def test_receipts_are_kept(writer: Writer) -> None:
    """What has one waits no more, until the node is found to hold it no more."""
    receipts = writer.receipts()[:12]
    places = writer.outbox.waiting("metering")
    writer.outbox.keep_receipts(receipts)
    for _ in range(2):
        assert writer.outbox.waiting("metering") == places[12:]
        assert writer.outbox.answer(places[3]) == receipts[3].written()
        assert writer.outbox.answer(places[12]) is None
        assert writer.outbox.has_answers("metering")
        assert not writer.outbox.has_answers("trading")
        writer.open()
    writer.outbox.doubt(places[5])
    assert writer.outbox.waiting("metering") == places[5:]
    writer.outbox.shut()


def test_segments_go_a_month_after_the_log_was_seen_to_hold_them(writer: Writer) -> None:
    """A proof covers what stands before it in its chain; where the chain stood stays known."""
    outbox = writer.outbox
    places = outbox.waiting("metering")
    outbox.keep_receipts(writer.receipts())
    assert outbox.unproven() == [places[-1]]
    assert outbox.forget(10**14) == 0
    outbox.keep_proof(places[9], b"a proof", 1000)
    assert outbox.unproven() == [places[-1]]
    assert outbox.forget(999 + KEPT_AFTER_PROOF) == 0
    gone = outbox.forget(1000 + KEPT_AFTER_PROOF)
    assert 0 < gone <= 10
    outbox.keep_proof(places[-1], b"a proof", 2000)
    assert outbox.unproven() == []
    writer.open()
    assert writer.outbox.unproven() == []
    assert writer.outbox.forget(10**14) > 0
    assert len(_segments(writer)) == 1
    writer.open()
    assert writer.outbox.count == 20
    assert writer.outbox.heads["metering"] == places[-1].head
    writer.say(_readings(20))
    writer.outbox.shut()


def test_what_is_closed_is_neither_sent_nor_kept_for_ever(writer: Writer) -> None:
    """It lies in an earlier log, or was said again."""
    places = writer.outbox.waiting("metering")
    writer.outbox.close(places, 1000)
    writer.open()
    assert writer.outbox.waiting("metering") == []
    assert writer.outbox.forget(999 + KEPT_AFTER_PROOF) == 0
    assert writer.outbox.forget(1000 + KEPT_AFTER_PROOF) > 0
    writer.outbox.shut()


def test_what_is_remembered_outlives_segments(writer: Writer) -> None:
    """Which streams wait for the owner, which chains were opened anew, which key signs."""
    new = make_key()
    possession = prove_possession(new.seed, _COOP, writer.member, new.public)
    writer.say(ChainOpening(), "trading")
    writer.say(KeyChange(new.public, "software", None, possession), "trading")
    head = writer.outbox.heads["metering"]
    state = State(
        frozenset({"trading"}),
        {"metering": Reopening(_NAME, (head,), Stranded(head.chain, 3))},
        unheard=7,
    )
    writer.outbox.remember(state)
    for number in range(20, 30):
        writer.say(_readings(number))
    writer.open()
    assert writer.outbox.state == state
    assert writer.outbox.key == new.public
    writer.outbox.shut()


def test_damage_is_told_from_a_torn_end(writer: Writer) -> None:
    """In any segment, and also where it is whole and says what was never written."""
    first, *_, last = sorted(writer.folder.glob("*.statements"))
    torn = last.read_bytes()[:-7]
    last.write_bytes(torn)
    writer.open()
    assert writer.outbox.count == 19
    writer.outbox.shut()

    whole = first.read_bytes()
    damaged = bytearray(whole)
    damaged[len(whole) // 2] ^= 1
    first.write_bytes(damaged)
    with pytest.raises(OutboxError, match="damaged at byte"):
        Outbox(writer.folder, _NAME)
    first.write_bytes(whole)
    first.rename(last.with_name("00000099.statements"))
    with pytest.raises(DamagedError, match="goes on at statement"):
        Outbox(writer.folder, _NAME)


def test_a_statement_that_does_not_follow_is_not_taken(writer: Writer) -> None:
    """Whoever signs has to go on from the head."""
    statement, _ = Chain(
        _COOP, writer.member, "metering", _NAME, writer.outbox.heads["metering"]
    ).write(_readings(3), writer.key, 5, _NAME)
    writer.outbox.append(statement)
    with pytest.raises(OutboxError, match="does not follow"):
        writer.outbox.append(statement)
    writer.outbox.shut()


def test_a_segment_that_found_no_room_is_begun_again(
    writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No statement comes into a segment without its header."""
    write = os.write

    def full(file: int, data: bytes) -> int:
        if b'"heads"' in data:
            raise OSError(28, "No space left on device")
        return write(file, data)

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        with pytest.raises(OSError, match="No space left"):
            _say(writer, range(20, 30))
    begun = writer.outbox.count
    writer.say(_readings(30))
    writer.open()
    assert writer.outbox.count == begun + 1
    for file in writer.folder.glob("*.statements"):
        assert next(records(file.read_bytes())).kind == b"H"
    writer.outbox.shut()
