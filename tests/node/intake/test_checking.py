"""What is found of a statement before its turn, and what of that may change until then."""

import asyncio
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest

from depin_protocol.keys import sign
from depin_protocol.problems import (
    BadSignatureError,
    ForkError,
    GapError,
    MalformedError,
    RefusedError,
    UnknownKeyError,
    WrongCoopError,
)
from depin_protocol.receipts import Receipt
from depin_protocol.statements.envelope import Statement
from depin_protocol.statements.record import CoopRecord
from depin_protocol.statements.trading import Preference
from settlement_node.governance.actions import GiveInvite, invite_hash
from settlement_node.governance.member import Role
from settlement_node.intake.checking import (
    ON_THE_SPOT,
    Checked,
    Checkers,
    admit_in_turn,
    check,
    check_again,
)
from tests.node.intake.members import Street
from tests.node.village import DAY, readings, request, village
from tests.protocol.spoken import COOP, NOON, Home, ident, seed

SIGNED = b"depin statement v1\x00"


def altered(wire: bytes, old: bytes, new: bytes, seed_: bytes | None = None) -> bytes:
    """Change the text; sign it anew with this seed, or keep the signature, which holds no more."""
    text = wire[64:].replace(old, new, 1)
    assert text != wire[64:]
    return (wire[:64] if seed_ is None else sign(seed_, SIGNED + text)) + text


def no_json(wire: bytes, seed_: bytes | None = None) -> bytes:
    """Spoil the body, and leave the envelope as it is."""
    return altered(wire, b'"body":{', b'"body":{,', seed_)


@contextmanager
def called() -> Iterator[set[str]]:
    """Collect the names of the functions that any thread calls."""
    names: set[str] = set()

    def note(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call":
            names.add(frame.f_code.co_name)

    threading.setprofile_all_threads(note)
    try:
        yield names
    finally:
        threading.setprofile_all_threads(None)
        sys.setprofile(None)


def test_a_body_is_read_only_if_a_member_has_signed_it() -> None:
    home, stranger = Home(2), Home(3)
    street = Street(home)
    opening = home.open("metering")
    hostile = [
        (no_json(opening.wire), BadSignatureError),
        (opening.wire[:5] + b"\x00" + opening.wire[6:], BadSignatureError),
        (no_json(opening.wire, stranger.seed), BadSignatureError),
        (stranger.open("metering").wire, UnknownKeyError),
    ]
    for wire, refusal in hostile:
        with called() as names:
            checked = street.check(wire)
        assert isinstance(checked.found, refusal)
        assert "signature_holds" in names or refusal is UnknownKeyError
        assert not names & {"open_envelope", "scan_json", "read_plain"}
    elsewhere = altered(opening.wire, COOP.encode(), ident(1).encode(), home.seed)
    with called() as names:
        assert isinstance(check(elsewhere, COOP, street.find), WrongCoopError)
    assert not names & {"signature_holds", "open_envelope", "scan_json", "read_plain"}

    with called() as names:
        assert isinstance(street.check(opening.wire).found, Statement)
    assert names >= {"signature_holds", "open_envelope", "scan_json"}


async def test_no_hostile_body_is_read_on_the_whole_way_in(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        home, stranger = Home(2), Home(3)
        await here.welcome(home)
        held = home.say("metering", readings(NOON))
        await here.say(held)
        following = home.say("metering", readings(NOON, 1))
        hostile = [
            no_json(held.wire),
            no_json(following.wire),
            no_json(following.wire, stranger.seed),
            no_json(stranger.open("trading").wire, stranger.seed),
        ]
        many = hostile * (ON_THE_SPOT // len(hostile) + 1)
        for wires in (hostile, many):
            with called() as names:
                answers = await here.coop.submit(wires)
            assert {type(answer) for answer in answers} == {BadSignatureError, UnknownKeyError}
            assert not names & {"open_envelope", "scan_json", "read_plain"}
        with called() as names:
            (answer,) = await here.coop.submit([following.wire])
        assert isinstance(answer, Receipt)
        assert names >= {"open_envelope", "read_plain"}


def test_a_member_s_own_spoilt_body_is_malformed() -> None:
    home = Home(2)
    street = Street(home)
    opening = home.open("metering")
    assert isinstance(street.check(no_json(opening.wire, home.seed)).found, MalformedError)


def wires() -> Iterator[bytes]:
    """Give statements in every condition, most of which can't enter."""
    home, stranger = Home(2), Home(3)
    opening = home.open("metering")
    first = home.say("metering", readings(NOON))
    second = home.say("metering", readings(NOON, 1))
    yield first.wire
    yield opening.wire
    yield no_json(opening.wire)
    yield opening.wire
    yield second.wire
    yield first.wire
    yield no_json(first.wire, home.seed)
    yield altered(first.wire, b'"import":[0]', b'"import":[7]', home.seed)
    yield stranger.open("metering").wire
    yield altered(second.wire, COOP.encode(), ident(1).encode())
    yield second.wire
    yield b"nonsense"
    old = home.heads["metering"]
    yield home.open("trading").wire
    yield home.change_key(20, old).wire
    yield first.wire
    late = home.say("metering", readings(NOON, 2))
    yield altered(late.wire, b'"import":[2]', b'"import":[3]', seed(2))
    yield late.wire


def test_it_refuses_what_the_protocol_refuses_and_for_the_same_reason() -> None:
    street = Street(Home(2))
    record = CoopRecord(COOP)
    (member,) = street.members.values()
    record.join(member.id, member.key)

    def outcome(hear: Callable[[bytes], object], wire: bytes) -> str:
        try:
            hear(wire)
        except RefusedError as refused:
            return f"{refused.code}: {refused}"
        return "taken"

    def hear(wire: bytes) -> None:
        read = check(wire, COOP, street.find)
        if isinstance(read, RefusedError):
            raise read
        for name, stream in member.streams.items():
            for chain, held in stream.chains.items():
                for seq in range(1, held.seq):
                    hash_ = record.find(member.id).streams[name].hash_at(chain, seq)  # type: ignore[union-attr]
                    stream.remember(chain, seq, str(hash_))
        street.hear(wire)

    seen = set()
    for wire in wires():
        node = outcome(hear, wire)
        assert node == outcome(record.hear, wire)
        seen.add(node.partition(":")[0])
    assert seen == {
        "taken",
        "malformed",
        "bad-signature",
        "unknown-key",
        "wrong-coop",
        "gap",
        "fork",
    }


def test_it_is_checked_again_only_if_another_key_counts_by_now() -> None:
    home = Home(2)
    street = Street(home)
    for wire in (home.open("metering").wire, home.open("trading").wire):
        assert street.hear(wire)
    before = home.heads["trading"]
    early = street.check(home.say("trading", Preference("street", ())).wire)
    assert check_again(early, street.find) is early
    home.heads["trading"] = before
    old = home.heads["metering"]
    change = home.change_key(20, old)
    opening = street.check(home.open("trading", home.heads["trading"]).wire)
    assert isinstance(opening.found, BadSignatureError)
    assert street.hear(change.wire)
    again = check_again(opening, street.find)
    assert (again.key_index, type(again.found)) == (1, Statement)
    assert check_again(again, street.find) is again


def test_what_is_held_is_known_whatever_its_signature_is_worth_now() -> None:
    home = Home(2)
    street = Street(home)
    opening = home.open("metering")
    assert street.hear(opening.wire)
    assert not street.hear(opening.wire)
    read = street.check(opening.wire)
    unsigned = Checked(read.envelope, read.key_index, BadSignatureError("no longer"))
    assert unsigned.hash == read.hash == opening.hash
    assert admit_in_turn(unsigned, street.find) is None
    with pytest.raises(ForkError):
        street.hear(altered(opening.wire, b'"after":[]', b'"after": []', home.seed))
    home.say("metering", readings(NOON))
    early = home.say("metering", readings(NOON))
    with pytest.raises(GapError):
        street.hear(early.wire)


async def test_many_are_checked_in_threads_with_the_same_outcome_in_the_same_order() -> None:
    home = Home(2)
    street = Street(home)
    said = [home.open("metering").wire]
    said += [home.say("metering", readings(NOON, total)).wire for total in range(3 * ON_THE_SPOT)]
    said[7] = b"nonsense"
    said[40] = no_json(said[40])
    checkers = Checkers(COOP, street.find)
    try:
        many = await checkers.check(said)
        few = [one for wire in said for one in await checkers.check([wire])]
    finally:
        checkers.close()
    assert len(many) == len(said)
    for at, (one, other) in enumerate(zip(many, few, strict=True)):
        assert type(one) is type(other)
        if isinstance(one, Checked) and isinstance(other, Checked):
            assert one.envelope.wire == said[at]
            assert type(one.found) is type(other.found)
    assert isinstance(many[7], MalformedError)


async def test_a_key_changes_within_one_group(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        home = Home(2)
        await here.welcome(home)
        said = [home.say("metering", readings(NOON, total)) for total in range(3)]
        await here.say(*said)
        change = home.change_key(20, home.heads["metering"])
        # The place that this names was let go of long ago, and is looked up in its turn.
        opening = home.open("metering", said[0].head)
        home.seed = seed(home.number)
        thief = home.say("trading", Preference("street", ()))
        answers = await here.coop.submit([change.wire, opening.wire, thief.wire])
        assert [type(answer) for answer in answers] == [Receipt, Receipt, BadSignatureError]
        member = here.coop.state.find(home.member)
        assert member is not None
        assert member.key_index("metering", opening.header.chain, 2) == 1


async def test_who_joins_may_speak_in_the_same_group(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        home, code = Home(2), bytes(16)
        await here.act(GiveInvite(invite_hash(code), here.clock() + DAY, Role.MEMBER))
        before = here.coop.position.size
        _, (answer,) = await asyncio.gather(
            here.coop.join(request(home, code, here.clock())),
            here.coop.submit([home.open("metering").wire]),
        )
        assert isinstance(answer, Receipt)
        assert here.coop.position.size == before + 2
