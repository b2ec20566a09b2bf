"""Markets of several zones, of single lots, of few and of enough members: what is told to whom."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from depin_protocol.clearing.book_tree import Context
from depin_protocol.clearing.proof import ClearingProof, check_zone
from depin_protocol.clearing.rule import Rule
from depin_protocol.clearing.zone_prices import Outcome
from depin_protocol.clearing.zone_tree import Way, Zone, ZoneTree
from depin_protocol.encoding import from_text
from depin_protocol.log.entries import DecisionEntry
from depin_protocol.rules.market_rules import MarketRules
from depin_protocol.rules.zone_rows import MAX_ZONES
from settlement_node.log.entries import Decision
from settlement_node.market.rules.actions import PlaceMember, SetMarket
from settlement_node.market.rules.places import Place
from settlement_node.market.trading.cleared import ZonePrices
from settlement_node.market.trading.clearing import Clearing
from settlement_node.market.trading.reading import Told, interval_at, proof_of, told
from settlement_node.replay.verify import verify
from tests.node.market.trading.stall import GATE, MARKET, SOON, Stall, ask, bid, lines_of, order
from tests.node.village import village
from tests.protocol.spoken import Home

OTHER = "feeder"
ZONES = ZoneTree(
    (
        Zone("town"),
        Zone("hill", "town", Way(1_000, 600), Way(1_000, 600)),
        Zone("mill", "town", Way(2_000, 300), Way(2_000, 300)),
    )
)


@pytest.fixture
async def stall(tmp_path: Path) -> AsyncIterator[Stall]:
    async with village(tmp_path) as here:
        yield Stall(here)
        await here.coop.close()
        await verify(here.store)


async def move(stall: Stall, rules: MarketRules, zones: Mapping[str, str]) -> None:
    """Begin another market, and let homes trade there instead."""
    await stall.here.act(SetMarket(OTHER, rules))
    for member, zone in zones.items():
        await stall.here.act(PlaceMember(member, MARKET, Place("all", participation=0)))
        await stall.here.act(PlaceMember(member, OTHER, Place(zone)))


async def told_of(stall: Stall, market: str = MARKET) -> Told:
    public = await interval_at(stall.here.store, market, SOON)
    assert public is not None
    found = await told(stall.here.store, public)
    assert found is not None
    return found


async def trade(stall: Stall, market: str, *homes: Home) -> Decision:
    """Let the first half sell to the second half."""
    half = len(homes) // 2
    for number, home in enumerate(homes):
        side = ask if number < half else bid
        price = 100_000 if number < half else 200_000
        assert await stall.say(home, order(side(SOON, (price, 100)), market=market)) is None
    await stall.until(SOON - GATE)
    (cleared,) = await stall.decisions("cleared")
    return cleared


async def test_zones_have_their_own_prices_and_roots(stall: Stall) -> None:
    seller, buyer, third = await stall.welcome(1, 1, 1)
    await move(
        stall,
        MarketRules(zones=ZONES, k=1),
        {seller.member: "hill", buyer.member: "mill", third.member: "town"},
    )
    assert await stall.say(seller, order(ask(SOON, (100_000, 900)), market=OTHER)) is None
    assert await stall.say(buyer, order(bid(SOON, (250_000, 500)), market=OTHER)) is None
    assert await stall.say(third, order(bid(SOON, (180_000, 400)), market=OTHER)) is None
    assert await stall.say(third, order(bid(SOON, (180_000, 400)))) == "no-place"
    await stall.until(SOON - GATE)
    (cleared,) = await stall.decisions("cleared")
    zones = cleared.result["zones"]
    assert isinstance(zones, dict)
    assert [zones[zone].get("flow") for zone in ("hill", "mill", "town")] == [600, -300, None]
    assert zones["mill"]["bought"] == 300
    assert cleared.result["fees"] == 600 * 1_000 + 300 * 2_000
    lines = lines_of(cleared)
    paid = sum(
        lines[home.member]["bought"] * zones[zone]["price"]
        for home, zone in ((buyer, "mill"), (third, "town"))
    )
    got = lines[seller.member]["sold"] * zones["hill"]["price"]
    assert paid == got + cleared.result["fees"] + cleared.result["rent"]
    found = stall.here.coop.state.trading.cleared(OTHER, SOON)
    assert found is not None
    assert found.prices["mill"].buyers == zones["mill"]["price"]
    assert (found.crossing_fees, found.rent) == (cleared.result["fees"], cleared.result["rent"])


async def test_a_home_checks_its_fill_with_the_proof_of_its_zone(stall: Stall) -> None:
    homes = await stall.welcome(1, 1, 1, 1)
    rules = MarketRules(zones=ZONES, k=2)
    await move(stall, rules, {home.member: "hill" for home in homes})
    await trade(stall, OTHER, *homes)
    found = await told_of(stall, OTHER)
    zones = found.figures["zones"]
    assert isinstance(zones, dict)
    for home in homes:
        line = found.own(home.member)
        assert line is not None
        proof = proof_of(found, home.member, OTHER, rules)
        assert proof is not None
        outcome = Outcome(
            ZONES,
            {zone: tuple(one["limits"]) for zone, one in zones.items()},
            {zone: one["flow"] for zone, one in zones.items() if "flow" in one},
        )
        root = from_text(found.public.result["zones"]["hill"]["root"], 32)  # type: ignore[index]
        context = Context(OTHER, SOON, "hill")
        proven = check_zone(ClearingProof.decode(proof), root, context, outcome)
        pseudonym = from_text(str(line["pseudonym"]), 32)
        bought = proven.bids.fill(200_000, pseudonym) if line["bids"] else 0
        sold = proven.asks.fill(100_000, pseudonym) if line["asks"] else 0
        assert (bought, sold) == (line["bought"], line["sold"])
        assert bought + sold == 100


async def test_figures_are_public_from_k_members_on(stall: Stall) -> None:
    homes = await stall.welcome(1, 1, 1, 1, 1)
    cleared = await trade(stall, MARKET, *homes)
    assert cleared.result["zones"].keys() == {"all"}  # type: ignore[attr-defined]
    assert cleared.result["zones"]["all"].keys() == {  # type: ignore[index]
        "root",
        "price",
        "limits",
        "bought",
        "sold",
    }
    assert (await told_of(stall)).figures["fees"] == 0
    assert proof_of(await told_of(stall), homes[0].member, MARKET, MarketRules()) is None


async def test_with_fewer_only_members_learn_the_price(stall: Stall) -> None:
    homes = await stall.welcome(1, 1, 1, 1)
    cleared = await trade(stall, MARKET, *homes)
    assert cleared.result["zones"]["all"].keys() == {"root"}  # type: ignore[index]
    figures = (await told_of(stall)).figures["zones"]
    assert figures["all"]["price"] == 150_000  # type: ignore[index]


async def test_single_lots_clear_by_mcafees_rule(stall: Stall) -> None:
    homes = await stall.welcome(1, 1, 1, 1)
    rules = MarketRules(clearing=Rule.MCAFEE, lot_wh=100, k=1)
    await move(stall, rules, {home.member: "all" for home in homes})
    two = order(ask(SOON, (100_000, 100)), bid(SOON, (50_000, 100)), market=OTHER)
    assert await stall.say(homes[0], two) == "off-lot"
    big = order(ask(SOON, (100_000, 200)), market=OTHER)
    assert await stall.say(homes[0], big) == "off-lot"
    assert await stall.say(homes[3], order(bid(SOON, (110_000, 100)), market=OTHER)) is None
    for home, price in zip(homes[:2], (100_000, 120_000), strict=True):
        assert await stall.say(home, order(ask(SOON, (price, 100)), market=OTHER)) is None
    assert await stall.say(homes[2], order(bid(SOON, (200_000, 100)), market=OTHER)) is None
    await stall.until(SOON - GATE)
    (cleared,) = await stall.decisions("cleared")
    zone = cleared.result["zones"]["all"]  # type: ignore[index]
    assert (zone["buyers"], zone["sellers"], zone["bought"]) == (115_000, 115_000, 100)
    assert lines_of(cleared)[homes[2].member]["held"] == 115_000 * 100


async def test_own_trades_hold_nothing(stall: Stall) -> None:
    (home,) = await stall.welcome(1)
    both = order(bid(SOON, (200_000, 100)), ask(SOON, (100_000, 100)))
    assert await stall.say(home, both) is None
    await stall.until(SOON - GATE)
    (cleared,) = await stall.decisions("cleared")
    line = lines_of(cleared)[home.member]
    assert (line["bought"], line["sold"], line["held"]) == (100, 100, 0)
    assert stall.balance(home).debits_pending == 0


def test_the_figures_of_as_many_zones_as_a_market_may_have_fit_an_entry() -> None:
    names = [f"{number:032}" for number in range(MAX_ZONES)]
    zones = (Zone(names[0]), *(Zone(name, names[0]) for name in names[1:]))
    clearing = Clearing(
        MarketRules(zones=ZoneTree(zones), k=1),
        dict.fromkeys(names, ZonePrices(-(2**40), -(2**40))),
        2**62,
        2**62,
        [],
        dict.fromkeys(names, "A" * 43),
        {
            name: {"limits": [-(2**40)] * 2, "bought": 2**51, "sold": 2**51, "flow": -(2**31)}
            for name in names
        },
        dict.fromkeys(names, 1),
    )
    result = {"market": "m" * 32, "start": 10**15, **clearing.public()}
    assert DecisionEntry(10**15, "cleared", result, 0, bytes(32)).encode()
