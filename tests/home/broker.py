"""The broker mosquitto as a process of its own, maybe behind an encrypted door."""

import asyncio
import getpass
import os
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import aiomqtt

from provision import mosquitto


@dataclass(frozen=True)
class RunningBroker:
    """A broker that listens, and that can be stopped and started again."""

    folder: Path
    port: int
    certificate: Path | None = None
    """A file with its certificate and key, where it is spoken to by TLS."""

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run it for a while."""
        found = mosquitto.find()
        assert found
        settings = self.folder / "mosquitto.conf"
        said = f"listener {self.port} 127.0.0.1\nallow_anonymous true\n"
        if self.certificate is not None:
            said += f"certfile {self.certificate}\nkeyfile {self.certificate}\n"
            # Else root's broker becomes nobody, who may not read them.
            said += f"user {getpass.getuser()}\n"
        settings.write_text(said)
        process = subprocess.Popen(
            [found.program, "-c", settings],
            env={**os.environ, "LD_LIBRARY_PATH": found.libraries},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield
        finally:
            process.terminate()
            process.wait()

    @asynccontextmanager
    async def client(self) -> AsyncIterator[aiomqtt.Client]:
        """Give a client once the broker takes one."""
        await self.listening()
        async with aiomqtt.Client("127.0.0.1", self.port) as client:
            yield client

    async def listening(self) -> None:
        """Wait until its door is open."""
        until = time.monotonic() + 20
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port)):
                    break
            except ConnectionError:
                if time.monotonic() > until:
                    raise
                await asyncio.sleep(0.05)
