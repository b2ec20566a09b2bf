"""What must hold of every file here, whatever it is about."""

import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REPOSITORY = Path(__file__).resolve().parents[1]
LOCKS = sorted(REPOSITORY.glob("requirements/*.lock"))
LOCKED = re.compile(r"^([a-z0-9.-]+)==([^\s;]+)", re.MULTILINE)

# Where a reader may be sent. Packages come from wherever the machine's own clients take them, so
# no registry stands here.
KNOWN_HOSTS = {
    "c2sp.org",
    "github.com",
    "home-assistant.io",
    "www.apache.org",
    "www.home-assistant.io",
    "www.w3.org",
}
HOST = re.compile(r"\b(?:[a-z0-9-]+\.)+(?:org|com|io|dev)\b(?!\()", re.IGNORECASE)
MACHINE_PATH = re.compile(r"(?<![\w.~>}])/(?:work|root|tmp|opt|home|Users)/\w")


def text_files() -> list[tuple[str, str]]:
    """Return the path and the text of all that is, or is about to be, in the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    files = []
    for path in filter(None, listed.stdout.split("\0")):
        file = REPOSITORY / path
        content = file.read_bytes() if file.is_file() else b"\0"
        if b"\0" not in content:
            files.append((path, content.decode()))
    return files


def test_no_registry_is_named() -> None:
    named = {(path, host) for path, text in text_files() for host in HOST.findall(text)}
    assert sorted(pair for pair in named if pair[1] not in KNOWN_HOSTS) == []


def test_no_path_of_one_machine_is_named() -> None:
    named = [(path, found) for path, text in text_files() for found in MACHINE_PATH.findall(text)]
    assert named == []


def test_the_protocol_exists_once() -> None:
    assert (REPOSITORY / "depin_protocol").readlink() == Path("custom_components/depin/protocol")


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_holds_versions_and_hashes_and_no_address(lock: Path) -> None:
    text = lock.read_text()
    packages = [line for line in text.splitlines() if not line.startswith(" ")]
    assert packages
    assert all(LOCKED.match(package) and package.endswith("\\") for package in packages)
    rest = {line.strip(" \\").partition(":")[0] for line in text.splitlines()} - {""}
    assert {line for line in rest if line not in packages} - {"--hash=sha256"} == {
        package.strip(" \\") for package in packages
    }


@pytest.mark.parametrize("lock", ["main.lock", "python3.12.lock"])
def test_the_locks_hold_what_the_node_declares(lock: str) -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    locked = dict(LOCKED.findall((REPOSITORY / "requirements" / lock).read_text()))
    for declared in map(Requirement, project["dependencies"]):
        assert declared.specifier.contains(locked[canonicalize_name(declared.name)])


def test_the_node_is_packed_with_the_protocol(tmp_path: Path) -> None:
    build: list[str | Path] = [sys.executable, "-m", "hatchling", "build", "--directory", tmp_path]
    subprocess.run(build, cwd=REPOSITORY, capture_output=True, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    (source,) = tmp_path.glob("*.tar.gz")
    in_wheel = {name for name in zipfile.ZipFile(wheel).namelist() if name.endswith(".py")}
    with tarfile.open(source) as archive:
        in_source = {name.partition("/")[2] for name in archive.getnames() if name.endswith(".py")}
    ours = {
        f"{package}/{file.relative_to(REPOSITORY / package)}"
        for package in ("depin_protocol", "settlement_node")
        for file in (REPOSITORY / package).rglob("*.py")
    }
    assert "depin_protocol/bounds.py" in ours
    assert in_wheel == ours
    assert in_source == ours
