"""Devices that send messages, through Home Assistant's MQTT or a broker of the owner's."""

import asyncio
import logging
import ssl
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from homeassistant.const import (
    CONF_HOST,
    CONF_PASSWORD,
    CONF_PORT,
    CONF_USERNAME,
    CONF_VERIFY_SSL,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.util.ssl import client_context, client_context_no_verify

from ..const import CONF_CERTIFICATE, CONF_TLS
from ..devices import payload_names, payloads, telegrams
from ..devices.message_device import MessageDevice
from ..devices.parameters import filled, with_defaults
from ..devices.places import MessagePlace, TelegramPlace
from ..devices.points import Reading, Role
from ..devices.profiles import Profile

if TYPE_CHECKING:
    from aiomqtt import Client
    from homeassistant.components.mqtt import ReceiveMessage

_SHORTEST_PAUSE_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 120.0
_PATIENCE_S: Final = 5.0
_KEPT_TOPICS: Final = 200
_KEPT_MESSAGES: Final = 12
"""Of each topic: a telegram can come in that many pieces."""

_LONG_NAME: Final = 6
_LOGGER: Final = logging.getLogger(__name__)


class BrokerError(Exception):
    """The broker cannot be reached, or does not let us in."""


class MessageSource:
    """A pushed device that hears messages, and remembers the last ones."""

    def __init__(self, profile: Profile, parameters: Mapping[str, str]) -> None:
        """Take the owner's parameters."""
        self._profile = profile
        self._parameters = with_defaults(profile, parameters)
        self._names = {
            name: value if not value or value in profile.parameters[name].examples else name
            for name, value in self._parameters.items()
        }
        self._device = MessageDevice(profile, self._parameters)
        telegram_places = [each for each in profile.places() if isinstance(each, TelegramPlace)]
        own = [filled(place, self._parameters) for place in telegram_places]
        self._telegrams = {place.topic for place in own if place is not None}
        self._heard: dict[str, deque[tuple[str, int, bool]]] = {}

    @property
    def topics(self) -> frozenset[str]:
        """Return what to subscribe to."""
        return self._device.topics

    @property
    def has_heard(self) -> bool:
        """Tell whether the device has said anything that counts."""
        return self._device.heard_at is not None

    @property
    def keepalive(self) -> tuple[str, str, int] | None:
        """Return what the device wants to be sent, and every how many seconds."""
        if (said := self._profile.keepalive) is None:
            return None
        topic: str = said["topic"].format_map(self._parameters)
        return topic, said["payload"], said["every_s"]

    def hear(self, topic: str, payload: bytes | bytearray | str, *, retained: bool) -> None:
        """Take in a message that has just come."""
        at = time.time_ns() // 1_000_000
        text = payload if isinstance(payload, str) else payload.decode(errors="replace")
        self._device.hear(topic, text, at, retained=retained)
        if topic in self._heard or len(self._heard) < _KEPT_TOPICS:
            kept = self._heard.setdefault(topic, deque(maxlen=_KEPT_MESSAGES))
            kept.append((text, at, retained))

    def reading(self, now: int) -> Reading:
        """Return what was heard so far."""
        return self._device.reading(now)

    def times(self) -> Mapping[Role, Mapping[str, int]]:
        """Return when each number was heard."""
        return self._device.times()

    def capture(self) -> dict[str, Any]:
        """Return the last messages of each topic, with the owner's names in topics left out."""
        topics = self._nameless_topics()
        heard = [
            (at, topics.get(topic, topic), text, retained)
            for topic, kept in self._heard.items()
            for text, (_, at, retained) in zip(self._shown(topic, kept), kept, strict=True)
        ]
        return {
            "messages": [
                [topic, text, {"at": at, "retained": retained}]
                for at, topic, text, retained in sorted(heard, key=itemgetter(0))
            ],
            "meta": {"parameters": dict(self._shown_parameters())},
        }

    def _shown_parameters(self) -> Iterator[tuple[str, str]]:
        """Give what stands for each name in the capture: short ones stay in payloads."""
        topics = [getattr(place, "topic", "") for place in self._profile.places()]
        for name, value in self._parameters.items():
            in_topics = any(f"{{{name}}}" in topic for topic in topics)
            if value:
                hidden = in_topics or len(value) >= _LONG_NAME
                yield name, self._names[name] if hidden else value

    def _nameless_topics(self) -> dict[str, str]:
        """Return the topics that are followed, each with names in the place of what they are."""
        places: list[object] = [*self._profile.places(), self._profile.own_time]
        places += self._profile.availability or ()
        topics = {}
        for place in places:
            if isinstance(place, MessagePlace | TelegramPlace):
                own, shown = filled(place, self._parameters), filled(place, self._names)
                if own and shown:
                    topics[own.topic] = shown.topic
        return topics

    def _shown(self, topic: str, kept: Iterable[tuple[str, int, bool]]) -> list[str]:
        """Return a topic's payloads without what names a device or its owner."""
        texts = [text for text, _, _ in kept]
        if topic in self._telegrams:
            pieces = [payloads.telegram_piece(text, payloads.document(text)) for text in texts]
            return [*map(payloads.with_piece, texts, telegrams.nameless(pieces), strict=True)]
        return [payload_names.nameless(self._nameless(text)) for text in texts]

    def _nameless(self, payload: str) -> str:
        """Leave out of a payload the names that are long enough to be nothing else in it."""
        for name, value in self._parameters.items():
            if len(value) >= _LONG_NAME and self._names[name] != value:
                payload = payload.replace(value, name)
        return payload


async def async_listen(
    hass: HomeAssistant,
    source: MessageSource,
    broker: Mapping[str, Any] | None,
    tell: Callable[[], None],
) -> None:
    """Hear messages of a broker, or else through Home Assistant's MQTT, while this is awaited.

    Raises BrokerError, which says why that cannot be, or no longer.
    """
    if broker is None:
        await _async_listen_to_home_assistant(hass, source, tell)
    else:
        await _async_listen_to_broker(source, broker, await async_encryption(hass, broker), tell)


async def async_encryption(hass: HomeAssistant, broker: Mapping[str, Any]) -> ssl.SSLContext | None:
    """Return how a broker is spoken to; only a certificate of its own takes time to read."""
    if broker.get(CONF_CERTIFICATE):
        return await hass.async_add_executor_job(_encryption, broker)
    return _encryption(broker)


def _encryption(broker: Mapping[str, Any]) -> ssl.SSLContext | None:
    if not broker.get(CONF_TLS):
        return None
    if not broker.get(CONF_VERIFY_SSL, True):
        return client_context_no_verify()
    if not (certificate := broker.get(CONF_CERTIFICATE)):
        return client_context()
    try:
        context = ssl.create_default_context(cadata=certificate)
    except (ssl.SSLError, ValueError) as error:
        msg = f"the certificate of the broker, or of who signed it, cannot be read: {error}"
        raise BrokerError(msg) from error
    # Certificates that people make at home lack what strict checks want of public ones.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


async def async_stay(
    hass: HomeAssistant,
    source: MessageSource,
    broker: Mapping[str, Any] | None,
    tell: Callable[[], None],
) -> None:
    """Hear messages for ever, coming back whenever the connection is lost."""
    pause = _SHORTEST_PAUSE_S
    while True:
        began = time.monotonic()
        try:
            await async_listen(hass, source, broker, tell)
        except BrokerError as error:
            # The device itself is said to be silent when it is; this is for who looks closer.
            _LOGGER.debug("No messages can be heard: %s", error)
        if time.monotonic() - began > _LONGEST_PAUSE_S:
            pause = _SHORTEST_PAUSE_S
        await asyncio.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE_S)


async def _async_listen_to_home_assistant(
    hass: HomeAssistant, source: MessageSource, tell: Callable[[], None]
) -> None:
    if "mqtt" not in hass.config.components:
        msg = "Home Assistant's MQTT is not set up"
        raise BrokerError(msg)
    from homeassistant.components import mqtt  # noqa: PLC0415 - not everybody has it

    @callback
    def hear(message: ReceiveMessage) -> None:
        source.hear(message.topic, message.payload, retained=message.retain)
        tell()

    async def publish(topic: str, payload: str) -> None:
        await mqtt.async_publish(hass, topic, payload)

    if not await mqtt.async_wait_for_mqtt_client(hass):
        msg = "Home Assistant's MQTT has no connection to its broker"
        raise BrokerError(msg)
    stop = [await mqtt.async_subscribe(hass, topic, hear) for topic in sorted(source.topics)]
    try:
        await _async_keep_alive(source, publish)
    finally:
        for unsubscribe in stop:
            unsubscribe()


async def _async_listen_to_broker(
    source: MessageSource,
    broker: Mapping[str, Any],
    encryption: ssl.SSLContext | None,
    tell: Callable[[], None],
) -> None:
    import aiomqtt  # noqa: PLC0415 - loaded for who has a second broker alone

    try:
        client = aiomqtt.Client(
            broker[CONF_HOST],
            broker[CONF_PORT],
            username=broker.get(CONF_USERNAME),
            password=broker.get(CONF_PASSWORD),
            tls_context=encryption,
            timeout=_PATIENCE_S,
        )
        async with _connected(client), asyncio.TaskGroup() as tasks:
            for topic in sorted(source.topics):
                await client.subscribe(topic)
            tasks.create_task(_async_keep_alive(source, client.publish))
            await _async_hear(client, source, tell)
    except* (aiomqtt.MqttError, ValueError) as errors:
        # It says with ValueError that a host or a topic cannot be one.
        raise BrokerError(str(errors.exceptions[0])) from errors


@asynccontextmanager
async def _connected(client: Client) -> AsyncIterator[None]:
    """Be connected; a connection that is being made when this is cancelled is made and ended.

    What the library leaves of one that is broken off stays open, and raises later.
    """
    connecting = asyncio.create_task(client.__aenter__())
    try:
        await asyncio.wait((connecting,))
    except asyncio.CancelledError:
        await asyncio.wait((connecting,))
        if connecting.exception() is None:
            await client.__aexit__(None, None, None)
        raise
    await connecting
    async with AsyncExitStack() as stack:
        stack.push_async_exit(client)
        yield


async def _async_hear(client: Client, source: MessageSource, tell: Callable[[], None]) -> None:
    async for message in client.messages:
        payload = message.payload
        if isinstance(payload, bytes | bytearray | str):
            source.hear(message.topic.value, payload, retained=message.retain)
            tell()


async def _async_keep_alive(source: MessageSource, publish: Callable[[str, str], Any]) -> None:
    """Send for ever what the device wants to be sent, if it wants anything."""
    if (said := source.keepalive) is None:
        await asyncio.Event().wait()
        return
    topic, payload, every = said
    while True:
        await publish(topic, payload)
        await asyncio.sleep(every)
