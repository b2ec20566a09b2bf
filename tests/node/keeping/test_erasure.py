"""Bodies are erased once their time is over and an auditor has confirmed the state above them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from depin_protocol.problems import ForkError
from depin_protocol.statements.envelope import Statement
from settlement_node.coop.clearing_out import ClearingOut
from settlement_node.coop.coop import Coop
from settlement_node.coop.following import DoesNotFollowError
from settlement_node.governance.actions import SetRoles, action_body
from settlement_node.governance.member import Role
from settlement_node.keeping.following import EraseBodies
from settlement_node.log.packing import pack_next
from settlement_node.log.reading import body_at, erasing
from settlement_node.log.tables import BODY, PACK, PACK_WIDTH
from settlement_node.replay.rebuild import rebuild
from settlement_node.replay.verify import verify
from settlement_node.store.opening import open_store
from settlement_node.store.tables import Delete
from tests.node.keeping.days import YEARS, closed, confirm, day, days, erase, roots, told
from tests.node.keeping.test_state_roots import dump
from tests.node.postgres_server import Server
from tests.node.village import Village, readings, surroundings
from tests.protocol.spoken import NOON, Home


async def clear_out(here: Village) -> None:
    """Let the node delete what is no longer to be kept."""
    clearing_out = ClearingOut(here.store, here.coop.state, here.coop.events, here.clock)
    while await clearing_out.portion():
        pass


async def test_an_erasure_needs_time_and_somebody_elses_word(tmp_path: Path) -> None:
    async with days(tmp_path, 2) as (here, _, auditor):
        first = roots(here)[0]
        action = EraseBodies(here.coop.state.keeping.roots.all[first].name)
        await here.act(EraseBodies("A" * 43))
        await erase(here, first)
        here.clock.now += YEARS
        await erase(here, first)
        await here.say(auditor.say("trading", action_body(action, "mine"), here.clock()))
        both = (Role.AUDITOR, Role.MEMBER, Role.OPERATOR)
        await here.act(SetRoles(here.operator.member, both))
        await confirm(here, here.operator, first)
        await erase(here, first)
        assert await told(here, auditor) == ["not-operator"]
        refusals = ["not-confirmed", "not-confirmed", "retention", "no-such-root"]
        assert await told(here, here.operator) == refusals
        assert here.coop.state.keeping.roots.horizon == 0
        await confirm(here, auditor, first)
        await erase(here, first)
        await erase(here, first)
        assert (await told(here, here.operator))[0] == "nothing-to-do"
        assert here.coop.state.keeping.roots.horizon == first
        await closed(here)


@asynccontextmanager
async def erased(
    place: Path | str, later: int = 0
) -> AsyncIterator[tuple[Village, Home, list[Statement], int]]:
    """Let a village grow old, and erase its youth."""
    async with days(place, 3) as (here, home, auditor):
        said = [home.say("metering", readings(here.clock(), total)) for total in range(400)]
        await here.say(*said)
        for _ in range(32):
            await day(here, home)
        for _ in range(0, later, 1000):
            await here.say(*(home.say("metering", readings(here.clock())) for _ in range(1000)))
        below = roots(here)[1]
        here.clock.now += YEARS
        await day(here, home)
        await confirm(here, auditor, below)
        await erase(here, below)
        while await pack_next(here.store, here.coop.position.checkpoint.size, here.clock()):
            pass
        await clear_out(here)
        yield here, home, said, below


async def test_what_is_below_is_gone_and_the_rest_is_verified(place: Path | str) -> None:
    async with erased(place) as (here, home, said, below):
        assert below > 400
        assert await here.coop.body(below - 1) is None
        assert await here.coop.body(below) is not None
        assert await here.coop.entry(7) is not None
        await day(here, home)
        found = await closed(here)
        assert (found.start, found.erased) == (below, below)
        before = await dump(here.store)
        assert await rebuild(here.store) == found.entries - below
        assert await dump(here.store) == before
        assert await verify(here.store) == found
        here.coop = await Coop.open(here.store, surroundings(here.clock))
        await here.coop.start()
        await day(here, home)
        await closed(here)
        await here.store.commit([Delete(BODY, [(below,)])])
        with pytest.raises(DoesNotFollowError, match=f"entry {below} .*body is missing"):
            await verify(here.store)
        assert said


@pytest.mark.long
async def test_bodies_in_packs_are_erased_too(tmp_path: Path) -> None:
    async with erased(tmp_path, 4_000) as (here, home, said, below):
        assert await here.store.scan(PACK, limit=1)
        assert await here.coop.body(below - 1) is None
        assert await here.coop.body(below) is not None
        before = await here.say(said[7])
        await day(here, home)
        assert await here.say(said[7]) == before
        found = await closed(here)
        assert (found.start, found.erased) == (below, below)
        assert await rebuild(here.store) == found.entries - below
        assert await verify(here.store) == found


async def test_what_was_said_below_is_still_known_and_forks_are_seen(tmp_path: Path) -> None:
    async with erased(tmp_path) as (here, home, said, _):
        before = await here.say(*said[:3])
        assert await here.say(*said[:3]) == before
        head = home.heads["metering"]
        home.heads["metering"] = said[2].head
        (answer,) = await here.coop.submit([home.say("metering", readings(NOON, 7)).wire])
        assert isinstance(answer, ForkError)
        assert answer.held["hash"] == said[3].hash
        home.heads["metering"] = head
        member = here.coop.state.find(home.member)
        assert member is not None
        assert member.held
        await closed(here)


async def test_bodies_that_are_gone_without_an_erasure_are_missed(tmp_path: Path) -> None:
    async with days(tmp_path, 3) as (here, _, _):
        await here.coop.close()
        start = roots(here)[0]
        await here.store.commit([Delete(BODY, [(index,) for index in range(start)])])
        with pytest.raises(DoesNotFollowError, match=r"entry 0 .*no erasure"):
            await verify(here.store)


async def test_no_byte_of_what_was_erased_is_left_in_the_files(tmp_path: Path) -> None:
    async with erased(tmp_path) as (here, _, said, _):
        wires = [statement.wire for statement in said]
        file = tmp_path / "coop"
        assert await here.store.get(BODY, (here.coop.position.size - 1,)) is not None
        await here.coop.close()
        await here.store.close()
        assert not in_files(tmp_path, wires)
        here.store = await open_store(file, here.store.coop)
        await verify(here.store)
        await here.store.close()


def in_files(folder: Path, wires: list[bytes]) -> bool:
    """Tell whether any of these can be read in a folder's files."""
    kept = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    return any(wire[:64] in kept or wire[-64:] in kept for wire in wires)


@pytest.mark.postgres
async def test_nor_in_those_of_postgresql_after_a_full_vacuum(
    postgres: Server, postgres_url: str
) -> None:
    async with erased(postgres_url) as (_, _, said, _):
        wires = [statement.wire for statement in said]
        connection = await asyncpg.connect(postgres_url)
        try:
            named = "SELECT oid FROM pg_database WHERE datname = current_database()"
            files = postgres.data / "base" / str(await connection.fetchval(named))
            await connection.execute("CHECKPOINT")
            before = in_files(files, wires)
            await connection.execute("VACUUM FULL body")
            await connection.execute("CHECKPOINT")
        finally:
            await connection.close()
        assert before, "free space held them still"
        assert not in_files(files, wires)


async def test_an_erasure_that_is_cut_short_goes_on(tmp_path: Path) -> None:
    async with days(tmp_path, 3) as (here, home, auditor):
        said = [home.say("metering", readings(here.clock(), total)) for total in range(900)]
        await here.say(*said)
        await day(here, home)
        below = roots(here)[-1]
        here.clock.now += YEARS
        await day(here, home)
        await confirm(here, auditor, below)
        await erase(here, below)
        clearing_out = ClearingOut(here.store, here.coop.state, here.coop.events, here.clock)
        assert await clearing_out.portion()
        found = await closed(here)
        assert found.start == below
        assert 0 < found.erased < below
        await clear_out(here)
        assert (await verify(here.store)).erased == below


@pytest.mark.long
async def test_cut_short_anywhere_it_verifies_and_misses_nothing_packed_meanwhile(
    tmp_path: Path,
) -> None:
    async with days(tmp_path, 1) as (here, home, auditor):
        for start in range(0, 4_600, 460):
            said = (home.say("metering", readings(here.clock(), start + n)) for n in range(460))
            await here.say(*said)
        here.clock.now += 5_000
        await here.coop.tick()
        size = here.coop.position.checkpoint.size
        await day(here, home)
        below = roots(here)[-1]
        here.clock.now += YEARS
        await day(here, home)
        await confirm(here, auditor, below)
        await erase(here, below)
        await here.coop.close()
        first = erasing(here.store, below)
        await here.store.commit([await anext(first)])
        assert (await verify(here.store)).start == below
        assert await pack_next(here.store, size, here.clock() + 1)
        assert (await verify(here.store)).start == below
        # Cut short here, it begins anew: packs are there by now.
        portions = erasing(here.store, below)
        await here.store.commit([await anext(portions)])
        found = await verify(here.store)
        assert (found.start, found.erased) == (below, PACK_WIDTH)
        await rebuild(here.store)
        async for change in erasing(here.store, below):
            await here.store.commit([change])
        for index in range(below):
            assert await body_at(here.store, index) is None
        assert (await verify(here.store)).erased == below


async def test_bodies_that_are_packed_between_two_portions_are_erased(tmp_path: Path) -> None:
    async with days(tmp_path, 1) as (here, home, _):
        for start in range(0, 4_600, 460):
            said = (home.say("metering", readings(here.clock(), start + n)) for n in range(460))
            await here.say(*said)
        here.clock.now += 5_000
        await here.coop.tick()
        size = here.coop.position.checkpoint.size
        below = 4_000
        portions = erasing(here.store, below)
        await here.store.commit([await anext(portions)])
        assert await pack_next(here.store, size, here.clock() + 1)
        async for change in portions:
            await here.store.commit([change])
        assert await body_at(here.store, below - 1) is None
        assert await body_at(here.store, below) is not None
