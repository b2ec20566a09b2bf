"""translations/*.json: the form of English, and that other languages say the same."""

import re
from collections import Counter
from collections.abc import Iterator
from string import Formatter
from typing import Any, Final

import probatio
from homeassistant.generated.languages import LANGUAGES
from homeassistant.helpers import config_validation as cv

from .package import Finding, Package, leaves, schema_findings

_KEY: Final = re.compile(r"[a-z0-9]+([-_][a-z0-9]+)*")
_HTML: Final = re.compile(r"</?[a-zA-Z]|<!--")
_URL: Final = re.compile(r"\b([a-z]+://|www\.)", re.IGNORECASE)
_QUOTED_PLACEHOLDER: Final = re.compile(r"'\{[^}]*\}'")


def form(package: Package) -> list[Finding]:
    """Check the groups of English, and each text in itself."""
    return schema_findings("translations/en.json", _SCHEMA, package.english)


def check(package: Package) -> list[Finding]:
    """Check what English describes, and each other language against it."""
    findings = list(_described_fields(package.english))
    for path in sorted((package.folder / "translations").glob("*.json")):
        file = f"translations/{path.name}"
        if path.stem not in LANGUAGES:
            findings.append(Finding(file, "", "is no language of Home Assistant's"))
        if path.stem != "en":
            findings.extend(_same_as_english(package.english, file, package.json(file)))
    return findings


def _placeholders(text: str) -> Counter[str]:
    return Counter(name for _, name, _, _ in Formatter().parse(text) if name is not None)


def _text(value: object) -> str:
    """Accept plain text whose placeholders are identifiers."""
    if not isinstance(value, str) or not value:
        msg = "must be a text"
        raise probatio.Invalid(msg)
    problems = {
        "must have no blanks at its ends": value != value.strip(),
        "must hold no HTML": _HTML.search(value),
        "must hold no address: pass it by a placeholder": _URL.search(value),
        "must not quote a placeholder with ': that hides it": _QUOTED_PLACEHOLDER.search(value),
        "must hold no reference to another text": "[%key:" in value,
    }
    for problem, found in problems.items():
        if found:
            raise probatio.Invalid(problem)
    cv.string_with_no_html(value)
    try:
        names = _placeholders(value)
    except ValueError as error:
        msg = f"has a brace out of place: {error}"
        raise probatio.Invalid(msg) from error
    if not all(name.isidentifier() for name in names):
        msg = "has a placeholder that is no identifier"
        raise probatio.Invalid(msg)
    return value


def _fixed_text(value: object) -> str:
    """Accept a text without placeholders."""
    text = _text(value)
    if _placeholders(text):
        msg = "must hold no placeholders"
        raise probatio.Invalid(msg)
    return text


def _key(value: object) -> str:
    if not isinstance(value, str) or not _KEY.fullmatch(value):
        msg = "must be of small letters, digits and single - or _ between them"
        raise probatio.Invalid(msg)
    return value


def _key_or_default(value: object) -> str:
    return value if value == "_" else _key(value)


_TEXTS: Final = {_key: _text}
_STEP: Final = {
    probatio.Optional("title"): _text,
    probatio.Optional("description"): _text,
    probatio.Optional("data"): _TEXTS,
    probatio.Optional("data_description"): _TEXTS,
    probatio.Optional("menu_options"): _TEXTS,
    probatio.Optional("menu_option_descriptions"): _TEXTS,
    probatio.Optional("submit"): _text,
    probatio.Optional("sections"): {
        _key: {
            probatio.Optional("name"): _text,
            probatio.Optional("description"): _text,
            probatio.Optional("data"): _TEXTS,
            probatio.Optional("data_description"): _TEXTS,
        }
    },
}
_FLOW: Final[dict[object, object]] = {
    probatio.Optional("flow_title"): _text,
    probatio.Optional("step"): {_key: _STEP},
    probatio.Optional("error"): _TEXTS,
    probatio.Optional("abort"): _TEXTS,
    probatio.Optional("progress"): _TEXTS,
    probatio.Optional("create_entry"): _TEXTS,
}
_SUBENTRY_FLOW: Final = {
    **_FLOW,
    probatio.Required("entry_type"): _text,
    probatio.Required("initiate_flow"): {
        probatio.Required("user"): _text,
        probatio.Optional("reconfigure"): _text,
    },
}
_ENTITY: Final = {
    probatio.Optional("name"): _text,
    probatio.Optional("state"): {_key: _fixed_text},
    probatio.Optional("state_attributes"): {
        _key: {
            probatio.Optional("name"): _fixed_text,
            probatio.Optional("state"): {_key: _fixed_text},
        }
    },
    probatio.Optional("unit_of_measurement"): _fixed_text,
}
_ACTION: Final = {
    probatio.Required("name"): _fixed_text,
    probatio.Required("description"): _text,
    probatio.Optional("fields"): {
        _key: {
            probatio.Required("name"): _fixed_text,
            probatio.Optional("description"): _text,
            probatio.Optional("example"): _text,
        }
    },
    probatio.Optional("sections"): {
        _key: {
            probatio.Required("name"): _fixed_text,
            probatio.Optional("description"): _text,
        }
    },
}
_AUTOMATION: Final = {
    probatio.Required("name"): _fixed_text,
    probatio.Required("description"): _text,
    probatio.Optional("fields"): {
        _key: {
            probatio.Required("name"): _fixed_text,
            probatio.Optional("description"): _text,
        }
    },
}


def _issue(value: object) -> object:
    """Accept an issue that can be read about or fixed, not both."""
    probatio.Schema(
        {
            probatio.Required("title"): _text,
            probatio.Optional("description"): _text,
            probatio.Optional("fix_flow"): _FLOW,
        }
    )(value)
    if isinstance(value, dict) and ("description" in value) == ("fix_flow" in value):
        msg = "needs either a description or a fix_flow"
        raise probatio.Invalid(msg)
    return value


_SCHEMA: Final = probatio.Schema(
    {
        probatio.Optional("title"): _fixed_text,
        probatio.Optional("config"): _FLOW,
        probatio.Optional("options"): _FLOW,
        probatio.Optional("config_subentries"): {_key: _SUBENTRY_FLOW},
        probatio.Optional("selector"): {
            _key: {
                probatio.Optional("options"): {_key: _fixed_text},
                probatio.Optional("unit_of_measurement"): {_key: _fixed_text},
                probatio.Optional("fields"): {
                    _key: {
                        probatio.Required("name"): _fixed_text,
                        probatio.Optional("description"): _text,
                    }
                },
            }
        },
        probatio.Optional("entity"): {_key: {_key: _ENTITY}},
        probatio.Optional("entity_component"): {_key_or_default: _ENTITY},
        probatio.Optional("application_credentials"): {probatio.Required("description"): _text},
        probatio.Optional("device"): {_key: {probatio.Required("name"): _text}},
        probatio.Optional("services"): {_key: _ACTION},
        probatio.Optional("triggers"): {_key: _AUTOMATION},
        probatio.Optional("conditions"): {_key: _AUTOMATION},
        probatio.Optional("exceptions"): {_key: {probatio.Required("message"): _text}},
        probatio.Optional("issues"): {_key: _issue},
        probatio.Optional("system_health"): {probatio.Required("info"): _TEXTS},
        probatio.Optional("common"): _TEXTS,
    }
)


def _described_fields(english: dict[str, Any]) -> Iterator[Finding]:
    """Find descriptions of fields that are not there, and fields without one."""
    for path, form in _forms(english):
        data, described = form.get("data", {}), form.get("data_description", {})
        for name in described.keys() - data.keys():
            where = f"{path}.data_description.{name}"
            yield Finding("translations/en.json", where, "describes no field")
        for name in data.keys() - described.keys():
            where = f"{path}.data.{name}"
            yield Finding("translations/en.json", where, "has no data_description")


def _forms(value: object, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(value, dict):
        if isinstance(value.get("data", value.get("data_description")), dict):
            yield path, value
        for key, inner in value.items():
            yield from _forms(inner, f"{path}.{key}" if path else key)


def _same_as_english(
    english: dict[str, Any], file: str, language: dict[str, Any]
) -> Iterator[Finding]:
    """Find texts that are missing, too many, or have other placeholders."""
    ours, theirs = dict(leaves(english)), dict(leaves(language))
    for where in ours.keys() - theirs.keys():
        yield Finding(file, where, "is not translated")
    for where in theirs.keys() - ours.keys():
        yield Finding(file, where, "is not in English")
    for where in ours.keys() & theirs.keys():
        try:
            same = _placeholders(_text(theirs[where])) == _placeholders(str(ours[where]))
        except probatio.Invalid as invalid:
            yield Finding(file, where, str(invalid))
        else:
            if not same:
                yield Finding(file, where, "has other placeholders than English")
