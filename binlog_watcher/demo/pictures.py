"""Pictures for the demo's pages: the sample shop has no web server, so its image URLs lead nowhere.

The pages beside the caught mails point to drawings of our own instead, one a product; the .eml files stay as sent.
"""

import re
import zlib
from pathlib import Path

from binlog_watcher.demo.drawings import drawing_of
from binlog_watcher.demo.sample_shop import products

_IMAGE = re.compile(r'src="https?://[^"]*?([\w.%-]+)\.(?:jpg|png)"')

_PALETTES = (
    ("#dbeafe", "#93c5fd", "#1e3a8a"),
    ("#dcfce7", "#86efac", "#14532d"),
    ("#ffedd5", "#fdba74", "#7c2d12"),
    ("#f3e8ff", "#d8b4fe", "#581c87"),
    ("#ffe4e6", "#fda4af", "#881337"),
    ("#cffafe", "#67e8f9", "#164e63"),
)
"""Background, shape and line."""

_SIZES = {"landscape": (360, 240), "portrait": (240, 340), "square": (280, 280)}
"""Pixels; shops' photos have all three shapes, and a mail must hold each."""

_SVG = """<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">
<style>.d{{fill:{line}}}.w{{fill:#fff}}.n{{fill:none}}</style>
<rect width="{width}" height="{height}" fill="{background}"/>
<ellipse cx="{middle}" cy="{floor}" rx="{shadow}" ry="9" fill="{line}" opacity=".12"/>
<g transform="translate({middle} {centre})" fill="{shape}" stroke="{line}" stroke-width="5" stroke-linejoin="round" \
stroke-linecap="round">{marks}</g></svg>
"""


def draw(name: str, category: str) -> str:
    """An SVG of the product, in the shape that suits it and in colours that are its own."""
    background, shape, line = _PALETTES[zlib.crc32(name.encode()) % len(_PALETTES)]
    drawing = drawing_of(name, category)
    width, height = _SIZES[drawing.shape]
    return _SVG.format(
        width=width, height=height, background=background, shape=shape, line=line, marks=drawing.marks,
        middle=width // 2, centre=height // 2 - 6, floor=height - 22, shadow=width // 3,
    )  # fmt: skip


def with_pictures(page: str, folder: Path) -> str:
    """The page with the shop's image URLs replaced by drawings in ``folder/pictures``."""
    by_slug = {Path(product.image).stem: product for product in products() if product.image}
    pictures = folder / "pictures"

    def replace(match: re.Match[str]) -> str:
        product = by_slug.get(match[1])
        if product is None:
            return match[0]
        path = pictures / f"{match[1]}.svg"
        if not path.exists():
            pictures.mkdir(exist_ok=True)
            path.write_text(draw(product.name, product.category), encoding="utf-8")
        return f'src="pictures/{path.name}"'

    return _IMAGE.sub(replace, page)
