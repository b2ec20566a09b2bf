"""scripts/setup: quick when nothing is missing, one clear sentence when something cannot be had."""

import fcntl
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from provision.debian import lines_for, stanzas_for

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Return what scripts/setup is made of, where nothing has been set up yet."""
    clone = tmp_path / "clone"
    for part in ("scripts", "requirements"):
        shutil.copytree(REPOSITORY / part, clone / part)
    shutil.copy(REPOSITORY / "pyproject.toml", clone)
    return clone


@pytest.fixture
def bare_machine(tmp_path: Path) -> dict[str, str]:
    """Return the environment of a machine with a Python, and nothing else in reach."""
    python = shutil.which("python3", path=os.defpath)
    assert python, "Python 3.11 or newer is on every machine that can run scripts/setup"
    programs = tmp_path / "bin"
    programs.mkdir()
    for program in ("dirname", "python3"):
        (programs / program).symlink_to(shutil.which(program, path=os.defpath) or "")
    return {
        "DEPIN_CACHE": str(tmp_path / "cache"),
        "HOME": str(tmp_path),
        "PATH": str(programs),
        "PIP_NO_INDEX": "1",
    }


def start_setup(clone: Path, environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [clone / "scripts/setup"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_it_takes_under_two_seconds_when_nothing_is_missing() -> None:
    started = time.monotonic()
    done = subprocess.run(
        [REPOSITORY / "scripts/setup"], capture_output=True, text=True, check=True
    )
    took = time.monotonic() - started
    assert done.stdout.startswith("scripts/setup: ready")
    assert done.stdout.count("\n") == 1
    assert took < 2


def test_one_sentence_says_what_cannot_be_had(clone: Path, bare_machine: dict[str, str]) -> None:
    setup = start_setup(clone, bare_machine)
    said, failed = setup.communicate(timeout=60)
    assert setup.returncode == 1
    assert said == "[1/6] uv ... failed\n"
    assert failed.startswith("scripts/setup: uv is needed, is not on this machine")
    assert failed.count("\n") == 1


def test_a_second_run_waits_for_the_first(
    clone: Path, bare_machine: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "cache").mkdir()
    with (tmp_path / "cache/setup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        setup = start_setup(clone, bare_machine)
        assert setup.stdout
        assert setup.stdout.readline() == "Another scripts/setup is running; waiting for it.\n"
        assert setup.poll() is None
    assert "[1/6] uv" in setup.communicate(timeout=60)[0]


def test_apt_lines_are_pointed_at_another_release() -> None:
    lines = """
# deb https://mirror.example/debian bookworm main
deb [signed-by=/keys/a.gpg] https://mirror.example/debian bookworm main contrib
deb-src https://mirror.example/debian bookworm main
deb https://mirror.example/debian bookworm-updates main
deb https://third-party.example/debian bookworm stable
"""
    assert lines_for("forky", "bookworm", lines) == [
        "deb [signed-by=/keys/a.gpg] https://mirror.example/debian forky main"
    ]


def test_apt_stanzas_are_pointed_at_another_release() -> None:
    ours = """Types: deb
URIs: https://mirror.example/debian
Suites: {suites}
Components: {components}
Signed-By: /keys/a.gpg"""
    stanzas = [
        ours.format(suites="bookworm bookworm-updates", components="main contrib"),
        ours.format(suites="bookworm", components="main") + "\nEnabled: no",
        ours.format(suites="nodistro", components="main"),
        ours.format(suites="bookworm", components="stable"),
    ]
    assert stanzas_for("forky", "bookworm", "\n\n".join(stanzas)) == [
        ours.format(suites="forky", components="main")
    ]
