"""For each profile with messages, a capture in the form that its sources give, and its points."""

from typing import Final

from .captures import messages
from .case import Case

_SHELLY: Final = "shellypro3em-a1"
_GOE: Final = "/go-eCharger/012345"

CASES: Final = (
    Case(
        "shelly_pro_3em_mqtt",
        "Shelly's documentation of EM and EMData",
        messages(
            (f"{_SHELLY}/online", "true"),
            (f"{_SHELLY}/status/em:0", {"id": 0, "n_current": None, "total_act_power": -812.5}),
            (f"{_SHELLY}/status/emdata:0", {"total_act": 98_765.43, "total_act_ret": 12.0}),
        ),
        {"power_w": -812, "import_wh": 98_765, "export_wh": 12},
    ),
    Case(
        "shelly_pro_3em_mqtt",
        "Shelly's documentation of NotifyStatus on events/rpc",
        messages(
            (f"{_SHELLY}/events/rpc", {"params": {"em:0": {"total_act_power": 7}}}),
            (f"{_SHELLY}/events/rpc", {"params": {"emdata:0": {"total_act": 8}}}),
        ),
        {"power_w": 7, "import_wh": 8},
    ),
    Case(
        "shelly_pro_3em_mqtt",
        "Shelly's first generation: one scalar a topic, three phases",
        messages(
            *((f"shellies/3em/emeter/{phase}/power", f"{phase}.5") for phase in range(3)),
            *((f"shellies/3em/emeter/{phase}/total", "1000.25") for phase in range(3)),
        ),
        {"power_w": 4, "import_wh": 3001},
    ),
    Case(
        "victron_gx_mqtt",
        "dbus-flashmq: N/portal/service/instance/path",
        messages(
            ("N/c0/grid/30/Ac/Power", {"value": -1234.4}),
            ("N/c0/grid/30/Ac/Energy/Forward", {"value": 123.45}),
            ("N/c0/grid/30/Ac/Energy/Reverse", {"value": None}),
            ("N/c0/system/0/Dc/Battery/Power", {"value": 400}),
            ("N/c0/system/0/Dc/Battery/Soc", {"value": 66.5}),
            ("N/c0/evcharger/40/Ac/Power", {"value": 7000}),
            ("N/c0/evcharger/40/Status", {"value": 2}),
            ("N/c0/evcharger/40/Session/Energy", ""),
        ),
        {"power_w": -1234, "import_wh": 123_450, "soc_percent": 66.5, "status": "charging"},
        {"battery": {"power_w": -400}, "charger": {"power_w": 7000, "session_wh": None}},
    ),
    Case(
        "dsmr_reader_mqtt",
        "DSMR-reader's documentation: one topic a value, kW and kWh",
        messages(
            ("dsmr/reading/electricity_currently_delivered", "0.000"),
            ("dsmr/reading/electricity_currently_returned", "1.234"),
            ("dsmr/reading/electricity_delivered_1", "1234.567"),
            ("dsmr/reading/electricity_delivered_2", "2000.001"),
            ("dsmr/reading/electricity_returned_1", "10"),
            ("dsmr/reading/electricity_returned_2", "20.5"),
        ),
        {"power_w": -1234, "import_wh": 3_234_568, "export_wh": 30_500},
    ),
    Case(
        "dsmr_reader_mqtt",
        "dsmr-reader #1447: JSON, and watts where kW should be",
        messages(
            (
                "dsmr/json",
                {
                    "electricity_currently_delivered": "563",
                    "electricity_currently_returned": "0",
                    "electricity_delivered_1": "1.5",
                    "electricity_delivered_2": "nan",
                },
            ),
        ),
        {"power_w": 563},
    ),
    Case(
        "dsmr_reader_mqtt",
        "dsmr-reader #1447: watts that are given back keep their sign",
        messages(
            (
                "dsmr/json",
                {"electricity_currently_delivered": 0, "electricity_currently_returned": 2345},
            ),
        ),
        {"power_w": -2345},
    ),
    Case(
        "dsmr_reader_mqtt",
        "dsmr-reader #1447: a whole number that could be watts as well as kilowatts",
        messages(
            (
                "dsmr/json",
                {"electricity_currently_delivered": 45, "electricity_currently_returned": 0},
            ),
        ),
        {"power_w": None},
    ),
    Case(
        "dsmr_reader_mqtt",
        "dsmr-reader #1447: an owner who knows that it is watts",
        messages(
            (
                "dsmr/json",
                {"electricity_currently_delivered": 45, "electricity_currently_returned": 0},
            ),
        ),
        {"power_w": 45},
        options={"power_unit": "W"},
    ),
    Case(
        "tasmota_energy",
        "Tasmota's documentation of SENSOR",
        messages(
            ("tele/plug/LWT", "Online"),
            ("tele/plug/SENSOR", {"Time": "1970-01-01", "ENERGY": {"Total": 12.345, "Power": 42}}),
        ),
        {"power_w": 42, "import_wh": 12_345},
    ),
    Case(
        "tasmota_energy",
        "Tasmota: three channels as lists",
        messages(
            ("tele/a/b/SENSOR", {"ENERGY": {"Total": [1.5, 2.5, 3], "Power": [10, -20, 30]}}),
        ),
        {"power_w": 20, "import_wh": 7000},
    ),
    Case(
        "tasmota_sml",
        "Tasmota's Smart Meter Interface: prefix and labels of the owner's script",
        messages(
            (
                "tele/head/SENSOR",
                {
                    "Time": "2026-01-01T00:00:00",
                    "ENERGY": {"Voltage": 230},
                    "SML": {"Total_in": 4321.1234, "Total_out": 0.1, "Power_curr": -99},
                },
            ),
        ),
        {"power_w": -99, "import_wh": 4_321_123, "export_wh": 100},
    ),
    Case(
        "tasmota_sml",
        "payloads that owners published: the prefix is the empty string",
        messages(("tele/head/SENSOR", {"Time": "x", "": {"total_in": 1.5, "Power": 7}})),
        {"power_w": 7, "import_wh": 1500},
    ),
    Case(
        "zigbee2mqtt_power",
        "Zigbee2MQTT's device pages",
        messages(
            ("zigbee2mqtt/bridge/state", {"state": "online"}),
            ("zigbee2mqtt/hall/plug/availability", {"state": "online"}),
            ("zigbee2mqtt/hall/plug", {"power": 3.6, "energy": 17.25, "produced_energy": 1.0}),
        ),
        {"power_w": 4, "import_wh": 17_250, "export_wh": 1000},
    ),
    Case(
        "zigbee2mqtt_power",
        "a published payload: two keys of export that differ",
        messages(("z/meter", {"power": None, "energy_produced": 0, "reverse_energy": 0.01})),
        {},
    ),
    Case(
        "zigbee2mqtt_power",
        "the same payload, and an owner who chose",
        messages(("z/meter", {"power": None, "energy_produced": 0, "reverse_energy": 0.01})),
        {"export_wh": 10},
        options={"export_key": "reverse_energy"},
    ),
    Case(
        "esphome_mqtt",
        "ESPHome's documentation of its MQTT client",
        messages(
            ("node/status", "online"),
            ("node/sensor/power/state", "nan"),
            ("node/sensor/energy_import/state", "12.5"),
        ),
        {"import_wh": 12_500},
    ),
    Case(
        "esphome_mqtt",
        "the same, with the owner's object ids and units",
        messages(("n/sensor/p/state", "1.25"), ("n/sensor/e/state", "99")),
        {"power_w": 1250, "import_wh": 99},
        options={"power_unit": "kW", "energy_unit": "Wh"},
        parameters={"prefix": "n", "power": "p", "import": "e"},
    ),
    Case(
        "goe_v3_mqtt",
        "go-e's API keys nrg, eto, wh, car, sse; the topics begin with a slash",
        messages(
            (f"{_GOE}/nrg", [230, 231, 232, 0, 16, 16, 16, 3680, 3696, 3712, 0, 11_088]),
            (f"{_GOE}/eto", "1234567"),
            (f"{_GOE}/wh", "5432.1"),
            (f"{_GOE}/car", "2"),
            (f"{_GOE}/sse", '"012345"'),
        ),
        {
            "power_w": 11_088,
            "import_wh": 1_234_567,
            "session_wh": 5432,
            "status": "charging",
            "serial": "012345",
        },
    ),
    Case(
        "openevse_mqtt",
        "OpenEVSE's mqtt.md",
        messages(
            ("openevse/power", "7200"),
            ("openevse/session_energy", "1500.5"),
            ("openevse/total_energy", "321.5"),
            ("openevse/state", "3"),
        ),
        {"power_w": 7200, "import_wh": 321_500, "session_wh": 1500, "status": "charging"},
    ),
    Case(
        "openevse_mqtt",
        "OpenEVSE's mqtt.md: old firmware has wattsec and wh",
        messages(("ev/wattsec", "7200000"), ("ev/wh", "321500"), ("ev/state", "254")),
        {"import_wh": 321_500, "session_wh": 2000, "status": "asleep"},
    ),
    Case(
        "openwb2_mqtt",
        "openWB 2: power of panels is negative, of a charging battery positive",
        messages(
            ("openWB/chargepoint/4/get/power", "0"),
            ("openWB/chargepoint/4/get/imported", "987654.5"),
            ("openWB/chargepoint/4/get/plug_state", "true"),
            ("openWB/chargepoint/4/get/charge_state", "false"),
            ("openWB/chargepoint/4/set/log", {"imported_since_plugged": 1200}),
            ("openWB/counter/0/get/power", "-321.9"),
            ("openWB/counter/0/get/imported", "1000"),
            ("openWB/counter/0/get/exported", "2000"),
            ("openWB/pv/get/power", "-4000"),
            ("openWB/bat/get/power", "500"),
        ),
        {
            "power_w": 0,
            "import_wh": 987_654,
            "export_wh": 2000,
            "session_wh": 1200,
            "status": "plugged",
        },
        {
            "grid": {"power_w": -322, "import_wh": 1000},
            "production": {"power_w": 4000},
            "battery": {"power_w": -500},
        },
    ),
    Case(
        "evcc_mqtt",
        "evcc: one topic a field, empty for none; an old and a new name",
        messages(
            ("evcc/status", "online"),
            ("evcc/site/gridPower", "-500.123"),
            ("evcc/site/grid/energy", "123.456"),
            ("evcc/site/pvPower", "4000"),
            ("evcc/site/pvEnergy", ""),
            ("evcc/site/battery/power", "-250"),
            ("evcc/site/battery/soc", "40"),
            ("evcc/site/battery/devices/1/energy", "10"),
            ("evcc/site/battery/devices/1/returnEnergy", "12.5"),
            ("evcc/loadpoints/1/chargePower", "7200"),
            ("evcc/loadpoints/1/chargedEnergy", "1500"),
            ("evcc/loadpoints/1/connected", "true"),
            ("evcc/loadpoints/1/charging", "true"),
        ),
        {
            "power_w": 7200,
            "import_wh": 123_456,
            "charge_wh": 12_500,
            "discharge_wh": 10_000,
            "session_wh": 1500,
            "soc_percent": 40.0,
            "status": "charging",
        },
        {
            "grid": {"power_w": -500, "export_wh": None},
            "production": {"power_w": 4000, "production_wh": None},
            "battery": {"power_w": -250},
        },
    ),
    Case(
        "ocpp",
        "OCPP 1.6: framed calls, with and without a unit",
        messages(
            ("charger", [2, "1", "StatusNotification", {"status": "Charging"}]),
            ("charger", [2, "2", "StartTransaction", {"meterStart": 1000}]),
            (
                "charger",
                [
                    2,
                    "3",
                    "MeterValues",
                    {
                        "meterValue": [
                            {
                                "sampledValue": [
                                    {
                                        "measurand": "Energy.Active.Import.Register",
                                        "value": "1.75",
                                        "unit": "kWh",
                                    },
                                    {"measurand": "Power.Active.Import", "value": "3600"},
                                ]
                            }
                        ]
                    },
                ],
            ),
        ),
        {"power_w": 3600, "import_wh": 1750, "session_wh": 750, "status": "charging"},
    ),
    Case(
        "ocpp",
        "OCPP 1.6: the payloads by the names of their actions",
        messages(
            ("StartTransaction", {"meterStart": 1000}),
            ("StopTransaction", {"meterStop": 4000}),
            ("StatusNotification", {"status": "Finishing"}),
        ),
        {"import_wh": 4000, "session_wh": 3000, "status": "complete"},
    ),
)
