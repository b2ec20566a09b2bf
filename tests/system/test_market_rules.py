"""A market's rules on the command line: shown, set, told as series, and given to a new co-op."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from depin_protocol.invite import parse_invite
from depin_protocol.rules.market_rules import MarketRules
from tests.node.api.neighbour import Neighbour, ask
from tests.system.node_process import command, refused, running


def test_rules_are_set_by_files(tmp_path: Path) -> None:
    folder, file = tmp_path / "node", tmp_path / "rules.json"
    rules = {**MarketRules().to_json(), "series": ["band_high"], "zones": [["town"]]}
    file.write_text(json.dumps(rules), "utf-8")
    command(
        "init", "--data", folder, "--name", "Hof", "--currency", "EUR", "--rules", file, "--yes"
    )
    data = ("--data", folder)
    why = (*data, "--reason", "as voted")
    assert command("market", "show", *data).startswith("hof ")
    assert json.loads(command("market", "show", *data, "hof")) == rules
    assert "no market mill" in refused("market", "show", *data, "mill")

    file.write_text(json.dumps({**rules, "k": 3}), "utf-8")
    soon = (datetime.now(UTC) + timedelta(days=2)).replace(microsecond=0)
    early = refused("market", "set", *why, "--from", soon.isoformat(), "hof", file)
    assert "no start of an interval" in early
    assert " UTC on: give one, or none" in early
    command("market", "set", *why, "hof", file)
    assert len(command("market", "show", *data).splitlines()) == 2
    file.write_text(json.dumps({**rules, "k": 0}), "utf-8")
    assert "rules.k" in refused("market", "set", *why, "hof", file)
    assert "rules.k" in refused(
        "init",
        "--data",
        tmp_path / "x",
        "--name",
        "X",
        "--currency",
        "EUR",
        "--rules",
        file,
        "--yes",
    )
    assert "distance from UTC" in refused(
        "market", "set", *why, "--from", "2030-01-01T00:00", "hof", file, code=2
    )

    values = tmp_path / "band.csv"
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).replace(minute=0, second=0, microsecond=0)
    values.write_text(f"start,price\n{tomorrow.isoformat()},0.4125\n", "utf-8")
    series = ("market", "series", *why, "hof", "band_high", values)
    command(*series)
    values.write_text(f"start,price\n{tomorrow.isoformat()},0.0000000001\n", "utf-8")
    assert "line 2" in refused(*series)
    values.write_text("when,price\n", "utf-8")
    assert "columns start and price" in refused(
        "market", "series", *why, "hof", "band_high", values
    )

    with running(folder) as (port, _):
        (coop,) = (one["coop"] for one in ask(port, "/v1/coops").json)
        at = int(tomorrow.timestamp()) * 1000
        path = f"/v1/coops/{coop}/markets/hof/intervals?limit=1&start={at}"
        (interval,) = ask(port, path).json
        assert interval["band"] == [0, 412_500]
        home = Neighbour(coop)
        assert home.join(port, parse_invite(command("invite", *data)).code).status == 201
        whom = (
            "--weight",
            2,
            "--participation",
            "62.5",
            "--seller-vat",
            "13",
            "hof",
            f"{home.member}",
        )
        assert "no zone" in refused("market", "place", *why, "--zone", "mill", *whom)
        command("market", "place", *why, "--zone", "town", *whom)
        told = ask(port, f"{home.path}/terms/hof", Authorization=home.token(port)).json
        assert (told["pool_weight"], told["participation"], told["seller_rate"]) == (
            2,
            6_250,
            1_300,
        )
    command("verify", *data)
