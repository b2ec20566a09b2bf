"""Read the fields of a statement's body, naming the one that is wrong."""

import re
from collections.abc import Callable, Collection
from typing import Final

from ..encoding import MAX_DEPTH, EncodingError, check_characters, check_json
from ..identifiers import HASH_PATTERN, ID_PATTERN, SIGNATURE_PATTERN

MAX_TIME: Final = 10**15 - 1
"""Latest instant, in milliseconds of unix time: fifteen digits."""

MAX_COUNT: Final = 10**15 - 1
"""Highest number of a statement in its chain, or of an event: fifteen digits as well."""

ID: Final = re.compile(ID_PATTERN)
HASH: Final = re.compile(HASH_PATTERN)
SIGNATURE: Final = re.compile(SIGNATURE_PATTERN)
MARKET: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?")


class BodyError(ValueError):
    """The body is not as its kind wants it; the message names the field."""


class Fields:
    """The fields of one object; each is taken once, and none may be left over."""

    __slots__ = ("_left", "_path")

    def __init__(self, value: object, path: str = "body") -> None:
        """Open an object."""
        if not isinstance(value, dict):
            raise BodyError(_is_no(path, "object"))
        self._left: dict[str, object] = value.copy()
        self._path = path

    def take(self, name: str) -> object:
        """Take a field that must be there."""
        try:
            return self._left.pop(name)
        except KeyError:
            msg = f"{self._path}.{name} is missing"
            raise BodyError(msg) from None

    def __contains__(self, name: str) -> bool:
        """Tell whether an optional field is there."""
        return name in self._left

    def path(self, name: str) -> str:
        """Name a field in full."""
        return f"{self._path}.{name}"

    def integer(self, name: str, low: int, high: int) -> int:
        """Take an integer between two bounds, both allowed."""
        return integer(self.take(name), self.path(name), low, high)

    def time(self, name: str) -> int:
        """Take an instant."""
        return self.integer(name, 1, MAX_TIME)

    def text(self, name: str, pattern: re.Pattern[str]) -> str:
        """Take a text of a given form."""
        return matching(self.take(name), self.path(name), pattern)

    def words(self, name: str, limit: int) -> str:
        """Take what a person wrote, up to `limit` characters."""
        return words(self.take(name), self.path(name), limit)

    def one_of(self, name: str, allowed: Collection[str]) -> str:
        """Take one of a few words."""
        value = self.take(name)
        if not isinstance(value, str) or value not in allowed:
            msg = f"{self.path(name)} is none of {', '.join(sorted(allowed))}"
            raise BodyError(msg)
        return value

    def json_object(self, name: str) -> dict[str, object]:
        """Take an object of whatever content, within the rules of the protocol's JSON."""
        value = self.take(name)
        if not isinstance(value, dict):
            raise BodyError(_is_no(self.path(name), "object"))
        try:
            check_json(value, MAX_DEPTH - 1)
        except EncodingError as error:
            msg = f"{self.path(name)}: {error}"
            raise BodyError(msg) from None
        return value

    def true(self, name: str) -> bool:
        """Take a mark that is there, as `true`, or not."""
        if name not in self._left:
            return False
        if self.take(name) is not True:
            msg = f"{self.path(name)} is true or left out"
            raise BodyError(msg)
        return True

    def array[T](
        self, name: str, most: int, read: Callable[[object, str], T], least: int = 0
    ) -> tuple[T, ...]:
        """Take an array of `least` to `most` values, each read by `read`."""
        return array(self.take(name), self.path(name), most, read, least)

    def finish(self) -> None:
        """Refuse what nobody asked for: an unknown field could change the meaning of the others."""
        for name in self._left:
            msg = f"{self._path}.{name[:40]!r} is unknown"
            raise BodyError(msg)


def integer(value: object, path: str, low: int, high: int) -> int:
    """Check an integer between two bounds, both allowed."""
    if type(value) is not int or not low <= value <= high:
        raise BodyError(_is_no(path, f"integer from {low} to {high}"))
    return value


def matching(value: object, path: str, pattern: re.Pattern[str]) -> str:
    """Check a text of a given form."""
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise BodyError(_is_no(path, f"text like {pattern.pattern}"))
    return value


def words(value: object, path: str, limit: int) -> str:
    """Check what a person wrote, up to `limit` characters."""
    if not isinstance(value, str) or len(value) > limit:
        raise BodyError(_is_no(path, f"text of up to {limit} characters"))
    try:
        check_characters(value)
    except EncodingError as error:
        msg = f"{path}: {error}"
        raise BodyError(msg) from None
    return value


def time(value: object, path: str) -> int:
    """Check an instant."""
    return integer(value, path, 1, MAX_TIME)


def hash_text(value: object, path: str) -> str:
    """Check a hash."""
    return matching(value, path, HASH)


def identifier(value: object, path: str) -> str:
    """Check a name of 16 bytes."""
    return matching(value, path, ID)


def array[T](
    value: object, path: str, most: int, read: Callable[[object, str], T], least: int = 0
) -> tuple[T, ...]:
    """Check an array of `least` to `most` values."""
    if not isinstance(value, list) or not least <= len(value) <= most:
        raise BodyError(_is_no(path, f"array of {least} to {most} values"))
    return tuple(read(item, f"{path}[{at}]") for at, item in enumerate(value))


def row(value: object, path: str, length: int) -> list[object]:
    """Check an array of a fixed length, whose values the caller checks."""
    if not isinstance(value, list) or len(value) != length:
        raise BodyError(_is_no(path, f"array of {length} values"))
    return value


def ascending[T](values: tuple[T, ...], key: Callable[[T], int], path: str) -> None:
    """Check that the values stand in strictly rising order of their keys."""
    keys = [key(value) for value in values]
    for at in range(1, len(keys)):
        if keys[at - 1] >= keys[at]:
            msg = f"{path}[{at}] must come after the one before it"
            raise BodyError(msg)


def _is_no(path: str, what: str) -> str:
    article = "an" if what[0] in "aeio" else "a"
    return f"{path} is not {article} {what}"
