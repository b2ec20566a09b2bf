"""Chains that have ended are in no memory and no state root, and are known all the same."""

from pathlib import Path

import pytest

from depin_protocol.problems import ChainEndedError, EarlierLogError, ForkError, GapError
from depin_protocol.receipts import Receipt
from depin_protocol.statements.envelope import Statement
from depin_protocol.statements.heads import Head
from settlement_node.coop.coop import Coop
from settlement_node.intake.streams import CHAIN, ENDED, Place
from settlement_node.log.sealed import DamagedLogError
from settlement_node.replay.comparing import DifferenceError
from settlement_node.replay.rebuild import rebuild
from settlement_node.replay.verify import verify
from settlement_node.store.scanning import every_row
from settlement_node.store.tables import Delete, Put, Row
from tests.node.keeping.days import YEARS, confirm, day, days, erase, roots
from tests.node.keeping.test_erasure import clear_out
from tests.node.keeping.test_state_roots import dump, trusted_of
from tests.node.keeping.test_succession import lost, succeeded
from tests.node.village import Village, readings, surroundings
from tests.protocol.spoken import NOON, Home, seed

MANY = 300


async def opened(here: Village, home: Home, count: int) -> list[Statement]:
    """Let a home open chain after chain, each of which ends the one before."""
    said = [home.open("metering", home.heads["metering"]) for _ in range(count)]
    await here.say(*said)
    return said


def held_of(here: Village, home: Home) -> tuple[int, int]:
    """Count the chains in memory, those at hand for now among them, and the rows of a root."""
    member = here.coop.state.community.members[home.member]
    streams = member.streams.values()
    chains = sum(len(stream.chains) + len(stream._ended) for stream in streams)  # noqa: SLF001
    return chains, sum(1 for _ in here.coop.state.rows())


async def ended_rows(here: Village) -> list[Row]:
    return [row async for row in every_row(here.store, ENDED)]


async def test_who_opens_many_chains_costs_no_memory_and_no_line_of_a_root(
    place: Path | str,
) -> None:
    async with days(place, 1) as (here, home, _):
        before = held_of(here, home)
        said = await opened(here, home, MANY)
        assert held_of(here, home) == before == (2, before[1])
        assert len(await ended_rows(here)) == MANY
        assert here.coop.heads(home.member)["metering"] == [said[-1].head]
        await here.coop.close()
        here.coop = await Coop.open(here.store, surroundings(here.clock))
        assert held_of(here, home) == before
        found = await verify(here.store)
        tables = await dump(here.store)
        assert await rebuild(here.store) == found.entries
        assert await dump(here.store) == tables


async def _check_answers(here: Village, home: Home, said: list[Statement], last: Head) -> None:
    """Say again, contradict and go on with what an ended chain has, and read it."""
    forger = Home(home.number)
    forger.seed = home.seed
    forger.heads["metering"] = said[0].head
    forged = forger.say("metering", readings(NOON, 99))
    forger.heads["metering"] = last
    further = forger.say("metering", readings(NOON, 98))
    forger.heads["metering"] = Head("A" * 22, 1, last.hash)
    unknown = forger.say("metering", readings(NOON, 97))
    wires = [said[0].wire, said[1].wire, forged.wire, further.wire, unknown.wire]
    answers = await here.coop.submit(wires)
    kinds = [Receipt, Receipt, ForkError, ChainEndedError, GapError]
    assert [type(answer) for answer in answers] == kinds
    assert answers[:2] == await here.coop.submit([one.wire for one in said[:2]])
    where = [Place(home.member, "metering", one.header.chain, one.header.seq) for one in said]
    assert [await here.coop.receipt(one) for one in where] == answers[:2]
    listed = await here.coop.statements(*where[0][:3], after=0, limit=9)
    assert [one.wire for one in listed][:2] == [one.wire for one in said]


async def test_what_is_said_of_an_ended_chain_is_answered_as_before(place: Path | str) -> None:
    async with days(place, 1) as (here, home, _):
        said = [home.open("metering"), home.say("metering", readings(NOON))]
        await here.say(*said)
        last = said[-1].head
        await here.say(home.open("metering", last))
        await _check_answers(here, home, said, last)
        assert here.coop.state.community.members[home.member].held
        await here.coop.close()
        here.coop = await Coop.open(here.store, surroundings(here.clock))
        await here.coop.start()
        await _check_answers(here, home, said, last)
        # What ended long ago can be named, beside what goes on.
        live = here.coop.heads(home.member)["metering"]
        await here.say(home.open("metering", last, *live))
        assert len(here.coop.heads(home.member)["metering"]) == 1
        await here.say(home.change_key(20, None))
        await here.say(*said)
        await here.say(home.open("metering", last))
        await here.coop.close()
        found = await verify(here.store)
        tables = await dump(here.store)
        assert await rebuild(here.store) == found.entries
        assert await dump(here.store) == tables


async def test_verify_names_what_was_altered_of_ended_chains(tmp_path: Path) -> None:
    async with days(tmp_path, 1) as (here, home, _):
        await opened(here, home, 5)
        await here.coop.close()
        await verify(here.store)
        row = (await ended_rows(here))[2]
        key = row[: len(ENDED.key)]
        for changed, error in (
            ((*key, int(row[3]) - 1, row[4]), DifferenceError),
            ((*row[:4], b"{}"), DamagedLogError),
        ):
            await here.store.commit([Put(ENDED, [changed])])
            with pytest.raises(error, match="ended_chain"):
                await verify(here.store)
        await here.store.commit([Delete(ENDED, [key])])
        with pytest.raises(DifferenceError, match=r"ended_chain.* missing"):
            await verify(here.store)
        await here.store.commit([Put(ENDED, [row])])
        live = (await here.store.scan(CHAIN, limit=1))[0]
        for surplus in (
            (*live[:3], int(row[3]), live[3]),
            (*row[:2], b"\x07" * 16, *row[3:]),
            (*row[:2], b"\x07" * 16, row[3], b"{}"),
        ):
            await here.store.commit([Put(ENDED, [surplus])])
            with pytest.raises(DifferenceError, match=r"ended_chain.*nothing in the log leads"):
                await verify(here.store)
            await here.store.commit([Delete(ENDED, [surplus[:3]])])
        await verify(here.store)


async def test_chains_that_ended_before_a_root_are_known_after_it(place: Path | str) -> None:
    async with days(place, 2) as (here, home, auditor):
        said = await opened(here, home, 3)
        await day(here, home)
        await day(here, home)
        below = roots(here)[-1]
        await confirm(here, auditor, below)
        here.clock.now += 5_000
        await here.coop.tick()
        trusted = await trusted_of(here)
        await here.say(home.open("metering", said[0].head, home.heads["metering"]))
        here.clock.now += YEARS
        await day(here, home)
        await erase(here, below)
        await clear_out(here)
        await here.say(home.open("metering", said[1].head, home.heads["metering"]))
        await here.coop.close()
        assert (await verify(here.store)).start == below
        assert (await verify(here.store, trusted, begin_there=True)).start == below
        tables = await dump(here.store)
        assert await rebuild(here.store)
        assert await dump(here.store) == tables
        await verify(here.store)


async def test_a_successor_knows_the_chains_that_had_ended(tmp_path: Path) -> None:
    async with days(tmp_path, 1) as (here, home, _):
        said = [home.open("metering"), home.say("metering", readings(NOON))]
        await here.say(*said)
        between = await opened(here, home, 2)
        before = home.heads["metering"]
        store, _ = await lost(here, home, tmp_path, "restored")
        home.heads["metering"] = before
        await succeeded(store, here, here.operator.seed)
        coop = await Coop.open(store, surroundings(here.clock))
        await coop.start()
        naming = home.open("metering", said[1].head, before)
        answers = await coop.submit([said[0].wire, said[1].wire, between[0].wire, naming.wire])
        kinds = [EarlierLogError, EarlierLogError, EarlierLogError, Receipt]
        assert [type(answer) for answer in answers] == kinds
        home.heads["metering"] = said[1].head
        (answer,) = await coop.submit([home.say("metering", readings(NOON, 9)).wire])
        assert isinstance(answer, ChainEndedError)
        await coop.close()
        found = await verify(store)
        tables = await dump(store)
        assert await rebuild(store) == found.entries
        assert await dump(store) == tables
        await store.close()


async def test_a_chain_that_a_change_of_key_ends_has_one_row(tmp_path: Path) -> None:
    async with days(tmp_path, 1) as (here, home, _):
        chains = await opened(here, home, 3)
        await here.say(home.change_key(30, home.heads["metering"]))
        home.heads["metering"] = chains[-1].head
        home.seed = seed(30)
        await opened(here, home, 2)
        # Of metering: what the days began with, three and two, of which the last goes on.
        ended = {row[:3] for row in await ended_rows(here)}
        live = {row[:3] async for row in every_row(here.store, CHAIN)}
        assert len(ended) == 1 + 3 + 2 - 1
        assert not ended & live
        await here.coop.close()
        await verify(here.store)
