"""The forms that a statement of account can be had in."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Final

from settlement_node.market.billing.statement import StatementOfAccount


@dataclass(frozen=True, slots=True)
class Form:
    """A form's name, which its module has too, and what it is to a browser."""

    name: str
    media_type: str

    def write(self, statement: StatementOfAccount) -> bytes:
        """Write a statement in this form."""
        # Loaded when it is wanted: libraries of fonts and spreadsheets are large, and most of what
        # a node and its commands do needs neither.
        module = import_module(f"settlement_node.market.billing.{self.name}_file")
        write: Callable[[StatementOfAccount], bytes] = getattr(module, f"write_{self.name}")
        return write(statement)


FORMS: Final = {
    form.name: form
    for form in (
        Form("json", "application/json"),
        Form("csv", "text/csv"),
        Form("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        Form("pdf", "application/pdf"),
    )
}
