"""What in a JSON message names a device or its owner, and is left out of captures."""

import re
from typing import Final

_REDACTED: Final = '"**REDACTED**"'
_ANY: Final = r'[^"\\]{0,40}'
_NAMING: Final = (
    rf"{_ANY}(?:serial|ieee|ssid|uuid|friendly|equipment|hostname|token|password){_ANY}"
    rf"|{_ANY}(?:meter|server|device|portal|vehicle|customer)_?(?:id|number|name|title)"
    rf"|(?:{_ANY}_)?(?:id|ip|mac|sn|vin|src|dst|owner|rfid)"
)
_NAMED: Final = re.compile(
    rf'("(?:{_NAMING})"\s*:\s*)(?:"(?:[^"\\]|\\.)*"|\d{{6,}}(?![\d.eE]))', re.IGNORECASE
)


def nameless(payload: str) -> str:
    """Return a payload without the texts and long numbers that stand under such names."""
    return _NAMED.sub(rf"\1{_REDACTED}", payload)
