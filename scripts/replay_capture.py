#!/usr/bin/env python3
"""Decode a raw capture of a device, as diagnostics record it, and print its points as JSON."""

import argparse
import asyncio
import json
import os
import sys
from importlib.util import find_spec
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

if find_spec("modbus_connection") is None:
    environment = Path(sys.path[0]) / ".venv/bin/python"
    if Path(sys.executable) == environment or not environment.exists():
        sys.exit("replay_capture: the environment is missing or old: run scripts/setup")
    os.execv(environment, [str(environment), *sys.argv])  # noqa: S606

from modbus_connection.model.sunspec import SunSpecError

from custom_components.depin.devices.capture import CaptureError, load_capture, replay
from custom_components.depin.devices.profiles import ProfileError, load


def main() -> int:
    """Read what was asked for, and say in one sentence why it cannot be done."""
    asked = _arguments()
    try:
        profile = load(asked.profile or "sunspec", dict(asked.option))
        capture = load_capture(asked.file, profile.key)
        reading = asyncio.run(replay(capture, profile, dict(asked.parameter)))
    except (CaptureError, ProfileError, SunSpecError) as error:
        print(f"replay_capture: {error}", file=sys.stderr)
        return 2
    print(json.dumps(reading.to_json(), indent=2, ensure_ascii=False))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="replay_capture", description=__doc__)
    parser.add_argument(
        "file",
        metavar="FILE",
        type=Path,
        help="the capture, or diagnostics as Home Assistant downloads them",
    )
    device = parser.add_mutually_exclusive_group(required=True)
    device.add_argument("--profile", metavar="NAME", help="a file of devices/profiles")
    device.add_argument("--sunspec", action="store_true", help="find SunSpec models by themselves")
    parser.add_argument(
        "--option",
        metavar="NAME=CHOICE",
        type=_pair,
        action="append",
        default=[],
        help="choose where the sources of a profile disagree",
    )
    parser.add_argument(
        "--parameter",
        metavar="NAME=TEXT",
        type=_pair,
        action="append",
        default=[],
        help="a part of the topics; without it, what the messages suggest",
    )
    return parser.parse_args()


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text} is not NAME=VALUE")
    return name, value


if __name__ == "__main__":
    sys.exit(main())
