"""The script that replays captures, and captures of any kind whatever."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from modbus_connection.model.sunspec import SunSpecError

import replay_capture
from custom_components.depin.devices.capture import (
    Capture,
    CaptureError,
    Message,
    load_capture,
    parse_capture,
    replay,
)
from custom_components.depin.devices.points import NO_POINTS
from custom_components.depin.devices.profiles import load, names

from .captures import messages, registers
from .message_cases import CASES as MESSAGE_CASES
from .sunspec_maps import common, inverter, sunspec_map

SCRIPT = Path(__file__).parents[3] / "scripts" / "replay_capture.py"
TOPICS = sorted({topic for case in MESSAGE_CASES for topic, _ in case.capture["messages"]})


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, SCRIPT, *arguments], capture_output=True, text=True, check=False
    )


def written(folder: Path, content: object) -> Path:
    file = folder / "capture.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return file


@pytest.mark.parametrize(
    ("content", "arguments", "points"),
    [
        (
            sunspec_map(common("Fronius", "Symo", "9"), inverter(5, 6)),
            ["--sunspec"],
            {"power_w": 5, "production_wh": 6, "import_wh": None, "serial": "9"},
        ),
        (
            registers("input", {1014: ("float32", 5.0)}, "little"),
            ["--profile", "shelly_pro_3em_modbus", "--option", "addresses=one_higher"],
            {"power_w": 5},
        ),
        (
            messages(("n/sensor/p/state", "7")),
            ["--profile=esphome_mqtt", "--parameter=power=p", "--parameter=prefix=n"],
            {"power_w": 7},
        ),
    ],
)
def test_it_prints_the_points(
    tmp_path: Path, content: object, arguments: list[str], points: dict[str, Any]
) -> None:
    done = run(written(tmp_path, content), *arguments)
    assert done.stderr == ""
    said = json.loads(done.stdout)
    assert NO_POINTS.to_json().keys() <= said.keys()
    assert {name: said[name] for name in points} == points


@pytest.mark.parametrize(
    ("content", "arguments", "words"),
    [
        ("{", ["--sunspec"], "is no JSON"),
        ({"holding": {"1": 2}}, ["--sunspec"], "no SunSpec map begins"),
        ({"holding": {"1": 2}}, ["--profile", "nothing"], "there is no profile nothing"),
        ({"holding": {"1": 2}}, ["--profile", "evcc_mqtt"], "this capture has none"),
        ({"holding": {"1": 2}}, ["--sunspec", "--option", "a=b"], "there is no option a"),
    ],
)
def test_a_wrong_file_gets_one_sentence(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    content: object,
    arguments: list[str],
    words: str,
) -> None:
    monkeypatch.setattr(sys, "argv", [str(SCRIPT), str(written(tmp_path, content)), *arguments])
    assert replay_capture.main() == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert words in said.err
    assert len(said.err.splitlines()) == 1


def test_diagnostics_are_taken_as_they_were_downloaded(tmp_path: Path) -> None:
    capture = registers("input", {1014: ("float32", 5.0)}, "little")
    shelly = {"profile": "shelly_pro_3em_modbus"}
    meter: dict[str, object] = {"settings": shelly, "capture": capture}
    other: dict[str, object] = {"settings": {"profile": "evcc_mqtt"}, "capture": {"messages": []}}
    entities: dict[str, object] = {"settings": {}, "capture": {}}
    options = "--profile", "shelly_pro_3em_modbus", "--option", "addresses=one_higher"
    for devices in ([meter], [other, meter, entities]):
        downloaded = {"home_assistant": {}, "data": {"devices": devices, "sensors": []}}
        done = run(written(tmp_path, downloaded), *options)
        assert json.loads(done.stdout)["power_w"] == 5
    for devices in ([meter, meter], [other, entities], []):
        done = run(written(tmp_path, {"data": {"devices": devices}}), *options)
        assert done.returncode == 2
        assert "download the diagnostics of the device itself" in done.stderr


def test_no_device_named_is_a_wrong_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [str(SCRIPT), str(written(tmp_path, {"holding": {}}))])
    with pytest.raises(SystemExit, match="2"):
        replay_capture.main()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([], "a capture is an object"),
        ("text", "a capture is an object"),
        ({}, "has none of them"),
        ({"holding": []}, "holding is an object"),
        ({"holding": {"x": 1}}, "where an address should stand"),
        ({"holding": {"-1": 1}}, "0 to 65535"),
        ({"holding": {"65536": 1}}, "0 to 65535"),
        ({"input": {"1": 65_536}}, "0 to 65535"),
        ({"input": {"1": -1}}, "0 to 65535"),
        ({"input": {"1": 1.5}}, "0 to 65535"),
        ({"input": {"1": True}}, "0 to 65535"),
        ({"input": {"65535": [1, 2]}}, "0 to 65535"),
        ({"holding": {}, "meta": []}, "meta is an object"),
        ({"holding": {}, "meta": {"base": "x"}}, "meta.base"),
        ({"messages": {}}, "messages is a list"),
        ({"messages": ["x"]}, r"messages\[0\]"),
        ({"messages": [["a"]]}, r"messages\[0\]"),
        ({"messages": [["a", "b"], [1, "b"]]}, r"messages\[1\]"),
        ({"messages": [["a", "b", {"at": "now"}]]}, "came at"),
        ({"messages": [], "meta": {"parameters": {"a": 1}}}, "meta.parameters"),
    ],
)
def test_what_is_no_capture_is_refused(content: object, words: str) -> None:
    with pytest.raises(CaptureError, match=words):
        parse_capture(content)


def test_a_capture_may_be_written_in_several_ways() -> None:
    made = parse_capture({"holding": {"0x10": [1, 2], "18": 3, "19": None}, "meta": None})
    assert made == Capture(holding={16: 1, 17: 2, 18: 3})
    heard = parse_capture({"messages": [["a", {"b": 1}, {"at": 5, "retained": True}], ["c", None]]})
    assert heard.messages == (Message("a", '{"b": 1}', 5, retained=True), Message("c", "null"))


async def test_the_names_that_a_capture_recorded_are_taken() -> None:
    topics = {"power": "house/sensor/power/state", "import": "house/sensor/import/state"}
    made = messages((topics["power"], "5"), (topics["import"], "7"))
    named = {"prefix": "house", "power": "power", "import": "import"}
    recorded = parse_capture({**made, "meta": {"parameters": named}})
    points = (await replay(recorded, load("esphome_mqtt"), {})).flat
    assert (points.power_w, points.import_wh) == (5, 7000)
    given = (await replay(recorded, load("esphome_mqtt"), {"power": "import"})).flat
    assert given.power_w == 7


def test_a_text_that_nothing_can_print_is_no_error(tmp_path: Path) -> None:
    made = {"messages": [["go-e/1/sse", "\ud800"], ["go-e/1/car", "1"]]}
    done = run(written(tmp_path, made), "--profile", "goe_v3_mqtt")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="cannot be read"):
        load_capture(tmp_path / "none.json", "sunspec")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "capture.json"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CaptureError, match="is no JSON"):
        load_capture(file, "sunspec")


async def test_an_empty_capture_is_of_no_device() -> None:
    for name in names():
        with pytest.raises(CaptureError, match="this capture has none"):
            await replay(Capture(), load(name), {})


_ADDRESSES = sorted(
    {
        address
        for name in names()
        for place in load(name).places()
        for address in [getattr(place, "address", 40_000)]
    }
)
_REGISTERS = st.dictionaries(
    st.sampled_from(_ADDRESSES), st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=5)
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["value", "ENERGY", "Power", "power", "a", ""]), inner)
    ),
    max_leaves=6,
)
_MESSAGES = st.lists(
    st.tuples(
        st.sampled_from(TOPICS) | st.text(max_size=9),
        st.text(max_size=9) | _JSON.map(json.dumps),
        st.booleans(),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), name=st.sampled_from(names()))
async def test_any_capture_gives_points_or_one_sentence(data: st.DataObject, name: str) -> None:
    """Points are integers within their bounds, whatever a device sent."""
    profile = load(name)
    if profile.transport in {"modbus", "sunspec"}:
        drawn = data.draw(_REGISTERS)
        served = {
            str(start): words for start, words in drawn.items() if start + len(words) < 0x10000
        }
        made = parse_capture({"holding": served, "input": served})
    else:
        made = Capture(
            messages=tuple(
                Message(topic, payload, 0, retained)
                for topic, payload, retained in data.draw(_MESSAGES)
            )
        )
    try:
        reading = await replay(made, profile, {})
    except CaptureError, SunSpecError:
        return
    for points in (reading.flat, *reading.parts.values()):
        for key, value in points.to_json().items():
            if key.endswith("_wh") and value is not None:
                assert isinstance(value, int)
                assert 0 <= value < 2**62
    json.dumps(reading.to_json(), allow_nan=False)


_BLOCKS = st.lists(
    st.tuples(
        st.sampled_from([1, 101, 103, 113, 120, 124, 160, 203, 213, 701, 702, 713, 714, 802, 9]),
        st.lists(st.integers(0, 0xFFFF), max_size=130),
    ),
    max_size=5,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(blocks=_BLOCKS, cut=st.integers(0, 400))
async def test_any_map_gives_points_or_one_sentence(
    blocks: list[tuple[int, list[int]]], cut: int
) -> None:
    listed = [0x5375, 0x6E53]
    for model, words in blocks:
        listed += [model, len(words), *words]
    made = Capture(holding=dict(enumerate([*listed, 0xFFFF, 0][: cut + 4])))
    try:
        reading = await replay(made, load("sunspec"), {})
    except SunSpecError:
        return
    json.dumps(reading.to_json(), allow_nan=False)
