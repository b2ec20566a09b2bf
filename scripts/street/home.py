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
from street.furnish import HOST

USUAL_PORT = 8123

_LOG = "output.log"
_LAST_LINES = 15
_POLL = 0.2
# Three minutes: a small machine starts Home Assistant in less than one.
_START_POLLS = 900
_STOP_LIMIT = 30.0
# The page's own restart ends the process with this code.
_RESTART = 100


class Home:
    """A Home Assistant that runs in a furnished folder."""

    def __init__(self, folder: Path, port: int) -> None:
        self.url = f"http://{HOST}:{port}"
        self._folder = folder

    async def run(self) -> None:
        """Run Home Assistant, again when its page asks for a restart; fail when it ends."""
        code = _RESTART
        while code == _RESTART:
            code = await self._run_once()
        raise DemoError(f"Home Assistant ended by itself, with code {code}.")

    async def answer(self, api: HomeAssistantApi) -> None:
        """Wait until Home Assistant can be visited."""
        for _ in range(_START_POLLS):
            if await api.answers():
                return
            await asyncio.sleep(_POLL)
        raise DemoError("Home Assistant did not answer.")

    def last_words(self) -> str:
        """Return the end of what Home Assistant printed."""
        lines = (self._folder / _LOG).read_text(errors="replace").splitlines()
        return "\n".join(lines[-_LAST_LINES:])

    async def _run_once(self) -> int:
        """Run one process; when this is cancelled, end it and all that it started."""
        # Python must find the integration in the folder alone, as in a real home.
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        with (self._folder / _LOG).open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "homeassistant", "--config", self._folder, "--skip-pip"),
                cwd=self._folder,
                env=environment,
                stdout=output,
                stderr=STDOUT,
                # Ctrl-C is for the demo, which then ends Home Assistant in order.
                start_new_session=True,
            )
        try:
            return await process.wait()
        finally:
            await _end(process)


async def _end(process: Process) -> None:
    """Ask the process to stop, and make it; then whatever it left running."""
    if process.returncode is None:
        process.terminate()
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
