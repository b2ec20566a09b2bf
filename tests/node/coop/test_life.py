"""Members come, speak, change keys, restore backups and go, while the node falls and rises.

After each start the state loaded from the store must be the live one; in the end every receipt
must be honoured, no statement may be in twice, and verify and rebuild must agree with it all.
"""

import asyncio
from collections.abc import Coroutine
from itertools import count
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from depin_protocol.encoding import from_text
from depin_protocol.keys import public_key
from depin_protocol.log.entries import StatementEntry, read_entry
from depin_protocol.log.merkle import leaf_hash, verify_inclusion
from depin_protocol.problems import RefusedError
from depin_protocol.receipts import Receipt
from depin_protocol.statements.bodies import Stream
from depin_protocol.statements.envelope import Statement
from depin_protocol.statements.heads import Head
from depin_protocol.statements.membership import Leave, Veto, prove_possession
from depin_protocol.statements.trading import Preference
from settlement_node.coop.coop import Coop
from settlement_node.coop.state import CoopState
from settlement_node.governance.actions import Reinstate, ReplaceKey, Suspend
from settlement_node.governance.announcements import VETO_TIME
from settlement_node.log.tables import CHECKPOINT
from settlement_node.replay.rebuild import rebuild
from settlement_node.replay.verify import verify
from settlement_node.store.opening import Place, open_store
from settlement_node.store.port import Store
from settlement_node.store.scanning import every_row
from tests.node.postgres_server import Server
from tests.node.village import FACTS, Clock, Village, readings, request, surroundings
from tests.protocol.spoken import COOP, NOON, Home

STREAMS: tuple[Stream, ...] = ("metering", "trading")
which = st.integers(0, 3)


def remembered(state: CoopState) -> object:
    """Return all that decides what a state does next."""
    community = state.community
    return (
        state.size,
        state.at,
        state.sequence.head(),
        community.facts,
        {name: member.row() for name, member in community.members.items()},
        {
            (name, stream): dict(sorted((c, held.data()) for c, held in kept.chains.items()))
            for name, member in community.members.items()
            for stream, kept in member.streams.items()
        },
        dict(community.invitations),
        dict(community.announced),
    )


class Life(RuleBasedStateMachine):
    """What can happen to a co-op."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(mkdtemp())
        self.runner = asyncio.Runner()
        self.clock = Clock()
        self.homes: list[Home] = []
        self.said: list[Statement] = []
        self.receipts: dict[str, Receipt] = {}
        self.backups: list[tuple[Home, bytes, dict[Stream, Head]]] = []
        self.keys = 1000

    def place(self) -> Place:
        """Say where the store is: a new one in each life."""
        return self.folder / "coop"

    def run(self, doing: Coroutine[object, object, object]) -> None:
        self.runner.run(doing)

    @initialize()
    def found(self) -> None:
        self.run(self._found())

    async def _found(self) -> None:
        operator = Home(1)
        self.store_place = self.place()
        store = await self._open()
        founder = request(operator, bytes(16), NOON)
        await Coop.found(store, FACTS, founder, surroundings(self.clock))
        coop = await Coop.open(store, surroundings(self.clock))
        await coop.start()
        self.here = Village(coop, store, self.clock, operator)
        await self._submit(operator.open("trading"))

    async def _open(self) -> Store:
        others = asyncio.all_tasks()
        store = await open_store(self.store_place, from_text(COOP, 16))
        self.of_store = asyncio.all_tasks() - others
        return store

    async def _submit(self, *statements: Statement) -> None:
        """Hand in, and check what is answered against what was answered before."""
        answers = await self.here.coop.submit([one.wire for one in statements])
        for statement, answer in zip(statements, answers, strict=True):
            if isinstance(answer, Receipt):
                answer.verify(FACTS.receipt_key)
                assert answer.statement == statement.hash
                assert self.receipts.setdefault(statement.hash, answer) == answer
                self.said.append(statement)
            else:
                assert isinstance(answer, RefusedError)
                assert statement.hash not in self.receipts

    def _home(self, number: int) -> Home:
        return self.homes[number % len(self.homes)]

    @precondition(lambda self: len(self.homes) < 4)
    @rule()
    def join(self) -> None:
        home = Home(len(self.homes) + 2)
        self.homes.append(home)
        self.run(self.here.welcome(home))

    @precondition(lambda self: self.homes)
    @rule(
        number=which, stream=st.sampled_from(STREAMS), count=st.integers(1, 20), gone=st.booleans()
    )
    def speak(self, number: int, stream: Stream, count: int, *, gone: bool) -> None:
        home = self._home(number)
        said = [
            home.say(
                stream,
                readings(NOON, at) if stream == "metering" else Preference("street", ()),
            )
            for at in range(count)
        ]
        # What is lost on the way leaves a gap, which the next outbox fills.
        self.run(self._submit(*(said[1:] if gone else said)))
        if gone:
            self.run(self._submit(*said))

    @precondition(lambda self: self.said)
    @rule(picks=st.lists(st.integers(0, 10_000), min_size=1, max_size=10))
    def send_again(self, picks: list[int]) -> None:
        self.run(self._submit(*(self.said[pick % len(self.said)] for pick in picks)))

    @precondition(lambda self: self.homes)
    @rule(number=which, keeps=st.booleans())
    def change_key(self, number: int, *, keeps: bool) -> None:
        home = self._home(number)
        self.keys += 1
        metering = home.heads["metering"]
        change = home.change_key(self.keys, metering if keeps else None)
        after = [home.say("trading", Preference("street", ()))]
        if not keeps:
            after.append(home.open("metering", metering))
        self.run(self._submit(change, *after))

    @precondition(lambda self: self.homes)
    @rule(number=which)
    def back_up(self, number: int) -> None:
        home = self._home(number)
        self.backups.append((home, home.seed, dict(home.heads)))

    @precondition(lambda self: self.backups)
    @rule(pick=st.integers(0, 100), asks=st.booleans())
    def restore_backup(self, pick: int, *, asks: bool) -> None:
        home, seed, heads = self.backups[pick % len(self.backups)]
        home.seed = seed
        home.heads = dict(heads)
        if asks:
            known = self.here.coop.heads(home.member)
            for stream in STREAMS:
                live = known[stream]
                self.run(self._submit(home.open(stream, *live)))
        else:
            self.run(self._submit(home.say("trading", Preference("street", (home.member,)))))

    @precondition(lambda self: self.homes)
    @rule(number=which)
    def suspend_or_reinstate(self, number: int) -> None:
        home = self._home(number)
        member = self.here.coop.state.find(home.member)
        assert member is not None
        suspended = member.standing == "suspended"
        action = Reinstate(home.member) if suspended else Suspend(home.member)
        self.run(self.here.act(action))

    @precondition(lambda self: self.homes)
    @rule(number=which)
    def leave(self, number: int) -> None:
        self.run(self._submit(self._home(number).say("trading", Leave())))

    @precondition(lambda self: self.homes)
    @rule(number=which, vetoed=st.booleans())
    def lose_key(self, number: int, *, vetoed: bool) -> None:
        home = self._home(number)
        self.keys += 1
        fresh = from_text(COOP, 16) + self.keys.to_bytes(16)
        key = public_key(fresh)
        possession = prove_possession(fresh, COOP, home.member, key)
        self.run(self.here.act(ReplaceKey(home.member, key, "software", possession)))
        names = self.here.coop.state.community.replacements_of(home.member)
        if vetoed and names:
            self.run(self._submit(home.say("trading", Veto(names[0]))))

    @rule(later=st.sampled_from([1, 700, 60_000, VETO_TIME]))
    def time_passes(self, later: int) -> None:
        self.clock.now += 5_000
        self.run(self.here.coop.tick())
        self.clock.now += later
        self.run(self.here.coop.tick())

    @rule(falls=st.booleans(), rebuilds=st.booleans())
    def start_again(self, *, falls: bool, rebuilds: bool) -> None:
        self.run(self._start_again(falls=falls, rebuilds=rebuilds))

    async def _start_again(self, *, falls: bool, rebuilds: bool) -> None:
        live = remembered(self.here.coop.state)
        if falls:
            # What a crash leaves: the file, and nobody who closed anything in order.
            for task in asyncio.all_tasks() - {asyncio.current_task()} - self.of_store:
                task.cancel()
        else:
            await self.here.coop.close()
        await self.here.store.close()
        store = await self._open()
        if rebuilds:
            await rebuild(store)
        coop = await Coop.open(store, surroundings(self.clock))
        assert remembered(coop.state) == live
        await coop.start()
        self.here.store = store
        self.here.coop = coop

    async def _end(self) -> None:
        await self.here.coop.close()
        coop, store = self.here.coop, self.here.store
        try:
            found = await verify(store)
            assert found.head == coop.position.checkpoint
            places: dict[str, int] = {}
            for index in range(found.entries):
                written = await coop.entry(index)
                assert written is not None
                entry = read_entry(written)
                if isinstance(entry, StatementEntry):
                    assert places.setdefault(entry.hash, index) == index
            signed = [row async for row in every_row(store, CHECKPOINT)]
            for hash_, receipt in self.receipts.items():
                index = places[hash_]
                written = await coop.entry(index)
                assert written is not None
                proof = await coop.shelf.inclusion(index, found.head.size)
                verify_inclusion(leaf_hash(written), index, proof, found.head)
                ats = [row[3] for row in signed if isinstance(row[0], int) and row[0] > index]
                assert isinstance(ats[0], int)
                assert ats[0] <= receipt.due
        finally:
            await store.close()

    def teardown(self) -> None:
        try:
            if hasattr(self, "here"):
                self.run(self._end())
        finally:
            self.runner.close()
            rmtree(self.folder)


TestLife = pytest.mark.long(Life.TestCase)
TestLife.settings = settings(max_examples=50, stateful_step_count=25, deadline=None)


@pytest.mark.postgres
def test_a_life_in_a_database(postgres: Server) -> None:
    numbers = count()

    class InDatabase(Life):
        def place(self) -> Place:
            return postgres.create(f"life_{next(numbers)}")

    few = settings(max_examples=10, stateful_step_count=25, deadline=None)
    run_state_machine_as_test(InDatabase, settings=few)
