"""An operator's key is changed and lost, and its commands go on; invites name where the node is."""

from pathlib import Path

from depin_protocol.invite import parse_invite
from tests.system.node_process import command, new_coop, refused, running


def key_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("coops/*/keys/operator*.key"))


def test_commands_go_on_with_the_key_that_took_over(tmp_path: Path) -> None:
    new_coop(tmp_path)
    with running(tmp_path):
        command("invite", "--data", tmp_path, "--no-qr")
        assert "Keep a copy" in command("operator-key", "--data", tmp_path)
        command("invite", "--data", tmp_path, "--no-qr")
    command("operator-key", "--data", tmp_path)
    command("invite", "--data", tmp_path, "--no-qr")
    assert len(key_files(tmp_path)) == 3
    assert "all follows" in command("verify", "--data", tmp_path)


def test_the_newest_key_is_found_whatever_its_file_is_called(tmp_path: Path) -> None:
    new_coop(tmp_path)
    command("operator-key", "--data", tmp_path)
    first, newest = sorted(key_files(tmp_path), key=lambda file: file.stat().st_mtime_ns)
    first.unlink()
    newest.rename(first)
    command("invite", "--data", tmp_path, "--no-qr")
    first.write_text("A" * 43 + "\n")
    assert "put its newest key there" in refused("invite", "--data", tmp_path)


def test_a_lost_key_is_announced_by_another_operator(tmp_path: Path) -> None:
    new_coop(tmp_path)
    wanted = command("operator-key", "--data", tmp_path, "--lost").splitlines()[1].split()
    words = [word for word in wanted[1:] if word not in {"--reason", "..."}]
    command(*words, "--data", tmp_path, "--reason", "lost")
    command("invite", "--data", tmp_path, "--no-qr")


def test_invites_name_the_address_that_was_given_last(tmp_path: Path) -> None:
    new_coop(tmp_path)
    new = "https://node.example:8611/street"
    with running(tmp_path):
        assert command("address", "--data", tmp_path, new).strip() == new
        assert parse_invite(command("invite", "--data", tmp_path)).address == new
    assert command("address", "--data", tmp_path).strip() == new
    assert "no invite can name" in refused("address", "--data", tmp_path, "node.example")
