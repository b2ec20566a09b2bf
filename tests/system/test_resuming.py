"""A restored co-op goes on only after its operator has said that nobody holds more of its log."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.node.api.neighbour import Neighbour, ask, readings
from tests.system.node_process import COMMAND, command, new_coop, refused, running, serving
from tests.system.test_keeping import joined
from tests.system.test_node import newest_checkpoint
from tests.system.test_succession import lose_the_disk


def test_it_is_asked_whether_anybody_holds_more(tmp_path: Path) -> None:
    folder, backup, checkpoint = (tmp_path / name for name in ("node", "backup", "checkpoint"))
    coop = new_coop(folder)
    with running(folder) as (port, _):
        command("backup", "--data", folder, backup)
        joined(folder, port, "member")
        checkpoint.write_bytes(newest_checkpoint(port, coop))
    lose_the_disk(folder, backup)
    resume = ("resume", "--data", folder)
    assert "--nobody-has-more" in refused(*resume, "--yes", code=2)
    both = ("--nobody-has-more", "--checkpoint", checkpoint)
    assert "--nobody-has-more" in refused(*resume, *both, code=2)
    answered = subprocess.run(
        [*COMMAND, *resume, "--nobody-has-more"],
        input="n\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert answered.returncode == 1
    assert "signed a second time" in answered.stdout
    said = refused(*resume, "--checkpoint", checkpoint)
    assert "regained" in said
    assert "`settlement-node regain` takes it from a mirror" in said
    assert refused(*resume, "--nobody-has-more") == said
    with running(folder) as (port, _):
        assert "regained" in ask(port, f"/v1/coops/{coop}").json["read_only"]


def test_what_grows_already_is_not_asked_about(tmp_path: Path) -> None:
    new_coop(tmp_path)
    said = command("resume", "--data", tmp_path, "--nobody-has-more")
    assert said.startswith("nothing to resume: it takes statements")


@pytest.fixture(name="forked")
def _forked(tmp_path: Path) -> tuple[Path, Neighbour, dict[str, Any]]:
    """Let a log be resumed too early, and grow past what was signed before the disk was lost."""
    folder, backup, held = (tmp_path / name for name in ("node", "backup", "held"))
    coop = new_coop(folder)
    with running(folder) as (port, _):
        home = joined(folder, port, "member")
        command("backup", "--data", folder, backup)
        before = home.heads["metering"]
        home.tell(port, home.say("metering", readings(1)))
        held.write_bytes(newest_checkpoint(port, coop))
        lost: dict[str, Any] = ask(port, f"/v1/coops/{coop}").json
        home.heads["metering"] = before
    lose_the_disk(folder, backup)
    command("resume", "--data", folder, "--nobody-has-more", "--yes")
    with running(folder) as (port, _):
        home.tell(port, *(home.say("metering", readings(total)) for total in range(9)))
        newest_checkpoint(port, coop)
    said = refused("resume", "--data", folder, "--checkpoint", held, "--yes")
    assert "this log does not lead to" in said
    return folder, home, lost


def test_a_log_that_was_signed_twice_is_not_resumed(
    forked: tuple[Path, Neighbour, dict[str, Any]],
) -> None:
    folder, _, _ = forked
    said = refused("resume", "--data", folder, "--nobody-has-more", "--yes")
    assert "decide on a successor, with `settlement-node succeed`" in said
    with serving(folder) as (_, process):
        assert process.stdout is not None
        assert "Sonnenstraße: " in process.stdout.readline()
        assert "invites name" in process.stdout.readline()
        why = next(line for line in process.stdout if "WARNING" not in line)
        assert why.startswith("Sonnenstraße takes nothing new: ")
        assert "this log does not lead to" in why


def test_the_successor_of_a_log_that_was_signed_twice_does_not_say_that_nothing_is_missing(
    forked: tuple[Path, Neighbour, dict[str, Any]],
) -> None:
    folder, home, lost = forked
    said = command("succeed", "--data", folder, "--yes")
    assert "the other entries that were signed in the place of some" in said
    with running(folder) as (port, _):
        previous = ask(port, f"/v1/coops/{home.coop}").json["previous"]
        assert previous["missing"] is None
        assert previous["largest"] == lost["checkpoint"]
        assert previous["held"]["size"] > previous["largest"]["size"]
    assert "all follows" in command("verify", "--data", folder)
