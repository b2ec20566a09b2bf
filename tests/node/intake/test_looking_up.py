"""Older hashes are fetched from the store when a statement names them, and let go of again."""

from pathlib import Path

import pytest

from depin_protocol.encoding import from_text
from depin_protocol.log.entries import StatementEntry
from depin_protocol.problems import BadSignatureError
from settlement_node.intake.checking import Checked
from settlement_node.intake.looking_up import forget, look_up
from settlement_node.intake.streams import STATEMENT, NotLookedUpError
from settlement_node.log.sequence import Sequence
from settlement_node.store.opening import open_store
from settlement_node.store.tables import Put
from tests.node.intake.members import Street
from tests.node.village import readings
from tests.protocol.spoken import COOP, NOON, Home


async def test_what_a_statement_names_is_brought_near_and_let_go_of(tmp_path: Path) -> None:
    home = Home(2)
    street = Street(home)
    said = [home.open("metering")]
    said += [home.say("metering", readings(NOON, total)) for total in range(4)]
    for statement in said:
        assert street.hear(statement.wire)
    stream = street.members[home.member].streams["metering"]
    stream.forget()
    chain = said[0].header.chain
    store = await open_store(tmp_path / "coop", from_text(COOP, 16))
    try:
        log = Sequence()
        for one in said:
            log.append(StatementEntry(NOON, one.kind, one.hash).encode(), one.wire)
        rows = [(0, one.header.seq, index) for index, one in enumerate(said)]
        await store.commit([*log.take_changes(), Put(STATEMENT, rows)])
        again = street.check(said[1].wire)
        opening = street.check(home.open("metering", said[2].head).wire)
        stranger = Checked(
            Street(Home(3)).check(Home(3).open("metering").wire).envelope,
            None,
            BadSignatureError("nobody"),
        )
        await look_up([again, opening, stranger], street.find, store, 9)
        assert [seq for seq in range(1, 6) if stream.lacks(chain, seq)] == [1, 4]
        assert [stream.hash_at(chain, seq) for seq in (2, 3)] == [said[1].hash, said[2].hash]

        forget([again], street.find)
        with pytest.raises(NotLookedUpError):
            stream.hash_at(chain, 2)

        unsigned = opening._replace(found=BadSignatureError("not signed"))
        await look_up([unsigned], street.find, store, 9)
        assert stream.lacks(chain, 3)
    finally:
        await store.close()


async def test_what_follows_a_head_needs_no_store(tmp_path: Path) -> None:
    home = Home(2)
    street = Street(home)
    assert street.hear(home.open("metering").wire)
    following = street.check(home.say("metering", readings(NOON)).wire)
    store = await open_store(tmp_path / "coop", from_text(COOP, 16))
    await store.close()
    # A store that is closed refuses every question.
    await look_up([following], street.find, store, 9)
