"""Modbus devices played by pymodbus over real sockets, behind a wire that can be made faulty."""

import asyncio
import contextlib
import enum
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Self

from pymodbus import FramerType
from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer, ModbusTlsServer
from pymodbus.simulator import DataType, SimData, SimDevice

_INPUT: Final = 4
_HEADER: Final = 7
_LONGEST: Final = 260


class Fault(enum.StrEnum):
    """What is wrong with the wire, or with the device at its end."""

    NONE = "none"
    SILENCE = "silence"
    REFUSED_REGISTERS = "exception 2"
    BUSY = "exception 6"
    SHORT_REPLY = "short reply"
    GARBAGE = "garbage"
    HANGS_UP = "hangs up"
    REFUSED_CONNECTION = "refused connection"


@dataclass
class PlayedDevice:
    """A device with registers, which a test can change at any time."""

    holding: dict[int, int] = field(default_factory=dict)
    input: dict[int, int] = field(default_factory=dict)
    fault: Fault = Fault.NONE
    port: int = 0
    requests: int = 0
    writes: list[tuple[int, list[int]]] = field(default_factory=list)
    open_connections: set[asyncio.Task[None]] = field(default_factory=set)

    @classmethod
    def of(cls, capture: dict[str, Any]) -> Self:
        """Play what a capture holds."""
        holding, input_ = (
            {int(at): word for at, word in capture.get(space, {}).items()}
            for space in ("holding", "input")
        )
        return cls(holding, input_)

    def put(self, capture: dict[str, Any]) -> None:
        """Hold other values from now on."""
        other = PlayedDevice.of(capture)
        self.holding, self.input = other.holding, other.input

    async def cut(self) -> None:
        """Cut all connections that are open."""
        for task in tuple(self.open_connections):
            task.cancel()
        await asyncio.gather(*self.open_connections, return_exceptions=True)

    async def answer(
        self,
        function: int,
        start: int,
        address: int,
        count: int,
        current: list[int],
        written: list[int] | list[bool] | None,
    ) -> ExcCodes | None:
        """Fill in what a request asks for, or note what it writes."""
        self.requests += 1
        if self.fault is Fault.REFUSED_REGISTERS:
            return ExcCodes.ILLEGAL_ADDRESS
        if self.fault is Fault.BUSY:
            return ExcCodes.DEVICE_BUSY
        if written:
            words = [int(word) for word in written]
            self.writes.append((address, words))
            self.holding.update(enumerate(words, start=address))
            return None
        registers = self.input if function == _INPUT else self.holding
        for at in range(address, address + count):
            if at not in registers:
                return ExcCodes.ILLEGAL_ADDRESS
            current[at - start] = registers[at]
        return None


type Carry = Callable[
    [PlayedDevice, int, asyncio.StreamReader, asyncio.StreamWriter], Coroutine[None, None, None]
]


@asynccontextmanager
async def played(device: PlayedDevice) -> AsyncIterator[PlayedDevice]:
    """Let a device listen, and the wire to it, whose port is the device's."""
    server = ModbusTcpServer(_simulated(device), address=("127.0.0.1", 0))
    async with _served(server) as behind, wired(device, behind, _carry):
        yield device


@asynccontextmanager
async def played_as_rtu(device: PlayedDevice) -> AsyncIterator[PlayedDevice]:
    """Let a device speak as on a serial line, behind a converter that passes all on."""
    server = ModbusTcpServer(_simulated(device), framer=FramerType.RTU, address=("127.0.0.1", 0))
    async with _served(server) as behind, wired(device, behind, _carry_unframed):
        yield device


@asynccontextmanager
async def played_over_tls(
    device: PlayedDevice, context: ssl.SSLContext
) -> AsyncIterator[PlayedDevice]:
    """Let a device speak over TLS, with no wire that could look into it."""
    server = ModbusTlsServer(
        _simulated(device),
        framer=FramerType.SOCKET,
        address=("127.0.0.1", device.port),
        sslctx=context,
    )
    async with _served(server) as port:
        device.port = port
        yield device


@asynccontextmanager
async def wired(device: PlayedDevice, behind: int, carry: Carry) -> AsyncIterator[None]:
    """Lay the wire to a device."""

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        device.open_connections.add(task)
        try:
            if device.fault is Fault.REFUSED_CONNECTION:
                writer.transport.abort()
            else:
                await carry(device, behind, reader, writer)
        finally:
            device.open_connections.discard(task)

    wire = await asyncio.start_server(connect, "127.0.0.1", device.port)
    device.port = wire.sockets[0].getsockname()[1]
    try:
        yield
    finally:
        wire.close()
        await device.cut()


@asynccontextmanager
async def _served(server: ModbusTcpServer) -> AsyncIterator[int]:
    await server.serve_forever(background=True)
    listening: Any = server.transport
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        await server.shutdown()  # type: ignore[no-untyped-call]


def _simulated(device: PlayedDevice) -> SimDevice:
    everywhere = SimData(0, count=0x10000, values=0, datatype=DataType.UINT16)
    return SimDevice(0, [everywhere], action=device.answer)


async def _carry(
    device: PlayedDevice,
    behind: int,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    """Carry requests to the device and its replies back, with the wire's fault."""
    far_reader, far_writer = await asyncio.open_connection("127.0.0.1", behind)
    try:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                far_writer.write(await _frame(reader))
                reply = await _frame(far_reader)
                if device.fault is Fault.HANGS_UP:
                    break
                if device.fault is not Fault.SILENCE:
                    writer.write(_SPOILED.get(device.fault, bytes)(reply))
                await writer.drain()
    finally:
        far_writer.close()
        writer.close()


async def _carry_unframed(
    device: PlayedDevice,
    behind: int,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    """Carry bytes as they come: on a serial line, one request waits for its reply."""
    far_reader, far_writer = await asyncio.open_connection("127.0.0.1", behind)
    try:
        with contextlib.suppress(ConnectionError):
            while request := await reader.read(_LONGEST):
                far_writer.write(request)
                reply = await far_reader.read(_LONGEST)
                if device.fault is Fault.HANGS_UP:
                    break
                if device.fault is Fault.SHORT_REPLY:
                    writer.write(reply[:-2])
                elif device.fault is Fault.GARBAGE:
                    writer.write(_garbage(reply))
                elif device.fault is not Fault.SILENCE:
                    writer.write(reply)
                await writer.drain()
    finally:
        far_writer.close()
        writer.close()


async def _frame(reader: asyncio.StreamReader) -> bytes:
    header = await reader.readexactly(_HEADER)
    return header + await reader.readexactly(int.from_bytes(header[4:6]) - 1)


def _short(reply: bytes) -> bytes:
    """Leave out the last register of a reply whose frame is right in itself."""
    body = reply[_HEADER:-2]
    if len(body) < len(b"FNww"):
        return reply
    body = bytes([body[0], body[1] - 2]) + body[2:]
    return reply[:4] + (len(body) + 1).to_bytes(2) + reply[6:_HEADER] + body


def _garbage(reply: bytes) -> bytes:
    return bytes(byte ^ 0x5A for byte in reply)


_SPOILED: Final[dict[Fault, Callable[[bytes], bytes]]] = {
    Fault.SHORT_REPLY: _short,
    Fault.GARBAGE: _garbage,
}
