"""scripts/setup: quick when nothing is missing, one clear sentence when something cannot be had."""

import fcntl
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from provision import debian, environments, interpreters, mosquitto, postgresql, shortage
from provision.commands import CommandError, UnavailableError, run
from provision.debian import lines_for, stanzas_for
from provision.environments import Environment
from provision.interpreters import HOME_ASSISTANT_PYTHON, Python, Wanted
from provision.places import finish, unfinished, write
from provision.shortage import Shortage

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


def start_setup(
    clone: Path, environment: dict[str, str], *, folder: Path | None = None
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [clone / "scripts/setup"],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_it_takes_under_two_seconds_when_nothing_is_missing() -> None:
    took = []
    # The quickest of three: whatever else the machine does is not the script's.
    for _ in range(3):
        started = time.monotonic()
        done = subprocess.run(
            [REPOSITORY / "scripts/setup"], capture_output=True, text=True, check=True
        )
        took.append(time.monotonic() - started)
        assert done.stdout.startswith("scripts/setup: ready")
        assert done.stdout.count("\n") == 1
    assert min(took) < 2


def test_one_sentence_says_what_cannot_be_had(clone: Path, bare_machine: dict[str, str]) -> None:
    setup = start_setup(clone, bare_machine)
    said, failed = setup.communicate(timeout=60)
    assert setup.returncode == 1
    assert said == "[1/8] uv ... failed\n"
    assert re.match(r"scripts/setup: uv [\d.]+ or newer is needed, is not on this machine", failed)
    assert failed.count("\n") == 1


def test_one_sentence_names_the_file_that_cannot_be_used(
    clone: Path, bare_machine: dict[str, str]
) -> None:
    lock = clone / "requirements/bootstrap.lock"
    lock.unlink()
    setup = start_setup(clone, bare_machine)
    _, failed = setup.communicate(timeout=60)
    assert setup.returncode == 1
    assert failed.startswith(f"scripts/setup: {lock}: No such file or directory")
    assert failed.count("\n") == 1


def test_a_full_disk_is_named_with_the_file_that_it_has_no_room_for() -> None:
    with pytest.raises(OSError, match="No space left on device: '/dev/full'"):
        write(Path("/dev/full"), "more than nothing")


def test_a_full_disk_is_named_however_deep_a_program_says_so() -> None:
    said = "echo Error: Exception:; echo 'OSError: [Errno 28] No space left on device'; echo Bye"
    with pytest.raises(UnavailableError, match=r"sh: OSError: \[Errno 28\] No space .* make room"):
        run("sh", "-c", f"({said}) >&2; exit 2", logged=False)


def test_it_goes_on_without_a_log(
    clone: Path, bare_machine: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "cache/setup.log").mkdir(parents=True)
    setup = start_setup(clone, bare_machine)
    assert setup.communicate(timeout=60)[1].startswith("scripts/setup: uv ")


@pytest.mark.parametrize("held", ["cache/setup.lock", "clone"])
def test_a_second_run_waits_for_the_first(
    clone: Path, bare_machine: dict[str, str], tmp_path: Path, held: str
) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache/setup.lock").touch()
    lock = os.open(tmp_path / held, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    setup = start_setup(clone, bare_machine)
    assert setup.stdout
    assert setup.stdout.readline() == "Another scripts/setup is running; waiting for it.\n"
    assert setup.poll() is None
    os.close(lock)
    assert "[1/8] uv" in setup.communicate(timeout=60)[0]


def test_a_relative_cache_is_meant_from_where_the_caller_stands(
    clone: Path, bare_machine: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "scripts").mkdir()
    relative = {**bare_machine, "DEPIN_CACHE": "near/cache", "CDPATH": str(tmp_path)}
    start_setup(clone, relative, folder=tmp_path).communicate(timeout=60)
    assert (tmp_path / "near/cache/setup.lock").exists()


@pytest.mark.parametrize(
    ("set_by_the_user", "packages"),
    [
        ({"DEPIN_CACHE": "/cache"}, "/cache/packages"),
        ({"DEPIN_CACHE": "/cache", "UV_CACHE_DIR": "/other"}, None),
        ({}, None),
    ],
)
def test_packages_lie_below_the_cache_that_was_chosen(
    set_by_the_user: dict[str, str], packages: str | None
) -> None:
    code = "from provision.commands import OF_UV; print(OF_UV.get('UV_CACHE_DIR'))"
    environment = {"PYTHONPATH": str(REPOSITORY / "scripts"), **set_by_the_user}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{packages}\n"


def test_a_folder_takes_the_place_of_an_older_one(tmp_path: Path) -> None:
    folder = tmp_path / "uv"
    (folder / "old").mkdir(parents=True)
    (tmp_path / "uv.partial").write_text("left by a killed run")
    partial = unfinished(folder)
    (partial / "new").mkdir(parents=True)
    finish(partial, folder)
    assert [path.name for path in folder.iterdir()] == ["new"]
    assert not partial.exists()


@pytest.mark.parametrize(
    ("cause", "advice"),
    [
        ("Failed to download `x`: Hash mismatch for `x==1`", "do not use it"),
        ("Read-only file system (os error 30)", "make it writable"),
        ("Permission denied (os error 13)", "make it writable"),
        ("dns error", "check the connection"),
    ],
)
def test_the_advice_fits_the_cause(cause: str, advice: str) -> None:
    assert advice in CommandError(cause).advice


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Environment:
    """Return an environment that is ready, in a repository of its own."""
    shutil.copytree(REPOSITORY / "requirements", tmp_path / "requirements")
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
    monkeypatch.setattr(environments, "REPOSITORY", tmp_path)
    monkeypatch.setattr(environments, "REQUIREMENTS", tmp_path / "requirements")
    monkeypatch.setattr(environments, "BUILD_LOCK", tmp_path / "requirements/build.lock")
    environment = replace(environments.MAIN, name="made")
    environment.python.parent.mkdir(parents=True)
    environment.python.symlink_to(sys.executable)
    version = environment.python_version()
    environment.stamp.write_bytes(environment.fingerprint(version))
    assert environment.is_ready()
    return environment


@pytest.mark.parametrize(
    "file", ["made/made-from", "requirements/main.lock", "requirements/build.lock"]
)
def test_an_environment_is_made_anew_when_a_file_changes(
    environment: Environment, tmp_path: Path, file: str
) -> None:
    (tmp_path / file).write_bytes((tmp_path / file).read_bytes() + b"\xff")
    assert not environment.is_ready()


def test_an_environment_is_made_anew_when_the_way_to_build_changes(
    environment: Environment, tmp_path: Path
) -> None:
    project = tmp_path / "pyproject.toml"
    project.write_text(project.read_text().replace("hatchling>=1.27", "hatchling>=1.28"))
    assert not environment.is_ready()


def test_an_environment_is_made_anew_when_it_needs_another_python(environment: Environment) -> None:
    assert not replace(environment, wanted=Wanted("3.15", (3, 15, 0))).is_ready()


@pytest.mark.parametrize(
    "interpreter", ["#!/bin/false", "#!/bin/sh\necho 3; echo 14; echo 99; echo"]
)
def test_an_environment_is_made_anew_when_its_python_is_another(
    environment: Environment, interpreter: str
) -> None:
    environment.python.unlink()
    environment.python.write_text(f"{interpreter}\n")
    environment.python.chmod(0o755)
    assert not environment.is_ready()


def test_a_file_in_the_way_of_an_environment_is_named(tmp_path: Path) -> None:
    environment = replace(environments.MAIN, name=str(tmp_path / "taken"))
    environment.folder.write_text("somebody's")
    with pytest.raises(UnavailableError, match="taken is in the way"):
        environments.make(environment, Python(Path(sys.executable), "here"), Path("uv"))
    assert environment.folder.read_text() == "somebody's"


def make_python(folder: Path, name: str, text: str) -> Path:
    folder.mkdir()
    python = folder / name
    python.write_text(f"#!/bin/sh\n{text}\n")
    python.chmod(0o755)
    return python


def test_a_python_that_starts_no_environment_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = HOME_ASSISTANT_PYTHON.command
    claims = '[ "$2" = -c ] && printf "3\\n14\\n9\\n%s\\n" "$0"'
    broken = make_python(tmp_path / "broken", command, claims)
    whole = tmp_path / "whole"
    whole.mkdir()
    (whole / command).symlink_to(Path(sys.executable).resolve())
    monkeypatch.setenv("PATH", f"{broken.parent}:{whole}:{os.defpath}")
    found = interpreters.find(HOME_ASSISTANT_PYTHON)
    assert found
    assert found.path.resolve() == Path(sys.executable).resolve()


def test_the_sentence_says_why_a_python_will_not_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = make_python(tmp_path / "bin", "python3.99", "echo it is broken >&2; exit 1")
    monkeypatch.setenv("PATH", f"{python.parent}:{os.defpath}")
    with pytest.raises(UnavailableError, match=f"{python}: it is broken; uv: "):
        interpreters.fetch(Wanted("3.99", (3, 99, 0)), Path("false"))


def test_what_could_not_be_had_is_asked_for_again_after_a_day(tmp_path: Path) -> None:
    shortage = Shortage(tmp_path / "note")
    assert not shortage.is_remembered()
    shortage.remember("there is none")
    assert shortage.is_remembered()
    yesterday = time.time() - 24 * 60 * 60
    os.utime(shortage.note, (yesterday, yesterday))
    assert not shortage.is_remembered()


def test_a_server_that_cannot_be_had_is_left_out_unless_all_is_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_package(*_: object, **__: object) -> None:
        raise CommandError("there is no such package")

    noted = Shortage(tmp_path / "note")
    monkeypatch.setattr(shortage, "POSTGRESQL", noted)
    monkeypatch.setattr(postgresql, "FOLDER", tmp_path / "postgresql")
    monkeypatch.setattr(postgresql, "MACHINE", tmp_path)
    monkeypatch.setattr(debian, "unpack", no_package)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert postgresql.provide(must_be_had=False) == shortage.NOT_TO_BE_HAD
    assert noted.is_remembered()
    with pytest.raises(UnavailableError, match=r"could not be fetched \(there is no such package"):
        postgresql.provide(must_be_had=True)


def test_a_server_is_found_where_its_packages_were_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unpack(packages: list[str], target: Path, **_: object) -> None:
        assert packages == ["postgresql"]
        for version in (9, 15):
            programs = target / f"usr/lib/postgresql/{version}/bin"
            programs.mkdir(parents=True)
            (programs / "postgres").touch()
        library = target / "usr/lib/libpq.so.5"
        library.touch()

    unpacked = tmp_path / "postgresql"
    monkeypatch.setattr(shortage, "POSTGRESQL", Shortage(tmp_path / "note"))
    monkeypatch.setattr(postgresql, "FOLDER", unpacked)
    monkeypatch.setattr(postgresql, "MACHINE", tmp_path / "machine")
    monkeypatch.setattr(debian, "unpack", unpack)
    monkeypatch.setenv("PATH", str(tmp_path))
    programs = unpacked / "usr/lib/postgresql/15/bin"
    assert postgresql.provide(must_be_had=True) == f"at {programs}"
    assert postgresql.find() == postgresql.Binaries(programs, str(unpacked / "usr/lib"))


def test_a_broker_is_found_where_its_package_was_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_package(*_: object, **__: object) -> None:
        raise CommandError("there is no such package")

    def unpack(packages: list[str], target: Path, **_: object) -> None:
        assert packages == ["mosquitto"]
        for name in ("sbin/mosquitto", "lib/libwrap.so.0"):
            (target / "usr" / name).parent.mkdir(parents=True)
            (target / "usr" / name).touch()

    unpacked = tmp_path / "mosquitto"
    noted = Shortage(tmp_path / "note")
    monkeypatch.setattr(shortage, "MOSQUITTO", noted)
    monkeypatch.setattr(mosquitto, "FOLDER", unpacked)
    monkeypatch.setattr(mosquitto, "MACHINE", tmp_path / "machine")
    monkeypatch.setattr(debian, "unpack", no_package)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert mosquitto.provide(must_be_had=False) == shortage.NOT_TO_BE_HAD
    assert noted.is_remembered()
    monkeypatch.setattr(debian, "unpack", unpack)
    program = unpacked / "usr/sbin/mosquitto"
    assert mosquitto.provide(must_be_had=True) == f"at {program}"
    assert mosquitto.find() == mosquitto.Broker(program, str(unpacked / "usr/lib"))


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
