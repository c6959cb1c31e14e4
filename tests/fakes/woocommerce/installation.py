"""A WooCommerce as it was installed: its options, its categories, its products and their pictures."""

from typing import Any

from fakes.shop_statements import create_tables
from fakes.woocommerce.catalogue import (
    CATEGORIES,
    PRODUCTS,
    PUBLISHED,
    UNCATEGORIZED,
    Picture,
    Product,
    Variation,
)
from fakes.woocommerce.orders import Orders
from fakes.woocommerce.statements import SHOP_MODE

_SIMPLE, _VARIABLE = 2, 4
"""Rows of ``wp_term_taxonomy`` that tell a product's type."""


class Installation(Orders):
    """What is there before the first customer comes."""

    def create(self, *, hpos: bool = True) -> None:
        """The tables in an empty database, or those of a network's further shop, and what tests take as given."""
        self.hpos = hpos
        self._run(SHOP_MODE)
        create_tables(self._create, "woocommerce.sql")
        for name, value in {
            "siteurl": "https://shop.example.com", "home": "https://shop.example.com", "WPLANG": "de_DE",
            "timezone_string": "Europe/Berlin", "gmt_offset": "", "upload_path": "", "upload_url_path": "",
            "permalink_structure": "/%postname%/", "woocommerce_version": "10.3.4", "woocommerce_currency": "EUR",
            "woocommerce_calc_taxes": "yes", "woocommerce_prices_include_tax": "yes",
            "woocommerce_tax_display_cart": "incl", "woocommerce_price_num_decimals": "2",
            "woocommerce_hold_stock_minutes": "60", "woocommerce_manage_stock": "yes",
            "woocommerce_custom_orders_table_enabled": "yes" if hpos else "no",
            "woocommerce_custom_orders_table_data_sync_enabled": "no",
            "default_product_cat": str(UNCATEGORIZED.term), "woocommerce_session_handler": "",
        }.items():  # fmt: skip
            self.option(name, value)
        self._create_terms()
        for product in PRODUCTS:
            self.put_on_sale(product)

    def put_on_sale(self, product: Product) -> None:
        """The product with its variations, pictures and the row that the shop looks them up in."""
        self._picture(product.picture)
        self._post(
            "product", product.status, title=product.name, ID=product.id, post_excerpt=product.short,
            post_content=product.text, post_password=product.password, post_name=f"p-{product.id}",
        )  # fmt: skip
        price = "" if product.price is None else str(product.price)
        thumbnail = {} if product.picture is None else {"_thumbnail_id": str(product.picture.id)}
        self._post_meta(
            product.id, total_sales="0", _tax_status="taxable", _price=price, _regular_price=price,
            _stock_status=product.stock, **thumbnail,
        )  # fmt: skip
        kind = _VARIABLE if product.variations else _SIMPLE
        self._insert("term_relationships", object_id=product.id, term_taxonomy_id=kind)
        if product.category is not None:
            self._insert(
                "term_relationships", object_id=product.id, term_taxonomy_id=product.category.taxonomy_row
            )
        # Those that are for sale count, as in WC_Product_Variable_Data_Store_CPT::sync_price.
        prices = [one.price for one in product.variations if one.status == PUBLISHED]
        self._lookup(
            product,
            min_price=min(prices, default=product.price),
            max_price=max(prices, default=product.price),
        )
        for variation in product.variations:
            self._variation(product, variation)

    def change_stock(self, product: int, quantity: int, stock: str) -> None:
        """An order or the back office: first the meta values, then the row that is looked up."""
        for key, value in (("_stock", str(quantity)), ("_stock_status", stock)):
            self._run(
                f"UPDATE {self.table('postmeta')} SET meta_value = %s WHERE post_id = %s AND meta_key = %s",
                (value, product, key),
            )
        self._update(
            "wc_product_meta_lookup", "product_id", product, stock_quantity=quantity, stock_status=stock
        )

    def _create(self, statement: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        of_this_shop = self._of_this_shop(statement)
        if of_this_shop == statement and self.prefix != "wp_":
            return []  # the network has this one already
        return self._run(of_this_shop, parameters)

    def _create_terms(self) -> None:
        for number, name in ((_SIMPLE, "simple"), (_VARIABLE, "variable")):
            self._insert("terms", term_id=number, name=name, slug=name)
            self._insert(
                "term_taxonomy",
                term_taxonomy_id=number,
                term_id=number,
                taxonomy="product_type",
                description="",
            )
        for one in CATEGORIES:
            self._insert("terms", term_id=one.term, name=one.name, slug=one.slug)
            self._insert(
                "term_taxonomy", term_taxonomy_id=one.taxonomy_row, term_id=one.term, taxonomy="product_cat",
                description="", parent=one.parent,
            )  # fmt: skip

    def _variation(self, product: Product, variation: Variation) -> None:
        self._picture(variation.picture)
        self._post(
            "product_variation", variation.status, title=variation.title, ID=variation.id, post_parent=product.id,
            post_excerpt=variation.summary, post_name=f"p-{product.id}-{variation.id}",
        )  # fmt: skip
        self._post_meta(
            variation.id, _variation_description="", _price=str(variation.price), _stock_status=variation.stock,
            _thumbnail_id="0" if variation.picture is None else str(variation.picture.id), **variation.chosen,
        )  # fmt: skip
        self._lookup(variation, min_price=variation.price, max_price=variation.price)

    def _lookup(self, what: Product | Variation, **prices: Any) -> None:
        self._replace(
            "wc_product_meta_lookup", product_id=what.id, sku=f"SKU-{what.id}", stock_quantity=what.quantity,
            stock_status=what.stock, **prices,
        )  # fmt: skip

    def _picture(self, picture: Picture | None) -> None:
        if picture is None:
            return
        self._post("attachment", "inherit", title="x", ID=picture.id, post_mime_type="image/jpeg")
        self._post_meta(picture.id, _wp_attached_file=picture.file)
