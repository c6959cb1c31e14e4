"""The drawings that stand in for the sample shop's product images on the demo's pages."""

from pathlib import Path
from xml.etree import ElementTree as ET

from binlog_watcher.demo.drawings import drawing_of, drawings
from binlog_watcher.demo.pictures import draw, with_pictures
from binlog_watcher.demo.sample_shop import product, products


def test_every_drawing_is_well_formed_and_used() -> None:
    for one in products():
        ET.fromstring(draw(one.name, one.category))  # noqa: S314 - our own text
    assert {drawing_of(one.name, one.category) for one in products()} == set(drawings().values())


def test_pictures_have_all_shapes_within_most_categories() -> None:
    shapes: dict[str, set[str]] = {}
    for one in products():
        shapes.setdefault(one.category, set()).add(drawing_of(one.name, one.category).shape)
    assert set().union(*shapes.values()) == {"landscape", "portrait", "square"}
    assert sum(len(several) > 1 for several in shapes.values()) >= 14


def test_products_look_like_what_they_are() -> None:
    for name, kind in (
        ("Wireless Mouse", "mouse"), ("27-inch 4K Monitor", "monitor"), ("Studio Monitor Headphones", "headphones"),
        ("Laptop Aero 14", "laptop"), ("Laptop Sleeve 14", "backpack"), ("Velvet Armchair", "armchair"),
        ("Bicycle Repair at Home", "book"),
        ("Camping Cookset", "pot"), ("Kettlebell 16 kg", "weight"),
        ("Memory Foam Pillow", "pillow"),
    ):  # fmt: skip
        assert drawing_of(name, product(name).category) == drawings()[kind], name
    assert drawing_of("Never Seen", "Nothing Known") == drawings()["box"]


def test_known_images_are_drawn_and_others_left_alone(tmp_path: Path) -> None:
    known = next(product for product in products() if product.image)
    slug = Path(known.image).stem
    page = (
        f'<img src="https://shop.example.com/{slug}.jpg"><img src="https://elsewhere.example.com/logo.png">'
    )
    edited = with_pictures(page, tmp_path)
    assert edited == f'<img src="pictures/{slug}.svg"><img src="https://elsewhere.example.com/logo.png">'
    assert (tmp_path / "pictures" / f"{slug}.svg").read_text().startswith("<svg")
