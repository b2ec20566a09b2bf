"""Captures of meters, built from the maps of the named sources."""

from typing import Final

from .captures import Values, registers
from .case import Case

_SDM: Final[Values] = {
    0: ("float32", 230.4),
    70: ("float32", 49.98),
    72: ("float32", 1234.57),
    74: ("float32", 0.25),
}

_EM24: Final[Values] = {
    18: ("int32", -1000),
    20: ("int32", 300),
    22: ("int32", 200),
    40: ("int32", -5005),
}

CASES: Final = (
    Case(
        "eastron_sdm630",
        "evcc and mbmd: power 52, import 72, export 74, frequency 70, all float32",
        registers("input", {**_SDM, 52: ("float32", -1234.6)}),
        {
            "power_w": -1235,
            "import_wh": 1_234_570,
            "export_wh": 250,
            "frequency_hz": 49.98,
        },
    ),
    Case(
        "eastron_sdm630",
        "openWB: some firmware gives the frequency times 10",
        registers("input", {70: ("float32", 500.2)}),
        {"frequency_hz": 50.02},
    ),
    Case(
        "eastron_sdm120",
        "evcc and mbmd: as SDM630, but power 12",
        registers("input", {**_SDM, 12: ("float32", 321.0)}),
        {"power_w": 321, "import_wh": 1_234_570, "export_wh": 250, "frequency_hz": 49.98},
    ),
    Case(
        "carlo_gavazzi_em24_e1",
        "mbmd: power 40, import 52, export 78, frequency 51, low word first",
        registers(
            "input",
            {**_EM24, 51: ("int16", 499), 52: ("int32", 123_456), 78: ("int32", 7)},
            "little",
        ),
        {"power_w": -500, "import_wh": 12_345_600, "export_wh": 700, "frequency_hz": 49.9},
    ),
    Case(
        "carlo_gavazzi_em24_e1",
        "openWB: the phases 18, 20, 22 summed",
        registers("input", _EM24, "little"),
        {"power_w": -50},
        options={"power": "phases"},
    ),
    Case(
        "carlo_gavazzi_em24_rs485",
        "mbmd: import 66, export 92, frequency 55",
        registers(
            "input",
            {**_EM24, 55: ("int16", 500), 66: ("int32", 50), 92: ("int32", 60)},
            "little",
        ),
        {"power_w": -500, "import_wh": 5000, "export_wh": 6000, "frequency_hz": 50.0},
    ),
    Case(
        "carlo_gavazzi_em24_rs485",
        "evcc #31143: without the export register",
        registers("input", {66: ("int32", 50), 92: ("int32", 60)}, "little"),
        {"import_wh": 5000},
        options={"export": "ignore"},
    ),
    Case(
        "janitza_umg",
        "mbmd and cFos: 19026, 19068, 19076, 19050, float32 in Wh",
        registers(
            "holding",
            {
                19_026: ("float32", 5000.0),
                19_050: ("float32", 50.0),
                19_068: ("float32", 16_000_000.0),
                19_076: ("float32", 1.0),
            },
        ),
        {"power_w": 5000, "import_wh": 16_000_000, "export_wh": 1, "frequency_hz": 50.0},
    ),
    Case(
        "shelly_pro_3em_modbus",
        "Shelly's documentation: 31013, 31162, 31164 less 30000, low word first",
        registers(
            "input",
            {
                1013: ("float32", -812.5),
                1162: ("float32", 98_765.0),
                1164: ("float32", 54_321.0),
            },
            "little",
        ),
        {"power_w": -812, "import_wh": 98_765, "export_wh": 54_321},
    ),
    Case(
        "shelly_pro_3em_modbus",
        "an ESPHome configuration: one higher",
        registers("input", {1014: ("float32", 5.0)}, "little"),
        {"power_w": 5},
        options={"addresses": "one_higher"},
    ),
    Case(
        "shelly_pro_3em_modbus",
        "Shelly's documentation of EM1: the second channel is 20 higher",
        registers("input", {2027: ("float32", 5.0), 2322: ("float32", 6.0)}, "little"),
        {"power_w": 5, "import_wh": 6},
        options={"profile": "channel_2"},
    ),
)
