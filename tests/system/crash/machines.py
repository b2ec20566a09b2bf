"""The machines that a node runs on during a hunt, whose power can be cut."""

import asyncio
import os
import shutil
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Final

from click.testing import CliRunner

from provision.postgresql import Binaries
from settlement_node.cli import main
from settlement_node.hosting.folder import CoopFolder, NodeFolder
from settlement_node.hosting.founding import Wish, found
from tests.node.postgres_server import Server, new_folder, user
from tests.node.powercut.disk import Disk, build, surviving_share
from tests.patience import PATIENCE

REPOSITORY: Final = Path(__file__).parents[3]


class NodeProcess:
    """`settlement-node serve`, as a process of its own."""

    def __init__(
        self, data: Path, said: Path, mode: str | None, environment: Mapping[str, str]
    ) -> None:
        """Start it; it is up once `port` returns."""
        module = ["settlement_node"] if mode is None else ["tests.system.crash.reckless", mode]
        self._said = said
        with said.open("wb") as errors:
            listening = ("--data", str(data), "--host", "127.0.0.1", "--port", "0")
            self._process = subprocess.Popen(
                [sys.executable, "-m", *module, "serve", *listening],
                cwd=REPOSITORY,
                env={**os.environ, **environment},
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )

    def port(self) -> int | None:
        """Wait until it listens; return where, or nothing if it ends instead."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        return int(line.rpartition(":")[2]) if line.startswith("listening on") else None

    @property
    def ended(self) -> bool:
        """Whether it has ended by itself."""
        return self._process.poll() is not None

    def complaints(self) -> str:
        """Return what it said of things that went wrong."""
        return self._said.read_text()

    def kill(self) -> None:
        """End it at once."""
        assert self._process.stdout is not None
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()

    def stop(self) -> bool:
        """Tell it to stop; tell whether it did so in order."""
        self._process.terminate()
        try:
            printed, _ = self._process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            return False
        return self._process.returncode == 0 and printed.endswith("stopped\n")


class Machine(ABC):
    """A machine with a co-op's folder, and one node on it at a time."""

    coop: CoopFolder
    process: NodeProcess | None = None

    def __init__(self, folder: Path, mode: str | None) -> None:
        """Use a folder; a mode is that of a control."""
        self.folder = folder
        self.mode = mode
        self.node = NodeFolder(folder / "node")

    def found(self, database: str | None) -> CoopFolder:
        """Make a co-op, as `init` does."""
        wish = Wish("Hof", "EUR", "SUN", "hof", "http://127.0.0.1:8480", "Olga", database)
        return asyncio.run(found(self.node, wish))

    def start(self) -> NodeProcess:
        """Start the node."""
        self.process = NodeProcess(
            self.node.path, self.folder / "said", self.mode, self.environment()
        )
        return self.process

    @abstractmethod
    def environment(self) -> Mapping[str, str]:
        """Return what the node's process needs so that its writes can be lost."""

    @abstractmethod
    def cut(self, process: NodeProcess, random: Random) -> None:
        """Kill at once what runs."""

    @abstractmethod
    def lose(self, random: Random) -> None:
        """Drop what was not synced, and be ready for the next start."""

    @abstractmethod
    def verify(self) -> str | None:
        """Run `settlement-node verify` on what there is while no node runs; say what it found."""

    def remove(self) -> None:
        """Leave nothing behind."""
        if self.process is not None:
            self.process.kill()
        shutil.rmtree(self.folder)


class SqliteMachine(Machine):
    """A machine whose disk holds the books as a file."""

    def __init__(self, folder: Path, mode: str | None) -> None:
        """Found a co-op on a new disk."""
        super().__init__(folder, mode)
        self.coop = self.found(None)
        self._disk = Disk(self.node.path, folder / "image", build(folder))
        self._disk.image.mkdir()

    def environment(self) -> Mapping[str, str]:
        """Watch what the node writes."""
        return self._disk.environment()

    def cut(self, process: NodeProcess, random: Random) -> None:  # noqa: ARG002 - there is one way
        """Kill the node."""
        process.kill()

    def lose(self, random: Random) -> None:
        """Drop what the node has not synced."""
        self._disk.cut(random, surviving=surviving_share(random))

    def verify(self) -> str | None:
        """Verify a copy, so that the node itself is the first to open what the cut left."""
        with TemporaryDirectory(dir=self.folder) as folder:
            copy = Path(folder) / "node"
            shutil.copytree(self.node.path, copy, ignore=shutil.ignore_patterns("*.sock"))
            return _verified(copy)


class PostgresMachine(Machine):
    """A machine that runs PostgreSQL too; now and then only the node is killed."""

    def __init__(self, folder: Path, mode: str | None, binaries: Binaries) -> None:
        """Found a co-op in a new server."""
        super().__init__(folder, mode)
        own = new_folder()
        self._disk = Disk(own / "data", own / "image", build(own))
        self._disk.image.mkdir()
        shutil.chown(self._disk.image, user())
        settings = {"fsync": mode or "on"}
        self._server = Server(binaries, own, settings, self._disk.environment())
        self._server.make()
        self._server.start()
        self._node_alone = False
        self.coop = self.found(self._server.url())

    def environment(self) -> Mapping[str, str]:
        """Watch the server alone: the node's own folder holds no books."""
        return {}

    def cut(self, process: NodeProcess, random: Random) -> None:
        """Cut the power, or kill the node alone, whose session the server has yet to end."""
        self._node_alone = random.random() < 0.25
        if not self._node_alone:
            self._server.kill()
        process.kill()

    def lose(self, random: Random) -> None:
        """Drop what the server has not synced, and start it again."""
        if not self._node_alone:
            self._disk.cut(random, surviving=surviving_share(random))
            self._server.start()

    def verify(self) -> str | None:
        """Verify in place: nobody else has the books open."""
        return _verified(self.node.path)

    def remove(self) -> None:
        """Leave nothing behind."""
        self._server.kill()
        self._server.remove()
        super().remove()


def _verified(data: Path) -> str | None:
    done = CliRunner().invoke(main, ["verify", "--data", str(data)])
    if done.exit_code == 0 and "all follows" in done.output:
        return None
    return f"{done.output.strip()} {done.exception!r}"
