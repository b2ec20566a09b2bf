"""Ways to break translations, icons and descriptions of actions."""

import json
from typing import Any, Final

from .copy import Breakage, Copy, appended, edited, removed

_ENGLISH: Final = "translations/en.json"
_STEP: Final = "config.step.user"


def _english(what: str, where: str, text: object) -> Breakage:
    """Put a text at a place in English."""
    return edited(what, _ENGLISH, lambda texts: _put(texts, where, text), where)


def _put(value: dict[str, Any], where: str, inner: object) -> None:
    *path, last = where.split(".")
    for step in path:
        value = value.setdefault(step, {})
    value[last] = inner


def _drop(value: dict[str, Any], where: str) -> None:
    *path, last = where.split(".")
    for step in path:
        value = value[step]
    del value[last]


def _missing(where: str) -> Breakage:
    return edited(f"{where} missing", _ENGLISH, lambda texts: _drop(texts, where), where)


def _german(what: str, where: str, text: str | None) -> Breakage:
    """Add a language that is English but for one text."""

    def damage(copy: Copy) -> None:
        texts = json.loads(copy.path(_ENGLISH).read_text())
        _put(texts, where, text) if text else _drop(texts, where)
        copy.path("translations/de.json").write_text(json.dumps(texts))

    return Breakage(what, damage, "translations/de.json", where)


def _add_field(texts: dict[str, Any]) -> None:
    _put(texts, f"{_STEP}.data.code", "Code")
    _put(texts, f"{_STEP}.data_description.code", "The code.")


def _drop_fields(texts: dict[str, Any]) -> None:
    _drop(texts, "config.step.samples.data")
    _drop(texts, "config.step.samples.data_description")


TRANSLATIONS: Final = (
    _english("HTML", f"{_STEP}.description", "Take the <b>invite</b>."),
    _english("an address", f"{_STEP}.description", "See https://street.example."),
    _english("a blank at the end", f"{_STEP}.title", "Accept "),
    _english("a quoted placeholder", f"{_STEP}.title", "Accept '{invite}'"),
    _english("a placeholder with a blank", f"{_STEP}.title", "Accept {the invite}"),
    _english("a brace left open", f"{_STEP}.title", "Accept {invite"),
    _english("a reference", f"{_STEP}.title", "[%key:common::title%]"),
    _english("an empty text", f"{_STEP}.title", ""),
    _english("a number", f"{_STEP}.title", 1),
    _english("a placeholder in a state", "entity.sensor.membership.state.invited", "In {coop}"),
    _english("an unknown group", "texts", {}),
    _english("an unknown part of a step", f"{_STEP}.subtitle", "Invite"),
    _english("a description of nothing", f"{_STEP}.data_description.code", "The code."),
    _english("an error that nobody shows", "config.error.too_late", "Too late."),
    _english("an exception that nobody raises", "exceptions.lost", {"message": "Lost."}),
    _english("an entity that does not exist", "entity.sensor.price", {"name": "Price"}),
    _english(
        "an issue both to read and to fix",
        "issues.clock",
        {"title": "Clock", "description": "It is wrong.", "fix_flow": {}},
    ),
    edited(
        "a subentry without a type",
        _ENGLISH,
        lambda texts: _put(texts, "config_subentries.meter.initiate_flow.user", "Add"),
        "config_subentries.meter.entry_type",
    ),
    edited(
        "a capital in a key",
        _ENGLISH,
        lambda texts: _put(texts, "entity.sensor.membership.state.Left", "Left"),
        "entity.sensor.membership.state.Left",
    ),
    _english("an HTML comment", f"{_STEP}.title", "Accept <!-- it -->"),
    _english("a placeholder never filled", f"{_STEP}.description", "From {coop}."),
    _english("another step's placeholder", "config.error.no_invite", "None in {text}."),
    _english("an exception's placeholder", "exceptions.key_unreadable.message", "Of {member}."),
    _english("options without a flow", "options.step.init", {"title": "Options"}),
    _english("an issue that nobody raises", "issues.clock", {"title": "Cl", "description": "Off."}),
    _english("an action that does not exist", "services.sell", {"name": "S", "description": "S."}),
    _english("a choice that nobody has", "selector.how", {"options": {"a": "A"}}),
    Breakage(
        "health that nobody tells",
        lambda copy: copy.path("system_health.py").unlink(),
        _ENGLISH,
        "system_health",
    ),
    edited(
        "a text for a field that the form lacks",
        _ENGLISH,
        _add_field,
        f"{_STEP}.data.code",
    ),
    edited(
        "a field without a text",
        _ENGLISH,
        _drop_fields,
        "data.samples_mib",
    ),
    edited(
        "an entity that lost its name",
        _ENGLISH,
        lambda texts: _drop(texts, "entity.sensor.membership.name"),
        "entity.sensor.membership",
    ),
    Breakage(
        "a text twice",
        lambda copy: copy.replace(_ENGLISH, '"title": "DePIN",', '"title": "A", "title": "B",'),
        _ENGLISH,
    ),
    Breakage("a list for texts", lambda copy: copy.path(_ENGLISH).write_text("[]"), _ENGLISH),
    removed(_ENGLISH),
    _missing("config.error.no_invite"),
    _missing("config.abort.already_configured"),
    _missing("exceptions.key_unreadable"),
    edited(
        "a field without description",
        _ENGLISH,
        lambda texts: _drop(texts, f"{_STEP}.data_description"),
        f"{_STEP}.data.invite",
    ),
    appended("not JSON", _ENGLISH, "}"),
    _german("a text not translated", f"{_STEP}.title", None),
    _german("a text that English lacks", f"{_STEP}.submit", "Weiter"),
    _german("another placeholder", f"{_STEP}.title", "{invite} annehmen"),
    _german("an address in German", f"{_STEP}.title", "Auf http://street.example"),
    Breakage(
        "an unknown language",
        lambda copy: copy.path("translations/xx.json").write_text(copy.path(_ENGLISH).read_text()),
        "translations/xx.json",
    ),
)


def _icon(what: str, where: str, icon: object, found: str | None = None) -> Breakage:
    return edited(what, "icons.json", lambda icons: _put(icons, where, icon), found or where)


_MEMBERSHIP: Final = "entity.sensor.membership"

ICONS: Final = (
    _icon("another set of icons", f"{_MEMBERSHIP}.default", "hass:home"),
    _icon("the default for a state", f"{_MEMBERSHIP}.state.invited", "mdi:home-group", _MEMBERSHIP),
    _icon("a state without text", f"{_MEMBERSHIP}.state.left", "mdi:exit-run"),
    _icon("an entity without text", "entity.sensor.price", {"default": "mdi:cash"}),
    _icon("ranges that fall", f"{_MEMBERSHIP}.range", {"9": "mdi:sun", "1": "mdi:moon"}),
    _icon("a range of words", f"{_MEMBERSHIP}.range", {"low": "mdi:moon"}),
    removed("icons.json"),
    _icon("an icon for all", _MEMBERSHIP, "mdi:home"),
    _icon("an entity without icons", _MEMBERSHIP, {}),
    _icon("an unknown platform", "entity.sensr", {}),
    _icon("an unknown group", "devices", {}),
    _icon("an action without text", "services.sell", {"service": "mdi:cash"}),
    appended("not JSON", "icons.json", "}"),
)


def _action(what: str, where: str, description: str, file: str = "services.yaml") -> Breakage:
    """Describe an action that English knows, with one fault."""

    def damage(copy: Copy) -> None:
        texts = {
            "name": "Sell",
            "description": "Sells.",
            "fields": {"wh": {"name": "Energy"}},
        }
        copy.edit(_ENGLISH, lambda english: english["services"].update(sell=texts))
        copy.append("services.yaml", description)

    return Breakage(what, damage, file, where)


SERVICES: Final = (
    _action(
        "an unknown selector",
        "sell.fields.wh.selector",
        "sell: {fields: {wh: {selector: {energy: }}}}",
    ),
    _action("an action without text", "services.buy", "sell: {}\nbuy: {}", _ENGLISH),
    _action("a target that is none", "sell.target.fuse", "sell: {target: {fuse: {}}}"),
    _action("an action as a text", "sell", "sell: sells"),
    _action("a field without text", "sell.fields.price", "sell: {fields: {price: {}}}"),
    _action("a filter without a target", "sell", "sell: {fields: {wh: {filter: {}}}}"),
    _action("a field twice", "sell", "sell: {fields: {wh: {}, more: {fields: {wh: {}}}}}"),
    _action("an unknown part", "sell.icon", "sell: {icon: sun}"),
    _action(
        "a choice without texts",
        "selector.how",
        "sell: {fields: {wh: {selector: {select: {options: [a], translation_key: how}}}}}",
        _ENGLISH,
    ),
    appended("a trigger without text", "triggers.yaml", "sold: {}", "sold"),
    appended("a condition without text", "conditions.yaml", "is_selling: {}", "is_selling"),
    edited(
        "a trigger's field without text",
        "triggers.yaml",
        lambda triggers: triggers["trade_matched"]["fields"].update(least={}),
        "trade_matched.fields.least",
    ),
    edited(
        "a trigger's unknown selector",
        "triggers.yaml",
        lambda triggers: triggers["trade_matched"]["fields"]["side"].update(
            selector={"market": None}
        ),
        "trade_matched.fields.side.selector",
    ),
    appended("not YAML", "services.yaml", "sell: [", ""),
)
