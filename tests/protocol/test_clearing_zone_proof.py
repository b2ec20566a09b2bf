"""A home checks its own zone of a market: each true clearing holds, and no forged one does."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from depin_protocol.clearing.book_tree import BookTree, Context
from depin_protocol.clearing.proof import ClearingProof, ProvenClearing, check_zone, prove
from depin_protocol.clearing.pruned_tree import ProofError, prune
from depin_protocol.clearing.uniform import Limits, limits_of
from depin_protocol.clearing.zone_prices import Outcome
from depin_protocol.clearing.zone_tree import Way, Zone, ZoneError, ZoneTree
from depin_protocol.clearing.zones import clear_market
from tests.protocol.drawn_books import HIGHEST, LOWEST, book, fills_by_member, shares
from tests.protocol.drawn_zones import MEMBERS, Market, best, markets
from tests.protocol.flipped_bits import with_a_bit_flipped

NAMES = [bytes([number]) * 32 for number in range(MEMBERS)]
EVERYWHERE = [(price, name) for price in range(LOWEST - 1, HIGHEST + 2) for name in NAMES]


def context(zone: str) -> Context:
    return Context("street", 1_790_000_000_000, zone)


def book_tree(market: Market, zone: str) -> BookTree:
    return BookTree.of(context(zone), market.books[zone], NAMES)


def proven(
    market: Market, outcome: Outcome, zone: str, proof: ClearingProof, share: tuple[int, int]
) -> ProvenClearing:
    """Check a zone as its home does, from the proof's bytes."""
    received = ClearingProof.decode(proof.encode())
    return check_zone(received, book_tree(market, zone).root, context(zone), outcome, share)


@given(markets(), shares)
def test_a_home_finds_its_zones_price_and_every_fill(
    market: Market, share: tuple[int, int]
) -> None:
    result = clear_market(market.tree, market.books, share)
    for name, zone in result.zones.items():
        proof = prove(book_tree(market, name), zone, EVERYWHERE, EVERYWHERE)
        shown = proven(market, result.outcome, name, proof, share)
        assert (shown.price, shown.band) == (zone.price, zone.band)
        assert (shown.bought, shown.sold) == (zone.bought, zone.sold)
        for side, fills, own in (
            (market.books[name].bids, zone.bid_fills, shown.bids),
            (market.books[name].asks, zone.ask_fills, shown.asks),
        ):
            sums = fills_by_member(side, fills.tolist())
            for price, pseudonym in EVERYWHERE:
                fill = own.fill(price, pseudonym)
                assert fill == sums[price, NAMES.index(pseudonym)]


@given(markets(), shares)
def test_a_proof_of_the_clearing_alone_shows_the_price(
    market: Market, share: tuple[int, int]
) -> None:
    result = clear_market(market.tree, market.books, share)
    for name, zone in result.zones.items():
        proof = prove(book_tree(market, name), zone)
        shown = proven(market, result.outcome, name, proof, share)
        assert (shown.price, shown.volume) == (zone.price, zone.volume)


def everything(market: Market, zone: str, limits: Limits) -> ClearingProof:
    """Claim limits with every order open, so that nothing is left untold."""
    tree = book_tree(market, zone)
    sides = [prune(side, (), range(len(side.leaves))) for side in (tree.bids, tree.asks)]
    return ClearingProof(limits, *sides)


@pytest.mark.long
@given(markets(4), st.data())
def test_forged_limits_are_refused_by_the_zones_own_homes(
    market: Market, data: st.DataObject
) -> None:
    outcome = clear_market(market.tree, market.books).outcome
    zone = data.draw(st.sampled_from(market.tree.zones)).name
    reach = (None, *range(LOWEST - 1, HIGHEST + 2))
    for forged in product(reach, reach):
        claimed = replace(outcome, limits={**outcome.limits, zone: forged})
        proof = everything(market, zone, forged)
        if forged == outcome.limits[zone]:
            assert proven(market, claimed, zone, proof, (1, 2)).volume >= 0
        else:
            with pytest.raises(ProofError):
                proven(market, claimed, zone, proof, (1, 2))


@given(markets(5), st.data())
def test_forged_flows_are_refused_unless_they_are_as_good_at_the_same_prices(
    market: Market, data: st.DataObject
) -> None:
    """The forger gives each zone the limits that its homes will find right, if it has any."""
    true = clear_market(market.tree, market.books).outcome
    forged = {
        name: flow + data.draw(st.integers(-9, 9), label=name) for name, flow in true.flows.items()
    }
    net = market.tree.sent_out(forged)
    reaches = {
        name: range(-int(orders.bids.wh.sum()), int(orders.asks.wh.sum()) + 1)
        for name, orders in market.books.items()
    }
    unreachable = [name for name, sent in net.items() if sent not in reaches[name]]
    if unreachable:
        with pytest.raises(ProofError):
            proven(
                *(market, replace(true, flows=forged), unreachable[0]),
                everything(market, unreachable[0], true.limits[unreachable[0]]),
                (1, 2),
            )
        return
    limits = {name: limits_of(market.books[name], sent) for name, sent in net.items()}
    outcome = Outcome(market.tree, limits, forged)
    try:
        bands = outcome.bands()
    except ZoneError:
        return
    assert worth(market, net, forged) == best(market)
    for name, zone in clear_market(market.tree, market.books).zones.items():
        assert zone.band in (None, bands[name])


def worth(market: Market, net: Mapping[str, int], flows: Mapping[str, int]) -> int:
    """Add up what each book's best fills are worth that send out so much, less the fees."""
    total = -sum(zone.charged(flows[zone.name]) for zone, _ in market.tree.edges())
    for name, orders in market.books.items():
        # A bid left unfilled gives its Wh at its price, and the cheapest Wh are sent first.
        steps = sorted(
            (price, wh)
            for side in (orders.bids, orders.asks)
            for price, wh in zip(side.price.tolist(), side.wh.tolist(), strict=True)
        )
        total += int((orders.bids.price * orders.bids.wh).sum())
        left = int(orders.bids.wh.sum()) + net[name]
        for price, wh in steps:
            total -= price * min(wh, left)
            left -= min(wh, left)
    return total


TREE = ZoneTree((Zone("town"), Zone("street", "town", Way(2, 5), Way(2, 5))))
BOOKS = {"town": book([(4, 10), (3, 8)], [(1, 9)]), "street": book([(2, 4)], [(4, 3), (6, 5)])}
MARKET = Market(TREE, BOOKS)


def test_no_bit_of_a_zones_proof_can_change() -> None:
    result = clear_market(TREE, BOOKS)
    for name, zone in result.zones.items():
        tree = book_tree(MARKET, name)
        own = [(leaf.price, leaf.pseudonym) for leaf in tree.asks.leaves[:1]]
        encoded = prove(tree, zone, asks=own).encode()
        for changed in with_a_bit_flipped(encoded):
            with pytest.raises(ProofError):
                check_zone(
                    *(ClearingProof.decode(changed), tree.root, context(name), result.outcome)
                )


def test_what_the_decision_states_must_fit_the_zones() -> None:
    true = clear_market(TREE, BOOKS).outcome
    assert true.flows == {"street": 5}
    for limits, flows, problem in (
        ({"town": (9, 9)}, true.flows, "the limits of each zone, and of no other"),
        ({**true.limits, "farm": (1, 2)}, true.flows, "the limits of each zone, and of no other"),
        (true.limits, {}, "the flow of each edge, and of no other"),
        (true.limits, {"street": 5, "town": 0}, "the flow of each edge, and of no other"),
    ):
        with pytest.raises(ZoneError, match=problem):
            Outcome(TREE, limits, flows)
    for flow in (6, -6):
        with pytest.raises(ZoneError, match=f"flow of {flow} Wh is more than the edge of zone"):
            Outcome(TREE, true.limits, {"street": flow}).bands()
    for limits in ({"town": (4, 4), "street": (5, 5)}, {"town": (6, 6), "street": (5, 5)}):
        with pytest.raises(ZoneError, match="no price at which the stated flows are right"):
            Outcome(TREE, limits, {"street": 5}).bands()


def test_a_zone_that_the_decision_does_not_know_is_refused() -> None:
    result = clear_market(TREE, BOOKS)
    proof = prove(book_tree(MARKET, "town"), result.zones["town"])
    with pytest.raises(ZoneError, match="states nothing of a zone 'farm'"):
        check_zone(proof, book_tree(MARKET, "town").root, context("farm"), result.outcome)


def test_a_proof_of_other_limits_than_the_decision_states_is_refused() -> None:
    result = clear_market(TREE, BOOKS)
    proof = prove(book_tree(MARKET, "town"), result.zones["town"])
    other = replace(result.outcome, limits={**result.outcome.limits, "town": (10, 10)})
    with pytest.raises(ProofError, match="of other limits than the decision states"):
        proven(MARKET, other, "town", proof, (1, 2))
