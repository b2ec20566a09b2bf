"""What scripts/test, scripts/lint and .ci/run do with what they are told."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from provision import postgresql

REPOSITORY = Path(__file__).resolve().parents[1]

OLDEST, MAIN, NEXT = ".venv-3.12", ".venv", ".venv-next"
LOGGED = "-p no:homeassistant -q -o log_cli=true -o log_cli_level=INFO"
DRAWN = f"{LOGGED} tests/node/hostile"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Return the commands, and Pythons that run no test but say which one they were given."""
    clone = tmp_path / "clone"
    for folder in ("scripts", ".ci"):
        shutil.copytree(REPOSITORY / folder, clone / folder)
    shutil.copytree(REPOSITORY / "tests", clone / "tests", ignore=shutil.ignore_patterns("__*"))
    for script, text in {
        "scripts/setup": 'echo "setup $*"',
        "scripts/lint": "echo lint",
        ".venv/bin/coverage": "echo covered",
        **{
            f"{name}/bin/python": f'shift 2; echo "{name} runs $*"' for name in (OLDEST, MAIN, NEXT)
        },
    }.items():
        (clone / script).parent.mkdir(parents=True, exist_ok=True)
        (clone / script).write_text(f"#!/bin/sh\n{text}\n")
        (clone / script).chmod(0o755)
    return clone


def call(script: Path, *arguments: str, reference: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [script, *arguments],
        env={**os.environ, "DEPIN_REFERENCE": reference},
        capture_output=True,
        text=True,
        check=False,
    )


def runs(said: str) -> list[str]:
    return [line for line in said.splitlines() if line == "lint" or " runs " in line]


def test_all_parts_run_when_nothing_is_chosen(clone: Path) -> None:
    done = call(clone / "scripts/test", "-k", "clearing")
    assert done.returncode == 0
    assert [line.split()[0] for line in runs(done.stdout)] == [
        "lint",
        MAIN,
        OLDEST,
        MAIN,
        NEXT,
        MAIN,
    ]
    assert all(line.endswith(" -k clearing") for line in runs(done.stdout)[1:])


@pytest.mark.parametrize(
    ("chosen", "environments"),
    [
        ("tests/node/test_cli_clear.py::test_it_prints_what_the_book_clears_to", [MAIN, OLDEST]),
        ("tests/protocol", [MAIN, OLDEST]),
        ("tests/home/test_init.py", [MAIN, NEXT]),
        ("tests/test_setup.py", [MAIN]),
        ("tests/system/", [MAIN]),
    ],
)
def test_only_the_parts_that_hold_what_is_chosen_run(
    clone: Path, chosen: str, environments: list[str]
) -> None:
    for name in (chosen, f"./{chosen}", str(clone / chosen)):
        done = call(clone / "scripts/test", name)
        assert done.returncode == 0
        assert [line.split()[0] for line in runs(done.stdout)] == environments
        assert all(line.endswith(f" {chosen.rstrip('/')}") for line in runs(done.stdout))


@pytest.mark.parametrize("chosen", ["tests/home/test_absent.py::test_it", "tests/vectors"])
def test_a_choice_that_no_part_holds_is_refused(clone: Path, chosen: str) -> None:
    done = call(clone / "scripts/test", chosen)
    assert done.returncode == 2
    assert runs(done.stdout) == []


def test_what_is_left_out_is_said(clone: Path) -> None:
    shutil.rmtree(clone / OLDEST)
    done = call(clone / "scripts/test")
    assert done.returncode == 0
    assert "left out  tests on published vectors" in done.stdout
    assert "left out  protocol and node on Python 3.12" in done.stdout


def test_complete_goes_without_the_vectors_only_where_that_is_said(clone: Path) -> None:
    done = call(clone / "scripts/test", "--complete")
    assert (done.returncode, runs(done.stdout)) == (1, [])
    done = call(clone / "scripts/test", "--complete", "--without-vectors")
    assert done.returncode == 0
    assert "setup --complete\n" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((), ""),
        (("--complete",), "chromium mosquitto postgres reference"),
        (("--complete", "--without-vectors"), "chromium mosquitto postgres"),
    ],
)
def test_complete_names_what_may_not_be_left_out(
    clone: Path, tmp_path: Path, arguments: tuple[str, ...], named: str
) -> None:
    (clone / MAIN / "bin/python").write_text('#!/bin/sh\necho "complete: $DEPIN_COMPLETE."\n')
    done = call(clone / "scripts/test", *arguments, reference=str(tmp_path))
    assert f"complete: {named}.\n" in done.stdout


# The machine's own server is hidden from the tests below a folder that is empty for them alone.
WITHOUT_SERVER = (
    '[ ! -d "$SERVERS" ] || mount -t tmpfs none "$SERVERS"; cd "$CLONE" && PATH=/nowhere exec "$@"'
)
NEEDS_SERVER = "tests/node/store/test_postgres_owner.py"
NEEDS_VECTORS = "tests/protocol/test_log_reference.py"


@pytest.mark.parametrize(
    ("tests", "complete", "status", "said"),
    [
        (NEEDS_SERVER, "", 5, "tests left out: they need PostgreSQL's server"),
        (NEEDS_SERVER, "postgres", 4, "tests need PostgreSQL's server"),
        (NEEDS_VECTORS, "postgres", 5, "tests left out: they need the folder of published"),
        (NEEDS_VECTORS, "postgres reference", 4, "tests need the folder of published vectors"),
    ],
)
def test_tests_are_left_out_only_where_that_is_allowed(
    tmp_path: Path, tests: str, complete: str, status: int, said: str
) -> None:
    alone = ("unshare", "-rm", "sh", "-c", WITHOUT_SERVER, "sh")
    collect = (sys.executable, "-m", "pytest", "-p", "no:homeassistant", "--collect-only", "-q")
    done = subprocess.run(
        [*alone, *collect, tests],
        env={
            **os.environ,
            "CLONE": str(REPOSITORY),
            "SERVERS": str(postgresql.MACHINE / postgresql.INSTALLED.partition("/*")[0]),
            "DEPIN_CACHE": str(tmp_path),
            "DEPIN_COMPLETE": complete,
            "DEPIN_REFERENCE": "",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status
    assert said in done.stdout + done.stderr


def test_ci_stops_at_once_without_the_vectors(clone: Path) -> None:
    done = call(clone / ".ci/run")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("scripts/test: no published vectors in ")


def test_ci_stops_at_once_when_setup_lacks_something(clone: Path, tmp_path: Path) -> None:
    (clone / "scripts/setup").write_text('#!/bin/sh\n[ "$*" != --complete ]\n')
    done = call(clone / ".ci/run", reference=str(tmp_path))
    assert (done.returncode, runs(done.stdout)) == (1, [])


@pytest.mark.parametrize(
    ("arguments", "run"),
    [
        (("crash-sqlite",), "sqlite safe 500"),
        (("crash-postgres", "3", "8"), "postgres safe 3 8"),
        (("powercut-sqlite", "4"), "sqlite FULL 4"),
        (("powercut-postgres", "5", "6"), "postgres on 5 6"),
        (("home-powercut", "7", "8"), "safe 7 8"),
        (("requests", "7"), f"{DRAWN}/test_drawn_requests.py"),
        (("statements",), f"{DRAWN}/test_forged_statements.py"),
        (("market", "9"), f"{LOGGED} tests/node/market/test_life_machine.py"),
    ],
)
def test_soak_runs_the_hunt_that_is_named(
    clone: Path, arguments: tuple[str, ...], run: str
) -> None:
    done = call(clone / "scripts/soak", *arguments)
    assert done.returncode == 0
    assert runs(done.stdout) == [f"{MAIN} runs {run}"]
    named = [one for one in run.split() if one.endswith(".py")]
    assert all((REPOSITORY / one).is_file() for one in named)
    assert f"\n{arguments[0]} " in call(clone / "scripts/soak", "--help").stdout


@pytest.mark.parametrize("hunt", ["crash-controls", "powercut-controls", "home-controls"])
def test_soak_fails_when_a_control_loses_nothing(clone: Path, hunt: str) -> None:
    done = call(clone / "scripts/soak", hunt)
    assert done.returncode == 1
    assert "lost nothing: " in done.stderr
    (clone / MAIN / "bin/python").write_text("#!/bin/sh\nexit 1\n")
    assert call(clone / "scripts/soak", hunt).returncode == 0


@pytest.mark.parametrize(
    "arguments", [(), ("rest",), ("crash-sqlite", "many"), ("requests", "1", "2", "3")]
)
def test_soak_refuses_what_it_does_not_know(clone: Path, arguments: tuple[str, ...]) -> None:
    done = call(clone / "scripts/soak", *arguments)
    assert done.returncode in {1, 2}
    assert runs(done.stdout) == []


def test_lint_refuses_what_it_does_not_know() -> None:
    done = call(REPOSITORY / "scripts/lint", "--fast")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--fast" in done.stderr
