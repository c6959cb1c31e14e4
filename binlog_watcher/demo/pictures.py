"""Pictures for the demo's pages: the sample shop has no web server, so its image URLs lead nowhere.

The pages beside the caught mails point to drawings of our own instead, one a product; the .eml files stay as sent.
"""

import re
import zlib
from pathlib import Path

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

_ICONS = {
    "Laptops & Computers": '<rect x="75" y="85" width="130" height="85" rx="8"/><path d="M55 190h170l-12-20H67z"/>',
    "Computer Accessories": '<rect x="60" y="100" width="160" height="80" rx="12"/>'
    '<path d="M80 125h20M115 125h20M150 125h20M185 125h15M95 155h90"/>',
    "Phones & Tablets": '<rect x="100" y="60" width="80" height="160" rx="14"/><path d="M128 200h24"/>',
    "Audio & Headphones": '<path d="M75 165v-20a65 65 0 0 1 130 0v20" fill="none"/>'
    '<rect x="65" y="155" width="32" height="55" rx="12"/><rect x="183" y="155" width="32" height="55" rx="12"/>',
    "Cameras & Photography": '<path d="M60 105h45l12-20h46l12 20h45v95H60z"/><circle cx="140" cy="150" r="32"/>',
    "Coffee & Tea": '<path d="M80 110h105v45a45 45 0 0 1-45 45h-15a45 45 0 0 1-45-45z"/>'
    '<path d="M185 120h12a20 20 0 0 1 0 40h-13M110 70v22M135 62v30M160 70v22" fill="none"/>',
    "Kitchen & Cooking": '<path d="M70 125h140v45a30 30 0 0 1-30 30h-80a30 30 0 0 1-30-30z"/>'
    '<path d="M60 125h160M125 110a15 15 0 0 1 30 0" fill="none"/>',
    "Books & Reading": '<path d="M140 95c-25-18-55-18-80-8v105c25-10 55-10 80 8 25-18 55-18 80-8V87'
    'c-25-10-55-10-80 8z"/>'
    '<path d="M140 95v105" fill="none"/>',
    "Art & Stationery": '<path d="M90 200l12-42 85-85 30 30-85 85z"/>'
    '<path d="M102 158l30 30M170 90l30 30" fill="none"/>',
    "Bicycles & Cycling": '<circle cx="90" cy="165" r="35"/><circle cx="190" cy="165" r="35"/>'
    '<path d="M90 165l35-60h45l20 60M125 105l25 60H90M115 95h22M165 90h20" fill="none"/>',
    "Running & Fitness": '<path d="M60 175c10-5 25-40 30-60l30 10c10 25 35 30 75 35 20 3 25 15 25 30H60z"/>'
    '<path d="M115 145l15-8M130 155l15-8" fill="none"/>',
    "Toys & Games": '<rect x="70" y="120" width="75" height="75" rx="8"/><circle cx="180" cy="160" r="35"/>'
    '<path d="M107 70l32 45H75z"/>',
    "Pet Supplies": '<ellipse cx="140" cy="170" rx="40" ry="32"/><circle cx="90" cy="130" r="17"/>'
    '<circle cx="120" cy="100" r="17"/><circle cx="160" cy="100" r="17"/><circle cx="190" cy="130" r="17"/>',
    "Musical Instruments": '<circle cx="105" cy="185" r="24"/><circle cx="190" cy="165" r="24"/>'
    '<path d="M129 185V90l85-20v95" fill="none"/>',
    "Garden & Plants": '<path d="M95 150h90l-12 60h-66z"/><path d="M140 150V85'
    "M140 115c-30 0-45-15-45-40 30 0 45 15 45 40z"
    'M140 105c25 0 40-12 42-35-27 0-42 12-42 35z"/>',
    "Furniture & Lighting": '<path d="M115 70h50l25 60H90z"/><path d="M140 130v70M105 205h70" fill="none"/>',
    "Bedding & Home Textiles": '<path d="M60 190v-70M60 160h160v30M220 160v-15a20 20 0 0 0-20-20H120v35" fill="none"/>'
    '<rect x="70" y="128" width="45" height="30" rx="10"/>',
    "Outdoor & Camping": '<path d="M140 75l90 125H50z"/><path d="M140 75v125M140 130l40 70h-80z"/>',
}
_PLAIN = '<circle cx="140" cy="140" r="60"/>'


def draw(name: str, category: str) -> str:
    """An SVG of 280 by 280: the category's shape in colours that are the product's own."""
    background, shape, line = _PALETTES[zlib.crc32(name.encode()) % len(_PALETTES)]
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="280" height="280" viewBox="0 0 280 280">'
        f'<rect width="280" height="280" fill="{background}"/>'
        f'<g fill="{shape}" stroke="{line}" stroke-width="5" stroke-linejoin="round" stroke-linecap="round">'
        f"{_ICONS.get(category, _PLAIN)}</g></svg>"
    )


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
