"""What verify says of a row that was altered can be read by people."""

from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from depin_protocol.encoding import decode_json, encode_json
from settlement_node.governance.member import MEMBER, Member
from settlement_node.ledger.rows import AccountRow, account_of, account_row
from settlement_node.ledger.tables import ACCOUNT
from settlement_node.log.tables import CHECKPOINT
from settlement_node.replay.comparing import DifferenceError
from settlement_node.replay.rebuild import rebuild
from settlement_node.replay.verify import verify
from settlement_node.store.errors import StoreDamagedError
from settlement_node.store.opening import open_store
from settlement_node.store.scanning import every_row
from settlement_node.store.tables import Delete, Put
from tests.node.village import village
from tests.protocol.spoken import Home


async def test_the_field_that_differs_is_named(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        await here.welcome(Home(2))
        await here.coop.close()
        row = (await here.store.scan(MEMBER, limit=1))[0]
        member = Member.read(row)
        await here.store.commit([Put(MEMBER, [replace(member, name="Mallory").row()])])
        with pytest.raises(DifferenceError, match=rf"data\.name is Mallory, .* to {member.name}"):
            await verify(here.store)
        name, written = row
        assert isinstance(written, bytes)
        told = decode_json(written) | {"unheard": 1}
        for altered, words in (
            (encode_json(told), "data.unheard is 1, and the log leads to no such part"),
            (encode_json({"key": "x"}), "is missing, where the log leads to"),
            (written[:-1] + b"]", r"data is '.*\]' at byte \d+, which no node writes"),
        ):
            await here.store.commit([Put(MEMBER, [(name, altered)])])
            with pytest.raises(DifferenceError, match=words):
                await verify(here.store)
        await here.store.commit([Put(MEMBER, [row])])
        rows = [one async for one in every_row(here.store, ACCOUNT)]
        number, held = rows[-1]
        assert isinstance(number, int)
        assert isinstance(held, bytes)
        account = account_of(AccountRow(number, held))
        account.credits_posted += 5
        await here.store.commit([Put(ACCOUNT, [account_row(account)])])
        with pytest.raises(DifferenceError, match=r"data\.credits_posted is 5, .* leads to 0"):
            await verify(here.store)
        await here.store.commit([Put(ACCOUNT, [(number, b"\0")])])
        with pytest.raises(DifferenceError, match="data is 00, which no node writes"):
            await verify(here.store)


async def test_verify_tells_how_far_signatures_reach(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        await here.welcome(Home(2))
        await here.coop.close()
        found = await verify(here.store)
        assert found.signed == found.entries
        await here.store.commit([Delete(CHECKPOINT, [(found.entries,)])])
        assert (await verify(here.store)).signed < found.entries


async def test_a_rebuild_empties_nothing_where_a_table_is_gone(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        await here.welcome(Home(2))
        await here.coop.close()
        await here.store.close()
        books = apsw.Connection(str(tmp_path / "coop"))
        books.execute("DROP TABLE account")
        books.close()
        here.store = await open_store(tmp_path / "coop", here.store.coop)
        members = [row async for row in every_row(here.store, MEMBER)]
        with pytest.raises(StoreDamagedError, match=r"no table account .* nothing was changed"):
            await rebuild(here.store)
        assert [row async for row in every_row(here.store, MEMBER)] == members
