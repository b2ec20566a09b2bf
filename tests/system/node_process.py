"""A settlement node as a process of its own, and the commands that people give."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_PYTHON: Final = Path(__file__).resolve().parents[2] / ".venv/bin/python"
"""The node's own: the environments of newer Home Assistants have not what a node needs."""

COMMAND: Final = (str(_PYTHON), "-m", "settlement_node")
_PATIENCE: Final = 60


def command(*arguments: object, program: tuple[str, ...] = COMMAND) -> str:
    """Give a command, and return what it printed; it must succeed."""
    done = subprocess.run(
        [*program, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def refused(*arguments: object, program: tuple[str, ...] = COMMAND, code: int = 1) -> str:
    """Give a command that must fail, and return the line that says why."""
    done = subprocess.run(
        [*program, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=False,
    )
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    return done.stderr


def partly(*arguments: object) -> str:
    """Give a command that can do a part of what was wanted, and return what it printed."""
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (3, "")
    return done.stdout


def new_coop(
    folder: Path,
    name: str = "Sonnenstraße",
    database: str | None = None,
    program: tuple[str, ...] = COMMAND,
    more: tuple[str, ...] = (),
) -> str:
    """Make a co-op, and return its identifier."""
    arguments = ("--name", name, "--currency", "EUR", "--address", "http://127.0.0.1:8480")
    books = () if database is None else ("--database", database)
    printed = command("init", "--data", folder, *arguments, *books, *more, "--yes", program=program)
    return printed.splitlines()[0].rpartition(" ")[2]


@contextmanager
def serving(
    folder: Path, program: tuple[str, ...] = COMMAND
) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """Run a node on some port that will end by itself, or be killed."""
    process = subprocess.Popen(
        [*program, "serve", "--data", folder, "--host", "127.0.0.1", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("listening on"), process.communicate()
        yield int(line.rpartition(":")[2]), process
    finally:
        process.kill()
        process.communicate()


def ended(process: subprocess.Popen[str]) -> str:
    """Wait for a node that ends by itself, and return what it said of that."""
    _, errors = process.communicate(timeout=_PATIENCE)
    assert process.returncode == 1
    assert "Traceback" not in errors
    return errors


@contextmanager
def running(
    folder: Path, *arguments: str, program: tuple[str, ...] = COMMAND, warns_of: str = ""
) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """Run the node on some port; it stops when it is told to, and complains of nothing else."""
    process = subprocess.Popen(
        [*program, "serve", "--data", folder, "--host", "127.0.0.1", "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("listening on"), process.communicate()
        yield int(line.rpartition(":")[2]), process
        process.send_signal(signal.SIGTERM)
        printed, errors = process.communicate(timeout=_PATIENCE)
        assert printed.endswith("stopped\n")
        assert warns_of in errors if warns_of else not errors, errors
        assert process.returncode == 0
    finally:
        process.kill()
        process.communicate()
