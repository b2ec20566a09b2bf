"""What a home does once it has joined: its parts are made, know each other, and begin to work."""

import time
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Final

from homeassistant.core import HomeAssistant

from .bookkeeping import Bookkeeping
from .chargers import async_chargers
from .const import (
    CONF_LOG_KEY,
    CONF_NODE_KEY,
    CONF_ON_PAPER,
    CONF_ORIGIN,
    CONF_PSEUDONYM_SALT,
)
from .coordinator import BooksCoordinator
from .delivery import Delivery, Trust, now
from .energy_dashboard import async_watch
from .entity import async_coop_device
from .grid_meter import GridMeter
from .issues import IssuesOfEntry
from .membership import DepinConfigEntry, verification_places
from .node import MemberNode, Node
from .node_watch import NodeWatch
from .protocol.encoding import from_text
from .protocol.identifiers import ID_LENGTH
from .protocol.keys import KEY_LENGTH
from .protocol.log.notes import VerifierKey
from .trading import Trading
from .trading_choices import Choices
from .trading_memory import TradingMemory, TrialMemory
from .trial import Trial
from .verification import Verification

_RECORDER: Final = "recorder"

type Work = Callable[[], Coroutine[None, None, None]]


def trust_of(entry: DepinConfigEntry) -> Trust:
    """Return what the words of the node of an entry are checked with."""
    return Trust(
        from_text(entry.data[CONF_NODE_KEY], KEY_LENGTH),
        entry.data[CONF_ORIGIN],
        VerifierKey.parse(entry.data[CONF_LOG_KEY]),
    )


async def async_take_part(
    hass: HomeAssistant, entry: DepinConfigEntry, node: Node, owner: IssuesOfEntry
) -> dict[str, Work]:
    """Make what delivers, verifies, keeps books, trades, reads devices and charges cars.

    Return what is to run by then, by its name.
    """
    membership = entry.runtime_data
    member_node = MemberNode(node, membership.member)
    delivery = membership.delivery = Delivery(
        membership.attestation, member_node, trust_of(entry), membership.orders, owner
    )
    verification = await _async_verifying(hass, entry, member_node, delivery, owner)
    membership.verification = verification
    delivery.compare_proofs(verification.compare_proof)
    keeping = Bookkeeping(membership.books, member_node, delivery.log_in, now)
    await keeping.load()
    keeping.listen(verification.hear)
    coordinator = membership.coordinator = BooksCoordinator(
        hass, entry, keeping, membership.attestation, async_coop_device(hass, entry)
    )
    await coordinator.async_refresh()
    trading = await _async_trading(hass, entry, member_node, delivery, coordinator)
    membership.trading = trading
    _halt_while_suspected(trading, verification)
    await membership.senses.async_start(membership.attestation, membership.samples)
    chargers = membership.chargers = await async_chargers(
        hass, entry, membership.member, membership.senses, membership.books
    )
    chargers.trade_by(trading)
    await async_watch(hass, entry)
    work: dict[str, Work] = {
        "delivery": delivery.run,
        "books": keeping.run,
        "trading": trading.run,
        "verification": verification.run,
        "cars": chargers.run,
        "metering times": partial(membership.senses.async_follow_times, node),
        "watch": NodeWatch(node, keeping, owner, time.monotonic).run,
    }
    if _RECORDER in hass.config.components:
        from .hourly_statistics import Statistics  # noqa: PLC0415 - it brings a database

        work["statistics"] = Statistics(hass, entry, keeping).run
    return work


async def _async_trading(
    hass: HomeAssistant,
    entry: DepinConfigEntry,
    node: MemberNode,
    delivery: Delivery,
    coordinator: BooksCoordinator,
) -> Trading:
    """Go on trading, or trying it on paper, as the owner last chose."""
    membership = entry.runtime_data
    memory = TradingMemory(hass, membership.member)
    paper = TrialMemory(hass, membership.member)
    trial = Trial(membership.books, paper, await paper.async_load())
    coordinator.count_trial(trial)
    at_first = Choices.at_first(on_paper=entry.data.get(CONF_ON_PAPER, False))
    return Trading(
        delivery=delivery,
        node=node,
        orders=membership.orders,
        meter=GridMeter(hass, membership.senses),
        books=membership.books,
        memory=memory,
        choices=await memory.async_load(at_first),
        trial=trial,
    )


def _halt_while_suspected(trading: Trading, verification: Verification) -> None:
    """Order nothing from when the books do not hold until the owner has answered."""

    def compare() -> None:
        suspected = verification.suspicion is not None
        if suspected != trading.halted:
            trading.halt(halted=suspected)

    verification.listen(compare)
    compare()


async def _async_verifying(
    hass: HomeAssistant,
    entry: DepinConfigEntry,
    node: MemberNode,
    delivery: Delivery,
    owner: IssuesOfEntry,
) -> Verification:
    """Go on verifying where the home stopped."""
    membership = entry.runtime_data
    verification = Verification(
        attestation=membership.attestation,
        node=node,
        trust=trust_of(entry),
        log_in=delivery.log_in,
        orders=membership.orders,
        alarm=owner,
        clock=now,
    )
    salt = from_text(entry.data[CONF_PSEUDONYM_SALT], ID_LENGTH)
    await verification.open(verification_places(hass, membership.member), salt)
    return verification
