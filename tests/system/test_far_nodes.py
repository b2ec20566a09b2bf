"""What answers where a node should: a command says in one sentence that it is none."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner

from depin_protocol.encoding import to_text
from depin_protocol.invite import Invite
from depin_protocol.keys import public_key
from settlement_node.cli import main
from settlement_node.commands import local_node

COOP = to_text(bytes(range(16)))
COOPS = f'[{{"coop":"{COOP}","name":"Hof"}}]'.encode()
PROBLEM = b'{"code":"invite-used","detail":"somebody has joined","action":"Ask for another."}'


@contextmanager
def answering(**answers: tuple[int, bytes]) -> Iterator[str]:
    """Answer what is given for the last word of a path, or `other`."""

    class Answerer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", "0")))
            status, content = answers.get(self.path.rpartition("/")[2], answers["other"])
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET  # noqa: N815 - the library's name

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as above
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answerer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def refusal(*arguments: object, code: int = 1) -> str:
    """Give a command that must fail with words of its own."""
    done = CliRunner().invoke(main, [*map(str, arguments)])
    assert done.exit_code == code, (done.output, done.exception)
    assert isinstance(done.exception, SystemExit)
    return " ".join(done.stderr.split())


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """Return a key's file."""
    file = tmp_path / "auditor.key"
    file.write_text(to_text(bytes(32)))
    return file


NONSENSE = (b"[1]", b"{}", b"null", b"x", b'"\xff"', b"[" * 100_000)


@pytest.mark.parametrize("content", NONSENSE, ids=range(len(NONSENSE)))
def test_what_is_no_node_is_called_so(tmp_path: Path, key: Path, content: bytes) -> None:
    invite = Invite("http://127.0.0.1:1", public_key(bytes(32)), COOP, bytes(16))
    new = tmp_path / "new.key"
    with answering(other=(200, content)) as url:
        copy = ("copy", "--node", url, "--key", key, "--into", tmp_path / "copies")
        assert "is no settlement node" in refusal(*copy)
        join = ("join", "--node", url, "--key", new, "--name", "Ada", invite)
        assert "is no settlement node" in refusal(*join)
    assert not new.exists()
    for path in ("challenges", "tokens"):
        challenge = b'{"challenge":"' + to_text(bytes(56)).encode() + b'"}'
        given = {"coops": (200, COOPS), "challenges": (201, challenge), path: (201, content)}
        with answering(**given, other=(404, b"")) as url:
            copy = ("copy", "--node", url, "--key", key, "--into", tmp_path / "copies")
            assert "is no settlement node" in refusal(*copy)


def test_what_answers_no_problem_is_asked_after(tmp_path: Path, key: Path) -> None:
    for status, content in ((502, b"<html>"), (404, b"[1]"), (400, b"[" * 100_000)):
        with answering(other=(status, content)) as url:
            copy = ("copy", "--node", url, "--key", key, "--into", tmp_path)
            assert f"answers {status} and does not say why" in refusal(*copy)


def test_who_is_refused_keeps_no_new_key(tmp_path: Path, key: Path) -> None:
    facts = b'{"node_key":"' + to_text(public_key(bytes(32))).encode() + b'"}'
    invite = Invite("http://127.0.0.1:1", public_key(bytes(32)), COOP, bytes(16))
    new = tmp_path / "new.key"
    for status, kept in ((409, False), (503, True)):
        answers = {COOP: (200, facts), "members": (status, PROBLEM), "other": (404, b"")}
        with answering(**answers) as url:
            for file in (new, key):
                join = ("join", "--node", url, "--key", file, "--name", "Ada", invite)
                assert "somebody has joined. Ask for another." in refusal(*join)
        assert (new.exists(), key.exists()) == (kept, True)


@pytest.mark.parametrize("url", ["", "node.example", "ftp://node.example", "http://", "http://[x"])
def test_an_address_that_nobody_could_ask_is_refused(tmp_path: Path, key: Path, url: str) -> None:
    invite = Invite("http://127.0.0.1:1", public_key(bytes(32)), COOP, bytes(16))
    told = refusal("join", "--node", url, "--key", key, "--name", "Ada", invite, code=2)
    assert "https://node.example:8480" in told
    told = refusal("copy", "--node", url, "--key", key, "--into", tmp_path, code=2)
    assert "https://node.example:8480" in told


def test_a_file_that_holds_no_key_is_named(tmp_path: Path) -> None:
    key = tmp_path / "bad.key"
    key.write_bytes(b"\xff\n")
    node = ("--node", "http://127.0.0.1:1", "--key", key)
    assert "bad.key cannot be read" in refusal("copy", *node, "--into", tmp_path, code=2)
    confirm = ("state", "confirm", "--data", tmp_path, *node, 1)
    assert "bad.key cannot be read" in refusal(*confirm, code=2)


def test_what_yes_leaves_unasked_is_named(tmp_path: Path) -> None:
    told = refusal("init", "--data", tmp_path, "--name", "Hof", "--yes", code=2)
    assert "--currency is missing" in told
    told = refusal("init", "--data", tmp_path, "--currency", "EUR", "--yes", code=2)
    assert "--name is missing" in told


def test_one_of_two_reasons_to_go_on_is_enough(tmp_path: Path, key: Path) -> None:
    both = ("--nobody-has-more", "--checkpoint", key)
    assert "give one of them" in refusal("resume", "--data", tmp_path, *both, code=2)


def test_an_answer_without_end_is_not_read_to_its_end(
    tmp_path: Path, key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_node, "LONGEST", 2**20)
    for status in (200, 500):
        with answering(other=(status, b" " * 2**21)) as url:
            copy = ("copy", "--node", url, "--key", key, "--into", tmp_path / "copies")
            assert refusal(*copy).endswith("gives too much")
