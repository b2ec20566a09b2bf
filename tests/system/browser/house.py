"""A real Home Assistant that joined a real node, and the browser of whoever lives there."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Final

from aiohttp import ClientSession

from street.api import HomeAssistantApi
from street.folder import own_folder
from street.furnish import furnish
from street.home import Home, port_to_use
from tests.system.node_process import command, new_coop, running

from .chromium import Page, browsing

_PASSWORD: Final = token_hex(8)

# As the page of the login does it.
_LOG_IN: Final = """(async () => {
    const client_id = `${location.origin}/`;
    const post = async (path, body) => (await fetch(path, {method: "POST", body})).json();
    const who = {client_id, handler: ["homeassistant", null], redirect_uri: client_id};
    const {flow_id} = await post("/auth/login_flow", JSON.stringify(who));
    const words = {client_id, username: "demo", password: "PASSWORD"};
    const {result} = await post(`/auth/login_flow/${flow_id}`, JSON.stringify(words));
    const form = {grant_type: "authorization_code", code: result, client_id};
    const tokens = await post("/auth/token", new URLSearchParams(form));
    const expires = Date.now() + tokens.expires_in * 1000;
    const all = {...tokens, hassUrl: location.origin, clientId: client_id, expires};
    localStorage.hassTokens = JSON.stringify(all);
    return true;
})()"""

# Home Assistant's elements lie in each other's shadows.
DEEP: Final = """window.deep = (selector, root = document) => {
    const own = [...root.querySelectorAll(selector)];
    const shadows = [...root.querySelectorAll("*")].filter((one) => one.shadowRoot);
    return [...own, ...shadows.flatMap((one) => deep(selector, one.shadowRoot))];
}; true"""


@dataclass(frozen=True, slots=True)
class House:
    """Where the Home Assistant is, and a page of a browser that is logged in to it."""

    url: str
    page: Page

    async def go(self, path: str) -> None:
        """Open a page of Home Assistant's, and wait until it is connected."""
        await self.page.go(f"{self.url}{path}")
        connected = "document.querySelector('home-assistant')?.hass?.connected"
        await self.page.until(f"location.pathname.startsWith('{path}') && {connected}")
        await self.page.run(DEEP)


@asynccontextmanager
async def inhabited(folder: Path) -> AsyncIterator[House]:
    """Let a home join a co-op of its own, and look at its pages until the block ends."""
    node = folder / "node"
    new_coop(node)
    with running(node) as (node_port, _), own_folder() as (home_folder, in_use):
        command("address", "--data", node, f"http://127.0.0.1:{node_port}")
        invite = command("invite", "--data", node).strip()
        port = port_to_use(None)
        furnish(home_folder, port)
        home = Home(home_folder, in_use, port)
        living = asyncio.create_task(home.run())
        try:
            async with ClientSession() as session:
                api = HomeAssistantApi(session, home.url)
                await home.answer(api)
                await api.move_in("demo", _PASSWORD)
                await api.add_integration("depin", {"invite": invite}, {"name": "Haus 7"})
            async with browsing(folder / "browser") as page:
                await page.look_like(1280, 1400)
                await page.go(f"{home.url}/manifest.json")
                await page.until("document.readyState === 'complete'")
                await page.run(_LOG_IN.replace("PASSWORD", _PASSWORD))
                yield House(home.url, page)
        finally:
            living.cancel()
            with suppress(asyncio.CancelledError):
                await living
