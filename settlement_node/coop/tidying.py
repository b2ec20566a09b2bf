"""What is done with old rows while a co-op runs: in portions, beside the writing of groups."""

import asyncio
from contextlib import suppress
from typing import Final

from settlement_node.coop.clearing_out import ClearingOut

_LOOK: Final = 60.0
"""Seconds until it is looked again for what has become old."""

_PAUSE: Final = 0.5
"""Seconds between two portions, in which groups are written undisturbed."""


class Tidying:
    """Clears out what is old."""

    def __init__(self, clearing_out: ClearingOut) -> None:
        """Tidy a store up that a running co-op writes to."""
        self._clearing_out = clearing_out
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Go on until it is to stop."""
        while not self._stopping.is_set():
            more = await self.portion()
            with suppress(TimeoutError):
                async with asyncio.timeout(_PAUSE if more else _LOOK):
                    await self._stopping.wait()

    async def portion(self) -> bool:
        """Do one portion; tell whether there was one to do."""
        return await self._clearing_out.portion()

    def stop(self) -> None:
        """Let the portion that is being done be the last."""
        self._stopping.set()
