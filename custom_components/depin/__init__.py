"""Sell surplus solar to the neighbours, and check every answer of the co-op's node."""

import asyncio
from random import SystemRandom
from typing import Final

from homeassistant.const import CONF_ADDRESS, CONF_NAME, Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryError, ConfigEntryNotReady
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.typing import ConfigType

from .attestation import Attestation, KeyMissingError, Speaker
from .book_actions import async_setup_book_actions
from .bookkeeping import Bookkeeping
from .books import Books, BooksError
from .const import (
    CONF_COOP,
    CONF_INVITE_CODE,
    CONF_LOG_KEY,
    CONF_MEMBER,
    CONF_NODE_KEY,
    CONF_ORIGIN,
    CONF_PSEUDONYM_SALT,
    CONF_SAMPLES_MIB,
    DOMAIN,
)
from .coordinator import BooksCoordinator
from .delivery import Delivery, Trust, now
from .device_memory import async_forget_devices
from .entity import async_coop_device
from .grid_meter import GridMeter
from .issues import IssuesOfEntry
from .joining import Invited
from .key_store import KeyUnreadableError, async_load_keys, async_remove_keys
from .membership import (
    DepinConfigEntry,
    Membership,
    MembershipState,
    async_erase_files,
    books_file,
    rooms,
    sample_folder,
    verification_places,
)
from .node import MemberNode, Node, NodeError, NodeRefusedError
from .protocol.encoding import from_text
from .protocol.identifiers import ID_LENGTH
from .protocol.invite import CODE_LENGTH
from .protocol.keys import KEY_LENGTH
from .protocol.log.notes import VerifierKey
from .sample_store import DEFAULT_LIMIT, SampleStore
from .senses import Senses
from .trading import Trading
from .trading_actions import async_setup_trading_actions
from .trading_memory import TradingMemory
from .troubles import Trouble
from .verification import Verification
from .verify_action import async_setup_verify_action

CONFIG_SCHEMA: Final = cv.config_entry_only_config_schema(DOMAIN)

PLATFORMS: Final = [
    Platform.BINARY_SENSOR,
    Platform.CALENDAR,
    Platform.EVENT,
    Platform.NUMBER,
    Platform.SELECT,
    Platform.SENSOR,
    Platform.SWITCH,
]

_MIB: Final = 2**20
_JOIN_AGAIN: Final = 300.0


async def async_setup(
    hass: HomeAssistant,
    config: ConfigType,  # noqa: ARG001 - the integration's interface
) -> bool:
    """Offer the actions; each finds its co-op when it is called."""
    async_setup_book_actions(hass)
    async_setup_trading_actions(hass)
    async_setup_verify_action(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: DepinConfigEntry) -> bool:
    """Take up a membership with the key that was made for it, whether its node answers or not."""
    membership = await _async_opened(hass, entry)
    entry.runtime_data = membership
    owner = IssuesOfEntry(hass, entry)
    if membership.attestation.is_restored:
        owner.tell(Trouble.RESTORED)
    if membership.attestation.is_damaged:
        owner.tell(Trouble.OUTBOX_DAMAGED)
    node = Node(async_get_clientsession(hass), membership.address, membership.coop)
    if membership.state is MembershipState.JOINED:
        member_node = MemberNode(node, membership.member)
        trust = Trust(
            from_text(entry.data[CONF_NODE_KEY], KEY_LENGTH),
            entry.data[CONF_ORIGIN],
            VerifierKey.parse(entry.data[CONF_LOG_KEY]),
        )
        delivery = membership.delivery = Delivery(
            membership.attestation, member_node, trust, membership.orders, owner
        )
        verification = await _async_verifying(hass, entry, member_node, trust, owner)
        membership.verification = verification
        delivery.compare_proofs(verification.compare_proof)
        keeping = Bookkeeping(membership.books, member_node, delivery.log_in, now)
        await keeping.load()
        keeping.listen(verification.hear)
        membership.coordinator = BooksCoordinator(
            hass,
            entry,
            keeping,
            membership.attestation,
            async_coop_device(hass, entry),
        )
        await membership.coordinator.async_refresh()
        memory = TradingMemory(hass, membership.member)
        trading = membership.trading = Trading(
            delivery=delivery,
            node=member_node,
            orders=membership.orders,
            meter=GridMeter(hass, membership.senses),
            books=membership.books,
            memory=memory,
            choices=await memory.async_load(),
        )
        _halt_while_suspected(trading, verification)
        await membership.senses.async_start(membership.attestation, membership.samples)
        entry.async_create_background_task(
            hass, membership.senses.async_follow_times(node), f"{DOMAIN} metering times"
        )
        work = delivery.run()
    else:
        # What was read before it joined is nothing to the co-op.
        await membership.senses.async_start()
        work = _async_join(hass, entry, node)
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    membership.at_work = entry.async_create_background_task(hass, work, f"{DOMAIN} {entry.title}")
    if membership.coordinator is not None:
        membership.bookkeeper = entry.async_create_background_task(
            hass, membership.coordinator.keeping.run(), f"{DOMAIN} books of {entry.title}"
        )
    if membership.trading is not None:
        membership.trader = entry.async_create_background_task(
            hass, membership.trading.run(), f"{DOMAIN} trading of {entry.title}"
        )
    if membership.verification is not None:
        membership.verifier = entry.async_create_background_task(
            hass, membership.verification.run(), f"{DOMAIN} verification of {entry.title}"
        )
    # Home Assistant 2026.10 takes nothing but True for a success.
    return True


async def async_unload_entry(hass: HomeAssistant, entry: DepinConfigEntry) -> bool:
    """Stop showing a membership, and finish what is being written."""
    unloaded = await hass.config_entries.async_unload_platforms(entry, PLATFORMS)
    if unloaded:
        await entry.runtime_data.close()
    return unloaded


async def async_remove_entry(hass: HomeAssistant, entry: DepinConfigEntry) -> None:
    """Erase what a home that never joined has here; a member may still need its own."""
    IssuesOfEntry(hass, entry).withdraw_all()
    await async_forget_devices(hass, entry)
    if CONF_LOG_KEY not in entry.data:
        await async_remove_keys(hass, entry.data[CONF_MEMBER])
        await async_erase_files(hass, entry.data[CONF_MEMBER])


async def _async_opened(hass: HomeAssistant, entry: DepinConfigEntry) -> Membership:
    coop: str = entry.data[CONF_COOP]
    member: str = entry.data[CONF_MEMBER]
    try:
        stored = await async_load_keys(hass, coop, member)
        attestation = await Attestation.open(
            rooms(hass, member),
            Speaker(coop, member),
            stored.keys,
            may_replace=stored.may_replace,
        )
    except (KeyUnreadableError, KeyMissingError) as error:
        raise ConfigEntryError(
            translation_domain=DOMAIN, translation_key="key_unreadable"
        ) from error
    except OSError as error:
        raise _disk_fails(error) from error
    try:
        limit = entry.options.get(CONF_SAMPLES_MIB, DEFAULT_LIMIT // _MIB) * _MIB
        samples = await SampleStore.open(sample_folder(hass, member), limit)
    except OSError as error:
        await attestation.close()
        raise _disk_fails(error) from error
    try:
        books = await Books.open(books_file(hass, member))
    except BooksError as error:
        await samples.close()
        await attestation.close()
        raise _disk_fails(error) from error
    joined = CONF_LOG_KEY in entry.data
    return Membership(
        coop=coop,
        member=member,
        address=entry.data[CONF_ADDRESS],
        state=MembershipState.JOINED if joined else MembershipState.INVITED,
        attestation=attestation,
        samples=samples,
        books=books,
        senses=Senses(hass, entry),
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
    trust: Trust,
    owner: IssuesOfEntry,
) -> Verification:
    """Go on verifying where the home stopped."""
    membership = entry.runtime_data
    assert membership.delivery is not None  # noqa: S101 - who has joined has one
    verification = Verification(
        attestation=membership.attestation,
        node=node,
        trust=trust,
        log_in=membership.delivery.log_in,
        orders=membership.orders,
        alarm=owner,
        clock=now,
    )
    salt = from_text(entry.data[CONF_PSEUDONYM_SALT], ID_LENGTH)
    await verification.open(verification_places(hass, membership.member), salt)
    return verification


def _disk_fails(error: Exception) -> ConfigEntryNotReady:
    return ConfigEntryNotReady(
        translation_domain=DOMAIN,
        translation_key="disk_fails",
        translation_placeholders={"error": str(error)},
    )


async def _async_join(hass: HomeAssistant, entry: DepinConfigEntry, node: Node) -> None:
    """Join as soon as the node answers, and start anew as a member."""
    data = entry.data
    invited = Invited(
        code=from_text(data[CONF_INVITE_CODE], CODE_LENGTH),
        name=data[CONF_NAME],
        pseudonym_salt=from_text(data[CONF_PSEUDONYM_SALT], ID_LENGTH),
        node_key=from_text(data[CONF_NODE_KEY], KEY_LENGTH),
    )
    owner = IssuesOfEntry(hass, entry)
    while True:
        try:
            joined = await invited.join(node, entry.runtime_data.key)
        except NodeRefusedError:
            owner.tell(Trouble.INVITE_REFUSED)
        except NodeError:
            owner.withdraw(Trouble.INVITE_REFUSED)
        else:
            break
        await asyncio.sleep(SystemRandom().uniform(_JOIN_AGAIN / 2, _JOIN_AGAIN))
    owner.withdraw(Trouble.INVITE_REFUSED)
    hass.config_entries.async_update_entry(
        entry, data={**data, CONF_ORIGIN: joined.origin, CONF_LOG_KEY: joined.log_key}
    )
    hass.config_entries.async_schedule_reload(entry.entry_id)
