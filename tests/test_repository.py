"""What must hold of every file here, whatever it is about."""

import ipaddress
import json
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REPOSITORY = Path(__file__).resolve().parents[1]
LOCKS = sorted(REPOSITORY.glob("requirements/*.lock"))
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
LOCKED = re.compile(r"^([a-z0-9.-]+)==([^\s;]+)", re.MULTILINE)

# Where a reader may be sent. Packages come from wherever the machine's own clients take them, so
# no registry stands here.
KNOWN_HOSTS = {
    "c2sp.org",
    "github.com",
    "home-assistant.io",
    "my.home-assistant.io",
    "www.apache.org",
    "www.hacs.xyz",
    "www.home-assistant.io",
    "www.w3.org",
}
# What stands for any host: names and addresses that are kept free for documentation, and a test's.
EXAMPLE_HOST = re.compile(
    r"(.*\.)?example|x|node|localhost|\[(?:2001:db8:[0-9a-f:]*|::1)\]", re.IGNORECASE
)
BARE_HOST = re.compile(r"\b(?:[a-z0-9-]+\.)+(?:org|com|io|dev|net|xyz)\b(?!\()", re.IGNORECASE)
HOST_OF_ADDRESS = re.compile(
    r"\b[a-z][a-z0-9+.-]*://(?:[^/@\s\"']*@)?(\[[0-9a-f:]+\]|[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?)",
    re.IGNORECASE,
)
# No version in a lock; and no section of a standard.
IPV4 = re.compile(r"(?<![\w.=])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]*\d)")
SECTIONS = re.compile(r"sections? [\d.]+(?:(?:, | and )[\d.]+)*")
HARMLESS_NETWORKS = [
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/32",
        "127.0.0.0/8",
        "192.0.2.0/24",
        "198.51.100.0/24",
        "203.0.113.0/24",
    )
]

MACHINE_ROOTS = (
    "builds data dev etc github home media mnt opt private root run srv tmp usr Users var work"
    " workspace workspaces"
)
MACHINE_PATH = re.compile(
    rf"(?<![\w.~>}}/+=-])/(?:{'|'.join(MACHINE_ROOTS.split())})(?:/[\w.-]+)*(?![\w/])"
)
# Where every machine of the kind has it, not one alone.
PATHS_OF_ANY_MACHINE = {
    "/dev/full",
    "/dev/null",
    "/etc/apt",
    "/etc/os-release",
    "/usr/bin/env",
    # The example of a service, as Linux lays such files out.
    "/etc/systemd/system/settlement-node.service",
    "/var/lib/settlement-node",
    "/var/lib/dpkg/status",
}


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


def strange_hosts(written: str) -> list[str]:
    # An address within an address is written in percents.
    text = unquote(written)
    hosts = {*BARE_HOST.findall(text), *HOST_OF_ADDRESS.findall(text)}
    addresses = set(IPV4.findall(SECTIONS.sub("", text)))
    strange = {host for host in hosts - KNOWN_HOSTS - addresses if not EXAMPLE_HOST.fullmatch(host)}
    for address in addresses:
        if not any(ipaddress.ip_address(address) in network for network in HARMLESS_NETWORKS):
            strange.add(address)
    return sorted(strange)


def strange_paths(text: str) -> list[str]:
    return sorted(set(MACHINE_PATH.findall(text)) - PATHS_OF_ANY_MACHINE)


@pytest.mark.parametrize("strange", [strange_hosts, strange_paths])
def test_no_registry_and_no_place_of_one_machine_is_named(
    strange: Callable[[str], list[str]],
) -> None:
    assert [(path, found) for path, text in text_files() if (found := strange(text))] == []


@pytest.mark.parametrize(
    "text",
    [
        "https:" + "//mirror.internal/simple",
        "https:" + "//user:word@mirror:8080",
        "git+ssh:" + "//mirror/it",
        "http:" + "//[fd00::1]/",
        "at mirror." + "net",
        "at 10." + "0.0.1:3128",
        "at 192.168." + "1.7",
    ],
)
def test_the_tests_see_a_host(text: str) -> None:
    assert strange_hosts(text)


@pytest.mark.parametrize("root", MACHINE_ROOTS.split())
def test_the_tests_see_a_path(root: str) -> None:
    assert strange_paths(f'open("/{root}/place")') == [f"/{root}/place"]


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


def asked_for(source: Path) -> Iterator[Requirement]:
    """Give what a hand-written list asks for, and the lists that it includes."""
    for line in source.read_text().splitlines():
        if line.startswith("-r "):
            yield from asked_for(source.with_name(line.removeprefix("-r ")))
        elif line and not line.startswith("#"):
            yield Requirement(line)


def assert_locked(asked: Requirement, lock: Path) -> None:
    versions = [
        version
        for name, version in LOCKED.findall(lock.read_text())
        if name == canonicalize_name(asked.name)
    ]
    assert versions, f"{lock.name} lacks {asked.name}: run scripts/lock"
    assert all(asked.specifier.contains(version) for version in versions)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_holds_what_its_list_asks_for(lock: Path) -> None:
    for asked in asked_for(lock.with_suffix(".in")):
        assert_locked(asked, lock)


@pytest.mark.parametrize("lock", ["main.lock", "python3.12.lock"])
def test_the_locks_hold_what_the_node_declares(lock: str) -> None:
    for asked in [*PROJECT["project"]["dependencies"], *PROJECT["build-system"]["requires"]]:
        assert_locked(Requirement(asked), REPOSITORY / "requirements" / lock)


def test_home_and_node_need_the_same_versions_and_the_table_says_so() -> None:
    manifest = json.loads((REPOSITORY / "custom_components/depin/manifest.json").read_text())
    assert manifest["version"] == PROJECT["project"]["version"]
    of_node = PROJECT["project"]["dependencies"]
    of_home = manifest["requirements"]
    names = {Requirement(asked).name for asked in of_node}
    assert {asked for asked in of_home if Requirement(asked).name in names} <= set(of_node)
    table = (REPOSITORY / "docs/architecture.md").read_text()
    needed = [*of_node, *of_home]
    assert [asked for asked in needed if f"| {asked.replace('>=', ' >= ')} |" not in table] == []


def test_every_test_belongs_to_a_part_of_the_command() -> None:
    command = (REPOSITORY / "scripts/test").read_text().replace("\\\n", "")
    named = re.findall(r'^tests_of "[^"]+" (.*)', command, re.MULTILINE)
    parts = {word for words in named for word in words.split() if word.startswith("tests/")}
    assert parts
    tests = {file.relative_to(REPOSITORY) for file in REPOSITORY.glob("tests/**/test_*.py")}
    held = {test for test in tests for part in parts if test.is_relative_to(part)}
    assert tests - held == set()


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
