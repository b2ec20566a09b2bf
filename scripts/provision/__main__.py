"""Prepare all that the other scripts need, and say what was done."""

import argparse
import shutil
import signal
import sys
import time
from pathlib import Path

from provision import browser, environments, interpreters, uv
from provision.commands import LOG, UnavailableError
from provision.environments import MAIN, NEXT, OLDEST, Environment
from provision.exclusive import only_one
from provision.interpreters import HOME_ASSISTANT_PYTHON, OLDEST_NODE_PYTHON, Python, Wanted
from provision.places import CACHE
from provision.steps import Steps

# Says that no Python 3.12 could be fetched, so that not every run tries it again.
NO_OLDEST_PYTHON = CACHE / "no-python-3.12"


def main() -> None:
    """Do what is missing; nothing, and quickly, when nothing is."""
    parser = argparse.ArgumentParser(prog="scripts/setup", description=__doc__)
    parser.add_argument(
        "--browser", action="store_true", help="also get Chromium, to take pictures"
    )
    with_browser = parser.parse_args().browser
    started = time.monotonic()
    try:
        # scripts/demo ignores it until here, so that it is answered below and nowhere before.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if not _all_there(with_browser=with_browser):
            with only_one():
                if not _all_there(with_browser=with_browser):
                    _provide(with_browser=with_browser)
    except UnavailableError as error:
        details = f" (Details: {LOG})" if LOG.exists() else ""
        sys.exit(f"scripts/setup: {error}{details}")
    except KeyboardInterrupt:
        sys.exit("scripts/setup: stopped; run it again to go on.")
    left_out = "" if OLDEST.is_ready() else f", but no {OLDEST.name}: there is no Python 3.12"
    print(f"scripts/setup: ready{left_out} ({time.monotonic() - started:.1f} s)")


def _all_there(*, with_browser: bool) -> bool:
    return (
        MAIN.is_ready()
        and NEXT.is_ready()
        and (OLDEST.is_ready() or _known_to_lack_oldest())
        and (not with_browser or browser.find() is not None)
    )


def _known_to_lack_oldest() -> bool:
    return NO_OLDEST_PYTHON.exists() and interpreters.find(OLDEST_NODE_PYTHON) is None


def _provide(*, with_browser: bool) -> None:
    steps = Steps(7 if with_browser else 6)
    with steps.step("uv") as remarks:
        tool = uv.find()
        remarks.append("is there" if tool else "installed")
        tool = tool or uv.fetch()
    with steps.step(f"Python {HOME_ASSISTANT_PYTHON.series}") as remarks:
        python = _python(HOME_ASSISTANT_PYTHON, tool, remarks)
    for environment in (MAIN, NEXT):
        with steps.step(_title(environment)) as remarks:
            _environment(environment, python, tool, remarks)
    with steps.step(f"Python {OLDEST_NODE_PYTHON.series}") as remarks:
        oldest = _oldest_python(tool, remarks)
    with steps.step(_title(OLDEST)) as remarks:
        if oldest is None:
            # An older run's would be taken for today's.
            shutil.rmtree(OLDEST.folder, ignore_errors=True)
            remarks.append("left out")
        else:
            _environment(OLDEST, oldest, tool, remarks)
    if with_browser:
        with steps.step("Chromium") as remarks:
            remarks.append(f"at {browser.find() or browser.fetch()}")


def _title(environment: Environment) -> str:
    return f"{environment.name} ({environment.purpose})"


def _python(wanted: Wanted, tool: Path, remarks: list[str]) -> Python:
    python = interpreters.find(wanted) or interpreters.fetch(wanted, tool)
    remarks.append(f"from {python.origin}")
    return python


def _oldest_python(tool: Path, remarks: list[str]) -> Python | None:
    """Return the Python that only the oldest environment needs, and that it can go without."""
    NO_OLDEST_PYTHON.unlink(missing_ok=True)
    try:
        return _python(OLDEST_NODE_PYTHON, tool, remarks)
    except UnavailableError as error:
        NO_OLDEST_PYTHON.write_text(f"{error}\n")
        remarks.append("not on this machine and not to be fetched")
        return None


def _environment(environment: Environment, python: Python, tool: Path, remarks: list[str]) -> None:
    if environment.is_ready():
        remarks.append("is there")
        return
    environments.make(environment, python, tool)
    remarks.append("made")


main()
