"""The links to devices with registers: a serial line behind a converter, and TLS."""

import socket
import ssl
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import pytest
from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.depin.devices.points import Points

from .certificates import self_signed
from .played_device import Fault, PlayedDevice, played_as_rtu, played_over_tls
from .test_modbus_devices import keba, sdm630

pytestmark = pytest.mark.usefixtures("socket_enabled", "impatient")

HOST: Final = "127.0.0.1"
_BROKEN_LINES: Final = [
    Fault.SILENCE,
    Fault.REFUSED_REGISTERS,
    Fault.BUSY,
    Fault.SHORT_REPLY,
    Fault.GARBAGE,
    Fault.HANGS_UP,
    Fault.REFUSED_CONNECTION,
]


@pytest.fixture
def certificate(tmp_path: Path) -> ssl.SSLContext:
    """Return what a device has that signed its own certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path))
    return context


async def answered(hass: HomeAssistant, entry: MockConfigEntry, *answers: dict[str, Any]) -> Any:  # noqa: ANN401 - a step of any kind
    """Begin to add a device, and give answers."""
    flows = hass.config_entries.subentries
    form: Any = await flows.async_init((entry.entry_id, "modbus"), context={"source": SOURCE_USER})
    for answer in answers:
        form = await flows.async_configure(form["flow_id"], answer)
    await hass.async_block_till_done()
    return form


async def looked(entry: MockConfigEntry) -> Points:
    """Read the one device that there is, and return what it shows."""
    senses = entry.runtime_data.senses
    (device,) = senses.devices.values()
    await senses.sampler.look_at(device.sampled)
    (part,) = device.metered.parts
    shown: Points = device.shown(part.use.role)
    return shown


@pytest.mark.parametrize("fault", _BROKEN_LINES)
async def test_rtu_over_tcp_is_right_or_missing(
    hass: HomeAssistant, loaded: MockConfigEntry, fault: Fault
) -> None:
    async with played_as_rtu(PlayedDevice.of(sdm630())) as device:
        form = await answered(
            hass,
            loaded,
            {"profile": "eastron_sdm630"},
            {"type": "rtu_over_tcp"},
            {"host": HOST, "port": device.port, "unit": 1},
            {"name": "Meter", "grid": "grid"},
        )
        assert form["type"] == "create_entry", form
        right = await looked(loaded)
        assert (right.power_w, right.import_wh, right.export_wh) == (-1234, 1_234_500, 250)
        device.fault = fault
        if fault is Fault.REFUSED_CONNECTION:
            await device.cut()
        shown = await looked(loaded)
        assert (shown.power_w, shown.import_wh, shown.export_wh) == (None, None, None)
        device.fault = Fault.NONE
        assert (await looked(loaded)).import_wh == 1_234_500
        await hass.config_entries.async_unload(loaded.entry_id)


async def test_a_charger_over_tls_comes_back_after_it_was_away(
    hass: HomeAssistant, loaded: MockConfigEntry, certificate: ssl.SSLContext
) -> None:
    charger = PlayedDevice.of(keba())
    async with played_over_tls(charger, certificate):
        where = {"host": HOST, "port": charger.port, "unit": 255}
        steps: list[dict[str, Any]] = [{"profile": "keba_p30_p40_modbus"}, {"type": "tls"}, {}]
        form = await answered(
            hass,
            loaded,
            *steps,
            {**where, "verify_ssl": False},
            {"name": "Box", "charger": "charger"},
        )
        assert form["type"] == "create_entry", form
        await hass.async_block_till_done()
        assert (await looked(loaded)).import_wh == 1_234_567
        for fault in (Fault.REFUSED_REGISTERS, Fault.BUSY):
            charger.fault = fault
            assert (await looked(loaded)).import_wh is None
        charger.fault = Fault.NONE
        assert (await looked(loaded)).power_w == 7200
    assert (await looked(loaded)).import_wh is None
    async with played_over_tls(charger, certificate):
        assert (await looked(loaded)).import_wh == 1_234_567
        await hass.config_entries.async_unload(loaded.entry_id)


async def test_a_certificate_that_nobody_signed_is_not_trusted(
    hass: HomeAssistant, loaded: MockConfigEntry, certificate: ssl.SSLContext
) -> None:
    refused: list[str] = []

    def serve(listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                try:
                    certificate.wrap_socket(connection, server_side=True).close()
                except OSError as error:
                    refused.append(str(error))
                    connection.close()

    with socket.create_server((HOST, 0)) as listening:
        served = hass.loop.run_in_executor(None, serve, listening)
        where = {"host": HOST, "port": listening.getsockname()[1], "unit": 1, "verify_ssl": True}
        form = await answered(hass, loaded, {"profile": "eastron_sdm630"}, {"type": "tls"}, where)
        assert form["errors"] == {"base": "no_answer"}
        listening.shutdown(socket.SHUT_RDWR)
    await served
    assert refused
