"""A home as its files have it: what it says and delivers, without Home Assistant around it."""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_bytes

from aiohttp import ClientSession

from custom_components.depin.attestation import Attestation, Rooms, Speaker
from custom_components.depin.delivery import Delivery, Trust
from custom_components.depin.home_key import HomeKey, make_key
from custom_components.depin.joining import Invited
from custom_components.depin.node import MemberNode, Node
from custom_components.depin.protocol.identifiers import ID_LENGTH, member_id
from custom_components.depin.protocol.invite import Invite, parse_invite
from custom_components.depin.protocol.log.notes import VerifierKey
from custom_components.depin.protocol.statements.measuring import Readings
from custom_components.depin.troubles import Trouble
from custom_components.depin.waiting_orders import WaitingOrders
from tests.patience import PATIENCE

METER = "A" * 22


def readings(number: int) -> Readings:
    """Return a meter's readings, later and higher by each number."""
    return Readings(METER, (1_700_000_000_000 + number * 900_000,), {"import": (number,)})


@dataclass
class Owner:
    """Notes what the owner is told."""

    troubles: set[Trouble] = field(default_factory=set)

    def tell(self, trouble: Trouble) -> None:
        self.troubles.add(trouble)

    def withdraw(self, trouble: Trouble) -> None:
        self.troubles.discard(trouble)


@dataclass
class Running:
    """A home that was started, with a node that it may reach."""

    attestation: Attestation
    delivery: Delivery
    node: MemberNode
    owner: Owner
    orders: WaitingOrders

    async def record(self, *numbers: int) -> None:
        for number in numbers:
            await self.attestation.async_record(readings(number))

    async def waiting(self) -> int:
        return len(await self.attestation.async_waiting("metering"))


class Household:
    """What lasts of a home: its keys, its files, and what it knows of its co-op."""

    def __init__(self, folder: Path, invite: str) -> None:
        self.folder = folder
        self.invite: Invite = parse_invite(invite)
        self.keys: tuple[HomeKey, ...] = (make_key(),)
        self.member = member_id(self.invite.coop, self.keys[0].public)
        self.may_replace = False
        self.salt = token_bytes(ID_LENGTH)
        self.log_key = ""

    def rooms(self) -> Rooms:
        return Rooms(self.folder / "depin" / "outbox", self.folder / ".cache" / "depin")

    async def join(self, port: int) -> None:
        invited = Invited(self.invite.code, "Haus 7", self.salt, self.invite.node_key)
        async with ClientSession() as session:
            node = Node(session, f"http://127.0.0.1:{port}", self.invite.coop)
            self.log_key = (await invited.join(node, self.keys[0])).log_key

    @asynccontextmanager
    async def started(self, port: int) -> AsyncIterator[Running]:
        """Start the home; a node is asked at this port."""
        speaker = Speaker(self.invite.coop, self.member)
        attestation = await Attestation.open(
            self.rooms(), speaker, self.keys, may_replace=self.may_replace
        )
        log = VerifierKey.parse(self.log_key)
        async with ClientSession() as session:
            node = MemberNode(
                Node(session, f"http://127.0.0.1:{port}", self.invite.coop), self.member
            )
            owner, orders = Owner(), WaitingOrders()
            trust = Trust(self.invite.node_key, log.name, log)
            delivery = Delivery(attestation, node, trust, orders, owner)
            try:
                yield Running(attestation, delivery, node, owner, orders)
            finally:
                await attestation.close()

    def back_up(self, to: Path) -> None:
        """Copy what a backup has: all but the cache."""
        shutil.copytree(self.folder, to, ignore=shutil.ignore_patterns(".cache"))

    def restore(self, backup: Path) -> None:
        """Put a backup in the place of all that is there."""
        shutil.rmtree(self.folder)
        shutil.copytree(backup, self.folder)

    def cloned(self, to: Path) -> Household:
        """Copy the home as it is, cache and all."""
        shutil.copytree(self.folder, to)
        clone = object.__new__(Household)
        clone.__dict__.update(self.__dict__, folder=to)
        return clone


async def until_proven(home: Running) -> None:
    """Deliver until the log was seen to hold all that was said."""
    end = time.monotonic() + PATIENCE
    while True:
        await home.delivery.deliver()
        unproven = await home.attestation.async_ask(lambda outbox: outbox.unproven())
        if not unproven:
            return
        assert time.monotonic() < end, unproven
        await asyncio.sleep(0.2)
