"""Our own vectors of settled intervals, in tests/vectors/settlement.json; run to write them."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import pytest

from depin_protocol.bounds import MAX_ENERGY, MAX_PRICE
from depin_protocol.settlement.charges import Charges, Fees, Taxed, Vat
from depin_protocol.settlement.interval import Member, Terms, ZonePrices, settle
from depin_protocol.settlement.limits import SettlementError
from depin_protocol.settlement.pool import Key, PoolRule
from depin_protocol.settlement.trades import References
from tests.protocol.own_vectors import as_json, committed, write

type Json = dict[str, Any]


HOME: Json = asdict(Member(retail=300_000, feed_in=80_000))
FREE: Json = {
    "references": {"retail": 300_000, "feed_in": 80_000},
    "traded": {"grid_fee": 0, "levies": 0, "coop_fee": 0},
    "pooled": {"grid_fee": 0, "levies": 0, "coop_fee": 0},
    "vat": {"numerator": 0, "denominator": 1, "on": ["ENERGY"]},
    "pool": None,
}
CHARGED: Json = FREE | {
    "traded": {"grid_fee": 41_000, "levies": 7_000, "coop_fee": 500},
    "pooled": {"grid_fee": 20_500, "levies": 7_000, "coop_fee": 500},
    "vat": {"numerator": 81, "denominator": 1000, "on": ["ENERGY", "GRID_FEE", "COOP_FEE"]},
}
AT_180: list[Json | None] = [{"buyers": 180_000, "sellers": 180_000}]


def pooled(key: Key, price: int = 120_000) -> Json:
    return {"pool": {"price": price, "key": key.value}}


def home(**known: object) -> Json:
    return HOME | known


def stated() -> Iterator[Json]:
    """Cases that each show one rule."""
    yield case("nobody", FREE, [None], [])
    yield case(
        "all delivered, all used",
        CHARGED,
        AT_180,
        [home(sold=500, exported=500), home(bought=500, imported=500)],
    )
    buyers = [home(bought=600, imported=600), home(bought=400, imported=300, exported=5)]
    yield case("uncovered", FREE, AT_180, [*buyers, home(sold=1000, exported=700)])
    yield case(
        "unplaced",
        FREE,
        AT_180,
        [home(bought=900, imported=100), home(sold=450, exported=450), home(sold=450, exported=9)],
    )
    for key in Key:
        yield case(
            f"{key.value} pool",
            CHARGED | pooled(key),
            [None],
            [
                home(imported=400, pool_weight=2),
                home(imported=90, pool_weight=1, retail=150_000),
                home(imported=70, exported=30, pool_weight=2),
                home(exported=333, pool_weight=1),
                home(exported=111, feed_in=120_001),
            ],
        )
    yield case(
        "a mechanism's surplus, own trades cancelled",
        CHARGED,
        [{"buyers": 210_000, "sellers": 170_000}],
        [
            home(bought=100, imported=80),
            home(bought=100, sold=100),
            home(sold=100, exported=60),
        ],
    )
    yield case(
        "congestion rent, and the fee of an edge",
        FREE,
        [{"buyers": 120_000, "sellers": 120_000}, {"buyers": 190_000, "sellers": 190_000}],
        [
            home(sold=70, exported=60),
            home(bought=20, imported=20),
            home(bought=50, imported=45, zone=1),
        ],
        crossing_fees=50 * 30_000,
    )
    yield case(
        "a negative price",
        CHARGED | pooled(Key.HYBRID),
        [{"buyers": -30_000, "sellers": -30_000}],
        [home(bought=100, imported=60), home(sold=100, exported=90), home(imported=9)],
    )
    yield case(
        "certificates and preferences",
        FREE,
        AT_180,
        [
            home(sold=60, exported=60, produced=60),
            home(sold=60, exported=60, certificates=20, own_use=50),
            home(bought=60, imported=60, produced=90, own_use=40, prefers=[0]),
            home(bought=60, imported=60, prefers=[0, 1]),
        ],
    )


def refused() -> Iterator[Json]:
    """Cases that cannot be settled."""
    seller, buyer = home(sold=9, exported=9), home(bought=9, imported=9)
    yield case("more sold than bought", FREE, AT_180, [seller])
    yield case("no price where there are trades", FREE, [None], [seller, buyer])
    yield case("an unknown zone", FREE, AT_180, [home(zone=1)])
    yield case("buyers below sellers", FREE, [{"buyers": 1, "sellers": 2}], [])
    yield case(
        "zones that pay out more than they take",
        FREE,
        [{"buyers": 1, "sellers": 1}, {"buyers": 2, "sellers": 2}],
        [buyer, seller | {"zone": 1}],
    )
    yield case("crossing fees that nobody paid", FREE, AT_180, [seller, buyer], crossing_fees=1)
    yield case("crossing fees paid out", FREE, AT_180, [seller, buyer], crossing_fees=-1)
    yield case(
        "references reversed", FREE | {"references": {"retail": 1, "feed_in": 2}}, [None], []
    )
    yield case("VAT above the whole", FREE | {"vat": FREE["vat"] | {"numerator": 2}}, [None], [])
    yield case("negative energy", FREE, [None], [home(imported=-1)])
    yield case("too much energy", FREE, [None], [home(exported=MAX_ENERGY + 1)])
    yield case(
        "an amount of 2^62",
        FREE,
        [{"buyers": MAX_PRICE, "sellers": MAX_PRICE}],
        [home(imported=2**22, bought=2**22), home(exported=2**22, sold=2**22)],
    )
    yield case("an own preference", FREE, [None], [home(prefers=[0])])


def beyond_bounds_and_spreads() -> Iterator[Json]:
    """Cases of what only a member's own tariff makes large, and of zones with unlike spreads."""
    yield case(
        "a grid memo beyond 2^62", FREE, [None], [home(imported=2**22, retail=MAX_PRICE), home()]
    )
    yield case(
        "two zones, each with a spread of its own",
        FREE,
        [{"buyers": 130_000, "sellers": 120_000}, {"buyers": 210_000, "sellers": 180_000}],
        [
            home(imported=40, bought=40),
            home(exported=100, sold=100),
            home(imported=70, bought=70, zone=1),
            home(exported=10, sold=10, zone=1),
        ],
    )


def drawn(count: int) -> Iterator[Json]:
    """Cases from a stated generator, so that nothing is drawn twice differently."""
    state = 2026

    def below(limit: int) -> int:
        nonlocal state
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (state >> 33) % limit

    for number in range(count):
        size = 2 + below(6)
        members = [
            home(
                retail=150_000 + below(200_000),
                feed_in=60_000 + below(90_000),
                imported=below(300),
                exported=below(300),
                pool_weight=below(4),
                produced=below(900),
                own_use=below(300),
                certificates=below(200),
                prefers=[],
            )
            for _ in range(size)
        ]
        for _ in range(below(9)):
            wh = 1 + below(400)
            members[below(size)]["bought"] += wh
            members[below(size)]["sold"] += wh
        for row in range(size):
            other = below(size)
            members[row]["prefers"] = [] if other == row else [other]
        sellers = 20_000 + below(350_000)
        yield case(
            f"drawn {number}",
            CHARGED | pooled(list(Key)[number % 3], 90_000 + below(60_000)),
            [{"buyers": sellers + below(2) * below(40_000), "sellers": sellers}],
            members,
        )


def case(
    name: str,
    terms: Json,
    zones: list[Json | None],
    members: list[Json],
    crossing_fees: int = 0,
) -> Json:
    stated_input = {
        "terms": terms,
        "zones": zones,
        "crossing_fees": crossing_fees,
        "members": members,
    }
    return {"name": name, "input": stated_input} | outcome(stated_input)


def outcome(stated_input: Json) -> Json:
    """Settle an input as the file states it."""
    try:
        settlement = settle(
            terms_of(stated_input["terms"]),
            [zone and ZonePrices(**zone) for zone in stated_input["zones"]],
            [
                Member(**(member | {"prefers": tuple(member["prefers"])}))
                for member in stated_input["members"]
            ],
            stated_input["crossing_fees"],
        )
    except SettlementError as error:
        return {"refused": type(error).__name__.removesuffix("Error")}
    result: Json = json.loads(json.dumps(asdict(settlement)))
    del result["certificates"]["lines"]
    roofs = settlement.certificates.roofs.all()
    result["certificates"]["roofs"]["all"] = [[of.consumer, of.producer, of.wh] for of in roofs]
    return {"output": result}


def terms_of(terms: Json) -> Terms:
    vat, pool = terms["vat"], terms["pool"]
    on = Taxed.NOTHING
    for part in vat["on"]:
        on |= Taxed[part]
    return Terms(
        References(**terms["references"]),
        Charges(
            Fees(**terms["traded"]),
            Fees(**terms["pooled"]),
            Vat(vat["numerator"], vat["denominator"], on),
        ),
        pool and PoolRule(pool["price"], Key(pool["key"])),
    )


def generate() -> Json:
    return {
        "settled": [*stated(), *beyond_bounds_and_spreads(), *drawn(15)],
        "refused": [*refused()],
    }


@pytest.fixture(scope="module", name="vectors")
def stored() -> Json:
    vectors: Json = committed("settlement")
    return vectors


def test_the_file_is_what_this_code_makes(vectors: Json) -> None:
    assert vectors == as_json(generate())


def test_the_file_s_inputs_alone_give_its_outcomes(vectors: Json) -> None:
    for vector in vectors["settled"]:
        assert outcome(vector["input"]) == {"output": vector["output"]}, vector["name"]
    for vector in vectors["refused"]:
        assert outcome(vector["input"]) == {"refused": vector["refused"]}, vector["name"]


if __name__ == "__main__":
    write("settlement", generate())
