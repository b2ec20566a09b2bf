"""The demo, as a person starts, visits and stops it."""

import json
import os
import signal
import socket
import subprocess
from collections.abc import Mapping
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import pytest

_DEMO: Final = Path(__file__).parents[2] / "scripts" / "demo"
_STOP_LIMIT: Final = 60


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
        connection = HTTPConnection(self._host, timeout=30)
        headers = {"Content-Type": f"application/{kind}", **self._headers}
        connection.request("GET" if body is None else "POST", path, sent, headers)
        response = connection.getresponse()
        assert response.status < 300, response.read()
        value = json.loads(response.read())
        connection.close()
        return value


def test_the_demo_can_be_visited_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It shows the integration to who logs in, and is gone after Ctrl-C."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with subprocess.Popen(
        [_DEMO, "--headless"], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as demo:
        try:
            assert demo.stdout
            visit = json.loads(demo.stdout.readline())
            _look_around(visit)
            assert list(tmp_path.iterdir())
        finally:
            # As a terminal does on Ctrl-C.
            os.killpg(demo.pid, signal.SIGINT)
        assert demo.wait(_STOP_LIMIT) == 0
        assert demo.stdout.read() == ""
    assert list(tmp_path.iterdir()) == []
    assert _processes_about(tmp_path) == []
    with pytest.raises(ConnectionRefusedError):
        _Browser(visit["url"]).ask("/api/onboarding")


def _look_around(visit: dict[str, str]) -> None:
    """Log in, and find the integration loaded and its sensors there."""
    browser = _Browser(visit["url"])
    browser.log_in(visit["username"], visit["password"])
    assert browser.ask("/api/config")["version"] == "2026.11.0"
    # The page shows nothing before it has these.
    assert "homeassistant" in {actions["domain"] for actions in browser.ask("/api/services")}
    (entry,) = browser.ask("/api/config/config_entries/entry?domain=depin")
    assert (entry["entry_id"], entry["state"]) == (visit["entry_id"], "loaded")
    sensors = {
        state["attributes"]["friendly_name"]: state["state"]
        for state in browser.ask("/api/states")
        if state["entity_id"].startswith("sensor.sunny_street")
    }
    assert sensors.keys() == {
        "sunny-street.example Membership",
        "sunny-street.example Key",
    }
    assert sensors["sunny-street.example Membership"] == "invited"


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
