"""The node on a PostgreSQL whose disk is full."""

import pwd
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import pytest

from provision.postgresql import Binaries
from tests.node.postgres_server import Server, user
from tests.system.node_process import command, ended, new_coop, running, serving
from tests.system.test_disks import SmallDisk, moved_in

pytestmark = pytest.mark.postgres

_ROOM = 256 * 1024
"""So much is left when something else fills the disk."""


@dataclass
class FullDatabase:
    """A server on a small disk, which something else can fill."""

    server: Server
    place: Path
    """Where the disk is mounted."""

    def fill(self) -> None:
        """Let something else take all but a little of the disk."""
        free, size = self._run("stat", "-f", "-c", "%a %S", str(self.place)).split()
        length = int(free) * int(size) - _ROOM
        self._run("fallocate", "-l", str(length), str(self.place / "films"))

    def make_room(self) -> None:
        """Take it away again, and start the server if that is needed."""
        self._run("rm", str(self.place / "films"))
        self.server.stop()
        self.server.start()

    def _run(self, *words: str) -> bytes:
        inside = (*self.server.inside, *words)
        return subprocess.run(inside, check=True, capture_output=True).stdout


@pytest.fixture(params=["data", "journal"])
def database(request: pytest.FixtureRequest, postgres_binaries: Binaries) -> Iterator[FullDatabase]:
    """Give a server whose rows, or whose write-ahead log, are on a small disk."""
    folder = Path(mkdtemp(prefix="depin-"))
    place = folder / request.param
    disk = SmallDisk(place, "96m")
    who = pwd.getpwnam(user())
    # Its own user, in a namespace of its own: it refuses to be root, which the disk's owner is.
    own = ("unshare", f"--map-user={who.pw_uid}", f"--map-group={who.pw_gid}")
    # Each piece of the write-ahead log is a new file, which needs room of its own.
    settings = {"wal_recycle": "off"}
    server = Server(postgres_binaries, folder, settings, inside=(*disk.inside, *own))
    try:
        server.make("--waldir", folder / "journal")
        server.start()
        yield FullDatabase(server, place)
    finally:
        server.kill()
        disk.unplug()
        shutil.rmtree(folder)


def test_a_node_whose_database_is_full_stops_and_goes_on_when_there_is_room(
    tmp_path: Path, database: FullDatabase
) -> None:
    new_coop(tmp_path, database=database.server.create("books"))
    with serving(tmp_path) as (port, process):
        street = moved_in(tmp_path, port)
        assert street.speak(port, 10) == 200
        database.fill()
        assert street.speak(port, 10_000) == 503
        errors = ended(process)
        assert "No space left on device" in errors
        assert "nothing that was promised is lost" in errors
    assert len(street.promised) > 10
    database.make_room()
    with running(tmp_path) as (port, _):
        street.insist(port)
        assert street.speak(port, 10) == 200
    assert "all follows" in command("verify", "--data", tmp_path)
