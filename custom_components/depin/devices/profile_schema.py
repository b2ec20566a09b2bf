"""The form of a device profile's file; what it means is in profiles.py."""

from typing import Any, Final

import voluptuous as vol

from .places import REGISTERS
from .points import Points, Role, Status
from .quantities import UNITS

TRANSPORTS: Final = ("modbus", "sunspec", "mqtt", "ocpp")

_TEXT: Final = vol.All(str, vol.Length(min=1))
_WHOLE: Final = vol.All(int, vol.Range(min=0))
_ADDRESS: Final = vol.All(int, vol.Range(min=0, max=0xFFFF))
_SPACE: Final = vol.In(("holding", "input"))
_ORDER: Final = vol.In(("big", "little"))
_RATIO: Final = vol.Any(int, float, vol.Match(r"^-?[0-9]+/[1-9][0-9]*$"))
_STEP: Final = vol.Any(str, int)
_TYPES: Final = vol.In((*REGISTERS, "string"))

_WHERE: Final = {
    vol.Optional("register"): _ADDRESS,
    vol.Optional("type"): _TYPES,
    vol.Optional("length"): vol.All(int, vol.Range(min=1, max=60)),
    vol.Optional("space"): _SPACE,
    vol.Optional("word_order"): _ORDER,
    vol.Optional("of"): _TEXT,
    vol.Optional("topic"): _TEXT,
    vol.Optional("path"): [_STEP],
    vol.Optional("obis"): vol.Match(r"^\d+-\d+:\d+\.\d+\.\d+$"),
    vol.Optional("scale"): _RATIO,
    vol.Optional("unit"): vol.In(tuple(UNITS)),
    vol.Optional("shift"): _WHOLE,
    vol.Optional("mask"): _WHOLE,
    vol.Optional("magnitude"): True,
    vol.Optional("zero_is_nothing"): True,
    vol.Optional("plain_above"): vol.Any(int, float),
}


def _one_place(value: dict[str, Any]) -> dict[str, Any]:
    """Let a value stand in exactly one place."""
    kinds = [kind for kind in ("register", "topic") if kind in value]
    if len(kinds) != 1:
        msg = "a value needs either a register or a topic"
        raise vol.Invalid(msg)
    if kinds == ["register"] and "type" not in value:
        msg = "a register needs a type"
        raise vol.Invalid(msg)
    if (value.get("type") == "string") != ("length" in value):
        msg = "a string, and nothing else, needs its length in registers"
        raise vol.Invalid(msg)
    return value


VALUE: Final = vol.All(vol.Schema(_WHERE), _one_place)
_CONDITION: Final = vol.All(
    vol.Schema(
        {
            **_WHERE,
            vol.Optional("equals"): [int],
            vol.Optional("bits"): _WHOLE,
            vol.Optional("below_zero"): True,
        }
    ),
    _one_place,
)


def _formula(value: object) -> object:
    """Check a formula, however deep."""
    return FORMULA(value)


FORMULA: Final = vol.Any(
    VALUE,
    vol.Schema({vol.Required("sum"): [_formula], vol.Optional("partial"): True}),
    vol.Schema({vol.Required("first"): [_formula]}),
    vol.Schema({vol.Required("only"): [_formula]}),
    vol.Schema(
        {
            vol.Required("directed"): VALUE,
            vol.Required("negative_if"): [_CONDITION],
            vol.Optional("otherwise_positive"): True,
        }
    ),
)
_STATE: Final = vol.Any(
    vol.All(
        vol.Schema(
            {
                **_WHERE,
                vol.Required("states"): {vol.Any(str, int): vol.In(tuple(Status))},
                vol.Optional("plugged_if"): _CONDITION,
            }
        ),
        _one_place,
    ),
    vol.Schema({vol.Required("plugged"): VALUE, vol.Required("charging"): VALUE}),
)
_NUMBERS: Final = tuple(
    name
    for name in Points.__slots__
    if name not in {"status", "serial", "model", "manufacturer", "strings"}
)
_POINTS: Final = vol.Schema(
    {
        **{vol.Optional(name): FORMULA for name in _NUMBERS},
        **{vol.Optional(name): VALUE for name in ("serial", "model", "manufacturer")},
        vol.Optional("status"): _STATE,
        vol.Optional("strings"): [
            vol.Schema({vol.Optional(name): FORMULA for name in ("power_w", "production_wh")})
        ],
    }
)
_DEFAULTS: Final = vol.Schema(
    {
        vol.Optional("space"): _SPACE,
        vol.Optional("word_order"): _ORDER,
        vol.Optional("byte_order"): _ORDER,
        vol.Optional("shift"): _WHOLE,
        vol.Optional("nothing"): {_TYPES: [_WHOLE]},
        vol.Optional("meter_sign"): vol.In(("auto", "standard", "reversed")),
        vol.Optional("meter"): vol.All(int, vol.Range(min=1, max=3)),
        vol.Optional("production"): vol.In(("auto", "ac", "dc")),
    }
)
_READING: Final = vol.Schema(
    {
        vol.Optional("port"): vol.All(int, vol.Range(min=1, max=0xFFFF)),
        vol.Optional("max_registers"): vol.All(int, vol.Range(min=1, max=125)),
        vol.Optional("one_value_a_request"): True,
        vol.Optional("spacing_ms"): _WHOLE,
        vol.Optional("connect_delay_s"): _WHOLE,
        vol.Optional("one_client"): True,
    }
)
_CHECK: Final = vol.All(
    vol.Schema(
        {
            **_WHERE,
            vol.Optional("between"): vol.All([vol.Any(int, float)], vol.Length(min=2, max=2)),
            vol.Optional("begins_with"): vol.Any(_TEXT, [_TEXT]),
        }
    ),
    _one_place,
)
_CURRENT_LIMIT: Final = vol.Schema(
    {
        vol.Required("register"): _ADDRESS,
        vol.Required("steps_per_ampere"): vol.All(int, vol.Range(min=1, max=1000)),
        vol.Required("between"): vol.All(
            [vol.All(int, vol.Range(min=6, max=65))], vol.Length(min=2, max=2)
        ),
        vol.Required("shown"): VALUE,
        vol.Required("only_if"): _CHECK,
        vol.Required("about"): _TEXT,
    }
)

_EXAMPLE: Final = vol.Schema(
    {
        vol.Required("capture"): dict,
        vol.Required("points"): {str: object},
        vol.Optional("parts"): {vol.In(tuple(Role)): {str: object}},
        vol.Optional("options"): {str: str},
        vol.Optional("parameters"): {str: str},
    }
)

PROFILE: Final = vol.Schema(
    {
        vol.Required("name"): _TEXT,
        vol.Required("vendor"): _TEXT,
        vol.Required("models"): [_TEXT],
        vol.Required("transport"): vol.In(TRANSPORTS),
        vol.Required("sources"): vol.All([_TEXT], vol.Length(min=1)),
        vol.Required("identify"): vol.Schema(
            {
                vol.Required("by"): _TEXT,
                vol.Optional("checks"): [_CHECK],
            }
        ),
        vol.Optional("notes"): [_TEXT],
        vol.Optional("example"): _EXAMPLE,
        vol.Optional("phases"): vol.In(("apart", "netted")),
        vol.Optional("also"): [vol.In(tuple(Role))],
        vol.Optional("unit_id"): vol.All(int, vol.Range(min=0, max=255)),
        vol.Optional("units"): [_TEXT],
        vol.Optional("bases"): [_ADDRESS],
        vol.Optional("reading"): _READING,
        vol.Optional("defaults"): _DEFAULTS,
        vol.Optional("parameters"): {
            str: vol.Schema(
                {
                    vol.Required("about"): _TEXT,
                    vol.Optional("default"): str,
                    vol.Optional("examples"): [str],
                }
            )
        },
        vol.Optional("availability"): vol.Schema(
            {vol.Required("topic"): _TEXT, vol.Required("online"): [_TEXT]}
        ),
        vol.Optional("own_time"): vol.Schema(
            {vol.Required("topic"): _TEXT, vol.Optional("path"): [_STEP]}
        ),
        vol.Optional("keepalive"): vol.Schema(
            {
                vol.Required("topic"): _TEXT,
                vol.Required("payload"): str,
                vol.Required("every_s"): vol.All(int, vol.Range(min=1)),
            }
        ),
        vol.Optional("current_limit"): _CURRENT_LIMIT,
        vol.Optional("device"): _POINTS,
        vol.Optional("roles"): {vol.In(tuple(Role)): _POINTS},
        vol.Optional("options"): {
            str: vol.Schema(
                {
                    vol.Required("about"): _TEXT,
                    vol.Required("default"): _TEXT,
                    vol.Required("choices"): {str: dict},
                    vol.Optional("told_by"): {str: [_CHECK]},
                }
            )
        },
    }
)
