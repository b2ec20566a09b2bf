"""Every profile: that its file is sound, and that it decodes what its device sends."""

import re
from dataclasses import fields
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import voluptuous as vol
import yaml  # type: ignore[import-untyped]

from custom_components.depin.devices.capture import replay
from custom_components.depin.devices.points import Points, Role
from custom_components.depin.devices.profile_schema import PROFILE
from custom_components.depin.devices.profiles import (
    FOLDER,
    Profile,
    ProfileError,
    load,
    names,
    parse,
)
from custom_components.depin.devices.register_device import RegisterDevice

from . import charger_cases, hybrid_cases, inverter_cases, message_cases, meter_cases
from .captures import capture, registers
from .case import Case
from .sunspec_maps import common, inverter, meter, sunspec_map

CASES = (
    *meter_cases.CASES,
    *inverter_cases.CASES,
    *hybrid_cases.CASES,
    *charger_cases.CASES,
    *message_cases.CASES,
    Case(
        "sunspec",
        "the alliance's models 1 and 103",
        sunspec_map(common("Fronius", "Symo", "9"), inverter(5, 6)),
        {
            "power_w": 5,
            "production_wh": 6,
            "frequency_hz": 50.02,
            "status": "running",
            "serial": "9",
            "model": "Symo",
            "manufacturer": "Fronius",
        },
    ),
    Case(
        "fronius_smart_meter",
        "evcc and the alliance's models 1 and 203",
        sunspec_map(common("Fronius", "Smart Meter", "7"), meter(-5, 6, 7)),
        {
            "power_w": -5,
            "export_wh": 6,
            "import_wh": 7,
            "frequency_hz": 49.98,
            "serial": "7",
            "model": "Smart Meter",
            "manufacturer": "Fronius",
        },
    ),
)


def example(name: str, text: str) -> Case | None:
    """Return the example that a profile's own file gives, if it gives one."""
    written = yaml.safe_load(text).get("example")
    return Case(name, "its own example", **written) if written else None


EXAMPLES = [
    case for name in names() if (case := example(name, (FOLDER / f"{name}.yaml").read_text()))
]


@pytest.mark.parametrize(
    "case", [*CASES, *EXAMPLES], ids=lambda case: f"{case.profile}: {case.source}"[:80]
)
async def test_a_capture_is_decoded(case: Case) -> None:
    await check(case, load(case.profile, case.options))


async def check(case: Case, profile: Profile) -> None:
    """Let a profile say of a capture what its case says, and nothing more."""
    reading = await replay(capture(case.capture), profile, case.parameters)
    said = reading.to_json()
    absent: dict[str, Any] = {field.name: None for field in fields(Points)} | {"strings": []}
    whole = {name: said[name] for name in absent}
    whole["strings"] = list(whole["strings"])
    assert whole == absent | case.points
    for role, points in case.parts.items():
        assert {name: said["parts"][role][name] for name in points} == points


def test_every_profile_has_a_capture() -> None:
    assert {case.profile for case in (*CASES, *EXAMPLES)} == set(names())


def test_the_researched_devices_are_there() -> None:
    assert len(names()) >= 35


@pytest.mark.parametrize("name", names())
def test_every_choice_of_every_option_makes_a_profile(name: str) -> None:
    offered = load(name).options
    for choices in product(*(option.choices for option in offered.values())):
        assert load(name, dict(zip(offered, choices, strict=True))).sources


@pytest.mark.parametrize("name", names())
def test_every_option_changes_something(name: str) -> None:
    plain = load(name)
    for option, offer in plain.options.items():
        others = [load(name, {option: choice}) for choice in offer.choices]
        assert len({repr(other) for other in others}) == len(others)


@pytest.mark.parametrize("name", names())
def test_a_profile_says_how_its_device_is_known(name: str) -> None:
    profile = load(name)
    assert profile.identified_by
    assert profile.transport == "sunspec" or profile.roles


async def test_a_device_is_told_from_others() -> None:
    em24 = load("carlo_gavazzi_em24_e1")
    for address, expected in ((51, True), (55, False)):
        made = capture(registers("input", {address: ("int16", 500)}, "little"))
        assert await RegisterDevice(em24, {"": made}).identify() is expected


@pytest.mark.parametrize(("name", "expected"), [("SUN2000-5KTL", True), ("SUN5000", False)])
async def test_a_device_is_told_by_its_name(name: str, expected: bool) -> None:  # noqa: FBT001
    made = capture(registers("holding", {30_000: ("string", name)}))
    assert await RegisterDevice(load("huawei_sun2000"), {"": made}).identify() is expected


TELLING: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    (
        "deye_3p_hybrid",
        "battery_class",
        "HV",
        registers("holding", {0: ("uint16", 6), 590: ("int16", 300)}, "little"),
    ),
    (
        "keba_p30_p40_modbus",
        "counters",
        "Wh",
        registers(
            "holding",
            {1016: ("uint32", 4_123_456), 1018: ("uint32", 10_200), 1036: ("uint32", 1234)},
        ),
    ),
    (
        "huawei_sun2000",
        "production",
        "dc",
        registers("holding", {37_780: ("uint32", 5), 32_106: ("uint32", 7), 32_108: ("uint32", 9)}),
    ),
    ("goe_modbus", "words", "swapped", registers("input", {108: ("uint32", 231)}, "little")),
)


@pytest.mark.parametrize(("name", "option", "choice", "made"), TELLING)
async def test_a_device_settles_a_disagreement_that_its_owner_leaves_open(
    name: str, option: str, choice: str, made: dict[str, Any]
) -> None:
    left_open, settled = load(name), load(name, {option: choice})
    reading = await replay(capture(made), left_open, {})
    assert reading.flat == (await replay(capture(made), settled, {})).flat
    assert f"{option}={choice}, by what the device says" in reading.said
    default = left_open.options[option].default
    kept = await replay(capture(made), load(name, {option: default}), {})
    assert not any("by what the device says" in words for words in kept.said)


async def test_a_p40_with_newer_firmware_counts_in_tenths() -> None:
    values = {1016: ("uint32", 4_123_456), 1018: ("uint32", 10_201), 1036: ("uint32", 1234)}
    reading = await replay(capture(registers("holding", values)), load("keba_p30_p40_modbus"), {})
    assert (reading.flat.import_wh, reading.said) == (123, ())


async def test_a_capture_of_another_device_says_so() -> None:
    made = capture(registers("holding", {5: ("uint16", 5)}))
    reading = await replay(made, load("eastron_sdm630"), {})
    assert reading.said == ("this capture has no value at any register that eastron_sdm630 knows",)


ZEROS = {space: {str(at): 0 for at in range(65_536)} for space in ("holding", "input")}


@pytest.mark.parametrize("name", [name for name in names() if load(name).checks])
async def test_a_device_of_zeros_is_no_device(name: str) -> None:
    assert await RegisterDevice(load(name), {"": capture(ZEROS)}).identify() is False


@pytest.mark.parametrize(
    ("name", "options", "made"),
    [
        ("shelly_pro_3em_modbus", {}, ("input", {1020: ("float32", 231.0)}, "little")),
        (
            "shelly_pro_3em_modbus",
            {"profile": "channel_2"},
            ("input", {2023: ("float32", 231.0)}, "little"),
        ),
        ("alfen_ng9xx_modbus", {}, ("holding", {1201: ("string", "C2")}, "big")),
        ("sma_native", {}, ("holding", {30_057: ("uint32", 3_001_234_567)}, "big")),
    ],
)
async def test_a_device_is_known_by_what_its_profile_says(
    name: str, options: dict[str, str], made: tuple[str, Any, str]
) -> None:
    assert await RegisterDevice(load(name, options), {"": capture(registers(*made))}).identify()


async def test_an_inverter_without_dc_registers_shows_what_it_gives() -> None:
    made = registers("holding", {30_775: ("int32", 3000)})
    reading = await replay(capture(made), load("sma_native"), {})
    assert reading.parts[Role.PRODUCTION].power_w == 3000


async def test_a_counter_that_older_firmware_leaves_empty_hides_none() -> None:
    made = registers("holding", {36_120: ("uint64", 0), 36_017: ("float32", 654_321.0)})
    assert (await replay(capture(made), load("goodwe_et"), {})).flat.import_wh == 654_321


def test_some_devices_cannot_be_told() -> None:
    assert load("solis_hybrid").matches({}) is None


def sound() -> dict[str, Any]:
    written: dict[str, Any] = yaml.safe_load((FOLDER / "deye_3p_hybrid.yaml").read_text())
    return written


def _without(key: str) -> dict[str, Any]:
    return {name: value for name, value in sound().items() if name != key}


def _with_grid(points: dict[str, Any]) -> dict[str, Any]:
    return sound() | {"roles": {"grid": points}, "options": {}}


_POWER = {"register": 1, "type": "int16"}


@pytest.mark.parametrize(
    "written",
    [
        None,
        [],
        "text",
        _without("name"),
        _without("sources"),
        sound() | {"sources": []},
        sound() | {"transport": "carrier pigeon"},
        sound() | {"unknown": 1},
        _with_grid({"watts": _POWER}),
        _with_grid({"power_w": {"type": "int16"}}),
        _with_grid({"power_w": {"register": 1}}),
        _with_grid({"power_w": {"register": 65_536, "type": "int16"}}),
        _with_grid({"power_w": {"register": 1, "type": "int128"}}),
        _with_grid({"power_w": {"register": 1, "type": "string"}}),
        _with_grid({"power_w": {**_POWER, "length": 2}}),
        _with_grid({"power_w": {**_POWER, "topic": "t"}}),
        _with_grid({"power_w": {**_POWER, "unit": "horse"}}),
        _with_grid({"power_w": {**_POWER, "scale": "1/0"}}),
        _with_grid({"power_w": {"sum": [{"sum": [{}]}]}}),
        _with_grid({"status": {**_POWER, "states": {1: "sunny"}}}),
        sound() | {"roles": {"roof": {}}},
        sound() | {"options": {"a": {"about": "b", "default": "c", "choices": {"d": {}}}}},
        sound() | {"options": {"a": {"about": "b", "default": "c", "choices": {"c": {"x": 1}}}}},
        sound()
        | {
            "options": {
                "a": {"about": "b", "default": "c", "choices": {"c": {}}, "told_by": {"d": []}}
            }
        },
    ],
)
def test_an_unsound_profile_is_refused(written: object) -> None:
    with pytest.raises(ProfileError):
        parse("mine", yaml.safe_dump(written))


@pytest.mark.parametrize("text", ["a: [", "\t", "a: b: c"])
def test_a_file_that_is_no_yaml_is_refused(text: str) -> None:
    with pytest.raises(ProfileError, match="profile mine"):
        parse("mine", text)


def test_the_sound_profile_is_taken() -> None:
    assert parse("mine", yaml.safe_dump(sound())).vendor == "Deye"


async def test_the_example_in_the_documentation_is_a_profile() -> None:
    page = (FOLDER.parents[3] / "docs" / "devices.md").read_text()
    text = page.partition("```yaml\n")[2].partition("```")[0]
    case = example("example", text)
    assert case is not None
    await check(case, parse("example", text, case.options))
    made = capture(registers("input", {52: ("float32", 5.0), 72: ("uint32", 7)}))
    chosen = parse("example", text, {"counters": "Wh"})
    assert (await replay(made, chosen, {})).flat == Points(power_w=5, import_wh=7)


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("../manifest", {}, "there is no profile"),
        ("sunspec", {"colour": "red"}, "there is no option colour"),
        ("sunspec", {"meter_sign": "sideways"}, "meter_sign cannot be sideways"),
        ("ocpp", {"colour": "red"}, "there are none"),
    ],
)
def test_a_wrong_choice_is_refused(name: str, options: dict[str, str], words: str) -> None:
    with pytest.raises(ProfileError, match=words):
        load(name, options)


def test_the_page_of_devices_promises_none_that_is_not_there() -> None:
    page = (Path(__file__).parents[3] / "docs/devices.md").read_text()
    listed = re.findall(r"^- By (?:Modbus|MQTT): (.+)\.$", page, re.MULTILINE)
    there = {load(name).name for name in names()}
    assert len(listed) == 2
    assert all(name in there for line in listed for name in line.split("; "))


def test_the_page_of_devices_explains_every_key_of_a_profile() -> None:
    page = (Path(__file__).parents[3] / "docs/devices.md").read_text()
    _, _, after = page.partition("## Add a device: one file")
    words = set(re.findall(r"\w+", after.partition("\n## ")[0]))
    keys = keys_of(PROFILE)
    assert keys > {"also", "of", "told_by"}
    assert not keys - words - set(Points.__slots__)


def keys_of(schema: object) -> set[str]:
    """Return every key that a schema knows, however deep."""
    match schema:
        case vol.Schema(schema=inner):
            return keys_of(inner)
        case vol.All(validators=several) | vol.Any(validators=several):
            return set().union(*map(keys_of, several))
        case dict():
            named = {str(key) for key in schema if isinstance(key, vol.Marker)}
            return named.union(*map(keys_of, schema.values()))
        case list():
            return set().union(*map(keys_of, schema))
    return set()
