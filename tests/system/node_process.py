"""A settlement node as a process of its own, and the commands that people give."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from tests.patience import PATIENCE
from tests.system.loaded_node import PYTHON, Forked

COMMAND: Final = (str(PYTHON), "-m", "settlement_node")
"""Starts it from nothing; where no program is named, it is forked with its imports done."""
_SERVE: Final = ("serve", "--host", "127.0.0.1", "--port", "0")

type Process = Forked | subprocess.Popen[str]


class Outcome(NamedTuple):
    """What a command said, and how it ended."""

    printed: str
    errors: str
    code: int


def _start(arguments: tuple[object, ...], program: tuple[str, ...] | None) -> Process:
    if program is None:
        return Forked(*arguments)
    return subprocess.Popen(
        [*program, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def outcome(*arguments: object, program: tuple[str, ...] | None = None) -> Outcome:
    """Give a command, and return all that came of it."""
    process = _start(arguments, program)
    try:
        return Outcome(*process.communicate(timeout=PATIENCE), process.wait())
    finally:
        process.kill()
        process.communicate()


def command(*arguments: object, program: tuple[str, ...] | None = None) -> str:
    """Give a command, and return what it printed; it must succeed."""
    done = outcome(*arguments, program=program)
    assert done.code == 0, done.errors
    return done.printed


def refused(*arguments: object, program: tuple[str, ...] | None = None, code: int = 1) -> str:
    """Give a command that must fail, and return the line that says why."""
    done = outcome(*arguments, program=program)
    assert done.code == code, done
    assert "Traceback" not in done.errors
    return done.errors


def partly(*arguments: object) -> str:
    """Give a command that can do a part of what was wanted, and return what it printed."""
    done = outcome(*arguments)
    assert (done.code, done.errors) == (3, "")
    return done.printed


def new_coop(
    folder: Path,
    name: str = "Sonnenstraße",
    database: str | None = None,
    program: tuple[str, ...] | None = None,
    more: tuple[str, ...] = (),
) -> str:
    """Make a co-op, and return its identifier."""
    arguments = ("--name", name, "--currency", "EUR", "--address", "http://127.0.0.1:8480")
    books = () if database is None else ("--database", database)
    printed = command("init", "--data", folder, *arguments, *books, *more, "--yes", program=program)
    return printed.splitlines()[0].rpartition(" ")[2]


@contextmanager
def serving(folder: Path, program: tuple[str, ...] | None = None) -> Iterator[tuple[int, Process]]:
    """Run a node on some port that will end by itself, or be killed."""
    process = _start((*_SERVE, "--data", folder), program)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("listening on"), process.communicate()
        yield int(line.rpartition(":")[2]), process
    finally:
        process.kill()
        process.communicate()


def ended(process: Process) -> str:
    """Wait for a node that ends by itself, and return what it said of that."""
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "Traceback" not in errors
    return errors


@contextmanager
def running(
    folder: Path, *arguments: str, program: tuple[str, ...] | None = None, warns_of: str = ""
) -> Iterator[tuple[int, Process]]:
    """Run the node on some port; it stops when it is told to, and complains of nothing else."""
    process = _start((*_SERVE, "--data", folder, *arguments), program)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("listening on"), process.communicate()
        yield int(line.rpartition(":")[2]), process
        process.send_signal(signal.SIGTERM)
        printed, errors = process.communicate(timeout=PATIENCE)
        assert printed.endswith("stopped\n")
        assert warns_of in errors if warns_of else not errors, errors
        assert process.returncode == 0
    finally:
        process.kill()
        process.communicate()
