"""Start the demo, say how to visit it, and wait for Ctrl-C."""

import argparse
import asyncio
import json
import signal
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from secrets import token_hex

from aiohttp import ClientSession

from street.api import HomeAssistantApi
from street.coop import write_invite
from street.errors import DemoError
from street.folder import own_folder, sweep
from street.furnish import furnish
from street.home import USUAL_PORT, Home, port_to_use
from street.turn import own_turn

_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


@dataclass(frozen=True, slots=True)
class Visit:
    """How to visit the home."""

    url: str
    username: str
    password: str
    entry_id: str


def main() -> None:
    """Run until a signal or a failure, and leave nothing behind."""
    parser = argparse.ArgumentParser(
        prog="scripts/demo", description="A Home Assistant with the integration, to look around in."
    )
    parser.add_argument("--port", type=_port, help=f"{USUAL_PORT}, or a free one, unless given")
    parser.add_argument("--headless", action="store_true", help="say where it is in JSON")
    arguments = parser.parse_args()
    failed = False
    try:
        asyncio.run(_demo(arguments.port, headless=arguments.headless))
    except* DemoError as errors:
        failed = True
        for error in errors.exceptions:
            print(f"scripts/demo: {error}", file=sys.stderr)
    sys.exit(failed)


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 2**16:
        raise argparse.ArgumentTypeError(f"{text} is no port")
    return int(text)


async def _demo(port: int | None, *, headless: bool) -> None:
    """Run one home until a signal comes."""
    _cancel_on_signals()
    with suppress(asyncio.CancelledError), own_folder() as (folder, in_use):
        home = None
        try:
            async with asyncio.TaskGroup() as tasks, ClientSession() as session:
                async with own_turn():
                    sweep()
                    chosen = port_to_use(port)
                    furnish(folder, chosen)
                    home = Home(folder, in_use, chosen)
                    tasks.create_task(home.run())
                    api = HomeAssistantApi(session, home.url)
                    await home.answer(api)
                visit = await _move_in(home.url, api)
                print(json.dumps(asdict(visit)) if headless else _words(visit), flush=True)
        except* DemoError:
            if home:
                print(home.last_words(), file=sys.stderr)
            raise


async def _move_in(url: str, api: HomeAssistantApi) -> Visit:
    """Make an account and accept an invite, as a person would in the browser."""
    username, password = "demo", token_hex(4)
    await api.move_in(username, password)
    entry_id = await api.add_integration(
        "depin", {"invite": write_invite()}, {"name": "Sunny home"}
    )
    return Visit(url, username, password, entry_id)


def _words(visit: Visit) -> str:
    return f"""
A Home Assistant with the integration is running.

  Open      {visit.url}
  User      {visit.username}
  Password  {visit.password}

The home has accepted the invite of a co-op: see Settings, Devices & services, DePIN.
No node runs yet for it to join. Ctrl-C ends the demo, and nothing of it is kept.
"""


def _cancel_on_signals() -> None:
    """Let the first signal end the demo in order, which a second one must not break off."""
    loop = asyncio.get_running_loop()
    demo = asyncio.current_task()

    def stop() -> None:
        for number in _STOPPING:
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_IGN)
        if demo:
            demo.cancel()

    for number in _STOPPING:
        loop.add_signal_handler(number, stop)
