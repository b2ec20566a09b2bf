"""A copy of what makes up the package, and what it is to break one."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from homeassistant.util.yaml import dump, load_yaml_dict

_INTEGRATION: Final = Path("custom_components/depin")
_AT_ROOT: Final = ("hacs.json", "README.md", "LICENSE")


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of the integration and of the files that HACS reads beside it."""

    root: Path

    @classmethod
    def of(cls, repository: Path, root: Path) -> Self:
        """Copy the package to an empty folder."""
        caches = shutil.ignore_patterns("__pycache__")
        shutil.copytree(repository / _INTEGRATION, root / _INTEGRATION, ignore=caches)
        for name in _AT_ROOT:
            shutil.copy(repository / name, root / name)
        return cls(root)

    def path(self, name: str) -> Path:
        """Return a file of the integration, or of the repository's root."""
        return self.root / name if name in _AT_ROOT else self.root / _INTEGRATION / name

    def append(self, name: str, text: str) -> None:
        """Add lines to a file, which may be new."""
        self.path(name).parent.mkdir(exist_ok=True)
        with self.path(name).open("a") as file:
            file.write(f"\n{text}\n")

    def replace(self, name: str, old: str, new: str) -> None:
        """Change a text that stands in a file."""
        text = self.path(name).read_text()
        assert old in text
        self.path(name).write_text(text.replace(old, new))

    def edit(self, name: str, change: Callable[[dict[str, Any]], object]) -> None:
        """Change what a JSON or YAML file says."""
        path = self.path(name)
        if path.suffix == ".json":
            value = json.loads(path.read_text())
            change(value)
            path.write_text(json.dumps(value))
        else:
            value = load_yaml_dict(str(path))
            change(value)
            path.write_text(dump(value))


@dataclass(frozen=True, slots=True)
class Breakage:
    """A way to break a copy, and in which file and where there it must be found."""

    what: str
    damage: Callable[[Copy], object]
    file: str
    where: str = ""


def edited(
    what: str, file: str, change: Callable[[dict[str, Any]], object], where: str = ""
) -> Breakage:
    """Break what a JSON or YAML file says."""
    return Breakage(what, lambda copy: copy.edit(file, change), file, where)


def appended(
    what: str, file: str, text: str, where: str = "", found_in: str | None = None
) -> Breakage:
    """Break a file by a line too many; it may be another file that has to answer for it."""
    return Breakage(what, lambda copy: copy.append(file, text), found_in or file, where)


def removed(name: str) -> Breakage:
    """Leave a file out."""
    return Breakage(f"no {name}", lambda copy: copy.path(name).unlink(), name)
