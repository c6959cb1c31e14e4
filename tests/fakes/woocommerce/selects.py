"""The preset's SELECTs as they stand: alone, as the program would send them."""

import re
import tomllib
from typing import Any

from binlog_watcher.shop.placeholders import KEYS, PLACEHOLDER, fill_in, fill_in_names
from binlog_watcher.shop.presets import preset_text


class Selects:
    """With the variables of one shop. ``orders_legacy``: those among the posts."""

    def __init__(self, **variables: str) -> None:
        preset = tomllib.loads(preset_text("woocommerce"))
        ways = preset.pop("choose")["orders"]
        self.sections: dict[str, Any] = preset | ways["own"] | {"orders_legacy": ways["legacy"]["orders"]}
        self.variables: dict[str, str | int] = self.sections["variables"] | variables

    def table(self, section: str) -> str:
        return fill_in(self.sections[section]["table"], self.variables)

    def text(self, section: str, key: str = "select") -> str:
        """A SELECT with the names of this shop."""
        return fill_in_names(self.sections[section][key], self.variables)

    def statement(self, section: str, key: str = "select") -> str:
        """A SELECT with named parameters: ``keys``, and ``var_`` with a variable's name."""

        def parameter(found: re.Match[str]) -> str:
            return f"%({KEYS})s" if found[1] == KEYS else f"%(var_{found[1]})s"

        return PLACEHOLDER.sub(parameter, self.text(section, key).strip().replace("%", "%%"))

    @property
    def constants(self) -> dict[str, str | int]:
        return {f"var_{name}": value for name, value in self.variables.items()}

    def counting(self, section: str) -> str:
        """Which orders count, as SQL: those that are meant, and none that has bought nothing."""
        orders = self.sections[section]
        only, bought = orders["only"], orders["bought"]
        listed = ", ".join(f"'{status}'" for status in bought["not_in"])
        return f"{only['column']} = '{only['in'][0]}' AND {bought['column']} NOT IN ({listed})"
