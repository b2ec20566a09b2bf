"""That libraries which are heavy, or may not be there yet, wait until they are needed."""

import subprocess
import sys
from pathlib import Path

from custom_components.depin.protocol.invite import Invite

_SCRIPT = Path(__file__).with_name("imports_at_set_up.py")


def _early_imports(subject: str) -> str:
    """Watch imports in a process of its own, where nothing has been imported yet."""
    command = [sys.executable, str(_SCRIPT), subject]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_set_up_imports_nothing_too_early(invite: Invite) -> None:
    """Neither the flow nor the set-up of the integration and its platforms asks for them."""
    assert _early_imports(str(invite)) == ""


def test_clearing_imports_numpy() -> None:
    """The watch sees an import when there is one."""
    assert _early_imports("custom_components.depin.protocol.clearing.book") == "numpy"


def test_reading_registers_imports_what_modbus_brings() -> None:
    """Home Assistant installs it only when its modbus is asked for."""
    subject = "custom_components.depin.devices.registers"
    assert _early_imports(subject) == "modbus_connection"
