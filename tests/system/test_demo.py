"""The demo, as a person starts, visits and stops it."""

import json
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import pytest

from street.folder import own_folder, sweep
from tests.patience import PATIENCE

_DEMO: Final = Path(__file__).parents[2] / "scripts" / "demo"


class _Browser:
    """As much of a browser as it takes to log in and look at states."""

    def __init__(self, url: str) -> None:
        self.client = f"{url}/"
        self._host = urlsplit(url).netloc
        self._headers: dict[str, str] = {}

    def log_in(self, username: str, password: str) -> None:
        flow = self.ask(
            "/auth/login_flow",
            {
                "client_id": self.client,
                "handler": ["homeassistant", None],
                "redirect_uri": self.client,
            },
        )
        credentials = {"client_id": self.client, "username": username, "password": password}
        done = self.ask(f"/auth/login_flow/{flow['flow_id']}", credentials)
        form = {"grant_type": "authorization_code", "code": done["result"]}
        token = self.ask("/auth/token", urlencode({**form, "client_id": self.client}))
        self._headers = {"Authorization": f"Bearer {token['access_token']}"}

    def ask(self, path: str, body: Mapping[str, object] | str | None = None) -> Any:  # noqa: ANN401 - whatever the page gets
        """Send a form, JSON or nothing; return the JSON that comes back."""
        kind = "x-www-form-urlencoded" if isinstance(body, str) else "json"
        sent = json.dumps(body) if isinstance(body, Mapping) else body
        connection = HTTPConnection(self._host, timeout=PATIENCE)
        headers = {"Content-Type": f"application/{kind}", **self._headers}
        connection.request("GET" if body is None else "POST", path, sent, headers)
        response = connection.getresponse()
        assert response.status < 300, response.read()
        value = json.loads(response.read())
        connection.close()
        return value


@contextmanager
def _start() -> Iterator[subprocess.Popen[str]]:
    """Start a demo, and let none outlive its test."""
    with subprocess.Popen(
        [_DEMO, "--headless"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as demo:
        try:
            yield demo
        finally:
            with suppress(ProcessLookupError):
                os.killpg(demo.pid, signal.SIGKILL)


def _visit(demo: subprocess.Popen[str]) -> dict[str, str]:
    """Wait until the demo says how to visit it."""
    assert demo.stdout
    visit: dict[str, str] = json.loads(demo.stdout.readline())
    return visit


def _is_gone(folder: Path, url: str) -> None:
    """Check that neither files, processes nor pages are left."""
    assert list(folder.iterdir()) == []
    assert _processes_about(folder) == []
    with pytest.raises(ConnectionRefusedError):
        _Browser(url).ask("/api/onboarding")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGQUIT])
def test_the_demo_can_be_visited_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    """It shows the integration to who logs in, and is gone after Ctrl-C, or a quit."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with _start() as demo:
        try:
            visit = _visit(demo)
            _look_around(visit)
            assert list(tmp_path.iterdir())
        finally:
            # As a terminal does.
            os.killpg(demo.pid, number)
        rest, errors = demo.communicate(timeout=PATIENCE)
    assert demo.returncode == 0
    assert rest == ""
    assert [line for line in errors.splitlines() if "scripts/" not in line] == []
    _is_gone(tmp_path, visit["url"])


def test_demos_at_once_are_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each talks to its own home. One is then killed, and still leaves nothing."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with _start() as one, _start() as other:
        try:
            visits = [_visit(one), _visit(other)]
            for visit in visits:
                _look_around(visit)
            assert visits[0]["url"] != visits[1]["url"]
            one.kill()
            _wait(lambda: len(list(tmp_path.iterdir())) == 1)
            _look_around(visits[1])
        finally:
            one.kill()
            os.killpg(other.pid, signal.SIGINT)
        assert other.wait(PATIENCE) == 0
    for visit in visits:
        _wait(lambda: not _processes_about(tmp_path))
        _is_gone(tmp_path, visit["url"])


def _wait(done: Callable[[], bool]) -> None:
    limit = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < limit
        time.sleep(0.1)


def test_what_a_killed_demo_left_is_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder goes when nobody holds its lock; others stay."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    stale, foreign = tmp_path / "depin-demo-stale", tmp_path / "depin-demo-foreign"
    for folder in (stale, foreign):
        folder.mkdir()
    (stale / "in-use.lock").touch()
    with own_folder() as (own, _):
        sweep()
        assert sorted(tmp_path.iterdir()) == sorted([own, foreign])
    assert list(tmp_path.iterdir()) == [foreign]


@pytest.mark.parametrize("after", [0.02, 0.1, 0.2, 0.3, 0.4])
def test_an_early_ctrl_c_is_taken_quietly(after: float) -> None:
    """However little has happened by then, nobody is shown a traceback."""
    with _start() as demo:
        time.sleep(after)
        os.killpg(demo.pid, signal.SIGINT)
        written, errors = demo.communicate(timeout=PATIENCE)
    assert written == ""
    assert "Traceback" not in errors


def _look_around(visit: dict[str, str]) -> None:
    """Log in, and find the integration loaded and its sensors there."""
    browser = _Browser(visit["url"])
    browser.log_in(visit["username"], visit["password"])
    assert browser.ask("/api/config")["version"] == "2026.11.0"
    # The page shows nothing before it has these.
    assert "homeassistant" in {actions["domain"] for actions in browser.ask("/api/services")}
    (entry,) = browser.ask("/api/config/config_entries/entry?domain=depin")
    assert (entry["entry_id"], entry["state"]) == (visit["entry_id"], "loaded")
    title = entry["title"]
    assert title.startswith("sunny-street.example ")
    sensors = {
        state["attributes"]["friendly_name"]: state["state"]
        for state in browser.ask("/api/states")
        if state["entity_id"].startswith("sensor.sunny_street")
    }
    names = ("Membership", "Key", "Fine samples deleted before")
    assert sensors.keys() == {f"{title} {name}" for name in names}
    assert sensors[f"{title} Membership"] == "invited"


def _processes_about(folder: Path) -> list[str]:
    """Return the processes that were started with a path in the folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = process.read_bytes().decode(errors="replace")
        except OSError:
            # It ended while we looked.
            continue
        if str(folder) in command:
            found.append(command)
    return found


def test_a_taken_port_is_said() -> None:
    """One clear sentence, and no start."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ended = subprocess.run([_DEMO, "--port", port], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    last = ended.stderr.splitlines()[-1]
    assert last == f"scripts/demo: Port {port} cannot be had. Choose another one, or none."
    assert ended.stdout == ""
