"""Running other programs, and saying in one sentence what went wrong."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from provision.places import CACHE, REPOSITORY

LOG = CACHE / "setup.log"

# How pip and apt, and how uv, begin the lines that tell what went wrong.
ERROR = re.compile(r"(?:error|e):\s*(.*)", re.IGNORECASE)
CAUSE = re.compile(r"cause:\s*(.*)|caused by:\s*(.*)", re.IGNORECASE)

# Said by any program, deep in what it says; nothing else that we could try would fare better.
NO_ROOM = re.compile(r".*(?:No space left on device|Disk quota exceeded).*")

# What to do about a cause, by a word of it.
ADVICE = {
    "hash": "what the package index serves is not what the lock names: do not use it",
    "read-only": "make it writable and run this again",
    "permission": "make it writable and run this again",
}
OTHER_ADVICE = "check the connection to the package index and run this again"

# A cache of one's own is for a home that cannot be written, where uv would keep its packages.
OF_UV = (
    {"UV_CACHE_DIR": str(CACHE / "packages")}
    if os.environ.get("DEPIN_CACHE") and not os.environ.get("UV_CACHE_DIR")
    else {}
)


class UnavailableError(Exception):
    """Something cannot be had; the text is one sentence that says what, and what to do."""


class CommandError(Exception):
    """A program that we ran failed; the text is the last thing it said."""

    @property
    def advice(self) -> str:
        """What to do about it."""
        said = str(self).lower()
        return next((advice for word, advice in ADVICE.items() if word in said), OTHER_ADVICE)


@contextmanager
def ending_in_one_sentence(script: str) -> Iterator[None]:
    """End the script in a sentence that says what cannot be had."""
    try:
        yield
    except UnavailableError as error:
        details = f" (Details: {LOG})" if LOG.is_file() else ""
        sys.exit(f"{script}: {error}{details}")
    except CommandError as error:
        sys.exit(f"{script}: {error}: {error.advice}.")
    except OSError as error:
        what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        sys.exit(f"{script}: {what}: mend that and run this again.")
    except KeyboardInterrupt:
        sys.exit(f"{script}: stopped; run it again to go on.")


def run(
    *command: str | Path,
    environment: Mapping[str, str] | None = None,
    folder: Path = REPOSITORY,
    seconds: float = 1800,
    logged: bool = True,
) -> str:
    """Run a program, log all that it says if that can be done, and return its standard output."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words,
            cwd=folder,
            env={**os.environ, **OF_UV, **(environment or {})},
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
    if logged:
        with suppress(OSError), LOG.open("a") as log:
            log.write(f"$ {' '.join(words)}\n{done.stdout}{done.stderr}")
    if done.returncode != 0:
        if found := NO_ROOM.search(done.stderr):
            raise UnavailableError(
                f"{words[0]}: {found[0].strip()}: make room on the disk and run this again."
            )
        raise CommandError(_reason(done.stderr or done.stdout) or f"exit code {done.returncode}")
    return done.stdout


def _reason(spoken: str) -> str:
    """Return the words that name the cause: the first error and its deepest cause, or the end."""
    lines = [line.strip() for line in spoken.splitlines() if line.strip()]
    errors = [found[1] for line in lines if (found := ERROR.match(line))]
    causes = [found[1] or found[2] for line in lines if (found := CAUSE.match(line))]
    return ": ".join([*errors[:1], *causes[-1:]] or lines[-1:]).rstrip(".")
