"""A process that works on a disk until its power is cut, and says what it was promised."""

import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Final

from tests.patience import PATIENCE

REPOSITORY: Final = Path(__file__).parents[3]


class Victim:
    """A module that prints a line for each thing that was made durable for it."""

    def __init__(self, module: str, words: tuple[str, ...], environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *words],
            cwd=REPOSITORY,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
        )

    def work(self, random: Random, *, early: float) -> None:
        """Let it work for a while; now and then only so many seconds at most from its start."""
        pipe = self._process.stdout
        assert pipe is not None
        if random.random() < 0.9:
            select.select([pipe], [], [], PATIENCE)
            time.sleep(random.uniform(0, 0.5))
        else:
            time.sleep(random.uniform(0, early))

    def kill(self) -> list[str]:
        """End it at once; return the lines that it finished."""
        self._process.kill()
        said, _ = self._process.communicate()
        # The last line may have been cut off within.
        return said[: said.rfind(b"\n") + 1].decode().splitlines()
