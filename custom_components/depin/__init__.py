"""Sell surplus solar to the neighbours, and check every answer of the co-op's node."""

import asyncio
import logging
from functools import partial
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
from .dashboard_commands import async_setup_dashboard_commands, async_tell_dashboards
from .dashboard_serving import async_serve_dashboard
from .delivery import now
from .device_issues import async_withdraw_device_issues
from .device_memory import async_forget_devices
from .energy_dashboard import async_withdraw
from .goodbye import GOODBYE_S, async_say_goodbye
from .issues import IssuesOfEntry
from .joining import Invited
from .journal import JournalError
from .key_store import KeyUnreadableError, async_load_keys, async_remove_keys
from .left_memberships import async_forget_old, async_keep, async_returned
from .membership import (
    DepinConfigEntry,
    Membership,
    MembershipState,
    async_erase_files,
    books_file,
    rooms,
    sample_folder,
)
from .node import Node, NodeError, NodeRefusedError
from .protocol.encoding import from_text
from .protocol.identifiers import ID_LENGTH
from .protocol.invite import CODE_LENGTH
from .protocol.keys import KEY_LENGTH
from .protocol.problems import ProblemCode
from .sample_store import DEFAULT_LIMIT, SampleStore
from .senses import Senses
from .taking_part import async_take_part, trust_of
from .trading_actions import async_setup_trading_actions
from .troubles import Trouble
from .verify_action import async_setup_verify_action

_LOGGER: Final = logging.getLogger(__name__)

CONFIG_SCHEMA: Final = cv.config_entry_only_config_schema(DOMAIN)

PLATFORMS: Final = [
    Platform.BINARY_SENSOR,
    Platform.CALENDAR,
    Platform.EVENT,
    Platform.NUMBER,
    Platform.SELECT,
    Platform.SENSOR,
    Platform.SWITCH,
    Platform.TIME,
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
    async_setup_dashboard_commands(hass)
    await async_serve_dashboard(hass)
    await async_forget_old(hass, now())
    return True


async def async_setup_entry(hass: HomeAssistant, entry: DepinConfigEntry) -> bool:
    """Take up a membership with the key that was made for it, whether its node answers or not."""
    membership = await _async_opened(hass, entry)
    await async_returned(hass, membership.member)
    entry.runtime_data = membership
    owner = IssuesOfEntry(hass, entry)
    if membership.attestation.is_restored:
        owner.tell(Trouble.RESTORED)
    if membership.attestation.is_damaged:
        owner.tell(Trouble.OUTBOX_DAMAGED)
    node = Node(async_get_clientsession(hass), membership.address, membership.coop)
    if membership.state is MembershipState.JOINED:
        work = await async_take_part(hass, entry, node, owner)
    else:
        # What was read before it joined is nothing to the co-op.
        await membership.senses.async_start()
        work = {"joining": partial(_async_join, hass, entry, node)}
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    async_tell_dashboards(hass, entry)
    for name, run in work.items():
        membership.at_work.append(
            entry.async_create_background_task(hass, run(), f"{DOMAIN} {name} of {entry.title}")
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
    """Erase what a home that never joined has here; a member may come back for its own."""
    if CONF_LOG_KEY in entry.data:
        try:
            async with asyncio.timeout(GOODBYE_S):
                await async_say_goodbye(hass, entry, entry.data[CONF_ADDRESS], trust_of(entry))
        except (NodeError, JournalError, KeyUnreadableError, KeyMissingError, OSError) as error:
            _LOGGER.info("The co-op's node hears of no goodbye: %s", error)
    IssuesOfEntry(hass, entry).withdraw_all()
    async_withdraw(hass, entry)
    async_withdraw_device_issues(hass, (entry.entry_id, *entry.subentries))
    await async_forget_devices(hass, entry)
    if CONF_LOG_KEY in entry.data:
        await async_keep(hass, entry, now())
    else:
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
            described = await node.describe()
            if described.currency != hass.config.currency:
                owner.tell(Trouble.CURRENCY_DIFFERS)
                await asyncio.sleep(_JOIN_AGAIN)
                continue
            owner.withdraw(Trouble.CURRENCY_DIFFERS)
            joined = await invited.join(node, entry.runtime_data.key)
        except NodeRefusedError as error:
            is_clock = error.code == ProblemCode.CLOCK_WRONG
            owner.tell(Trouble.CLOCK_WRONG if is_clock else Trouble.INVITE_REFUSED)
        except NodeError:
            owner.withdraw(Trouble.INVITE_REFUSED)
        else:
            break
        await asyncio.sleep(SystemRandom().uniform(_JOIN_AGAIN / 2, _JOIN_AGAIN))
    for trouble in (Trouble.INVITE_REFUSED, Trouble.CLOCK_WRONG):
        owner.withdraw(trouble)
    hass.config_entries.async_update_entry(
        entry, data={**data, CONF_ORIGIN: joined.origin, CONF_LOG_KEY: joined.log_key}
    )
    hass.config_entries.async_schedule_reload(entry.entry_id)
