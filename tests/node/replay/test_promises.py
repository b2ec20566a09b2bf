"""Verify checks the receipts that were given: each statement has one, signed by the key of then."""

from pathlib import Path

import pytest

from depin_protocol.keys import public_key
from depin_protocol.receipts import sign_receipts
from depin_protocol.statements.membership import prove_possession
from settlement_node.coop.answers import MAX_PROMISE
from settlement_node.coop.coop import Coop
from settlement_node.governance.actions import ReplaceNodeKey
from settlement_node.governance.announcements import VETO_TIME
from settlement_node.intake.receipts import RECEIPT_GROUP
from settlement_node.replay.promises import PromiseError
from settlement_node.replay.verify import verify
from settlement_node.store.backup import backup
from settlement_node.store.opening import open_store, restore_into
from settlement_node.store.tables import Delete, Put, Row
from tests.node.coop.test_regaining import column, note_of
from tests.node.village import (
    FACTS,
    RECEIPT_SEED,
    SPARE_SEED,
    Village,
    readings,
    surroundings,
    village,
)
from tests.protocol.spoken import COOP, NOON, Home


async def groups(here: Village) -> list[Row]:
    """Read the groups of receipts."""
    return await here.store.scan(RECEIPT_GROUP, limit=1_000)


async def test_receipts_that_do_not_hold_are_named(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        home = Home(2)
        await here.welcome(home)
        first = here.coop.position.size
        said = [home.say("metering", readings(NOON, total)) for total in range(5)]
        await here.say(*said)
        await here.say(home.say("metering", readings(NOON, 9)))
        await here.coop.close()
        await verify(here.store)
        row = next(row for row in await groups(here) if row[0] == first)
        index, count, due, signature = row
        assert (count, isinstance(due, int), isinstance(signature, bytes)) == (5, True, True)
        late = due + 1 if isinstance(due, int) else 0
        hashes = [statement.hash for statement in said]
        kept = sign_receipts(FACTS.origin, late, hashes, RECEIPT_SEED)[0].signature
        other = sign_receipts(FACTS.origin, late - 1, hashes, SPARE_SEED)[0].signature
        for wrong, words in (
            ((index, 5, late, signature), "out of bounds"),
            ((index, 5, late, kept), "out of bounds"),
            ((index, 5, late - 2, signature), "no key"),
            ((index, 5, due, other), "no key"),
            ((index, 4, due, signature), "there is none"),
            ((index, 6, due, signature), "no key"),
            ((index, 7, due, signature), "for one twice"),
        ):
            await here.store.commit([Put(RECEIPT_GROUP, [wrong])])
            with pytest.raises(PromiseError, match=words):
                await verify(here.store)
        await here.store.commit([Delete(RECEIPT_GROUP, [(index,)])])
        with pytest.raises(PromiseError, match=f"entry {first}: there is none"):
            await verify(here.store)
        await here.store.commit([Put(RECEIPT_GROUP, [row, (0, 1, due, signature)])])
        with pytest.raises(PromiseError, match="entry 0: it is for no statement"):
            await verify(here.store)
        assert late - here.clock() == MAX_PROMISE + 1


async def test_receipts_hold_under_the_key_of_their_time(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        home = Home(2)
        await here.welcome(home)
        key = public_key(SPARE_SEED)
        possession = prove_possession(SPARE_SEED, COOP, COOP, key)
        await here.act(ReplaceNodeKey("receipts", key, possession))
        await here.coop.close()
        here.coop = await Coop.open(here.store, surroundings(here.clock, SPARE_SEED))
        await here.coop.start()
        for _ in range(3):
            here.clock.now += VETO_TIME // 2
            await here.say(home.say("metering", readings(here.clock())))
        assert here.coop.facts.receipt_key == key
        await here.coop.close()
        await verify(here.store)


async def test_what_was_regained_has_its_receipts_elsewhere(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        home = Home(2)
        await here.welcome(home)
        await backup(here.store, tmp_path / "backup")
        start = here.coop.position.size
        said = [home.say("metering", readings(NOON, total)) for total in range(7)]
        await here.say(*said)
        await here.coop.close()
        note, (entries, bodies) = await note_of(here.coop), await column(here.store, start)

        await restore_into(tmp_path / "restored", tmp_path / "backup")
        store = await open_store(tmp_path / "restored", here.store.coop)
        coop = await Coop.open(store, surroundings(here.clock))
        await coop.show_checkpoint(note)
        await coop.offer_entries(start, entries)
        await coop.offer_bodies(bodies)
        await coop.resume()
        assert (await verify(store)).regained == 7
        again = Village(coop, store, here.clock, here.operator)
        (receipt,) = await again.say(said[3])
        assert receipt.size == 1
        await coop.close()
        assert (await verify(store)).regained == 6
        given = [row[:1] for row in await groups(here) if row[0] in range(start)]
        await store.commit([Delete(RECEIPT_GROUP, given[-1:])])
        with pytest.raises(PromiseError, match="there is none"):
            await verify(store)
        await store.close()
