"""Where a product has its page in the shop. Pure."""

from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class ProductPages:
    """``setting``: PRODUCT_URL; ``preset``: the preset's pattern. In both ``{id}`` stands for the product's id."""

    setting: str | None = None
    preset: str | None = None

    def of(self, product_id: int | str, own: str | None = None) -> str | None:
        """The address of a product's page, or its path from STORE_URL; ``own``: what its row says. None: unknown."""
        pattern = self.setting or (None if own else self.preset)
        return own if pattern is None else pattern.replace("{id}", quote(str(product_id), safe=""))


NO_PAGES = ProductPages()
