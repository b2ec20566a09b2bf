"""The parts of topics and paths that differ from home to home, filled in or found out."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import product
from typing import Final, overload

from . import payloads
from .places import MessagePlace, Step, TelegramPlace
from .profiles import Parameter, Profile

_NAME: Final = re.compile(r"\{(\w+)\}")
_MOST_BINDINGS: Final = 1000

type Binding = frozenset[tuple[str, str]]


@overload
def filled(place: MessagePlace, parameters: Mapping[str, str]) -> MessagePlace | None: ...
@overload
def filled(place: TelegramPlace, parameters: Mapping[str, str]) -> TelegramPlace | None: ...
def filled(
    place: MessagePlace | TelegramPlace, parameters: Mapping[str, str]
) -> MessagePlace | TelegramPlace | None:
    """Put the parameters into a place; None where one of them is missing."""
    try:
        topic = _filled_text(place.topic, parameters)
        if isinstance(place, TelegramPlace):
            return replace(place, topic=topic)
        path = tuple(_filled_step(step, parameters) for step in place.path)
        return replace(place, topic=topic, path=path)
    except KeyError:
        return None


def with_defaults(profile: Profile, given: Mapping[str, str]) -> dict[str, str]:
    """Return what the owner gave, and the profile's own suggestions for the rest."""
    suggested = {
        name: each.default for name, each in profile.parameters.items() if each.default is not None
    }
    return {**suggested, **given}


def parameters_in(
    profile: Profile, messages: Iterable[tuple[str, str]], given: Mapping[str, str]
) -> dict[str, str]:
    """Find out the parameters from messages: those under which most of them say something."""
    votes: Counter[Binding] = Counter()
    watched = [
        place for place in profile.places() if isinstance(place, MessagePlace | TelegramPlace)
    ]
    for topic, payload in messages:
        tree = payloads.document(payload)
        for place in watched:
            for binding in _bindings(place, (topic, payload), tree, profile.parameters):
                if len(votes) < _MOST_BINDINGS or binding in votes:
                    votes[binding] += 1
    found = dict(given)
    for binding, _ in votes.most_common():
        if all(found.get(name, each) == each for name, each in binding):
            found.update(binding)
    return with_defaults(profile, found)


def _bindings(
    place: MessagePlace | TelegramPlace,
    message: tuple[str, str],
    tree: object,
    parameters: Mapping[str, Parameter],
) -> Iterator[Binding]:
    """Give every way in which a message can be one that the place speaks of."""
    topic, payload = message
    match = _topic_pattern(place.topic).fullmatch(topic)
    if match is None or any(
        parameters[name].examples and value not in parameters[name].examples
        for name, value in match.groupdict().items()
        if name in parameters
    ):
        return
    bound = match.groupdict()
    if isinstance(place, TelegramPlace):
        if payloads.telegram_piece(payload, tree).lstrip().startswith("/"):
            yield frozenset(bound.items())
        return
    open_names = [
        name
        for step in place.path
        if isinstance(step, str)
        for name in _NAME.findall(step)
        if name not in bound
    ]
    choices = [_choices(name, tree, parameters) for name in open_names]
    for picked in product(*choices):
        binding = bound | dict(zip(open_names, picked, strict=True))
        path = tuple(_filled_step(step, binding) for step in place.path)
        if not path or payloads.on_path(tree, path) is not payloads.NOT_FOUND:
            yield frozenset(binding.items())


def _choices(name: str, tree: object, parameters: Mapping[str, Parameter]) -> list[str]:
    """Return what a name in a path can be: the profile's examples, else any object in the JSON."""
    if name in parameters and parameters[name].examples:
        return list(parameters[name].examples)
    if not isinstance(tree, dict):
        return []
    return [key for key, value in tree.items() if isinstance(value, dict)]


def _topic_pattern(template: str) -> re.Pattern[str]:
    """Return what a topic has to look like; a name that stands twice is the same both times."""
    pattern, seen, end = "", set[str](), 0
    for match in _NAME.finditer(template):
        name = match[1]
        pattern += re.escape(template[end : match.start()])
        pattern += f"(?P={name})" if name in seen else f"(?P<{name}>.+)"
        seen.add(name)
        end = match.end()
    return re.compile(pattern + re.escape(template[end:]))


def _filled_step(step: Step, parameters: Mapping[str, str]) -> Step:
    return _filled_text(step, parameters) if isinstance(step, str) else step


def _filled_text(text: str, parameters: Mapping[str, str]) -> str:
    return _NAME.sub(lambda match: parameters[match[1]], text)
