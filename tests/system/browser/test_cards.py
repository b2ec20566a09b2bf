"""The cards by themselves, in Chromium: what they show of each answer, and in whose words."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer

from .axe import violations
from .chromium import Page, PageError, browsing

pytestmark = [pytest.mark.chromium, pytest.mark.asyncio(loop_scope="module")]

_HERE: Final = Path(__file__).parent
_MODULES: Final = _HERE.parents[2] / "custom_components" / "depin" / "dashboard"
_LANGUAGES: Final = ("de", "en", "es", "fr", "it")
_CARDS: Final = ("prices", "neighbourhood", "earnings", "proofs")
_QUARTER: Final = 900_000
_MIDNIGHT: Final = 1_800_054_000_000
"""A winter's midnight in Vienna."""


def _price(number: int, **more: object) -> dict[str, object]:
    start = _MIDNIGHT + number * _QUARTER
    known = {"buy": 0.2, "sell": 0.1, "community": 0.11, "grid_buy": 0.3, "grid_sell": 0.08}
    traded = {"bought_wh": 0, "sold_wh": 0}
    return {"start": start, "end": start + _QUARTER, "state": "cleared", **known, **traded, **more}


_OPEN: Final = {"state": "open", "buy": None, "sell": None}
_IN_MARKET: Final = {"market": "street", "currency": "EUR", "now": _MIDNIGHT + _QUARTER}
_ANSWERS: Final[dict[str, dict[str, Any]]] = {
    "prices": {
        **_IN_MARKET,
        "begin": _MIDNIGHT,
        "end": _MIDNIGHT + 96 * _QUARTER,
        "rows": [_price(0), _price(1, sold_wh=1_250), _price(2, bought_wh=500), _price(3, **_OPEN)],
    },
    "neighbourhood": {
        **_IN_MARKET,
        "interval": {
            "start": _MIDNIGHT,
            "end": _MIDNIGHT + _QUARTER,
            "members": 7,
            "missing": 1,
            "estimated": 2,
            "flows": {"imported": 2_000, "exported": 1_000, "delivered": 400, "pooled": 100},
        },
    },
    "earnings": {
        **_IN_MARKET,
        "rows": [
            {"start": _MIDNIGHT + day * 86_400_000, "net": net, "gross": net + 0.5, "fees": 0.5,
             "sold_wh": 1_000, "bought_wh": 500}
            for day, net in enumerate((1.5, -0.25, 2.0))
        ],
    },
    "proofs": {
        "entry_id": "one",
        "verified": True,
        "looked_at": _MIDNIGHT,
        "log_size": 12_345,
        "intervals": 8,
        "receipts": 40,
        "waiting": 2,
        "found": None,
        "evidence": None,
    },
}  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Page]:
    """Open a page with nothing on it but what a test shows there."""
    app = web.Application()
    app.router.add_static("/dashboard", _MODULES)
    app.router.add_static("/stage", _HERE)
    async with TestServer(app) as server, browsing(tmp_path_factory.mktemp("browser")) as page:
        await page.look_like(420, 900)
        await page.go(str(server.make_url("/stage/stage.html")))
        await page.until("window.customStrategies?.length")
        assert await page.run("window.early") is True, "they must wait for Home Assistant"
        yield page


async def _show(
    page: Page,
    kind: str,
    answer: dict[str, Any] | None = None,
    config: dict[str, object] | None = None,
    **more: object,
) -> None:
    """Show a card that is told an answer, and wait until it is drawn."""
    told = json.dumps(_ANSWERS[kind] if answer is None else answer)
    await page.run(f"answers['depin/{kind}'] = {told}; asked.length = 0; true")
    await page.run(f"show('{kind}', {json.dumps(config or {})}, {json.dumps(more)})")
    waits = "[...Object.values(await import('/dashboard/words.js').then((one) => one.LANGUAGES))]"
    loading = f"(async () => {waits}.map((one) => one.loading))()"
    await page.until(f"{loading}.then((all) => !all.includes(textOf('.content p')[0]))")


async def _texts(page: Page, selector: str) -> list[str]:
    found: list[str] = await page.run(f"textOf({json.dumps(selector)})")
    return found


async def test_each_language_has_all_words_with_the_same_places(stage: Page) -> None:
    """English is the master."""
    languages = await stage.run("import('/dashboard/words.js').then((one) => one.LANGUAGES)")
    assert sorted(languages) == sorted(_LANGUAGES)
    master = dict(_leaves(languages["en"]))
    for language, words in languages.items():
        found = dict(_leaves(words))
        assert found.keys() == master.keys(), language
        for name, text in found.items():
            assert text.strip(), (language, name)
            places = re.findall(r"\{\w+\}", master[name])
            assert sorted(re.findall(r"\{\w+\}", text)) == sorted(places), (language, name)
    assert await stage.run("import('/dashboard/words.js').then((one) => one.wordsOf('de-CH').prices.sell)") == "Verkauf"  # fmt: skip # noqa: E501
    assert await stage.run("import('/dashboard/words.js').then((one) => one.wordsOf('nl').prices.sell)") == "Selling"  # fmt: skip # noqa: E501


def _leaves(words: dict[str, Any], path: str = "") -> list[tuple[str, str]]:
    return [
        leaf
        for name, value in words.items()
        for leaf in (
            _leaves(value, f"{path}{name}.")
            if isinstance(value, dict)
            else [(f"{path}{name}", value)]
        )
    ]


async def test_a_day_s_prices_in_words_and_as_a_table(stage: Page) -> None:
    await _show(stage, "prices", config={"entry_id": "one", "market": "street"})
    assert await stage.run("asked.at(-1)") == {
        "type": "depin/prices",
        "entry_id": "one",
        "market": "street",
    }
    (summary, *_) = await _texts(stage, ".content > p")
    assert summary == (
        "Now a kWh costs €0.20 to buy and brings €0.10 when sold. "
        "Today 1.25 kWh sold, 0.5 kWh bought."
    )
    await stage.until("!!card.shadowRoot.querySelector('svg[role=img]')")
    spoken = await stage.run("card.shadowRoot.querySelector('svg[role=img]').ariaLabel")
    assert spoken == summary
    counts = "['sold', 'bought', 'corridor'].map((one) => card.shadowRoot.querySelectorAll(`.canvas .${one}`).length)"  # noqa: E501
    assert await stage.run(counts) == [1, 1, 4]
    await stage.run("card.shadowRoot.querySelector('summary').click()")
    await stage.until("textOf('tbody tr').length === 4")
    assert await _texts(stage, "tbody tr:nth-child(2) > *") == [
        *("12:15 AM", "cleared", "€0.20", "€0.10", "€0.11", "€0.30", "€0.08"),
        *("1.25 kWh", "\N{EN DASH}"),
    ]  # fmt: skip
    # It stays open when something changed.
    await stage.run("[...followers].forEach((tell) => tell())")
    await stage.until("asked.length === 2 && textOf('tbody tr').length === 4")


@pytest.mark.parametrize(
    ("language", "locale", "summary"),
    [
        ("de", {}, "Jetzt kostet eine kWh im Kauf 0,20 € und bringt im Verkauf 0,10 €."),
        ("en", {"number_format": "decimal_comma"}, "Now a kWh costs 0,20 € to buy"),
        ("fr", {}, "En ce moment, un kWh coûte 0,20 € à l'achat"),
    ],
)
async def test_money_is_written_as_the_profile_says(
    stage: Page, language: str, locale: dict[str, str], summary: str
) -> None:
    whole = {"language": language, "number_format": "language", "time_format": "24", **locale}
    await _show(stage, "prices", language=language, locale={**whole, "time_zone": "server"})
    (said, *_) = await _texts(stage, ".content > p")
    assert said.replace("\N{NO-BREAK SPACE}", " ").startswith(summary)
    await stage.until("textOf('.canvas text').some((one) => one === '00:00')")


async def test_a_card_begins_anew_after_a_restart_and_leaves_nothing(stage: Page) -> None:
    """It follows once, whatever comes, and nothing once it is gone."""
    await _show(stage, "prices")
    await stage.run("connection.dispatchEvent(new Event('ready'))")
    await stage.until("asked.length === 2 && followers.size === 1")
    await stage.run("card.remove()")
    await stage.until("followers.size === 0")
    await stage.run("connection.dispatchEvent(new Event('ready'))")
    assert await stage.run("asked.length") == 2


async def test_money_of_a_co_op_s_own(stage: Page) -> None:
    await _show(stage, "prices", {**_ANSWERS["prices"], "currency": "Sonnentaler"})
    (said, *_) = await _texts(stage, ".content > p")
    assert said.startswith("Now a kWh costs 0.20 Sonnentaler to buy")


async def test_what_the_neighbourhood_shared(stage: Page) -> None:
    await _show(stage, "neighbourhood")
    assert await _texts(stage, "h3") == ["Used: 2 kWh", "Fed in: 1 kWh"]
    shown = await _texts(stage, "dd")
    assert shown == ["0.4 kWh", "0.1 kWh", "1.5 kWh", "25%", "0.4 kWh", "0.1 kWh", "0.5 kWh", "50%"]
    assert (await _texts(stage, "p"))[-1] == "Homes: 7; without readings: 1; estimated: 2."


async def test_what_was_earned_and_paid(stage: Page) -> None:
    await _show(stage, "earnings", config={"period": "months"})
    assert (await stage.run("asked.at(-1)"))["period"] == "months"
    (summary, *_) = await _texts(stage, ".content > p")
    assert summary.startswith("In 12 months €3.25 after €1.50 of fees and VAT: 3 kWh sold")
    await stage.until("card.shadowRoot.querySelectorAll('.gain').length === 2")
    assert await stage.run("card.shadowRoot.querySelectorAll('.loss').length") == 1
    with pytest.raises(PageError, match="days or months"):
        await stage.run("show('earnings', {period: 'weeks'})")


async def test_what_does_not_hold_is_said_first(stage: Page) -> None:
    """With what to do; what a node calls itself is text, whatever it looks like."""
    found = "<img src=x onerror=alert(1)>"
    suspicion = {"verified": False, "found": found, "evidence": "/config/evidence.json"}
    await _show(stage, "proofs", {**_ANSWERS["proofs"], **suspicion})
    assert await _texts(stage, ".verdict") == ["The co-op's books do not hold."]
    assert await _texts(stage, "[role=alert]") == [f"What was found: {found}"]
    assert await stage.run("card.shadowRoot.querySelectorAll('img').length") == 0
    assert await stage.run("card.shadowRoot.querySelector('a').pathname") == "/config/repairs"
    await _show(stage, "proofs", {**_ANSWERS["proofs"], "verified": None, "looked_at": None})
    assert await _texts(stage, ".verdict") == ["Nothing was checked since the start."]
    assert (await _texts(stage, "dd"))[0] == "not yet"


async def test_verify_now_asks_once(stage: Page) -> None:
    """A second press while it is at work changes nothing."""
    await _show(stage, "proofs")
    await stage.run("called.length = 0; true")
    press = "card.shadowRoot.querySelector('button').click()"
    await stage.run(f"{press}; {press}; true")
    await stage.until("textOf('[role=status]')[0] === 'Looked at everything that is new.'")
    assert await stage.run("called.map((one) => one.slice(0, 3))") == [
        ["depin", "verify_now", {"config_entry": "one"}]
    ]


@pytest.mark.parametrize(
    ("kind", "answer", "said"),
    [
        ("prices", {**_ANSWERS["prices"], "rows": []}, "No prices are known of today yet."),
        ("neighbourhood", {**_IN_MARKET, "interval": None}, "No interval has been settled yet."),
        (
            "earnings",
            {**_IN_MARKET, "rows": [{"start": 1, "net": 0, "sold_wh": 0, "bought_wh": 0}]},
            "Nothing was sold or bought yet.",
        ),
        (
            "neighbourhood",
            {"error": {"code": "home_assistant_error", "translation_key": "node_is_away"}},
            "The co-op's node does not answer at the moment. The card tries again by itself.",
        ),
        (
            "prices",
            {"error": {"code": "unknown_command", "message": "Unknown command."}},
            "The integration DePIN has not started yet. The card tries again by itself.",
        ),
        (
            "proofs",
            {"error": {"code": "unknown_error", "message": "so it is"}},
            "This cannot be shown: so it is. The card tries again by itself.",
        ),
    ],
)
async def test_what_is_missing_is_said(
    stage: Page, kind: str, answer: dict[str, Any], said: str
) -> None:
    await _show(stage, kind, answer)
    assert await _texts(stage, ".content > p") == [said]


async def test_of_too_few_homes_nothing_is_shown(stage: Page) -> None:
    interval = {**_ANSWERS["neighbourhood"]["interval"], "members": None, "flows": None}
    await _show(stage, "neighbourhood", {**_IN_MARKET, "interval": interval})
    assert "Too few homes" in (await _texts(stage, ".content > p"))[-1]
    assert await _texts(stage, "h3") == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("kind", _CARDS)
async def test_axe_finds_nothing(stage: Page, kind: str, theme: str) -> None:
    """Nor is anything wider than a small phone."""
    await stage.look_like(320, 900)
    await stage.run(f"document.body.className = '{theme}'; true")
    await _show(stage, kind)
    await stage.run("card.shadowRoot.querySelector('summary')?.click()")
    assert await violations(stage) == []
    assert await stage.run("document.documentElement.scrollWidth") <= 320


async def test_the_picker_and_the_editor_know_the_cards(stage: Page) -> None:
    """Each with its form, and suggested for the entities that it explains."""
    cards = await stage.run("customCards.map(({type, name, preview}) => [type, name, preview])")
    assert cards == [
        ["depin-prices", "Prices today", True],
        ["depin-neighbourhood", "Neighbourhood", True],
        ["depin-earnings", "Earnings", True],
        ["depin-proofs", "Proofs", True],
    ]
    form = (
        "(() => {const {schema, computeLabel} = customElements.get('depin-KIND').getConfigForm();"
        "return schema.map((one) => [one.name, computeLabel(one)])})()"
    )
    fields = [["title", "Title"], ["entry_id", "Co-op"]]
    market = ["market", "Market"]
    assert await stage.run(form.replace("KIND", "prices")) == [*fields, market]
    assert await stage.run(form.replace("KIND", "proofs")) == fields
    assert await stage.run(form.replace("KIND", "earnings")) == [
        *fields,
        market,
        ["period", "Period"],
    ]
    suggested = (
        "(() => {const sensor = {platform: 'PLATFORM', translation_key: 'sell_price'};"
        "const hass = {entities: {'sensor.a': sensor}};"
        "return customCards.map((one) => one.getEntitySuggestion(hass, 'sensor.a'))"
        ".map((one) => one?.config.type ?? null)})()"
    )
    assert await stage.run(suggested.replace("PLATFORM", "depin")) == [
        "custom:depin-prices",
        None,
        None,
        None,
    ]
    assert await stage.run(suggested.replace("PLATFORM", "other")) == [None] * 4
    with pytest.raises(PageError, match="market must be a text"):
        await stage.run("show('prices', {market: 7})")


async def test_the_dashboard_of_each_household(stage: Page) -> None:
    """Without a co-op, with one that was just joined, and with two markets."""

    async def made(
        memberships: list[dict[str, Any]], entities: dict[str, Any] | None = None
    ) -> Any:  # noqa: ANN401 - a dashboard's configuration
        await stage.run(f"answers['depin/memberships'] = {json.dumps(memberships)}; true")
        hass = f"hassOf({{entities: {json.dumps(entities or {})}}})"
        strategy = "customElements.get('ll-strategy-dashboard-depin')"
        return await stage.run(f"{strategy}.generate({{}}, {hass})")

    nobody = await made([])
    (card,) = nobody["views"][0]["sections"][0]["cards"]
    assert "/config/integrations/integration/depin" in card["content"]
    home = {"entry_id": "one", "title": "Hof", "device_id": "coop", "markets": [], "devices": []}
    (view,) = (await made([home]))["views"]
    assert [one["cards"][0]["type"] for one in view["sections"]] == [
        "markdown",
        "custom:depin-proofs",
    ]
    markets = [{"name": "north", "device_id": "n"}, {"name": "south", "device_id": "s"}]
    ours = {"platform": "depin", "device_id": "n", "translation_key": "sell_price"}
    views = (
        await made(
            [{**home, "markets": markets}],
            {
                "sensor.north": {**ours, "entity_id": "sensor.north"},
                "sensor.hidden": {**ours, "entity_id": "sensor.hidden", "hidden": True},
                "sensor.other": {**ours, "entity_id": "sensor.other", "platform": "other"},
            },
        )
    )["views"]
    assert [(one["path"], one["title"]) for one in views] == [
        ("one-north", "Hof north"),
        ("one-south", "Hof south"),
    ]
    assert views[0]["sections"][0]["cards"] == [
        {"type": "custom:depin-prices", "entry_id": "one", "market": "north"},
        {"type": "tile", "entity": "sensor.north", "name": {"type": "entity"}},
    ]
    assert [one["cards"][0]["type"] for one in views[1]["sections"]] == [
        f"custom:depin-{kind}" for kind in ("prices", "earnings", "neighbourhood", "proofs")
    ]
