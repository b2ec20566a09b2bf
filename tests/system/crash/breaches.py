"""What a node may never do to those who rely on it, and how often it was seen to."""

from collections import Counter
from enum import StrEnum
from threading import Lock
from typing import Final

import click

_MOST_SAID: Final = 3


class Breach(StrEnum):
    """A way to break one's word."""

    LOST = "promises broken"
    TWICE = "statements twice in the log"
    FORKED = "checkpoints contradicted"
    UNVERIFIED = "times verify failed"
    DOWN = "times not up"
    UNBALANCED = "accounts that do not add up"
    REFUSED = "honest requests refused"


class Findings:
    """Breaches that were found, by threads at once."""

    def __init__(self) -> None:
        """Begin with none."""
        self.counted: Counter[Breach] = Counter()
        self.said: list[str] = []
        self._lock = Lock()

    def note(self, breach: Breach, what: str) -> None:
        """Keep one, and say the first few of a kind."""
        with self._lock:
            self.counted[breach] += 1
            if self.counted[breach] <= _MOST_SAID:
                self.said.append(f"{breach}: {what}")
                click.echo(self.said[-1], err=True)
