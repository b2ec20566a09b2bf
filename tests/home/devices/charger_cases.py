"""Captures of chargers, built from the maps of the named sources."""

from typing import Final

from .captures import Values, registers
from .case import Case

_KEBA: Final[Values] = {
    1000: ("uint32", 3),
    1004: ("uint32", 7),
    1014: ("uint32", 17_619_300),
    1016: ("uint32", 314_340),
    1020: ("uint32", 7_200_500),
    1036: ("uint32", 12_345_678),
    1502: ("uint32", 54_321),
}

_GOE: Final[Values] = {
    100: ("uint16", 2),
    108: ("uint32", 231),
    120: ("uint32", 736_050),
    128: ("uint32", 12_345),
    132: ("uint32", 360_000),
}

CASES: Final = (
    Case(
        "goe_modbus",
        "go-e's documentation: 100 to 132; the session in tens of watt-seconds",
        registers("input", _GOE),
        {
            "power_w": 7360,
            "import_wh": 1_234_500,
            "session_wh": 1000,
            "status": "charging",
        },
    ),
    Case(
        "goe_modbus",
        "go-e's setting msr: the words are swapped",
        registers("input", _GOE, "little"),
        {
            "power_w": 7360,
            "import_wh": 1_234_500,
            "session_wh": 1000,
            "status": "charging",
        },
        options={"words": "swapped"},
    ),
    Case(
        "goe_modbus",
        "firmware 60.3: the bytes are swapped (0x3930 is 0x3039, 12345)",
        {"input": {"128": 0, "129": 0x3930}},
        {"import_wh": 1_234_500},
        options={"bytes": "swapped"},
    ),
    Case(
        "keba_p30_p40_modbus",
        "evcc and OpenEMS: 1000 to 1502, power in mW, energy in 0.1 Wh",
        registers("holding", _KEBA),
        {
            "power_w": 7200,
            "import_wh": 1_234_568,
            "session_wh": 5432,
            "status": "charging",
            "serial": "17619300",
            "model": "314340",
        },
    ),
    Case(
        "keba_p30_p40_modbus",
        "evcc: a P40 with firmware below 1.2.1 counts in Wh; a cable in the car, no permission",
        registers(
            "holding",
            {1000: ("uint32", 1), 1004: ("uint32", 7), 1036: ("uint32", 1234), 1502: ("uint32", 0)},
        ),
        {"import_wh": 1234, "session_wh": 0, "status": "plugged"},
        options={"counters": "Wh"},
    ),
    Case(
        "alfen_ng9xx_modbus",
        "Alfen's manual: 344, 374, 390, 1201; a float that is no number",
        registers(
            "holding",
            {
                344: ("float32", 11_040.4),
                374: ("float64", 123_456_789.5),
                390: ("float64", float("nan")),
                1201: ("string", "C2"),
            },
        ),
        {"power_w": 11_040, "import_wh": 123_456_790, "status": "charging"},
    ),
    Case(
        "abb_terra_ac_modbus",
        "evcc: the state in the high byte of 0x400D, its top bit aside",
        registers(
            "holding",
            {16_397: ("uint16", 0x8400), 16_412: ("uint32", 3600), 16_414: ("uint32", 2500)},
        ),
        {"power_w": 3600, "session_wh": 2500, "status": "charging"},
    ),
    Case(
        "openwb2_modbus",
        "openWB: 10100 to 10115; plugged in, not charging; charge point 2 is 100 higher",
        registers(
            "input",
            {
                10_200: ("int32", 0),
                10_202: ("uint32", 987_654),
                10_214: ("uint16", 1),
                10_215: ("uint16", 0),
            },
        ),
        {"power_w": 0, "import_wh": 987_654, "status": "plugged"},
        options={"charge_point": "2"},
    ),
)
