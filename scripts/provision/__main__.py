"""Prepare all that the other scripts need, and say what was done."""

import argparse
import signal
import time
from pathlib import Path

from provision import browser, environments, interpreters, mosquitto, postgresql, shortage, uv
from provision.commands import UnavailableError, ending_in_one_sentence
from provision.environments import MAIN, NEXT, OLDEST, Environment
from provision.exclusive import only_one
from provision.interpreters import HOME_ASSISTANT_PYTHON, OLDEST_NODE_PYTHON, Python, Wanted
from provision.places import remove
from provision.steps import Steps

WITHOUT_OLDEST = (
    f", but no {OLDEST.name}: there is no Python {OLDEST_NODE_PYTHON.series}; install it, with"
    " pyenv for instance, or ask for it again with scripts/setup --complete"
)
WITHOUT_POSTGRESQL = (
    ", but no PostgreSQL: install its server, or ask for it again with scripts/setup --complete"
)
WITHOUT_MOSQUITTO = (
    ", but no mosquitto: install it, or ask for it again with scripts/setup --complete"
)


def main() -> None:
    """Do what is missing; nothing, and quickly, when nothing is."""
    parser = argparse.ArgumentParser(prog="scripts/setup", description=__doc__)
    parser.add_argument(
        "--browser", action="store_true", help="also get Chromium, for the tests of the dashboard"
    )
    parser.add_argument(
        "--complete",
        action="store_true",
        help="fail where there is no Python 3.12, PostgreSQL server, mosquitto or Chromium",
    )
    wanted = parser.parse_args()
    wanted.browser |= wanted.complete
    started = time.monotonic()
    with ending_in_one_sentence("scripts/setup"):
        # scripts/demo ignores it until here, so that it is answered here and nowhere before.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if not _all_there(wanted):
            with only_one():
                if not _all_there(wanted):
                    _provide(wanted)
        left_out = "" if OLDEST.folder.exists() else WITHOUT_OLDEST
        left_out += "" if postgresql.find() else WITHOUT_POSTGRESQL
        left_out += "" if mosquitto.find() else WITHOUT_MOSQUITTO
    print(f"scripts/setup: ready{left_out} ({time.monotonic() - started:.1f} s)")


def _all_there(wanted: argparse.Namespace) -> bool:
    return (
        MAIN.is_ready()
        and NEXT.is_ready()
        and (OLDEST.is_ready() or (not wanted.complete and _is_rightly_without_oldest()))
        and (
            postgresql.find() is not None
            or (not wanted.complete and shortage.POSTGRESQL.is_remembered())
        )
        and (
            mosquitto.find() is not None
            or (not wanted.complete and shortage.MOSQUITTO.is_remembered())
        )
        and (not wanted.browser or browser.find() is not None)
    )


def _is_rightly_without_oldest() -> bool:
    return (
        not OLDEST.folder.exists()
        and shortage.PYTHON.is_remembered()
        and interpreters.find(OLDEST_NODE_PYTHON) is None
    )


def _provide(wanted: argparse.Namespace) -> None:
    steps = Steps(9 if wanted.browser else 8)
    with steps.step("uv") as remarks:
        tool = uv.find()
        remarks.append("is there" if tool else "installed")
        tool = tool or uv.fetch()
    with steps.step(f"Python {HOME_ASSISTANT_PYTHON.series}") as remarks:
        python = _python(HOME_ASSISTANT_PYTHON, tool, remarks)
    with steps.step(f"Python {OLDEST_NODE_PYTHON.series}") as remarks:
        oldest = _oldest_python(tool, remarks, must_be_had=wanted.complete)
    for environment in (MAIN, NEXT):
        with steps.step(_title(environment)) as remarks:
            _environment(environment, python, tool, remarks)
    with steps.step(_title(OLDEST)) as remarks:
        if oldest is None:
            # An older run's would be taken for today's.
            remove(OLDEST.folder)
            remarks.append("left out")
        else:
            _environment(OLDEST, oldest, tool, remarks)
    with steps.step("PostgreSQL") as remarks:
        remarks.append(postgresql.provide(must_be_had=wanted.complete))
    with steps.step("mosquitto") as remarks:
        remarks.append(mosquitto.provide(must_be_had=wanted.complete))
    if wanted.browser:
        with steps.step("Chromium") as remarks:
            remarks.append(f"at {browser.find() or browser.fetch()}")


def _title(environment: Environment) -> str:
    return f"{environment.name} ({environment.purpose})"


def _python(wanted: Wanted, tool: Path, remarks: list[str]) -> Python:
    python = interpreters.find(wanted) or interpreters.fetch(wanted, tool)
    remarks.append(f"from {python.origin}")
    return python


def _oldest_python(tool: Path, remarks: list[str], *, must_be_had: bool) -> Python | None:
    """Return the Python that the oldest environment needs; all but that one can go without."""
    shortage.PYTHON.forget()
    try:
        return _python(OLDEST_NODE_PYTHON, tool, remarks)
    except UnavailableError as error:
        if must_be_had:
            raise
        shortage.PYTHON.remember(str(error))
        remarks.append(shortage.NOT_TO_BE_HAD)
        return None


def _environment(environment: Environment, python: Python, tool: Path, remarks: list[str]) -> None:
    if environment.is_ready():
        remarks.append("is there")
        return
    environments.make(environment, python, tool)
    remarks.append("made")


main()
