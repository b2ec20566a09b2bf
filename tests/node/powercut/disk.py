"""A disk whose power can be cut: only what was synced stays, or that and a share of the rest."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

SOURCE: Final = Path(__file__).with_name("durable_image.c")
# A disk that went through some cuts gets a few more; then a small one is quicker to check.
CUTS_OF_A_DISK: Final = 10
_PAGE: Final = 4096


def build(folder: Path) -> Path:
    """Compile what keeps the image."""
    library = folder / "durable_image.so"
    words = ["gcc", "-Wall", "-Wextra", "-Werror", "-O2", "-shared", "-fPIC", "-o"]
    subprocess.run([*words, str(library), str(SOURCE)], check=True)
    return library


@dataclass(frozen=True, slots=True)
class Disk:
    """A folder, and the image of what of it would outlive a power cut."""

    root: Path
    image: Path
    library: Path

    @property
    def dying(self) -> Path:
        """A file that, once it exists, makes every sync fail."""
        return self.image / "dying"

    def environment(self) -> dict[str, str]:
        """Return what a process needs whose writes are to be lost."""
        return {
            "LD_PRELOAD": str(self.library),
            "POWERCUT_ROOT": str(self.root),
            "POWERCUT_IMAGE": str(self.image),
            "POWERCUT_FAIL": str(self.dying),
        }

    def cut(self, random: Random, *, surviving: float) -> None:
        """Bring the folder back to what was synced; each later page survives by chance.

        Every process that used it must have been killed. What is there then is durable: the next
        process begins a new image of it.
        """
        try:
            self._cut(random, surviving)
        finally:
            for file in self.image.iterdir():
                file.unlink()

    def _cut(self, random: Random, surviving: float) -> None:
        begun = self.image / "root"
        key = begun.read_text() if begun.exists() else ""
        if not key:
            return  # it was killed before it could do anything
        after = self.root.with_name(f"{self.root.name}.after")
        _restore(self, key, self.root, after, random, surviving)
        shutil.copymode(self.root, after)
        owner = self.root.stat()
        for path in (after, *after.rglob("*")):
            os.chown(path, owner.st_uid, owner.st_gid)
        shutil.rmtree(self.root)
        after.rename(self.root)


def _restore(
    disk: Disk, key: str, before: Path, after: Path, random: Random, surviving: float
) -> None:
    """Make a folder as it would be found after the cut."""
    after.mkdir()
    for kind, child, name in _names(disk, key):
        if kind == "d":
            _restore(disk, child, before / name, after / name, random, surviving)
            (after / name).chmod(0o700)
            continue
        image = disk.image / f"{child}.data"
        synced = image.read_bytes() if image.exists() else b""
        written = _written(before / name, child)
        file = after / name
        file.write_bytes(_mixed(synced, written, random, surviving))
        file.chmod(0o600)


def _names(disk: Disk, key: str) -> Iterator[tuple[str, str, str]]:
    """Give the kind, the key and the name of all that the folder held when it was last synced."""
    synced = disk.image / f"{key}.names"
    for line in synced.read_text().splitlines() if synced.exists() else []:
        kind, child, name = line.split(" ", 2)
        yield kind, child, name


def _written(path: Path, key: str) -> bytes | None:
    """Return what was written to a file, if its name still leads to it."""
    try:
        same = path.stat().st_ino == int(key.split("-", maxsplit=1)[0])
        return path.read_bytes() if same else None
    except FileNotFoundError:
        return None


def _mixed(synced: bytes, written: bytes | None, random: Random, surviving: float) -> bytes:
    """Let each page that differs survive by chance, and with one behind the end, the length."""
    if written is None or not surviving or written == synced:
        return synced
    if len(written) < len(synced):
        # A file system truncates as a whole or not at all: no holes among what was there before.
        return written if random.random() < surviving else synced
    pages = []
    for place in range(0, max(len(synced), len(written)), _PAGE):
        old, new = synced[place : place + _PAGE], written[place : place + _PAGE]
        pages.append(new if new != old and random.random() < surviving else old)
    while pages and not pages[-1]:
        pages.pop()
    return b"".join(page.ljust(_PAGE, b"\0") for page in pages[:-1]) + b"".join(pages[-1:])


def surviving_share(random: Random) -> float:
    """Draw how much of what was not synced is there all the same: often nothing."""
    return random.choice([0.0, random.random()])
