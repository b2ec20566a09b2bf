"""Debian's and Ubuntu's own packages, unpacked into a folder; the system itself is not touched.

The addresses are those that the machine's own apt uses; none stands in this repository.
"""

import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from provision.commands import CommandError, run
from provision.places import CACHE, remove, unfinished, write

APT_FOLDER = Path("/etc/apt")
DPKG_STATUS = Path("/var/lib/dpkg/status")

# Releases with packages newer than the machine's, in the order in which we ask them.
NEWER_RELEASES = {"debian": ("forky", "sid"), "ubuntu": ("resolute", "devel")}

ONE_LINE = re.compile(
    r"deb\s+(?P<options>\[[^]]*\]\s+)?(?P<address>\S+)\s+(?P<suite>\S+)(\s.*)?\smain(\s.*)?"
)
FIELD = {
    name: re.compile(rf"^{pattern}$", re.MULTILINE | re.IGNORECASE)
    for name, pattern in {
        "Suites": r"Suites:(.*)",
        "Components": r"Components:(?:.*\s)?main(?:\s.*)?",
        "Enabled: no": r"Enabled:\s*no\s*",
    }.items()
}

# The machine's own hooks run after every update and expect the machine's own apt state.
APT_CONFIGURATION = """\
Dir::State "{state}/state";
Dir::State::status "{status}";
Dir::Cache "{state}/cache";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "{state}/sources";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Acquire::Languages "none";
APT::Install-Recommends "false";
APT::Sandbox::User "root";
APT::Update::Error-Mode "any";
Debug::NoLocking "true";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
"""


def newer_releases() -> tuple[str, ...]:
    """Return the releases to ask for what this one lacks; none where there is no apt."""
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        return ()
    return NEWER_RELEASES.get(_os_release().get("ID", ""), ())


def own_release() -> str:
    """Return the release that this machine runs."""
    return _os_release().get("VERSION_CODENAME", "")


def unpack(
    packages: Sequence[str], target: Path, *, release: str, on_top_of_the_machine: bool
) -> None:
    """Unpack packages and all that they need, less what the machine has if it builds on that."""
    with _private_apt(release, DPKG_STATUS if on_top_of_the_machine else None) as (state, apt):
        needed = _all_needed(apt, packages)
        downloads = state / "downloads"
        downloads.mkdir()
        if needed:
            run(*apt, "download", *needed, folder=downloads)
        target.mkdir(parents=True)
        for package in sorted(downloads.glob("*.deb")):
            run("dpkg-deb", "--extract", package, target)


def library_folders(unpacked: Path, target: Path) -> str:
    """Return the folders with libraries in what was unpacked, as they will be at their target."""
    found = {file.parent for pattern in ("*.so", "*.so.*") for file in unpacked.rglob(pattern)}
    return ":".join(sorted(str(target / folder.relative_to(unpacked)) for folder in found))


def _all_needed(apt: Sequence[str | Path], packages: Sequence[str]) -> list[str]:
    """Return the packages and what they depend on, less what counts as installed."""
    unreachable = None
    try:
        run(*apt, "update")
    except CommandError as error:
        # A third party may not serve that release; whether the distribution does, apt tells next.
        unreachable = error
    try:
        plan = run(*apt, "--simulate", "install", *packages)
    except CommandError as error:
        raise unreachable or error from error
    return re.findall(r"^Inst (\S+)", plan, re.MULTILINE)


@contextmanager
def _private_apt(release: str, status: Path | None) -> Iterator[tuple[Path, list[str | Path]]]:
    """Give an apt-get that knows one release and keeps its state in a folder of its own."""
    state = unfinished(CACHE / "apt")
    try:
        for folder in ("state/lists/partial", "cache/archives/partial", "sources"):
            (state / folder).mkdir(parents=True)
        (state / "nothing-installed").touch()
        for name, text in _sources(release):
            write(state / "sources" / name, f"{text}\n")
        configuration = state / "apt.conf"
        empty = state / "nothing-installed"
        write(configuration, APT_CONFIGURATION.format(state=state, status=status or empty))
        apt: list[str | Path] = ["apt-get", "-c", configuration, "--quiet"]
        yield state, apt
    finally:
        remove(state)


def _sources(release: str) -> Iterator[tuple[str, str]]:
    """Give the name and the text of the files that point apt at another release."""
    own = own_release()
    for file in (APT_FOLDER / "sources.list", *sorted(APT_FOLDER.glob("sources.list.d/*.list"))):
        if file.exists() and (lines := lines_for(release, own, file.read_text())):
            yield f"{file.stem}.list", "\n".join(lines)
    for file in sorted(APT_FOLDER.glob("sources.list.d/*.sources")):
        if stanzas := stanzas_for(release, own, file.read_text()):
            yield f"{file.stem}.sources", "\n\n".join(stanzas)


def lines_for(release: str, own: str, text: str) -> list[str]:
    """Return the `deb ...` lines for our own release, pointed at another one."""
    sources = (ONE_LINE.fullmatch(line.strip()) for line in text.splitlines())
    return [
        f"deb {source['options'] or ''}{source['address']} {release} main"
        for source in sources
        if source and source["suite"] == own
    ]


def stanzas_for(release: str, own: str, text: str) -> list[str]:
    """Return the stanzas of a *.sources file for our own release, pointed at another one."""
    found = []
    for stanza in re.split(r"\n\s*\n", text.strip()):
        suites = FIELD["Suites"].search(stanza)
        ours = suites and own in suites[1].split() and FIELD["Components"].search(stanza)
        if ours and not FIELD["Enabled: no"].search(stanza):
            pointed = FIELD["Suites"].sub(f"Suites: {release}", stanza)
            found.append(FIELD["Components"].sub("Components: main", pointed))
    return found


def _os_release() -> dict[str, str]:
    """Return what the system says about itself."""
    file = Path("/etc/os-release")
    lines = file.read_text().splitlines() if file.exists() else []
    pairs = (line.partition("=") for line in lines if "=" in line)
    return {name: value.strip("\"'") for name, _, value in pairs}
