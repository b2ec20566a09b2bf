"""A Chromium without a window, spoken to over its own debugging protocol."""

import asyncio
import base64
import json
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any, Final

from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType

from provision import browser

_FLAGS: Final = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
    *("--no-first-run", "--disable-background-networking", "--disable-component-update"),
    *("--disable-default-apps", "--disable-sync", "--mute-audio", "--lang=en"),
    "--remote-debugging-port=0",
)
_PATIENCE: Final = 60.0
_POLL: Final = 0.1


class PageError(AssertionError):
    """The page refuses what was asked of it, or what was waited for does not come."""


class Page:
    """One page, as whoever looks at it sees it."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        """Speak over an open socket."""
        self.complaints: list[str] = []
        """What the page's own code wrote as an error, or did not catch."""
        self._socket = socket
        self._numbers = count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}

    async def begin(self) -> None:
        """Hear of all that happens on the page."""
        for domain in ("Page", "Runtime", "Log"):
            await self.tell(f"{domain}.enable")

    async def tell(self, method: str, **parameters: object) -> dict[str, Any]:
        """Give a command of the protocol, and return its result."""
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        async with asyncio.timeout(_PATIENCE):
            told = await answer
        if "error" in told:
            raise PageError(f"{method}: {told['error']['message']}")
        result: dict[str, Any] = told["result"]
        return result

    async def go(self, address: str) -> None:
        """Open an address."""
        await self.tell("Page.navigate", url=address)

    async def run(self, script: str) -> Any:  # noqa: ANN401 - whatever the page has
        """Evaluate an expression on the page, wait for its promise, and return its value."""
        told = await self.tell(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in told:
            details = told["exceptionDetails"]
            raise PageError(details.get("exception", details).get("description", details["text"]))
        return told["result"].get("value")

    async def until(self, script: str) -> Any:  # noqa: ANN401 - whatever the page has
        """Wait until an expression is true, also over the loading of pages; return its value."""
        last: object = None
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                while True:
                    try:
                        if last := await self.run(script):
                            return last
                    except PageError as error:
                        last = error
                    await asyncio.sleep(_POLL)
        raise PageError(f"{script} is {last}; the page complained of {self.complaints}")

    async def look_like(self, width: int, height: int, *, dark: bool = False) -> None:
        """Have a screen of this size, of somebody who likes it light or dark, and still."""
        await self.tell(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        features = [
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]
        await self.tell("Emulation.setEmulatedMedia", features=features)

    async def press(self, key: str) -> None:
        """Press a key: Tab, Enter, ..."""
        codes = {"Tab": 9, "Enter": 13, " ": 32}
        text = {"Enter": "\r", " ": " "}.get(key, "")
        for kind in ("keyDown", "keyUp"):
            await self.tell(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                windowsVirtualKeyCode=codes[key],
                text=text if kind == "keyDown" else "",
            )

    async def picture(self, file: Path) -> None:
        """Take a picture of what is on the screen."""
        told = await self.tell("Page.captureScreenshot", format="png")
        await asyncio.to_thread(file.write_bytes, base64.b64decode(told["data"]))

    async def listen(self) -> None:
        """Take in what the page says, for as long as it is there."""
        async for message in self._socket:
            if message.type is not WSMsgType.TEXT:
                continue
            told = json.loads(message.data)
            if "id" in told:
                self._answers.pop(told["id"]).set_result(told)
            else:
                self._complain(told["method"], told["params"])

    def _complain(self, method: str, told: dict[str, Any]) -> None:
        match method:
            case "Runtime.exceptionThrown":
                details = told["exceptionDetails"]
                said = details.get("exception", {}).get("description", details["text"])
                self.complaints.append(said)
            case "Runtime.consoleAPICalled" if told["type"] == "error":
                words = [str(one.get("value", one.get("description"))) for one in told["args"]]
                self.complaints.append(" ".join(words))


@asynccontextmanager
async def browsing(folder: Path) -> AsyncIterator[Page]:
    """Run a browser whose files are in a folder, with one empty page."""
    program = browser.find()
    assert program is not None
    process = subprocess.Popen(
        [program, *_FLAGS, f"--user-data-dir={folder}", "about:blank"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        port = await _port(folder / "DevToolsActivePort", process)
        async with ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/json/list") as listed:
                pages = [one for one in await listed.json() if one["type"] == "page"]
            address = pages[0]["webSocketDebuggerUrl"]
            async with session.ws_connect(address, max_msg_size=0) as socket:
                page = Page(socket)
                listening = asyncio.create_task(page.listen())
                await page.begin()
                yield page
            await listening
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, _PATIENCE)


async def _port(file: Path, process: subprocess.Popen[bytes]) -> int:
    """Wait until the browser says at which port it listens."""
    async with asyncio.timeout(_PATIENCE):
        while True:
            assert process.poll() is None, "Chromium ended by itself"
            with suppress(FileNotFoundError, IndexError, ValueError):
                return int(file.read_text().splitlines()[0])
            await asyncio.sleep(_POLL)
