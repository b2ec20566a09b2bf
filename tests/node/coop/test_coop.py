"""A co-op at work: statements become receipts, and receipts become proofs."""

import asyncio
from pathlib import Path

import pytest

from depin_protocol.log.checkpoint import open_checkpoint
from depin_protocol.log.entries import DecisionEntry, StatementEntry, read_entry
from depin_protocol.log.notes import Note
from depin_protocol.log.proof_file import ProofFile
from depin_protocol.problems import (
    BadSignatureError,
    ChainEndedError,
    ForkError,
    GapError,
    MalformedError,
    UnknownKeyError,
    WrongCoopError,
)
from depin_protocol.receipts import Receipt
from depin_protocol.statements.measuring import Observations
from depin_protocol.statements.trading import Preference
from settlement_node.coop.answers import BusyError, StoppedError
from settlement_node.coop.coop import Coop
from settlement_node.intake.streams import Place
from tests.node.village import DAY, FACTS, readings, surroundings, village
from tests.protocol.spoken import NOON, Home, ident

NEIGHBOUR = 2


async def test_a_statement_gets_a_receipt_that_becomes_a_proof(tmp_path: Path) -> None:
    async with village(tmp_path, checkpoint_after=1_000) as here:
        home = Home(NEIGHBOUR)
        await here.welcome(home)
        said = home.say("metering", readings(NOON))
        (receipt,) = await here.say(said)
        receipt.verify(FACTS.receipt_key)
        assert receipt.statement == said.hash
        place = Place(home.member, "metering", said.header.chain, said.header.seq)
        held = await here.coop.statement(place)
        assert held is not None
        assert held.wire == said.wire
        assert await here.coop.proof_file(held.index) is None

        here.clock.now += 1_000
        await here.coop.tick()
        written = await here.coop.proof_file(held.index)
        entry = await here.coop.entry(held.index)
        assert written is not None
        assert entry is not None
        ProofFile.parse(written).verify(entry, FACTS.log_verifier())
        assert read_entry(entry) == StatementEntry(NOON, "readings", said.hash)
        assert here.clock() <= receipt.due


async def test_what_a_sensor_saw_is_kept_and_calls_for_no_decision(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        home = Home(NEIGHBOUR)
        await here.welcome(home)
        size = here.coop.position.size
        said = home.say(
            "metering", Observations(ident(9), "temperature", -2, (NOON, NOON + 1), (-312, 45))
        )
        (receipt,) = await here.say(said)
        receipt.verify(FACTS.receipt_key)
        assert here.coop.position.size == size + 1
        entry = await here.coop.entry(size)
        assert entry is not None
        assert read_entry(entry) == StatementEntry(NOON, "observations", said.hash)

        ahead = home.say("metering", Observations(ident(9), "ozone", 0, (NOON + DAY,), (61,)))
        await here.say(ahead)
        entry = await here.coop.entry(size + 2)
        assert entry is not None
        decision = read_entry(entry)
        assert isinstance(decision, DecisionEntry)
        assert decision.kind == "no_effect"


async def test_the_same_bytes_get_the_same_receipt_now_and_after_a_restart(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        home = Home(NEIGHBOUR)
        await here.welcome(home)
        said = [home.say("metering", readings(NOON, total)) for total in range(5)]
        receipts = await here.say(*said)
        size = here.coop.position.size
        here.clock.now += 60_000
        assert await here.say(said[3], said[0]) == [receipts[3], receipts[0]]
        await here.coop.close()
        here.coop = await type(here.coop).open(here.store, surroundings(here.clock))
        await here.coop.start()
        assert await here.say(*said) == receipts
        assert here.coop.position.size == size


async def test_the_same_bytes_twice_in_one_group_enter_once(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        home = Home(NEIGHBOUR)
        await here.welcome(home)
        size = here.coop.position.size
        said = home.say("metering", readings(NOON))
        first, second = await here.say(said, said)
        assert first == second
        assert here.coop.position.size == size + 1


async def test_what_cannot_enter_is_refused_in_its_place(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        home, stranger = Home(NEIGHBOUR), Home(3)
        await here.welcome(home)
        first = home.say("metering", readings(NOON))
        home.say("metering", readings(NOON, 1))
        third = home.say("metering", readings(NOON, 2))
        damaged = bytes(64) + first.wire[64:]
        elsewhere = first.wire.replace(b'"coop":"', b'"coop":"AAAA', 1)[:-4]
        answers = await here.coop.submit(
            [
                b"nonsense",
                stranger.open("trading").wire,
                damaged,
                third.wire,
                first.wire,
                elsewhere,
            ]
        )
        kinds = [type(answer) for answer in answers]
        assert kinds == [
            MalformedError,
            UnknownKeyError,
            BadSignatureError,
            GapError,
            Receipt,
            MalformedError,
        ]
        gap = answers[3]
        assert isinstance(gap, GapError)
        # The first was not in yet when the third had its turn.
        assert gap.seq == first.header.seq


async def test_a_statement_of_another_coop_is_refused(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        wire = here.operator.say("trading", Preference("street", ())).wire
        start = wire.index(b'"coop":"') + 8
        other = wire[:start] + b"A" * 22 + wire[start + 22 :]
        (answer,) = await here.coop.submit([other])
        assert isinstance(answer, WrongCoopError)


async def test_a_fork_is_kept_as_evidence_once_and_holds_orders_until_all_is_named(
    tmp_path: Path,
) -> None:
    async with village(tmp_path) as here:
        home = Home(NEIGHBOUR)
        await here.welcome(home)
        before = home.heads["trading"]
        mine = home.say("trading", Preference("street", ()))
        home.heads["trading"] = before
        clones = [home.say("trading", Preference("street", (str(home.member),)))]
        home.heads["trading"] = before
        clones.append(home.say("trading", Preference("street", (here.operator.member,))))
        await here.say(mine)
        for clone in clones:
            (answer,) = await here.coop.submit([clone.wire])
            assert isinstance(answer, ForkError)
        member = here.coop.state.find(home.member)
        assert member is not None
        assert member.orders_held
        events = await here.coop.events.since(home.member, 0, 10)
        assert [event.kind for event in events] == ["held"]
        assert await decisions(here.coop, "held") == 1

        (head,) = here.coop.heads(home.member)["trading"]
        opening = home.open("trading", head)
        await here.say(opening)
        assert not member.orders_held
        (answer,) = await here.coop.submit([clones[0].wire])
        assert isinstance(answer, ForkError)


async def test_two_live_chains_hold_orders_and_the_owner_is_asked(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        home = Home(NEIGHBOUR)
        await here.welcome(home)
        first = home.heads["trading"]
        second = home.open("trading")
        await here.say(second)
        member = here.coop.state.find(home.member)
        assert member is not None
        assert member.orders_held
        assert [event.kind for event in await here.coop.events.since(home.member, 0, 9)] == ["held"]
        await here.say(home.open("trading", first, second.head))
        assert not member.orders_held
        assert len(here.coop.heads(home.member)["trading"]) == 1
        home.heads["trading"] = second.head
        (answer,) = await here.coop.submit([home.say("trading", Preference("street", ())).wire])
        assert isinstance(answer, ChainEndedError)


async def test_a_late_or_unknown_statement_is_kept_and_a_decision_says_so(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        home = Home(NEIGHBOUR)
        await here.welcome(home)
        ahead = home.say("metering", readings(NOON + 10**9))
        await here.say(ahead)
        entry = await here.coop.entry(here.coop.position.size - 1)
        assert entry is not None
        decision = read_entry(entry)
        assert isinstance(decision, DecisionEntry)
        assert decision.kind == "no_effect"
        assert decision.result["code"] == "clock-wrong"
        (event,) = await here.coop.events.since(home.member, 0, 9)
        assert event.data["code"] == "clock-wrong"


async def test_a_checkpoint_follows_within_its_delay_and_not_before(tmp_path: Path) -> None:
    async with village(tmp_path, checkpoint_after=5_000) as here:
        home = Home(NEIGHBOUR)
        await here.welcome(home)
        signed = here.coop.position.checkpoint.size
        here.clock.now += 4_999
        await here.coop.tick()
        assert here.coop.position.checkpoint.size == signed
        here.clock.now += 1
        await here.coop.tick()
        assert here.coop.position.checkpoint.size == here.coop.position.size
        served = await here.coop.shelf.fetch("checkpoint")
        assert served is not None
        note = Note.parse(served.content)
        assert open_checkpoint(note, FACTS.log_verifier()).tree == here.coop.position.checkpoint


async def test_no_more_waits_than_there_is_room_for(tmp_path: Path) -> None:
    async with village(tmp_path, waiting_statements=10) as here:
        home = Home(NEIGHBOUR)
        await here.welcome(home)
        many = [home.say("metering", readings(NOON, total)).wire for total in range(20)]
        waiting = asyncio.create_task(here.coop.submit(many[:10]))
        await asyncio.sleep(0)
        with pytest.raises(BusyError) as busy:
            await here.coop.submit(many[10:])
        assert busy.value.retry_after >= 1
        assert all(isinstance(answer, Receipt) for answer in await waiting)


async def test_a_failed_commit_stops_the_coop_and_says_why(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        home = Home(NEIGHBOUR)
        await here.welcome(home)
        await here.store.close()
        with pytest.raises(StoppedError, match="start the node again"):
            await here.say(home.say("metering", readings(NOON)))
        assert here.coop.failure is not None
        with pytest.raises(StoppedError):
            await here.coop.tick()


async def decisions(coop: Coop, kind: str) -> int:
    """Count the decisions of a kind in the log."""
    found = 0
    for index in range(coop.position.size):
        written = await coop.entry(index)
        assert written is not None
        entry = read_entry(written)
        found += isinstance(entry, DecisionEntry) and entry.kind == kind
    return found
