"""What is done with old rows while a co-op runs: in portions, beside the writing of groups."""

import asyncio
from contextlib import suppress
from typing import Final

from settlement_node.coop.clearing_out import ClearingOut
from settlement_node.coop.writer import Surroundings
from settlement_node.log.checkpoints import Checkpoints
from settlement_node.log.packing import pack_next
from settlement_node.log.sealed import DamagedLogError
from settlement_node.store.errors import StoreError
from settlement_node.store.port import Store

_LOOK: Final = 60.0
"""Seconds until it is looked again for what has become old."""

_PAUSE: Final = 0.5
"""Seconds between two portions, in which groups are written undisturbed."""


class Tidying:
    """Packs what is old, and clears out what is too old."""

    def __init__(
        self,
        store: Store,
        checkpoints: Checkpoints,
        around: Surroundings,
        clearing_out: ClearingOut,
    ) -> None:
        """Tidy a store up that a running co-op writes to."""
        self._store = store
        self._checkpoints = checkpoints
        self._around = around
        self._clearing_out = clearing_out
        self._stopping = asyncio.Event()
        self.trouble: str | None = None
        """Why the last portion could not be done."""

    @property
    def erased(self) -> int | None:
        """Below which entry bodies were deleted to the last."""
        return self._clearing_out.finished

    async def run(self) -> None:
        """Go on until it is to stop; intake needs none of this, so trouble waits to be mended."""
        while not self._stopping.is_set():
            more = False
            try:
                more = await self.portion()
                self.trouble = None
            except (StoreError, DamagedLogError) as error:
                self.trouble = f"old rows are neither packed nor deleted for now: {error}"
            with suppress(TimeoutError):
                async with asyncio.timeout(_PAUSE if more else _LOOK):
                    await self._stopping.wait()

    async def portion(self) -> bool:
        """Do one portion; tell whether there was one to do."""
        before = self._around.clock() - self._around.settings.pack_after
        packed = await pack_next(self._store, self._checkpoints.published.size, before)
        return packed or await self._clearing_out.portion()

    def stop(self) -> None:
        """Let the portion that is being done be the last."""
        self._stopping.set()
