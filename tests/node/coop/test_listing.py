"""Statements are listed page by page, and no page opens more than a few packs."""

from pathlib import Path

import pytest

from settlement_node.coop.coop import PACKS_AT_ONCE
from settlement_node.log import reading
from settlement_node.log.packs import pack_bodies, unpack_bodies
from settlement_node.log.reading import bodies_at
from settlement_node.log.tables import BODY, PACK
from settlement_node.store.tables import Delete, Put
from tests.node.village import Village, readings, village
from tests.protocol.spoken import NOON, Home

WIDTH = 8


async def pack_all_but_the_last(here: Village) -> int:
    """Pack bodies in small packs, as those of a large co-op would lie; return how many packs."""
    count = (here.coop.position.size - 1) // WIDTH
    for first in range(0, count * WIDTH, WIDTH):
        indexes = range(first, first + WIDTH)
        found = await bodies_at(here.store, indexes)
        packed = pack_bodies([found.get(index) for index in indexes])
        keys = [(index,) for index in indexes]
        await here.store.commit([Delete(BODY, keys), Put(PACK, [(first, WIDTH, packed)])])
    return count


async def test_a_page_opens_few_packs_and_the_next_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []

    def counted(packed: bytes, name: str) -> list[bytes | None]:
        opened.append(name)
        return unpack_bodies(packed, name)

    async with village(tmp_path) as here:
        home = Home(2)
        await here.welcome(home)
        said = [home.say("metering", readings(NOON, total)) for total in range(120)]
        await here.say(*said)
        packs = await pack_all_but_the_last(here)
        assert packs > 3 * PACKS_AT_ONCE
        monkeypatch.setattr(reading, "unpack_bodies", counted)
        chain, after, wires = said[0].header.chain, 1, []
        pages = 0
        while True:
            opened.clear()
            page = await here.coop.statements(
                home.member, "metering", chain, after=after, limit=200
            )
            if not page:
                break
            assert len(opened) <= PACKS_AT_ONCE
            wires += [one.wire for one in page]
            after = page[-1].seq
            pages += 1
        assert wires == [one.wire for one in said]
        assert pages > packs // PACKS_AT_ONCE
