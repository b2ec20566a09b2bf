"""Running other programs, and saying in one sentence what went wrong."""

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from provision.places import CACHE, REPOSITORY

LOG = CACHE / "setup.log"

# How pip and apt, and how uv, begin the lines that tell what went wrong.
ERROR = re.compile(r"(?:error|e):\s*(.*)", re.IGNORECASE)
CAUSE = re.compile(r"cause:\s*(.*)")


class UnavailableError(Exception):
    """Something cannot be had; the text is one sentence that says what, and what to do."""


class CommandError(Exception):
    """A program that we ran failed; the text is the last thing it said."""


def run(
    *command: str | Path,
    environment: Mapping[str, str] | None = None,
    folder: Path = REPOSITORY,
    seconds: float = 1800,
) -> str:
    """Run a program, keep all that it says in the log, and return its standard output."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words,
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
            # A program that outlives a killed setup must go on holding the setup's lock.
            close_fds=False,
        )
    except subprocess.TimeoutExpired:
        raise CommandError(f"{words[0]} took longer than {seconds:.0f} seconds") from None
    except OSError as error:
        raise CommandError(f"{words[0]} did not start: {error.strerror}") from error
    with LOG.open("a") as log:
        log.write(f"$ {' '.join(words)}\n{done.stdout}{done.stderr}")
    if done.returncode != 0:
        raise CommandError(_reason(done.stderr or done.stdout) or f"exit code {done.returncode}")
    return done.stdout


def _reason(spoken: str) -> str:
    """Return the words that name the cause: the first error and its deepest cause, or the end."""
    lines = [line.strip() for line in spoken.splitlines() if line.strip()]
    errors = [found[1] for line in lines if (found := ERROR.match(line))]
    causes = [found[1] for line in lines if (found := CAUSE.match(line))]
    return ": ".join([*errors[:1], *causes[-1:]] or lines[-1:]).rstrip(".")
