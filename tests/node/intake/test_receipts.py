"""A group's receipts are given once, and come again from the log and one row."""

from pathlib import Path

import pytest

from depin_protocol.encoding import encode_json, from_text, to_text
from depin_protocol.log.merkle import inclusion_proof, leaf_hash
from depin_protocol.log.tree import MemoryTree
from depin_protocol.receipts import Receipt, sign_receipts
from settlement_node.intake.receipts import RECEIPT_GROUP, group_row, receipt_at
from settlement_node.store.tables import Put
from tests.node.village import FACTS, RECEIPT_SEED, readings, village
from tests.protocol.spoken import NOON, Home, digest


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 33])
async def test_each_receipt_of_a_group_comes_again_as_it_was_given(
    tmp_path: Path, size: int
) -> None:
    async with village(tmp_path) as here:
        home = Home(2)
        await here.welcome(home)
        first = here.coop.position.size
        said = [home.say("metering", readings(NOON, total)) for total in range(size)]
        given = await here.say(*said)
        for at, (receipt, statement) in enumerate(zip(given, said, strict=True)):
            receipt.verify(FACTS.receipt_key)
            assert (receipt.index, receipt.size, receipt.statement) == (at, size, statement.hash)
            assert await receipt_at(here.store, FACTS.origin, first + at) == receipt
        assert await receipt_at(here.store, FACTS.origin, first + size) is None
        assert await receipt_at(here.store, FACTS.origin, 0) is None


async def test_a_statement_without_a_promise_has_no_receipt(tmp_path: Path) -> None:
    async with village(tmp_path) as here:
        before = here.coop.position.size
        home = Home(2)
        await here.welcome(home)
        rows = await here.store.scan(RECEIPT_GROUP, limit=100)
        decisions = set(range(here.coop.position.size)) - {
            index
            for first, count, _, _ in rows
            for index in range(int(first), int(first) + int(count))
        }
        assert decisions
        assert any(index >= before for index in decisions)
        for index in decisions:
            assert await receipt_at(here.store, FACTS.origin, index) is None


def test_a_group_is_kept_as_where_it_begins_how_long_it_is_and_its_signature() -> None:
    receipts = sign_receipts("node.example/log/street", NOON, [digest(1), digest(2)], RECEIPT_SEED)
    row = (41, 2, NOON, receipts[0].signature)
    assert group_row(41, receipts) == Put(RECEIPT_GROUP, [row])


@pytest.mark.parametrize("size", range(1, 20))
def test_the_paths_of_a_group_are_inclusion_proofs(size: int) -> None:
    hashes = [digest(number) for number in range(size)]
    receipts = sign_receipts("node.example/log/street", NOON, hashes, RECEIPT_SEED)
    tree = MemoryTree(leaf_hash(from_text(hash_, 32)) for hash_ in hashes)
    for index, receipt in enumerate(receipts):
        proof = inclusion_proof(index, size, tree.hash_at)
        assert receipt.path == tuple(to_text(part) for part in proof)


def test_a_receipt_is_written_as_json_writes_it_whatever_the_log_is_called() -> None:
    origin = 'node.example/"quoted"\\log'
    (receipt,) = sign_receipts(origin, NOON, [digest(1)], RECEIPT_SEED)
    fields = {
        "origin": origin,
        "due": NOON,
        "statement": digest(1),
        "index": 0,
        "size": 1,
        "path": [],
        "signature": to_text(receipt.signature),
    }
    assert receipt.written() == encode_json(fields)
    assert Receipt.read(receipt.written()) == receipt
