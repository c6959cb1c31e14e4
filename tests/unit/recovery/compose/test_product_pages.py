"""Where a product has its page: by the setting, by its own row, or by the preset."""

from binlog_watcher.recovery.compose.product_pages import NO_PAGES, ProductPages


def test_the_setting_goes_before_the_product_s_own_page_and_that_before_the_preset_s() -> None:
    both = ProductPages("https://shop.example.com/p/{id}", "index.php?id={id}")
    assert both.of(5, "red-shoes") == "https://shop.example.com/p/5"
    preset = ProductPages(preset="index.php?id={id}")
    assert preset.of(5, "red-shoes") == "red-shoes"
    assert preset.of(5) == "index.php?id=5"


def test_an_id_is_escaped() -> None:
    assert (
        ProductPages("https://shop.example.com/{id}").of("a/b?c=ü")
        == "https://shop.example.com/a%2Fb%3Fc%3D%C3%BC"
    )


def test_nobody_knows() -> None:
    assert NO_PAGES.of(5) is None
    assert NO_PAGES.of(5, "red-shoes") == "red-shoes"
