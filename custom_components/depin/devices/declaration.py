"""What a home says that its devices are."""

from collections.abc import Mapping

from ..protocol.statements.measuring import Device
from .formulas import Directed, First, Formula, Measured, Only, Sum
from .places import RegisterPlace
from .points import Role
from .profiles import PointFormulas
from .roles import Use, counters


def declaration(
    use: Use, steps: Mapping[str, int], rated_w: int | None, *, import_only: bool = False
) -> Device:
    """Return what is said of a device before its readings."""
    import_only = import_only and use.role is Role.GRID
    return Device(
        use.device,
        use.role.value,
        {
            register: steps.get(name, 1)
            for name, register in counters(use.role).items()
            if not (import_only and name == "export_wh")
        },
        nameplate=rated_w,
        import_only=import_only,
    )


def retirement(device: str, role: str) -> Device:
    """Return what is said of a device that the owner took away."""
    return Device(device, role, {}, retired=True)


def steps_of(use: Use, formulas: PointFormulas) -> dict[str, int]:
    """Return how many Wh a count of each of a role's counters is, as far as a profile tells."""
    steps = {name: _step(formula) for name, formula in formulas.numbers.items()}
    return {name: steps[source] for name, source in use.sources(steps).items()}


def _step(formula: Formula) -> int:
    match formula:
        case Measured(place=RegisterPlace(type=kind)) if not kind.startswith(("float", "string")):
            return max(1, int(abs(formula.factor)))
        case Measured():
            return 1
        case Sum(terms=parts) | First(choices=parts) | Only(choices=parts):
            return max(map(_step, parts))
        case Directed(value=value):
            return _step(value)
