"""Telling the person at the terminal what happens and how far it is."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Steps:
    """Numbered steps, each told when it begins and when it ends."""

    def __init__(self, total: int) -> None:
        """Start before the first of so many steps."""
        self._total = total
        self._begun = 0

    @contextmanager
    def step(self, title: str) -> Iterator[list[str]]:
        """Tell a step; what the caller appends to the list is told at its end."""
        self._begun += 1
        print(f"[{self._begun}/{self._total}] {title} ... ", end="", flush=True)
        started = time.monotonic()
        remarks: list[str] = []
        try:
            yield remarks
        except BaseException:
            print("failed", flush=True)
            raise
        print(f"{', '.join([*remarks, f'{time.monotonic() - started:.1f} s'])}", flush=True)
