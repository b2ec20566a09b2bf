"""`settlement-node simulate`: a real co-op on simulated time, told in a table and a picture."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner

from depin_protocol.clearing.rule import Rule
from depin_protocol.clearing.zone_tree import Way, Zone, ZoneTree
from depin_protocol.encoding import encode_json
from depin_protocol.rules.market_rules import Band, MarketRules
from depin_protocol.settlement.charges import Charges, Fees, Taxed, Vat
from depin_protocol.settlement.pool import Key, PoolRule
from settlement_node.cli import main
from settlement_node.hosting.folder import NodeFolder
from settlement_node.simulation.forecasts import Forecast
from settlement_node.simulation.gathering import gathered
from settlement_node.simulation.neighbourhood import neighbourhood
from settlement_node.simulation.plan import Plan
from settlement_node.simulation.results import Results
from settlement_node.simulation.strategies import Strategy

CHARGED = MarketRules(
    charges=Charges(
        Fees(41_000, 7_000, 500), Fees(20_500, 7_000, 500), Vat(1, 5, Taxed.ENERGY | Taxed.GRID_FEE)
    )
)
POOLED = replace(CHARGED, pool=PoolRule(140_000, Key.DYNAMIC))


async def lived(place: Path, plan: Plan) -> Results:
    async with neighbourhood(plan, NodeFolder(place)) as street:
        await street.live(lambda _: None)
        return await gathered(street)


def settled(results: Results) -> None:
    assert results.objections == ()
    assert set(results.sums.values()) == {0}
    assert sum(results.accounts.values()) == 0


@pytest.mark.parametrize("rules", [MarketRules(), CHARGED], ids=["free", "charged"])
async def test_with_perfect_forecasts_nobody_truthful_loses(
    tmp_path: Path, rules: MarketRules
) -> None:
    results = await lived(tmp_path, Plan(homes=8, days=1, seed=4, rules=rules))
    settled(results)
    assert min(bill.gain for bill in results.bills) >= 0
    assert max(bill.gain for bill in results.bills) > 0
    assert results.balance.traded > 0
    assert results.welfare.reached == results.welfare.most


async def test_who_sells_what_it_has_not_pays_for_it(tmp_path: Path) -> None:
    plan = Plan(homes=10, days=1, seed=4, strategy=Strategy.EMPTY_PROMISES)
    results = await lived(tmp_path, plan)
    settled(results)
    boasters = [bill.gain for bill in results.bills if not bill.is_truthful]
    honest = [bill.gain for bill in results.bills if bill.is_truthful]
    assert len(boasters) == 2
    assert max(boasters) < min(honest)
    assert min(honest) >= 0


@pytest.mark.long
async def test_errors_cost_welfare_and_the_books_still_add_up(tmp_path: Path) -> None:
    perfect = Plan(homes=8, days=2, seed=4)
    first = await lived(tmp_path / "perfect", perfect)
    for name in ("persistence", "30%"):
        plan = replace(perfect, forecast=Forecast.read(name))
        results = await lived(tmp_path / name.strip("%"), plan)
        settled(results)
        assert results.welfare.reached < first.welfare.reached
        assert results.welfare.most == first.welfare.most
        assert results.balance.shared < first.balance.shared


async def test_what_nobody_foresaw_is_shared_through_the_pool(tmp_path: Path) -> None:
    plan = Plan(homes=8, days=2, seed=4, forecast=Forecast.read("persistence"), rules=POOLED)
    results = await lived(tmp_path, plan)
    settled(results)
    assert results.balance.pooled > 0
    assert results.balance.traded > 0


@pytest.mark.parametrize("minutes", [5, 60])
async def test_intervals_may_be_shorter_or_longer(tmp_path: Path, minutes: int) -> None:
    rules = replace(MarketRules(), interval=minutes * 60_000)
    results = await lived(tmp_path, Plan(homes=4, days=1, seed=4, rules=rules))
    settled(results)
    assert results.intervals == 24 * 60 // minutes
    assert results.welfare.reached == results.welfare.most


def simulated(*options: str) -> str:
    done = CliRunner().invoke(main, ["simulate", *options], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def small(place: Path, *more: str) -> Sequence[str]:
    return ["--homes", "5", "--days", "1", "--picture", str(place / "picture.svg"), *more]


def test_the_same_seed_leads_to_the_same_log_and_picture(tmp_path: Path) -> None:
    first = simulated(*small(tmp_path, "--seed", "7"))
    picture = (tmp_path / "picture.svg").read_bytes()
    assert simulated(*small(tmp_path, "--seed", "7")) == first
    assert (tmp_path / "picture.svg").read_bytes() == picture
    ET.fromstring(picture)  # noqa: S314 - it was drawn here
    other = simulated(*small(tmp_path, "--seed", "8"))
    root = re.compile("root ([0-9a-f]{64})")
    assert root.findall(first) != root.findall(other)


def test_a_co_op_that_is_kept_can_be_verified(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    rules = tmp_path / "rules.json"
    rules.write_bytes(encode_json(POOLED.to_json()))
    homes = tmp_path / "homes"
    homes.mkdir()
    (homes / "a.csv").write_text("used,produced\n" + "100,300\n" * 96)
    (homes / "b.csv").write_text("used\n" + "200\n" * 96)
    told = simulated(
        *small(tmp_path, "--keep", str(kept), "--rules", str(rules), "--profiles", str(homes))
    )
    assert f"settlement-node verify --data {kept}" in told
    verified = CliRunner().invoke(main, ["verify", "--data", str(kept)])
    assert verified.exit_code == 0, verified.output
    again = CliRunner().invoke(main, ["simulate", *small(tmp_path, "--keep", str(kept))])
    assert again.exit_code == 2
    assert "holds a co-op already" in again.output


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (["--forecast", "tomorrow"], 2, "is no forecast"),
        (["--profiles", "nowhere"], 1, "is no wheel of simbench"),
        (["--profiles", "simbench"], 1, "pip install --no-deps simbench"),
        (["--days", "0"], 2, "--days"),
    ],
)
def test_what_cannot_be_simulated_is_said(
    tmp_path: Path, options: list[str], code: int, says: str
) -> None:
    done = CliRunner().invoke(main, ["simulate", *small(tmp_path), *options])
    assert (done.exit_code, says in done.output) == (code, True), done.output


@pytest.mark.parametrize(
    "rules",
    [
        MarketRules(lot_wh=50),
        MarketRules(clearing=Rule.MCAFEE, lot_wh=100),
        MarketRules(
            zones=ZoneTree((Zone("town"), Zone("mill", "town", Way(5_000, 9_000), Way(0, 9_000))))
        ),
        MarketRules(pool=PoolRule(140_000, Key.STATIC), band=Band(0, 0)),
    ],
    ids=["lots", "mcafee", "zones", "static"],
)
async def test_homes_obey_the_rules_that_a_co_op_tries(tmp_path: Path, rules: MarketRules) -> None:
    plan = Plan(homes=8, days=1, seed=4, rules=rules)
    async with neighbourhood(plan, NodeFolder(tmp_path)) as street:
        await street.live(lambda _: None)
        results = await gathered(street)
        coop = street.street.coop
        entries = [await coop.entry(index) or b"" for index in range(coop.position.size)]
    settled(results)
    assert results.balance.shared > 0
    assert min(bill.gain for bill in results.bills) >= 0
    assert not [entry for entry in entries if b'"decision":"no_effect"' in entry]
