"""The dashboard in a real Home Assistant at a real node, as whoever lives there meets it."""

from collections.abc import AsyncIterator
from typing import Final

import pytest
import pytest_asyncio

from .axe import violations
from .house import House, inhabited

pytestmark = [pytest.mark.chromium, pytest.mark.asyncio(loop_scope="module")]

_CARDS: Final = ("prices", "earnings", "neighbourhood", "proofs")
_DRAWN: Final = " && ".join(
    # A card that waits or complains has one paragraph alone.
    f"deep('depin-{card}')[0]?.shadowRoot.querySelector('.content').childElementCount"
    for card in _CARDS
)
_LOADING: Final = "deep('.content p').some((one) => one.textContent === 'Loading …')"
_COMPLAINTS: Final = "deep('[role=alert]').map((one) => one.textContent)"
_LOADS: Final = 20


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """One for all tests of this file: each looks at it, and none changes what another sees."""
    async with inhabited(tmp_path_factory.mktemp("house")) as house:
        await _add_dashboard(house)
        yield house


async def _add_dashboard(house: House) -> None:
    """Add it by hand: Add dashboard, Community dashboards, DePIN, Create."""
    page = house.page
    await house.go("/config/lovelace/dashboards")
    # Home Assistant shows its pages before it has set up all integrations.
    if not await page.run("'customStrategies' in window"):
        await page.until("fetch('/').then((one) => one.text()).then((it) => /depin_da/.test(it))")
        await house.go("/config/lovelace/dashboards")
    button = "deep('ha-button').find((one) => /Add dashboard/.test(one.textContent))"
    await page.until(f"!!{button} && !!customElements.get('depin-proofs')")
    await page.run(f"{button}.click()")
    offered = "deep('dashboard-card').find((one) => one.name === 'DePIN')"
    await page.until(f"!!{offered}")
    heading = await page.run(
        f"{offered}.parentElement.querySelector('.cards-container-header').textContent.trim()"
    )
    assert heading == "Community dashboards"
    await page.run(f"{offered}.click()")
    create = "deep('ha-button').find((one) => one.textContent.trim() === 'Create')"
    await page.until(f"!!{create}")
    await page.run(f"{create}.click()")
    listed = "document.querySelector('home-assistant').hass.panels['dashboard-depin']"
    assert await page.until(f"{listed}?.title") == "DePIN"


async def _look(house: House) -> None:
    """Load the dashboard, and wait until each card shows what it was told."""
    await house.go("/dashboard-depin")
    await house.page.until(f"{_DRAWN} && !{_LOADING}")


async def test_twenty_loads_show_every_card(house: House) -> None:
    """Whatever comes first of Home Assistant's modules and ours; nothing complains."""
    before = len(house.page.complaints)
    for _ in range(_LOADS):
        await _look(house)
        assert await house.page.run(_COMPLAINTS) == []
        assert await house.page.run("deep('hui-error-card, hui-warning').length") == 0
    ours = [one for one in house.page.complaints[before:] if "depin" in one.lower()]
    assert ours == []


async def test_the_market_s_prices_are_drawn(house: House) -> None:
    """What the node announced is in the chart and, the same, in the table."""
    await _look(house)
    page = house.page
    card = "deep('depin-prices')[0].shadowRoot"
    told = "document.querySelector('home-assistant').hass.callWS({type: 'depin/prices'})"
    drawn = f"{card}.querySelectorAll('.canvas .corridor').length"
    await page.until(f"{told}.then(({{rows}}) => rows.length > 0 && rows.length === {drawn})")
    await page.run(f"{card}.querySelector('summary').click()")
    row = await page.until(
        f"[...({card}.querySelector('tbody tr:last-child')?.children ?? [])]"
        ".map((one) => one.textContent)"
    )
    assert [one for one in row if "€" in one] == ["€0.30", "€0.08"]


async def test_verify_now_by_the_keyboard(house: House) -> None:
    """The button is reached by Tab, keeps the focus, and says what came of it."""
    await _look(house)
    page = house.page
    card = "deep('depin-proofs')[0].shadowRoot"
    await page.run(f"{card}.querySelector('button').focus()")
    await page.press("Enter")
    said = await page.until(f"/Looked/.test({card}.querySelector('[role=status]').textContent)")
    assert said is True
    verdict = await page.run(f"{card}.querySelector('.verdict').textContent")
    assert verdict == "All that this home checked holds."
    assert await page.run(f"{card}.activeElement.localName") == "button"
    figures = await page.run(f"[...{card}.querySelectorAll('dd')].map((one) => one.textContent)")
    looked_at, size, *_ = figures
    assert looked_at != "not yet"
    assert int(size) > 0


@pytest.mark.parametrize(
    ("width", "dark"), [(1280, False), (1280, True), (390, False), (390, True)]
)
async def test_axe_finds_nothing(house: House, width: int, dark: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """In light and dark, on a desk and on a phone, where nothing is cut off either."""
    await house.page.look_like(width, 1400, dark=dark)
    await _look(house)
    is_dark = "document.querySelector('home-assistant').hass.themes.darkMode"
    assert await house.page.run(is_dark) is dark
    assert await violations(house.page) == []
    wider = "deep('ha-card').filter((one) => one.scrollWidth > one.clientWidth + 1).length"
    assert await house.page.run(wider) == 0
