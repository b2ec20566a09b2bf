"""What one entry stands for: this home's place in one co-op."""

import asyncio
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from pathlib import Path
from shutil import rmtree

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import STORAGE_DIR

from .attestation import Attestation, Rooms
from .books import Books
from .chargers import Chargers
from .const import DOMAIN
from .coordinator import BooksCoordinator
from .delivery import Delivery
from .home_key import HomeKey
from .sample_store import SampleStore
from .senses import Senses
from .trading import Trading
from .verification import Places, Verification
from .waiting_orders import WaitingOrders


class MembershipState(StrEnum):
    """How far the home is on its way into the co-op."""

    INVITED = "invited"
    JOINED = "joined"


@dataclass(slots=True)
class Membership:
    """This home as one co-op knows it."""

    coop: str
    member: str
    address: str
    state: MembershipState
    attestation: Attestation
    samples: SampleStore
    books: Books
    senses: Senses
    orders: WaitingOrders = field(default_factory=WaitingOrders)
    delivery: Delivery | None = None
    """What brings statements to the node, once the home has joined."""
    trading: Trading | None = None
    """What the home orders, once it has joined."""
    chargers: Chargers | None = None
    """The chargers whose cars are charged by the market, once the home has joined."""
    verification: Verification | None = None
    """What checks the co-op's books, once the home has joined."""
    coordinator: BooksCoordinator | None = None
    """What the books say, once the home has joined."""
    at_work: list[asyncio.Task[None]] = field(default_factory=list)
    """What ends before the files are closed."""

    @property
    def key(self) -> HomeKey:
        """The key that the home signs with."""
        return self.attestation.key

    async def close(self) -> None:
        """Stop reading and delivering, and finish what is being written."""
        await self.senses.async_stop()
        for task in self.at_work:
            task.cancel()
        await asyncio.gather(*self.at_work, return_exceptions=True)
        if self.chargers is not None:
            await self.chargers.release()
        await self.attestation.close()
        await self.samples.close()
        await self.books.close()


type DepinConfigEntry = ConfigEntry[Membership]


def rooms(hass: HomeAssistant, member: str) -> Rooms:
    """Return where a member's statements lie; backups leave out the cache."""
    return Rooms(
        outbox=Path(hass.config.path(STORAGE_DIR, f"{DOMAIN}.outbox.{member}")),
        marker=Path(hass.config.path(".cache", DOMAIN, member)),
    )


def sample_folder(hass: HomeAssistant, member: str) -> Path:
    """Return where a member's fine samples lie."""
    return Path(hass.config.path(STORAGE_DIR, f"{DOMAIN}.samples.{member}"))


def books_file(hass: HomeAssistant, member: str) -> Path:
    """Return where a member's books lie."""
    return Path(hass.config.path(STORAGE_DIR, f"{DOMAIN}.books.{member}"))


def verification_places(hass: HomeAssistant, member: str) -> Places:
    """Return where lies what a member has verified, and where owners find evidence."""
    return Places(
        Path(hass.config.path(STORAGE_DIR, f"{DOMAIN}.verified.{member}")),
        Path(hass.config.path(f"{DOMAIN}_evidence")),
    )


async def async_erase_files(hass: HomeAssistant, member: str) -> None:
    """Erase what lies on disk of a home; evidence stays, which is the owner's."""
    folders = rooms(hass, member).outbox, sample_folder(hass, member)
    for folder in folders:
        await hass.async_add_executor_job(partial(rmtree, folder, ignore_errors=True))
    verified = verification_places(hass, member).file
    for file in (rooms(hass, member).marker, books_file(hass, member), verified):
        await hass.async_add_executor_job(partial(file.unlink, missing_ok=True))
