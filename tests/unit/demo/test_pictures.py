"""The drawings that stand in for the sample shop's product images on the demo's pages."""

from pathlib import Path
from xml.etree import ElementTree as ET

from binlog_watcher.demo.pictures import _ICONS, draw, with_pictures
from binlog_watcher.demo.sample_shop import products


def test_every_category_has_a_shape_and_every_drawing_is_well_formed() -> None:
    assert {product.category for product in products()} == set(_ICONS)
    for product in products():
        ET.fromstring(draw(product.name, product.category))  # noqa: S314 - our own text


def test_known_images_are_drawn_and_others_left_alone(tmp_path: Path) -> None:
    known = next(product for product in products() if product.image)
    slug = Path(known.image).stem
    page = (
        f'<img src="https://shop.example.com/{slug}.jpg"><img src="https://elsewhere.example.com/logo.png">'
    )
    edited = with_pictures(page, tmp_path)
    assert edited == f'<img src="pictures/{slug}.svg"><img src="https://elsewhere.example.com/logo.png">'
    assert (tmp_path / "pictures" / f"{slug}.svg").read_text().startswith("<svg")
