"""A device that sends messages, heard as its profile describes it."""

from collections.abc import Hashable, Mapping
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from typing import Final

from . import payloads
from .formulas import Raw
from .parameters import filled
from .places import MessagePlace, TelegramPlace
from .points import NO_POINTS, Reading, Role, Status
from .profiles import Profile, ProfileError
from .telegrams import Telegram

SILENCE_MS: Final = 15 * 60_000
"""A device that was not heard for so long is silent: what it said last is no reading."""

_SECONDS_END: Final = 10**11


class MessageDevice:
    """A pushed source: it is told of messages, and asked what they say."""

    def __init__(
        self, profile: Profile, parameters: Mapping[str, str], *, silence_ms: int = SILENCE_MS
    ) -> None:
        """Take the owner's parameters; what needs one that is missing is never read."""
        if profile.transport not in {"mqtt", "ocpp"}:
            msg = f"profile {profile.key} is read by {profile.transport}, not from messages"
            raise ProfileError(msg)
        self.profile = profile
        self.online: bool | None = None
        self.heard_at: int | None = None
        self._silence_ms = silence_ms
        self._values: dict[str, dict[MessagePlace, MessagePlace]] = {}
        self._telegrams: dict[str, _Assembly] = {}
        self._seen: dict[Hashable, Raw] = {}
        self._times: dict[Hashable, int] = {}
        for place in profile.places():
            if isinstance(place, MessagePlace | TelegramPlace):
                self._follow(place, parameters)
        will = profile.availability and filled(profile.availability[0], parameters)
        self._availability = will.topic if will else None
        self._own_time = profile.own_time and filled(profile.own_time, parameters)

    @property
    def topics(self) -> frozenset[str]:
        """Return what to subscribe to."""
        status = {self._availability} if self._availability else set()
        return frozenset({*self._values, *self._telegrams, *status})

    def hear(self, topic: str, payload: str, at: int, *, retained: bool = False) -> None:
        """Take in one message that arrived at an instant.

        A retained one may be of any age: it counts only where it carries a time of its own.
        """
        if topic == self._availability:
            self._change_availability(payload)
            return
        tree = payloads.document(payload)
        if topic not in self._values and topic not in self._telegrams:
            return
        if retained:
            own = self._time_in(topic, tree)
            if own is None or own > at:
                return
            at = own
        said = self._take(topic, payload, tree)
        if retained:
            said = {place: raw for place, raw in said.items() if at >= self._times.get(place, at)}
        if said:
            self._seen.update(said)
            self._times.update(dict.fromkeys(said, at))
            # What comes now is the latest, though the clock may have been put back.
            if not retained or self.heard_at is None or at > self.heard_at:
                self.heard_at = at

    def reading(self, now: int) -> Reading:
        """Return what was heard, or that the device is unavailable."""
        silent = self.heard_at is not None and now - self.heard_at > self._silence_ms
        if self.online is False or silent:
            why = "silent" if silent else "offline, by its own last message"
            roles = dict.fromkeys(self.profile.roles, NO_POINTS)
            device = replace(NO_POINTS, status=Status.UNAVAILABLE)
            return Reading(device, roles, (f"the device is {why}",))
        return self.profile.read(self._seen)

    def times(self) -> Mapping[Role, Mapping[str, int]]:
        """Return when each number of each role was heard, by its own time where it gives one."""
        return self.profile.times(self._times)

    def _follow(self, place: MessagePlace | TelegramPlace, parameters: Mapping[str, str]) -> None:
        where = filled(place, parameters)
        if where is None:
            return
        if isinstance(place, MessagePlace) and isinstance(where, MessagePlace):
            self._values.setdefault(where.topic, {})[place] = where
        elif isinstance(place, TelegramPlace) and isinstance(where, TelegramPlace):
            assembly = self._telegrams.setdefault(where.topic, _Assembly())
            assembly.places[place] = where.obis

    def _take(self, topic: str, payload: str, tree: object) -> dict[Hashable, Raw]:
        """Return what a message says, by the places that it is for."""
        said: dict[Hashable, Raw] = {}
        gone = payload.strip() == ""
        for place, where in self._values.get(topic, {}).items():
            if gone or not where.path:
                said[place] = payloads.scalar(payload)
            elif payloads.on_path(tree, where.path) is not payloads.NOT_FOUND:
                said[place] = payloads.value(tree, where.path)
        if assembly := self._telegrams.get(topic):
            values = assembly.telegram.take(payloads.telegram_piece(payload, tree)) or {}
            said |= {
                place: values[obis] for place, obis in assembly.places.items() if obis in values
            }
        return said

    def _change_availability(self, payload: str) -> None:
        """Follow the device's last will; what was heard before it went is not read again."""
        tree = payloads.document(payload)
        state = tree.get("state") if isinstance(tree, dict) else payload.strip().strip('"')
        words = self.profile.availability[1] if self.profile.availability else frozenset()
        self.online = str(state).lower() in {word.lower() for word in words}
        if not self.online:
            self._seen.clear()
            self._times.clear()

    def _time_in(self, topic: str, tree: object) -> int | None:
        """Return the time that a message gives itself, in milliseconds."""
        own = self._own_time
        if own is None or own.topic != topic or tree is payloads.NOT_FOUND:
            return None
        return instant(payloads.on_path(tree, own.path))


class _Assembly:
    """A telegram on its way, and the places that its values are for."""

    def __init__(self) -> None:
        self.telegram = Telegram()
        self.places: dict[TelegramPlace, str] = {}


def instant(written: object) -> int | None:
    """Read a time: seconds or milliseconds since 1970, or a date with its zone."""
    if isinstance(written, int | Fraction) and not isinstance(written, bool):
        return int(written) if written >= _SECONDS_END else int(written * 1000)
    if not isinstance(written, str):
        return None
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        return None
    return None if moment.tzinfo is None else int(moment.timestamp() * 1000)
