"""A PostgreSQL server of the tests' own, in a temporary folder, under a user that is not root."""

import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp

from provision import postgresql
from provision.postgresql import Binaries
from tests.patience import PATIENCE

# What a power cut makes of files is shown elsewhere; small files keep that quick.
SETTINGS = {
    "listen_addresses": "",
    "shared_buffers": "16MB",
    "max_connections": "40",
    "autovacuum": "off",
}


def user() -> str:
    """Return whom the server runs as: it refuses to be root."""
    return pwd.getpwuid(os.geteuid()).pw_name if os.geteuid() else "nobody"


def as_user(*command: str | Path) -> list[str]:
    """Return a command that runs as that user."""
    if os.geteuid():
        return [str(word) for word in command]
    other = pwd.getpwnam(user())
    prefix = ["setpriv", f"--reuid={other.pw_uid}", f"--regid={other.pw_gid}", "--clear-groups"]
    return [*prefix, *(str(word) for word in command)]


def new_folder() -> Path:
    """Make a folder that the server's user owns; pytest's own is closed to it."""
    folder = Path(mkdtemp(prefix="depin-"))
    shutil.chown(folder, user())
    return folder


class ServerDownError(Exception):
    """The server did not start; the message is the end of its log."""


@contextmanager
def server_programs() -> Iterator[Binaries]:
    """Give the server's programs, as copies where its user cannot come to the cache."""
    binaries = postgresql.find() or postgresql.fetch()
    if _can_run(binaries):
        yield binaries
        return
    folder = new_folder()
    try:
        copy = folder / "programs"
        shutil.copytree(postgresql.FOLDER, copy, symlinks=True)
        programs = copy / binaries.folder.relative_to(postgresql.FOLDER)
        yield Binaries(programs, binaries.libraries.replace(str(postgresql.FOLDER), str(copy)))
    finally:
        shutil.rmtree(folder)


def _can_run(binaries: Binaries) -> bool:
    # Not the program itself: what changes the user may start it with rights that it then loses.
    tried = as_user("test", "-x", binaries.folder / "postgres")
    return subprocess.run(tried, cwd="/", check=False).returncode == 0


def _environment(binaries: Binaries) -> dict[str, str]:
    libraries = binaries.libraries
    paths = {"LD_LIBRARY_PATH": libraries} if libraries else {}
    return {**os.environ, "LC_ALL": "C", **paths}


@dataclass(slots=True)
class Server:
    """A server, its files and its socket."""

    binaries: Binaries
    folder: Path = field(default_factory=new_folder)
    settings: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    inside: Sequence[str] = ()
    """What leads its programs to a disk of their own, under their user there."""
    _process: subprocess.Popen[bytes] | None = None

    @property
    def data(self) -> Path:
        """Where the databases are."""
        return self.folder / "data"

    def url(self, database: str = "postgres") -> str:
        """Return a database's address."""
        return f"postgresql://{user()}@/{database}?host={self.folder}"

    def make(self, *more: str | Path) -> None:
        """Make an empty cluster."""
        options = ("-A", "trust", "-N", "--wal-segsize=1", "-U", user(), *more)
        self._run("initdb", "-D", self.data, *options)

    def create(self, database: str) -> str:
        """Make an empty database; return its address."""
        self._run("createdb", "-h", self.folder, database)
        return self.url(database)

    def start(self) -> None:
        """Start it and wait until it answers."""
        settings = {**SETTINGS, "unix_socket_directories": str(self.folder), **self.settings}
        options = (f"--{name}={value}" for name, value in settings.items())
        with (self.folder / "log").open("ab") as log:
            # Only the server itself gets what is meant for it, not what changes the user before.
            ours = ("env", *(f"{name}={value}" for name, value in self.environment.items()))
            self._process = subprocess.Popen(
                self._as_user(*ours, self.binaries.folder / "postgres", "-D", self.data, *options),
                env=_environment(self.binaries),
                cwd="/",
                stdout=log,
                stderr=log,
            )
        until = time.monotonic() + PATIENCE
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > until:
                self._process.kill()
                self._process.wait()
                self._process = None
                raise ServerDownError((self.folder / "log").read_text()[-2000:])
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop it in order."""
        self._end(signal.SIGINT)

    def abandon(self) -> None:
        """Stop it as it is: nothing of what it holds is wanted any more."""
        self._end(signal.SIGQUIT)

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait()
            self._process = None

    def kill(self) -> None:
        """End all its processes at once, none of which gets to do anything more."""
        if self._process is None:
            return
        # A stopped parent starts nothing new while its children are counted.
        os.kill(self._process.pid, signal.SIGSTOP)
        for process in (*_children(self._process.pid), self._process.pid):
            os.kill(process, signal.SIGKILL)
        self._process.wait()
        self._process = None

    def remove(self) -> None:
        """Leave nothing behind."""
        shutil.rmtree(self.folder)

    def _as_user(self, *command: str | Path) -> list[str]:
        return [*self.inside, *map(str, command)] if self.inside else as_user(*command)

    def _answers(self) -> bool:
        ready = [str(self.binaries.folder / "pg_isready"), "-q", "-h", str(self.folder)]
        return subprocess.run(ready, env=_environment(self.binaries), check=False).returncode == 0

    def _run(self, program: str, *arguments: str | Path) -> None:
        subprocess.run(
            self._as_user(self.binaries.folder / program, *arguments),
            env=_environment(self.binaries),
            cwd="/",
            check=True,
            capture_output=True,
        )


def _children(parent: int) -> list[int]:
    found = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [int(child) for child in found]
