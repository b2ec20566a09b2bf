"""What a home checks holds for every home of an honest node, whatever the market's rules."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from depin_protocol.checking.clearing_case import CLEARED, ClearingCase
from depin_protocol.checking.evidence import Evidence
from depin_protocol.checking.public_book import BookOrder, read_orders
from depin_protocol.checking.reading_evidence import read_evidence
from depin_protocol.checking.rules_shown import ShownRules
from depin_protocol.checking.settlement_case import SETTLED, SettlementCase, ShownInterval
from depin_protocol.checking.shown import ShownEntry, ShownLine
from depin_protocol.clearing.rule import Rule
from depin_protocol.clearing.zone_tree import Way, Zone, ZoneTree
from depin_protocol.encoding import decode_json, from_text
from depin_protocol.log.checkpoint import Checkpoint, sign_checkpoint
from depin_protocol.log.entries import DecisionEntry, read_entry
from depin_protocol.log.merkle import inclusion_proof, leaf_hash
from depin_protocol.log.proof_file import ProofFile
from depin_protocol.log.tree import MemoryTree
from depin_protocol.rules.market_rules import MarketRules
from depin_protocol.rules.netting import Netting
from depin_protocol.settlement.charges import Charges, Fees, Taxed, Vat
from depin_protocol.settlement.pool import Key, PoolRule
from settlement_node.cli import main
from settlement_node.hosting.folder import NodeFolder
from settlement_node.log.entries import decode_lines
from settlement_node.log.reading import body_at, entry_at
from settlement_node.log.showing import show_line
from settlement_node.market.trading.reading import Public, Told, proof_of
from settlement_node.store.opening import open_store
from tests.node.village import FACTS, LOG_SEED

CHARGED = MarketRules(
    k=2,
    pool=PoolRule(110_000, Key.HYBRID),
    charges=Charges(
        Fees(10_000, 2_000, 0), Fees(5_000, 1_000, 500), Vat(20, 100, Taxed.EVERYTHING)
    ),
)
RULES = {
    "charged, with a pool": CHARGED,
    "whole books, netted": replace(CHARGED, k=1_000, netting=Netting.PHASES, seller_share=(0, 1)),
    "zones": replace(
        CHARGED,
        zones=ZoneTree((Zone("all"), Zone("hill", "all", Way(1_000, 500), Way(0, 500)))),
    ),
    "lots": MarketRules(k=2, clearing=Rule.MCAFEE, lot_wh=500),
}


@dataclass
class Lived:
    """A co-op's log as it was lived, under a checkpoint of the test's."""

    entries: list[bytes]
    bodies: dict[int, bytes]

    def shown(self, index: int) -> ShownEntry:
        proof = inclusion_proof(index, len(self.entries), self._tree.hash_at)
        return ShownEntry(self.entries[index], ProofFile(index, proof, self._note).format())

    def __post_init__(self) -> None:
        self._tree = MemoryTree(map(leaf_hash, self.entries))
        self._note = sign_checkpoint(Checkpoint(FACTS.origin, self._tree.head()), LOG_SEED)

    def decisions(self, kind: str) -> Iterator[tuple[int, DecisionEntry, list[dict[str, object]]]]:
        for index, written in enumerate(self.entries):
            entry = read_entry(written)
            if isinstance(entry, DecisionEntry) and entry.kind == kind:
                lines = [decode_json(line[16:]) for line in decode_lines(self.bodies[index])]
                yield index, entry, lines

    def line(self, index: int, position: int) -> ShownLine:
        shown = show_line(self.bodies[index], position)
        assert shown is not None
        return ShownLine.read({name: one for name, one in shown.items() if name != "count"})


async def read(folder: Path) -> Lived:
    """Read a kept simulation's log."""
    kept = NodeFolder(folder).choose(None)
    store = await open_store(kept.books, kept.coop)
    try:
        entries: list[bytes] = []
        bodies: dict[int, bytes] = {}
        while (entry := await entry_at(store, len(entries))) is not None:
            body = await body_at(store, len(entries))
            if body is not None:
                bodies[len(entries)] = body
            entries.append(entry)
        return Lived(entries, bodies)
    finally:
        await store.close()


@pytest.mark.parametrize("name", RULES)
def test_all_that_an_honest_node_tells_its_homes_follows(tmp_path: Path, name: str) -> None:
    rules, kept = RULES[name], tmp_path / "kept"
    (tmp_path / "rules.json").write_text(json.dumps(rules.to_json()))
    lived = CliRunner().invoke(
        main,
        [
            *("simulate", "--homes", "4", "--days", "1", "--keep", str(kept)),
            *("--strategy", "zero-intelligence", "--forecast", "25%"),
            *("--rules", str(tmp_path / "rules.json")),
        ],
    )
    assert lived.exit_code == 0, lived.output
    log = asyncio.run(read(kept))
    genesis = read_entry(log.entries[0])
    assert isinstance(genesis, DecisionEntry)
    shown_rules = ShownRules(MarketRules.read(genesis.result["rules"]), log.shown(0))
    cleared = dict(_clearings(log, shown_rules))
    checked = 0
    for index, entry, lines in log.decisions(SETTLED):
        for position, line in enumerate(lines):
            member = str(line["member"])
            case = SettlementCase(
                member,
                ShownInterval(log.shown(index), log.line(index, position)),
                shown_rules,
                cleared.get((entry.result["start"], member)),
            )
            case.check(FACTS.log_verifier())
            checked += 1
    assert checked > 300
    assert any(case.check(FACTS.log_verifier()).bought for case in cleared.values()) == (
        name != "lots"
    )
    # What is written of a case and read again is the same case.
    written = Evidence(FACTS.coop, 1, "nothing", FACTS.log_verifier(), case).written()
    assert read_evidence(written).written() == written


def _clearings(log: Lived, rules: ShownRules) -> Iterator[tuple[tuple[object, str], ClearingCase]]:
    """Show each member's part of each clearing, and check it."""
    for index, entry, lines in log.decisions(CLEARED):
        start = int(str(entry.result["start"]))
        told = Told(Public(start, index, entry.at, CLEARED, entry.result), tuple(lines))
        has_figures = "figures" in lines[0]
        book = _book(lines)
        for position, line in enumerate(lines):
            if "member" not in line:
                continue
            proof = proof_of(told, str(line["member"]), str(entry.result["market"]), rules.rules)
            case = ClearingCase(
                entry=log.shown(index),
                own=log.line(index, position),
                figures=log.line(index, 0) if has_figures else None,
                pseudonym=from_text(str(line["pseudonym"]), 32),
                rules=rules,
                proof=proof,
                book=() if proof is not None else book,
            )
            case.check(FACTS.log_verifier())
            yield (start, str(line["member"])), case


def _book(lines: list[dict[str, object]]) -> tuple[BookOrder, ...]:
    """Return what the node shows members of a book."""
    shown = ("pseudonym", "zone", "bids", "asks")
    orders = [{name: line[name] for name in shown} for line in lines if "member" in line]
    return read_orders(orders, "orders")
