"""Evidence that a home wrote, checked by others: what is altered in it proves nothing."""

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from depin_protocol.checking.reading_evidence import EvidenceError, read_evidence
from depin_protocol.checking.verdicts import FailedCheckError, OpenQuestionError, UnshownError
from depin_protocol.log.notes import SignatureType, VerifierKey
from settlement_node.cli import main
from tests.node.village import FACTS
from tests.system.home.suspicious_home import RULES, Street, misread_meters, street

UNPROVEN = {"said", "found_at", "coop"}
"""What a home says besides; nothing rests on it."""


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401 - JSON
    """Name each value in a file, and each list and object too."""
    if path:
        yield path
    if isinstance(value, dict | list):
        for at in value if isinstance(value, dict) else range(len(value)):
            yield from leaves(value[at], (*path, at))


def altered(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return something else of the same kind."""
    match value:
        case str() if value:
            middle = len(value) // 2
            return value[:middle] + ("A" if value[middle] != "A" else "B") + value[middle + 1 :]
        case bool() | None:
            return 7
        case int():
            return value + 1
        case list():
            return value[:-1] if value else [0]
    return {}


async def evidence_of(one: Street) -> dict[str, Any]:
    await one.verification.verify()
    (suspicion,) = one.alarm.told
    read: dict[str, Any] = json.loads(Path(suspicion.file).read_bytes())
    return read


def proves(evidence: dict[str, Any]) -> bool:
    """Tell whether a file still proves something; it must never do anything worse."""
    try:
        read_evidence(json.dumps(evidence).encode()).check()
    except FailedCheckError:
        return True
    except EvidenceError, UnshownError, OpenQuestionError:
        return False
    return False


def check_every_alteration(evidence: dict[str, Any]) -> None:
    """Alter each value, one at a time."""
    assert proves(evidence)
    for path in leaves(evidence):
        if path[0] in UNPROVEN:
            continue
        copy = deepcopy(evidence)
        inner = copy
        for step in path[:-1]:
            inner = inner[step]
        inner[path[-1]] = altered(inner[path[-1]])
        assert not proves(copy), path


@pytest.mark.parametrize("k", [1, 5])
async def test_no_altered_evidence_of_a_settlement_proves_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, k: int
) -> None:
    async with street(tmp_path, replace(RULES, k=k)) as one:
        await one.trade()
        one.lie_in_lines(monkeypatch, "pays")
        await one.meter()
        evidence = await evidence_of(one)
        assert evidence["check"] == "settlement"
        check_every_alteration(evidence)


async def test_rules_that_are_only_told_prove_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What fails by them is left open: else anybody could make it fail."""
    async with street(tmp_path) as one:
        await one.trade()
        one.lie_in_lines(monkeypatch, "pays")
        await one.meter()
        evidence = await evidence_of(one)
    for rules in (evidence["case"]["rules"], evidence["case"]["clearing"]["rules"]):
        rules["entry"] = None
    with pytest.raises(OpenQuestionError, match="which the log is not shown to have"):
        read_evidence(json.dumps(evidence).encode()).check()


async def test_no_altered_evidence_of_a_meter_proves_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    misread_meters(monkeypatch)
    async with street(tmp_path) as one:
        await one.trade()
        await one.meter()
        evidence = await evidence_of(one)
        assert evidence["check"] == "meter"
        check_every_alteration(evidence)
        # Nor does a stretch of the chain from which one is left out.
        del evidence["case"]["readings"][0]
        assert not proves(evidence)


async def test_the_command_says_what_evidence_comes_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with street(tmp_path) as one:
        await one.trade()
        one.lie_in_lines(monkeypatch, "receives")
        await one.meter()
        await one.verification.verify()
        file = one.alarm.told[0].file
    run = CliRunner().invoke
    key = FACTS.log_verifier().format()
    told = run(main, ["check-evidence", file, "--log-key", key])
    assert told.exit_code == 0
    assert "PROVEN" in told.output
    assert "receives is" in told.output
    assert key in told.output
    other = VerifierKey(FACTS.origin, SignatureType.ED25519, FACTS.receipt_key).format()
    told = run(main, ["check-evidence", file, "--log-key", other])
    assert told.exit_code == 1
    assert "another log" in told.output
    (tmp_path / "none").write_text("{}")
    told = run(main, ["check-evidence", str(tmp_path / "none")])
    assert told.exit_code == 1
    assert "is no evidence: evidence.depin_evidence is missing" in told.output
