"""That hassfest and HACS would take the integration, and that a broken copy is found out."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from .breakages import BREAKAGES
from .breakages.copy import Breakage, Copy
from .package_checks import check_package
from .package_checks.package import Package
from .package_checks.quality_scale import RULES

_REPOSITORY: Final = Path(__file__).parents[2]


def test_the_package_is_sound() -> None:
    """Nothing is wrong with the real files."""
    assert check_package(Package(_REPOSITORY)) == []


def test_a_copy_is_as_sound(tmp_path: Path) -> None:
    """What the checks find in a broken copy comes of the breakage, not of copying."""
    assert check_package(Package(Copy.of(_REPOSITORY, tmp_path).root)) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda copy: copy.edit(
            "quality_scale.yaml",
            lambda scale: scale["rules"].update(
                brands={"status": "done", "comment": "Drawn for this project."}
            ),
        ),
        lambda copy: copy.edit(
            "translations/en.json",
            lambda texts: texts.update(entity_component={"_": {"name": "Membership"}}),
        ),
        lambda copy: copy.append("dashboards/street.json", "[]"),
        lambda copy: copy.append("meters.yaml", "- a meter"),
    ],
)
def test_what_is_allowed_passes(tmp_path: Path, change: Callable[[Copy], None]) -> None:
    """A reason beside what is done, texts of platforms, lists in files of our own."""
    copy = Copy.of(_REPOSITORY, tmp_path)
    change(copy)
    assert check_package(Package(copy.root)) == []


@pytest.mark.parametrize("breakage", BREAKAGES, ids=lambda breakage: breakage.what)
def test_a_broken_copy_is_found_out(tmp_path: Path, breakage: Breakage) -> None:
    """The checks name the file and the place, and nothing else."""
    copy = Copy.of(_REPOSITORY, tmp_path)
    breakage.damage(copy)
    found = {(finding.file, finding.where) for finding in check_package(Package(copy.root))}
    assert found == {(breakage.file, breakage.where)}


def test_every_kind_of_file_has_breakages() -> None:
    """Each file that the package needs stands somewhere in the list."""
    broken = {breakage.file for breakage in BREAKAGES}
    assert broken >= {
        "manifest.json",
        "hacs.json",
        "icons.json",
        "quality_scale.yaml",
        "services.yaml",
        "translations/en.json",
        "brand/icon.png",
        "__init__.py",
        "config_flow.py",
        "sensor.py",
        "market.py",
    }


def test_the_quality_scale_has_54_rules() -> None:
    """20 of bronze, 10 of silver, 21 of gold and 3 of platinum."""
    assert len(RULES) == len(set(RULES)) == 20 + 10 + 21 + 3
