"""The last word of a home whose entry is removed: nothing may be traded that nobody delivers."""

from itertools import batched
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from .attestation import Attestation, Speaker
from .const import CONF_COOP, CONF_MEMBER
from .delivery import Delivery, Trust, now
from .issues import IssuesOfEntry
from .key_store import async_load_keys
from .market_reading import begin_reading
from .membership import rooms
from .node import MemberNode, Node
from .protocol.statements.trading import MAX_INTERVALS, Cancellation, Slot
from .waiting_orders import WaitingOrders

GOODBYE_S: Final = 20.0
"""So long a node is waited for; one that is away hears nothing."""


async def async_say_goodbye(
    hass: HomeAssistant, entry: ConfigEntry, address: str, trust: Trust
) -> None:
    """Take back what is ordered, and deliver what still waits."""
    coop, member = entry.data[CONF_COOP], entry.data[CONF_MEMBER]
    stored = await async_load_keys(hass, coop, member)
    attestation = await Attestation.open(rooms(hass, member), Speaker(coop, member), stored.keys)
    try:
        node = MemberNode(Node(async_get_clientsession(hass), address, coop), member)
        orders = WaitingOrders()
        delivery = Delivery(attestation, node, trust, orders, IssuesOfEntry(hass, entry))
        await delivery.log_in()
        reading = await begin_reading(node)
        calendar, moment = reading.calendar, now()
        placed: list[Slot] = sorted(
            (slot for slot in await reading.orders() if moment < calendar.gate_of(slot[0])),
            key=lambda slot: (slot[0], slot[1] == "ask"),
        )
        for slots in batched(placed, MAX_INTERVALS, strict=False):
            gate = calendar.gate_of(slots[-1][0])
            orders.add(Cancellation(calendar.name, slots), gate)
        await delivery.deliver()
    finally:
        await attestation.close()
