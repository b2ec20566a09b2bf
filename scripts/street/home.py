"""A real Home Assistant in a process of its own."""

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import STDOUT, Process
from contextlib import suppress
from pathlib import Path

from street.api import HomeAssistantApi
from street.errors import DemoError
from street.furnish import HOST, door_sign

USUAL_PORT = 8123

_LOG = "output.log"
_LAST_LINES = 5
_POLL = 0.2
# Three minutes: a small machine starts Home Assistant in less than one.
_START_POLLS = 900
# Longer than the lifeline gives Home Assistant.
_STOP_LIMIT = 40.0
# What Home Assistant logs then; it runs on without its pages.
_NO_PORT = "Failed to create HTTP server"
_LIFELINE = Path(__file__).with_name("lifeline.py")
# The page's own restart ends the process with this code.
_RESTART = 100


class Home:
    """A Home Assistant that runs in a furnished folder."""

    def __init__(self, folder: Path, in_use: int, port: int) -> None:
        self.url = f"http://{HOST}:{port}"
        self._folder = folder
        self._in_use = in_use

    async def run(self) -> None:
        """Run Home Assistant, again when its page asks for a restart; fail when it ends."""
        code = _RESTART
        while code == _RESTART:
            code = await self._run_once()
        raise DemoError(f"Home Assistant ended by itself, with code {code}.")

    async def answer(self, api: HomeAssistantApi) -> None:
        """Wait until this Home Assistant, and no other, can be visited."""
        for _ in range(_START_POLLS):
            if await api.answers(door_sign(self._folder)):
                return
            if _NO_PORT in self._log():
                raise DemoError("Another program took the port meanwhile. Start the demo again.")
            await asyncio.sleep(_POLL)
        raise DemoError("Home Assistant did not answer.")

    def last_words(self) -> str:
        """Return the end of what Home Assistant printed."""
        return "\n".join(self._log().splitlines()[-_LAST_LINES:])

    def _log(self) -> str:
        path = self._folder / _LOG
        return path.read_text(errors="replace") if path.exists() else ""

    async def _run_once(self) -> int:
        """Run one process; when this is cancelled, end it and all that it started."""
        # Python must find the integration in the folder alone, as in a real home.
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        reading, lifeline = os.pipe()
        try:
            with (self._folder / _LOG).open("ab") as output:
                process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-P", _LIFELINE, self._folder),
                    *(sys.executable, "-m", "homeassistant"),
                    *("--config", self._folder, "--skip-pip"),
                    cwd=self._folder,
                    env=environment,
                    stdin=reading,
                    stdout=output,
                    stderr=STDOUT,
                    pass_fds=[self._in_use],
                    # Ctrl-C is for the demo, which then ends Home Assistant in order.
                    start_new_session=True,
                )
        finally:
            os.close(reading)
        try:
            return await process.wait()
        finally:
            os.close(lifeline)
            await _end(process)


async def _end(process: Process) -> None:
    """Wait for the process, whose lifeline is cut; then end whatever it left running."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_STOP_LIMIT):
            await process.wait()
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


def port_to_use(wanted: int | None) -> int:
    """Return the port asked for, which must be free; else the usual one or any that is."""
    for port in (wanted,) if wanted else (USUAL_PORT, 0):
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, port))
            return int(probe.getsockname()[1])
    raise DemoError(f"Port {wanted} cannot be had. Choose another one, or none.")
