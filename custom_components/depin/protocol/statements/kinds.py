"""Every kind of statement there is."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from .bodies import Body
from .measuring import Device, Observations, Readings
from .membership import (
    Appeal,
    ChainOpening,
    Confirmation,
    KeyChange,
    Leave,
    OperatorAction,
    Veto,
    Vote,
)
from .money import Payout, PayoutAddress, Tariff
from .trading import Cancellation, FlexibleOrder, Order, Preference, StandingOrder

_BODIES: tuple[type[Body], ...] = (
    Readings,
    Observations,
    Order,
    Cancellation,
    StandingOrder,
    FlexibleOrder,
    Preference,
    Tariff,
    Device,
    ChainOpening,
    KeyChange,
    Veto,
    Payout,
    PayoutAddress,
    Appeal,
    Vote,
    Leave,
    Confirmation,
    OperatorAction,
)

KINDS: Final[Mapping[str, type[Body]]] = MappingProxyType({body.KIND: body for body in _BODIES})
