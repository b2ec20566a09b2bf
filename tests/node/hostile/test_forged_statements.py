"""Statements bent by hostile hands, by the thousand: the node takes what the protocol takes."""

import logging
import os
import time
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any, Final

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from depin_protocol.encoding import encode_json, from_text
from depin_protocol.frames import FrameError, pack, unpack
from depin_protocol.log.entries import StatementEntry, read_entry
from depin_protocol.problems import RefusedError
from depin_protocol.receipts import Receipt
from depin_protocol.statements.bodies import Body
from depin_protocol.statements.envelope import statement_hash
from depin_protocol.statements.record import CoopRecord
from tests.node.api.neighbour import Neighbour, Reply, ask
from tests.node.hostile.forging import Hands
from tests.node.hostile.watched import LEAKING, UNLIMITED, Watched, watched
from tests.protocol.spoken import BODIES
from tests.system.node_process import command

STATEMENTS: Final = int(os.environ.get("DEPIN_FORGED_STATEMENTS", "6000"))
"""How many; the long hunt wants a million."""

BATCH: Final = 100
BATCH_BYTES: Final = 900_000
MEMBERS: Final = 4 + STATEMENTS // 10_000

GROWTH: Final = 64 * 2**20
"""What a node may grow by after its first tenth: SQLite's page caches are four of 16 MiB."""

WARM_GROWTH: Final = 2**20
"""What it may grow by in its quietest stretch when nothing that it is sent is new."""

LOG: Final = logging.getLogger(__name__)

type Said = dict[str, object]


def _as_said(body: Body) -> Said:
    return {"kind": body.KIND, **body.to_json()}


sound = st.lists(st.one_of(*BODIES.values()).map(_as_said), min_size=2, max_size=2)


class Model:
    """What the protocol says of all that a node is sent."""

    def __init__(self, watch: Watched) -> None:
        self.watch = watch
        self.coop = watch.node.coop.description.coop
        self.hands = Hands(self.coop, CoopRecord(self.coop), Random(1))
        self.entered: list[str] = []
        self.sent = 0
        self._difference: AssertionError | None = None
        self.key = from_text(ask(watch.node.port, f"/v1/coops/{self.coop}").json["node_key"], 32)
        for _ in range(MEMBERS):
            home = Neighbour(self.coop)
            assert home.join(watch.node.port, watch.node.code()).status == 201
            self.hands.enrol(home.seed)

    def throw(self, seed: int, drawn: list[Said]) -> None:
        """Send one batch, and compare each answer; what differed once differs for good."""
        if self._difference is not None:
            raise self._difference
        try:
            self._throw(seed, drawn)
        except AssertionError as difference:
            self._difference = difference
            raise

    def _throw(self, seed: int, drawn: list[Said]) -> None:
        hands = self.hands
        hands.chance.seed(f"{seed} {self.sent}")
        hands.bodies = [*hands.bodies[-300:], *drawn]
        if hands.said and hands.chance.random() < 0.03:
            self._throw_misframed(hands.chance.choices(hands.said, k=BATCH))
            return
        wires: list[bytes] = []
        wanted = []
        # Each is written once it is known what comes of those before it.
        while len(wires) < BATCH and sum(map(len, wires)) < BATCH_BYTES:
            wires.append(hands.next_wire())
            wanted.append(self._hear(wires[-1]))
        self._compare(wires, wanted, self.watch.throw(pack(wires)))

    def _throw_misframed(self, wires: list[bytes]) -> None:
        """Send a batch whose lengths are wrong; what can be read of it all the same is a batch."""
        content = _misframed(pack(wires), self.hands.chance)
        reply = self.watch.throw(content)
        try:
            wires = unpack(content, 1_000)
        except FrameError:
            wires = []
        if not wires:
            assert (reply.status, reply.json["code"]) == (400, "request-invalid"), reply.content
            return
        self._compare(wires, [self._hear(one) for one in wires], reply)

    def _compare(self, wires: list[bytes], wanted: list[dict[str, object]], reply: Reply) -> None:
        assert reply.status == 200, (reply.content, [wire.hex() for wire in wires])
        self.sent += len(wires)
        for wire, answer, want in zip(wires, reply.json, wanted, strict=True):
            assert _told(answer) == want, (answer, wire.hex())
        receipts = [answer for answer in reply.json if "statement" in answer]
        for receipt in receipts[-1:]:
            Receipt.read(encode_json(receipt)).verify(self.key)

    def _hear(self, wire: bytes) -> dict[str, object]:
        try:
            statement, admission = self.hands.record.hear(wire)
        except RefusedError as refused:
            return {"code": str(refused.code), **refused.extensions()}
        if admission != "known":
            self.entered.append(statement.hash)
        return {"statement": statement_hash(wire)}


def _told(answer: dict[str, Any]) -> dict[str, object]:
    names = ("code", "statement", "wanted", "held", "live", "limit")
    return {name: answer[name] for name in names if name in answer}


def _misframed(content: bytes, chance: Random) -> bytes:
    at = chance.randrange(len(content))
    return chance.choice(
        (
            content[:at],
            content[:at] + chance.randbytes(4) + content[at:],
            content + bytes(4 * 1_001),
            b"\xff\xff\xff\xff" + content,
            content[4:],
        )
    )


def throw(model: Model, statements: int) -> None:
    """Throw so many statements at a node."""

    @settings(
        max_examples=20,
        phases=[Phase.generate],  # the node has moved on, so nothing is the same a second time
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.integers(0, 2**64 - 1), sound)
    def one_batch(seed: int, drawn: list[Said]) -> None:
        model.throw(seed, drawn)

    wanted = model.sent + statements
    while model.sent < wanted:
        one_batch()


def logged(watch: Watched, coop: str) -> list[str]:
    """Read which statements the log holds, in order."""
    path = f"/v1/coops/{coop}"
    size = watch.fetch(path).json["entries"]
    while watch.fetch(path).json["checkpoint"]["size"] < size:
        time.sleep(0.1)
    found = []
    for number in range(-(-size // 256)):
        group = f"{number:03}" if number < 1_000 else f"x{number // 1_000:03}/{number % 1_000:03}"
        width = min(256, size - 256 * number)
        part = f".p/{width}" if width < 256 else ""
        bundle = watch.fetch(f"/log/{coop}/tile/entries/{group}{part}").content
        while bundle:
            end = 2 + int.from_bytes(bundle[:2])
            entry = read_entry(bundle[2:end])
            if isinstance(entry, StatementEntry):
                found.append(entry.hash)
            bundle = bundle[end:]
    return found


def told(watch: Watched, model: Model) -> int:
    """Let all members read what they were told, those who left too; return how many events."""
    read = 0
    for name in model.hands.members:
        key = model.hands.record_of(name).history.keys[-1]
        home = Neighbour(model.coop, model.hands.seeds[key], named=name)
        token, after = home.token(watch.node.port), 0
        while events := watch.fetch(f"{home.path}/events?after={after}&limit=200", token).json:
            after = events[-1]["id"]
            read += len(events)
    return read


def test_the_node_takes_what_the_protocol_takes(tmp_path: Path) -> None:
    # A member of the protocol may open more chains than one of an ordinary node.
    with watched(tmp_path, UNLIMITED) as watch:
        model = Model(watch)
        throw(model, STATEMENTS // 10)
        before = watch.resident()
        throw(model, STATEMENTS - model.sent)
        growth = watch.resident() - before
        LOG.info("%d sent, %d entered, %d bytes more", model.sent, len(model.entered), growth)
        assert 0.1 < len(model.entered) / model.sent < 0.9
        assert growth < GROWTH
        entered = set(model.entered)
        assert [one for one in logged(watch, model.coop) if one in entered] == model.entered
        assert told(watch, model) > 0
    assert "all follows" in command("verify", "--data", tmp_path)


def growth_when_nothing_is_new(watch: Watched) -> int:
    """Throw the same statements at a node again and again; return its growth where it was least.

    A leak grows in every stretch; caches and the allocator grow in some.
    """
    model = Model(watch)
    throw(model, 2_000)
    wires = model.hands.said
    batches = [pack(wires[at : at + BATCH]) for at in range(0, len(wires), BATCH)]
    held = []
    for _ in range(6):
        for content in batches * 5:
            watch.throw(content)
        held.append(watch.resident())
    LOG.info("bytes held: %s", held)
    return min(after - before for before, after in pairwise(held))


def test_a_node_does_not_grow_by_what_it_knows_or_refuses(tmp_path: Path) -> None:
    with watched(tmp_path) as watch:
        growth = growth_when_nothing_is_new(watch)
        assert growth < WARM_GROWTH


def test_a_node_that_leaks_is_found_out(tmp_path: Path) -> None:
    with watched(tmp_path, LEAKING) as watch:
        growth = growth_when_nothing_is_new(watch)
        assert growth > 2 * WARM_GROWTH
