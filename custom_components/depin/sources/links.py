"""How a device with registers is reached."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, Self

from homeassistant.const import CONF_DEVICE, CONF_HOST, CONF_PORT, CONF_TYPE, CONF_VERIFY_SSL

from ..const import CONF_BAUDRATE, CONF_PARITY, CONF_STOPBITS

PARITIES: Final[Mapping[str, Literal["N", "E", "O"]]] = {"none": "N", "even": "E", "odd": "O"}


class LinkKind(enum.StrEnum):
    """What carries Modbus to the device."""

    TCP = "tcp"
    RTU_OVER_TCP = "rtu_over_tcp"
    TLS = "tls"
    SERIAL = "serial"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A network address, or a serial line with its settings."""

    kind: LinkKind
    host: str = ""
    port: int = 502
    verify: bool = True
    device: str = ""
    baudrate: int = 9600
    parity: Literal["N", "E", "O"] = "N"
    stopbits: Literal[1, 2] = 1

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """Read a link as a subentry keeps it."""
        kind = LinkKind(data[CONF_TYPE])
        if kind is LinkKind.SERIAL:
            return cls(
                kind=kind,
                device=data[CONF_DEVICE],
                baudrate=data[CONF_BAUDRATE],
                parity=PARITIES[data[CONF_PARITY]],
                stopbits=data[CONF_STOPBITS],
            )
        # One connection is shared by all who write its host in the same way.
        return cls(
            kind=kind,
            host=data[CONF_HOST].strip().lower(),
            port=data[CONF_PORT],
            verify=data.get(CONF_VERIFY_SSL, True),
        )

    @property
    def place(self) -> str:
        """Return what tells this link from others."""
        return self.device if self.kind is LinkKind.SERIAL else f"{self.host}:{self.port}"
