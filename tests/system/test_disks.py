"""The node on disks that are full, closed to writing or dying, and with books that were torn."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from depin_protocol.invite import parse_invite
from depin_protocol.statements.envelope import Statement
from tests.node.api.neighbour import Neighbour, readings
from tests.node.powercut.disk import Disk, build
from tests.system.node_process import COMMAND, command, ended, new_coop, refused, running, serving

_FRAME = 24 + 4096
_PAGE = 4096


@dataclass
class Street:
    """A home at a node, and what it was promised."""

    home: Neighbour
    promised: list[tuple[Statement, Any]] = field(default_factory=list)

    def speak(self, port: int, times: int) -> int:
        """Say so many things, one after another, until one is not taken; return its status."""
        for _ in range(times):
            said = self.home.say("metering", readings(len(self.promised)))
            reply = self.home.tell(port, said)
            if reply.status != 200:
                return reply.status
            self.promised.append((said, reply.json[0]))
        return 200

    def insist(self, port: int) -> None:
        """Send everything again: the same receipts have to come, in the same words."""
        reply = self.home.tell(port, *(statement for statement, _ in self.promised))
        assert reply.json == [receipt for _, receipt in self.promised]


def moved_in(folder: Path, port: int, program: tuple[str, ...] | None = None) -> Street:
    """Let a home join."""
    invite = parse_invite(command("invite", "--data", folder, program=program))
    home = Neighbour(invite.coop)
    assert home.join(port, invite.code).status == 201
    assert home.tell(port, home.open("metering")).status == 200
    return Street(home)


def books(folder: Path, ending: str = "") -> Path:
    (file,) = folder.glob(f"coops/*/books.sqlite{ending}")
    return file


class SmallDisk:
    """A disk of a few megabytes, which only what runs in its own namespace can see."""

    def __init__(self, place: Path, size: str) -> None:
        place.mkdir()
        self.folder = place / "node"
        self._place = place
        mount = 'mount -t tmpfs -o size="$1" none "$0" && echo mounted && exec cat'
        alone = ("unshare", "-rm", "sh", "-c")
        self._holder = subprocess.Popen(
            [*alone, mount, place, size], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._holder.stdout is not None
        assert self._holder.stdout.readline() == b"mounted\n"
        holder = str(self._holder.pid)
        self.inside = ("nsenter", "-t", holder, "-U", "-m", "--preserve-credentials")
        self.program = (*self.inside, *COMMAND)

    def remount(self, options: str) -> None:
        words = (*self.inside, "mount", "-o", f"remount,{options}", str(self._place))
        subprocess.run(words, check=True)

    def unplug(self) -> None:
        self._holder.kill()
        self._holder.communicate()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """Give a disk that is soon full, and can be made larger."""
    small = SmallDisk(tmp_path / "disk", "3m")
    yield small
    small.unplug()


def test_a_node_on_a_full_disk_stops_and_goes_on_when_there_is_room(disk: SmallDisk) -> None:
    new_coop(disk.folder, program=disk.program)
    with serving(disk.folder, disk.program) as (port, process):
        street = moved_in(disk.folder, port, disk.program)
        assert street.speak(port, 10_000) == 503
        errors = ended(process)
        assert "no room" in errors
        assert "nothing that was promised is lost" in errors
    assert len(street.promised) > 10
    disk.remount("size=64m")
    with running(disk.folder, program=disk.program) as (port, _):
        street.insist(port)
        assert "all follows" in command("verify", "--data", disk.folder, program=disk.program)
    assert "all follows" in command("verify", "--data", disk.folder, program=disk.program)


def test_a_node_on_a_read_only_disk_does_not_start(disk: SmallDisk) -> None:
    disk.remount("size=64m")
    new_coop(disk.folder, program=disk.program)
    with running(disk.folder, program=disk.program) as (port, _):
        street = moved_in(disk.folder, port, disk.program)
        assert street.speak(port, 10) == 200
    disk.remount("ro")
    for arguments in (("serve", "--port", "0"), ("verify",)):
        said = refused(*arguments, "--data", disk.folder, program=disk.program)
        assert "check that the disk is not mounted read-only" in said
    disk.remount("rw")
    with running(disk.folder, program=disk.program) as (port, _):
        street.insist(port)
        assert street.speak(port, 1) == 200


def test_a_node_on_a_dying_disk_stops(tmp_path: Path) -> None:
    dying = Disk(tmp_path / "node", tmp_path / "image", build(tmp_path))
    dying.image.mkdir()
    new_coop(dying.root)
    watched = ("env", *(f"{name}={value}" for name, value in dying.environment().items()), *COMMAND)
    with serving(dying.root, watched) as (port, process):
        street = moved_in(dying.root, port)
        assert street.speak(port, 10) == 200
        dying.dying.touch()
        assert street.speak(port, 1) == 503
        assert "reports an error" in ended(process)
    with running(dying.root) as (port, _):
        street.insist(port)
    assert "all follows" in command("verify", "--data", dying.root)


@pytest.fixture
def killed(tmp_path: Path) -> tuple[Path, Street]:
    """Return the folder of a node that was killed at work, and who was promised something."""
    folder = tmp_path / "node"
    new_coop(folder)
    with serving(folder) as (port, process):
        street = moved_in(folder, port)
        assert street.speak(port, 10) == 200
        process.kill()
    return folder, street


@pytest.mark.parametrize("torn", [10, 24, 100, _FRAME - 1])
def test_a_commit_that_was_torn_before_it_was_promised_is_as_if_it_never_was(
    killed: tuple[Path, Street], torn: int
) -> None:
    folder, street = killed
    log = books(folder, "-wal")
    with log.open("ab") as file:
        file.write(log.read_bytes()[-_FRAME:][:torn])
    with running(folder) as (port, _):
        street.insist(port)
        assert street.speak(port, 10) == 200
    assert "all follows" in command("verify", "--data", folder)


def test_torn_books_are_refused_and_a_backup_brings_them_back(
    killed: tuple[Path, Street], tmp_path: Path
) -> None:
    folder, street = killed
    backup = tmp_path / "backup"
    command("backup", "--data", folder, backup)
    file = books(folder)
    os.truncate(file, file.stat().st_size - _PAGE // 2)
    for name in ("serve", "verify"):
        arguments = ("--port", "0") if name == "serve" else ()
        said = refused(name, "--data", folder, *arguments)
        assert "books.sqlite is damaged" in said
        assert "restore a backup" in said
    for torn in folder.glob("coops/*/books.sqlite*"):
        torn.rename(tmp_path / torn.name)
    command("restore", "--data", folder, backup)
    command("resume", "--data", folder, "--nobody-has-more", "--yes")
    with running(folder) as (port, _):
        street.insist(port)
        assert street.speak(port, 10) == 200
    assert "all follows" in command("verify", "--data", folder)
