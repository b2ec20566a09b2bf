"""What a home does where a node lies, fails or refuses; tests/system has an honest one."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from custom_components.depin import delivery as delivery_module
from custom_components.depin.attestation import Attestation, KeyMissingError, Rooms, Speaker
from custom_components.depin.delivery import Delivery, Trust
from custom_components.depin.home_key import make_key
from custom_components.depin.node import (
    MemberNode,
    Node,
    NodeAwayError,
    NodeError,
    NodeRefusedError,
    StrangeAnswerError,
    UnprovenWordError,
)
from custom_components.depin.protocol.encoding import to_text
from custom_components.depin.protocol.frames import unpack
from custom_components.depin.protocol.identifiers import member_id
from custom_components.depin.protocol.keys import public_key
from custom_components.depin.protocol.log.notes import SignatureType, VerifierKey
from custom_components.depin.protocol.receipts import sign_receipts
from custom_components.depin.protocol.statements.envelope import read_statement
from custom_components.depin.protocol.statements.heads import Head
from custom_components.depin.protocol.statements.measuring import Readings
from custom_components.depin.protocol.statements.membership import ChainOpening
from custom_components.depin.protocol.statements.trading import Curve, Order
from custom_components.depin.troubles import Trouble
from custom_components.depin.waiting_orders import WaitingOrders
from tests.home.pretender import PROBLEM, Pretender, pretending

pytestmark = pytest.mark.usefixtures("socket_enabled")

_COOP = to_text(bytes(16))
_NODE = bytes(range(32))
_LOG = VerifierKey("node.example/log", SignatureType.ED25519, public_key(_NODE))


class Owner(set[Trouble]):
    """Notes what the owner is told."""

    tell = set.add
    withdraw = set.discard


@dataclass
class Home:
    """A home that delivers to whatever answers."""

    node: Pretender
    session: ClientSession
    attestation: Attestation
    delivery: Delivery
    owner: Owner
    orders: WaitingOrders
    sent: list[bytes] = field(default_factory=list)

    async def record(self, number: int) -> None:
        await self.attestation.async_record(Readings("A" * 22, (number,), {"import": (number,)}))

    async def waiting(self) -> int:
        return len(await self.attestation.async_waiting("metering"))

    def answer_statements(self, answer: Callable[[list[bytes]], object]) -> None:
        """Answer what is sent by a rule of the test's."""

        def answered(content: bytes) -> tuple[int, object]:
            wires = unpack(content, 1000)
            self.sent += wires
            return 200, answer(wires)

        self.node.rules["/v1/statements"] = answered


def receipts(wires: list[bytes]) -> list[Any]:
    """Promise what an honest node promises."""
    hashes = [read_statement(wire).hash for wire in wires]
    return [
        {
            "origin": one.origin,
            "due": one.due,
            "statement": one.statement,
            "index": one.index,
            "size": one.size,
            "path": list(one.path),
            "signature": to_text(one.signature),
        }
        for one in sign_receipts(_LOG.name, 5, hashes, _NODE)
    ]


@asynccontextmanager
async def home(folder: Path) -> AsyncIterator[Home]:
    """Start a home whose node knows nothing of it yet."""
    key = make_key()
    member = member_id(_COOP, key.public)
    rooms = Rooms(folder / "outbox", folder / "marker")
    async with pretending() as node, ClientSession() as session:
        node.answers |= {
            "/challenges": (201, {"challenge": "A" * 75, "expires": 1}),
            "/tokens": (201, {"token": "abc", "expires": 1}),
            "/head": (200, {"metering": [], "trading": []}),
            member: (200, {"key": to_text(key.public), "orders_held": False}),
        }
        attestation = await Attestation.open(rooms, Speaker(_COOP, member), (key,))
        owner = Owner()
        speaking = MemberNode(Node(session, node.address, _COOP), member)
        trust = Trust(public_key(_NODE), _LOG.name, _LOG)
        orders = WaitingOrders()
        delivery = Delivery(attestation, speaking, trust, orders, owner)
        one = Home(node, session, attestation, delivery, owner, orders)
        one.answer_statements(receipts)
        try:
            yield one
        finally:
            await attestation.close()


async def test_what_the_node_promises_is_kept(tmp_path: Path) -> None:
    """And not sent again."""
    async with home(tmp_path) as house:
        await house.record(1)
        for _ in range(2):
            await house.delivery.deliver()
            assert len(house.sent) == 2
        assert await house.waiting() == 0
        assert house.owner == set()


async def test_orders_are_signed_when_the_node_can_hear_them(tmp_path: Path) -> None:
    """One whose gate has passed by then is dropped, unsigned."""
    order = Order("street", (Curve(4_000_000_000_000, "ask", ((70_000, 400),)),))
    async with home(tmp_path) as house:
        house.orders.add(order, 4_000_000_000_000)
        house.orders.add(order, 1)
        house.node.answers["/head"] = 503, {}
        with pytest.raises(NodeAwayError):
            await house.delivery.deliver()
        assert len(house.orders) == 2
        house.node.answers["/head"] = 200, {"metering": [], "trading": []}
        await house.delivery.deliver()
        kinds = [read_statement(wire).kind for wire in house.sent]
        assert kinds == ["chain_opening", "order"]
        assert len(house.orders) == 0


_STRANGER = Head("B" * 21 + "A", 5, to_text(bytes(32)))


def _heads(house: Home, *metering: Head, trading: tuple[Head, ...] = ()) -> None:
    """Let the node hold these heads."""
    held = {"metering": metering, "trading": trading}
    said = {stream: [head.to_json() for head in heads] for stream, heads in held.items()}
    house.node.answers["/head"] = 200, said


async def test_a_chain_of_somebody_else_s_is_a_question_to_the_owner(tmp_path: Path) -> None:
    """Until it is answered all is recorded, and nothing sent; then it goes out in a new chain."""
    async with home(tmp_path) as house:
        await house.record(1)
        await house.delivery.deliver()
        _heads(house, read_statement(house.sent[-1]).head, _STRANGER, trading=(_STRANGER,))
        house.sent.clear()
        order = Order("street", (Curve(4_000_000_000_000, "ask", ((70_000, 400),)),))
        house.orders.add(order, 4_000_000_000_000)
        for number in range(2, 4):
            await house.record(number)
            await house.delivery.deliver()
            assert house.owner == {Trouble.CLONE}
        assert not house.sent
        assert len(house.orders) == 1
        assert await house.waiting() == 2
        house.delivery.take_over()
        await house.delivery.deliver()
        assert house.owner == set()
        assert await house.waiting() == 0
        openings = [
            statement.body
            for statement in map(read_statement, house.sent)
            if isinstance(statement.body, ChainOpening)
        ]
        assert [_STRANGER in opening.after for opening in openings] == [True, True]


async def test_a_home_without_its_past_goes_on_after_what_the_node_holds(tmp_path: Path) -> None:
    """Its outbox may be lost, or never have been here: it opens no chain beside the old one."""
    async with home(tmp_path) as house:
        await house.record(1)
        _heads(house, _STRANGER)
        await house.delivery.deliver()
        assert house.owner == {Trouble.RESTORED}
        first, second = map(read_statement, house.sent)
        assert first.body == ChainOpening((_STRANGER,))
        assert second.kind == "readings"
        assert await house.waiting() == 0


async def test_a_home_that_is_behind_goes_on_after_its_own_later_self(tmp_path: Path) -> None:
    """The node holds more of its chain than the outbox, and nothing contradicts it."""
    async with home(tmp_path) as house:
        await house.record(1)
        (place, *_) = await house.attestation.async_waiting("metering")
        later = Head(place.head.chain, 9, to_text(bytes(32)))
        _heads(house, later)
        await house.delivery.deliver()
        assert house.owner == {Trouble.RESTORED}
        assert read_statement(house.sent[-1]).body == ChainOpening((later,))


async def test_orders_that_are_held_are_a_question_too(tmp_path: Path) -> None:
    """The clone's words are at the node; this home's own are taken as ever."""
    async with home(tmp_path) as house:
        member = house.attestation.speaker.member
        key = to_text(house.attestation.key.public)
        house.node.answers[member] = 200, {"key": key, "orders_held": True}
        await house.record(1)
        await house.delivery.deliver()
        assert house.owner == {Trouble.CLONE}
        assert await house.waiting() == 0


async def test_old_words_that_are_contradicted_are_a_clone_s(tmp_path: Path) -> None:
    """What was said by a start that the node heard, and it holds otherwise, somebody else said."""
    async with home(tmp_path) as house:
        await house.delivery.deliver()
        await house.record(1)
        key, speaker = house.attestation.key, house.attestation.speaker
    rooms = Rooms(tmp_path / "outbox", tmp_path / "marker")
    async with home(tmp_path / "unused") as house:
        attestation = await Attestation.open(rooms, speaker, (key,))
        node = MemberNode(Node(house.session, house.node.address, _COOP), speaker.member)
        trust = Trust(public_key(_NODE), _LOG.name, _LOG)
        delivery = Delivery(attestation, node, trust, WaitingOrders(), house.owner)
        house.node.answers[speaker.member] = house.node.answers[house.attestation.speaker.member]
        house.answer_statements(_refusing_first("fork"))
        await delivery.deliver()
        assert house.owner == {Trouble.CLONE}
        assert await attestation.async_held() == {"metering"}
        await attestation.close()


def _of_another_log(answers: list[Any]) -> None:
    answers[0]["origin"] = "other.example/log"


def _for_another(answers: list[Any]) -> None:
    answers.reverse()


def _unsigned(answers: list[Any]) -> None:
    answers[0]["signature"] = to_text(bytes(64))


@pytest.mark.parametrize("break_it", [_of_another_log, _for_another, _unsigned])
async def test_a_receipt_that_does_not_hold_is_told(
    tmp_path: Path, break_it: Callable[[list[Any]], None]
) -> None:
    """The statements stay, to be sent to a node that keeps its word."""

    def answer(wires: list[bytes]) -> object:
        answers = receipts(wires)
        break_it(answers)
        return answers

    async with home(tmp_path) as house:
        await house.record(1)
        house.answer_statements(answer)
        with pytest.raises(UnprovenWordError):
            await house.delivery.deliver()
        assert house.owner == {Trouble.NODE_DISTRUSTED}
        assert await house.waiting() == 2
        house.answer_statements(receipts)
        await house.delivery.deliver()
        assert house.owner == set()


@pytest.mark.parametrize(
    "answer",
    [
        lambda _: {},
        lambda _: [],
        lambda wires: [{"origin": 5}] * len(wires),
        lambda wires: [{"code": "UPPER", **PROBLEM}] * len(wires),
        lambda wires: [{"code": "gap", **PROBLEM, "wanted": []}] * len(wires),
    ],
)
async def test_an_answer_that_is_none_is_tried_again(
    tmp_path: Path, answer: Callable[[list[bytes]], object]
) -> None:
    """Nothing is taken for delivered."""
    async with home(tmp_path) as house:
        await house.record(1)
        house.answer_statements(answer)
        with pytest.raises(StrangeAnswerError):
            await house.delivery.deliver()
        assert await house.waiting() == 2


def _refusing_first(code: str, **more: object) -> Callable[[list[bytes]], list[Any]]:
    """Refuse the first readings, and take everything else."""
    refused: list[bytes] = []

    def answer(wires: list[bytes]) -> list[Any]:
        answers = receipts(wires)
        for at, wire in enumerate(wires):
            if b'"kind":"readings"' in wire and (not refused or wire in refused):
                refused.append(wire)
                answers[at] = {"code": code, **PROBLEM, **more}
        return answers

    return answer


async def test_what_an_earlier_log_holds_is_not_sent_again(tmp_path: Path) -> None:
    """Nothing is to be done about it."""
    async with home(tmp_path) as house:
        await house.record(1)
        house.answer_statements(_refusing_first("earlier-log"))
        await house.delivery.deliver()
        assert await house.waiting() == 0
        assert house.owner == set()


async def test_a_statement_that_cannot_be_taken_holds_up_nothing(tmp_path: Path) -> None:
    """What comes after it is said again in another chain."""
    async with home(tmp_path) as house:
        for number in range(1, 4):
            await house.record(number)
        house.answer_statements(_refusing_first("malformed"))
        await house.delivery.deliver()
        assert await house.waiting() == 0
        assert Trouble.STATEMENT_REFUSED in house.owner
        said = [read_statement(wire) for wire in house.sent]
        assert len({one.header.chain for one in said}) == 2


@pytest.mark.parametrize("code", ["fork", "chain-ended", "too-many-chains"])
async def test_a_home_that_was_set_back_says_again_what_was_refused(
    tmp_path: Path, code: str
) -> None:
    """All of it was said since the start, so it is no clone's word."""
    async with home(tmp_path) as house:
        for number in range(1, 4):
            await house.record(number)
        refuse = _refusing_first(code)

        def answer(wires: list[bytes]) -> object:
            # Somebody speaks, in a chain that follows this one.
            house.node.answers["/head"] = 200, {"metering": [_STRANGER.to_json()], "trading": []}
            return refuse(wires)

        house.answer_statements(answer)
        await house.delivery.deliver()
        assert await house.waiting() == 0
        assert house.owner == {Trouble.RESTORED}


async def test_a_chain_that_ended_with_a_replaced_key_is_followed_by_another(
    tmp_path: Path,
) -> None:
    """Nobody speaks in any other, so no clone does."""
    async with home(tmp_path) as house:
        await house.record(1)
        house.answer_statements(_refusing_first("chain-ended"))
        await house.delivery.deliver()
        assert await house.waiting() == 0
        assert house.owner == set()


async def test_what_the_node_lost_is_sent_again(tmp_path: Path) -> None:
    """From the place that it wants."""
    async with home(tmp_path) as house:
        for number in range(1, 4):
            await house.record(number)
        await house.delivery.deliver()
        first = read_statement(house.sent[0])
        await house.record(4)
        wanted = {"chain": first.header.chain, "seq": 2}
        heard: list[int] = []

        def answer(wires: list[bytes]) -> list[Any]:
            numbers = [read_statement(wire).header.seq for wire in wires]
            heard.extend(numbers)
            if numbers[0] > 2 and 2 not in heard:
                return [{"code": "gap", **PROBLEM, "wanted": wanted}] * len(wires)
            return receipts(wires)

        house.answer_statements(answer)
        await house.delivery.deliver()
        assert heard == [5, 2, 3, 4, 5]
        assert house.owner == set()


async def test_a_node_that_lost_part_of_a_chain_says_so_by_its_head(tmp_path: Path) -> None:
    """What it holds no more is sent without being asked for."""
    async with home(tmp_path) as house:
        for number in range(1, 4):
            await house.record(number)
        await house.delivery.deliver()
        second = read_statement(house.sent[1]).head
        heads = {"metering": [second.to_json()], "trading": []}
        house.node.answers["/head"] = 200, heads
        house.sent.clear()
        await house.delivery.deliver()
        assert [read_statement(wire).header.seq for wire in house.sent] == [3, 4]


async def test_a_gap_that_cannot_be_filled_is_left_by_a_new_chain(tmp_path: Path) -> None:
    """If it goes on like that, the home gives up until it is started anew."""
    async with home(tmp_path) as house:
        await house.record(1)
        wanted = {"chain": "B" * 21 + "A", "seq": 1}
        gap = {"code": "gap", **PROBLEM, "wanted": wanted}
        house.answer_statements(lambda wires: [gap] * len(wires))
        with pytest.raises(NodeRefusedError) as refused:
            await house.delivery.deliver()
        assert refused.value.code == "stuck"


@pytest.mark.parametrize("code", ["bad-signature", "unknown-key"])
async def test_a_key_that_is_refused_is_told(tmp_path: Path, code: str) -> None:
    """Until the node takes it again."""
    async with home(tmp_path) as house:
        await house.record(1)
        house.answer_statements(_refusing_first(code))
        with pytest.raises(NodeRefusedError):
            await house.delivery.deliver()
        assert house.owner == {Trouble.KEY_REFUSED}
        house.answer_statements(receipts)
        await house.delivery.deliver()
        assert house.owner == set()


async def test_a_key_that_opens_nothing_is_told(tmp_path: Path) -> None:
    """No key that is here speaks for the member."""
    async with home(tmp_path) as house:
        house.node.refuse("/tokens", "challenge-refused")
        with pytest.raises(NodeRefusedError):
            await house.delivery.deliver()
        assert house.owner == {Trouble.KEY_REFUSED}


async def test_a_token_that_has_run_out_is_asked_for_again(tmp_path: Path) -> None:
    """At once: tokens last for minutes."""
    async with home(tmp_path) as house:
        await house.delivery.deliver()
        before = house.node.answers["/head"]
        house.node.refuse("/head", "token-wanted", 401)
        with pytest.raises(NodeAwayError) as away:
            await house.delivery.deliver()
        assert away.value.retry_after == 0
        house.node.answers["/head"] = before
        await house.delivery.deliver()
        assert sum(path.endswith("/tokens") for path in house.node.asked) == 2


@pytest.mark.parametrize(
    ("status", "retry", "expected"),
    [(503, "7", 7), (429, "30", 30), (500, "soon", None), (502, "", None), (503, "9999999", None)],
)
async def test_a_node_that_cannot_now_says_when(
    tmp_path: Path, status: int, retry: str, expected: int | None
) -> None:
    """What it says is believed within a day."""
    async with home(tmp_path) as house:
        house.node.answers["/head"] = status, {}
        house.node.headers = {"Retry-After": retry}
        with pytest.raises(NodeAwayError) as away:
            await house.delivery.deliver()
        assert away.value.retry_after == expected


async def test_an_answer_without_end_is_cut_off(tmp_path: Path) -> None:
    """A home's memory is not a stranger's to fill."""
    async with home(tmp_path) as house:
        house.node.answers["/head"] = 200, bytes(9 * 2**20)
        with pytest.raises(StrangeAnswerError, match="too long"):
            await house.delivery.deliver()


async def test_a_proof_that_does_not_hold_is_told(tmp_path: Path) -> None:
    """Whatever the file says."""
    async with home(tmp_path) as house:
        await house.record(1)
        house.node.answers["/proof"] = 200, b"no proof at all"
        with pytest.raises(UnprovenWordError):
            await house.delivery.deliver()
        assert house.owner == {Trouble.NODE_DISTRUSTED}


async def test_delivery_goes_on_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After failures it tries again, and what is said later is sent at once."""
    monkeypatch.setattr(delivery_module, "_FIRST_PAUSE", 0.01)
    monkeypatch.setattr(delivery_module, "_GATHERING", 0.01)
    async with home(tmp_path) as house:
        heads = house.node.answers.pop("/head")
        running = asyncio.create_task(house.delivery.run())
        while house.node.asked.count(f"{_member_path(house)}/head") < 3:
            await asyncio.sleep(0.01)
        assert not house.delivery.is_connected
        house.node.answers = {"/head": heads, **house.node.answers}
        for number in range(1, 3):
            await house.record(number)
            while await house.waiting():
                await asyncio.sleep(0.01)
        while not house.delivery.is_connected:
            await asyncio.sleep(0.01)
        house.node.answers["/head"] = 500, {}
        house.delivery.wake()
        while house.delivery.is_connected:
            await asyncio.sleep(0.01)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running


async def test_delivery_outlives_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Receipts that cannot be kept are asked for again."""
    monkeypatch.setattr(delivery_module, "_FIRST_PAUSE", 0.01)
    async with home(tmp_path) as house:
        await house.record(1)
        write = os.write

        def full(file: int, data: bytes) -> int:
            if b'"origin"' in data:
                raise OSError(28, "No space left on device")
            return write(file, data)

        with monkeypatch.context() as patched:
            patched.setattr(os, "write", full)
            running = asyncio.create_task(house.delivery.run())
            while len(house.sent) < 4:
                await asyncio.sleep(0.01)
            assert await house.waiting() == 2
        while await house.waiting():
            await asyncio.sleep(0.01)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running


async def test_delivery_looks_again_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was promised is to be seen in the log, though nothing more is said."""
    monkeypatch.setattr(delivery_module, "QUIET", 0.01)
    async with home(tmp_path) as house:
        running = asyncio.create_task(house.delivery.run())
        while house.node.asked.count(f"{_member_path(house)}/head") < 3:
            await asyncio.sleep(0.01)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running


def _member_path(house: Home) -> str:
    return f"/v1/coops/{_COOP}/members/{house.attestation.speaker.member}"


def test_pauses_grow_and_differ() -> None:
    """From seconds to a quarter of an hour, unless the node named a time."""
    pause = delivery_module.pause_after
    for failures in range(1, 40):
        longest = min(2.0 * 2 ** (failures - 1), 900.0)
        for _ in range(20):
            assert longest / 2 <= pause(failures, NodeError("")) <= longest
    assert 7 <= pause(1, NodeAwayError("", 7)) <= 8
    assert len({pause(9, NodeError("")) for _ in range(20)}) > 10


async def test_a_key_that_is_not_stored_is_asked_for(tmp_path: Path) -> None:
    """The outbox says which key signs; with another the chain would break."""
    async with home(tmp_path) as house:
        await house.record(1)
        old, new = house.attestation.key, make_key()
        await house.attestation.async_change_key(new)
        assert house.attestation.keys == (new, old)
        speaker = house.attestation.speaker
    rooms = Rooms(tmp_path / "outbox", tmp_path / "marker")
    with pytest.raises(KeyMissingError):
        await Attestation.open(rooms, speaker, (old,))
    again = await Attestation.open(rooms, speaker, (new, old))
    assert again.key == new
    await again.close()


async def test_a_key_that_the_node_confirmed_takes_the_place_of_a_lost_one(tmp_path: Path) -> None:
    """The home had changed its key before an operator gave the member another."""
    async with home(tmp_path) as house:
        await house.record(1)
        first = house.attestation.key
        await house.attestation.async_change_key(make_key())
        speaker = house.attestation.speaker
    rooms, given = Rooms(tmp_path / "outbox", tmp_path / "marker"), make_key()
    again = await Attestation.open(rooms, speaker, (given,), may_replace=True)
    assert again.key == given
    await again.close()
    assert first != given


async def test_a_start_that_fails_leaves_no_file_open(tmp_path: Path) -> None:
    """Home Assistant tries again for ever."""
    key = make_key()
    speaker = Speaker(_COOP, member_id(_COOP, key.public))
    (tmp_path / "file").write_text("")
    before = len([*Path("/proc/self/fd").iterdir()])
    for _ in range(20):
        with pytest.raises(OSError, match="file"):
            await Attestation.open(
                Rooms(tmp_path / "outbox", tmp_path / "file" / "marker"), speaker, (key,)
            )
    assert len([*Path("/proc/self/fd").iterdir()]) < before + 10
