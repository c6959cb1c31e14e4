"""A Shopware 6 shop on a live server: its tables, its fixed data, and its writes as it makes them.

What is written, in which order and by which statements follows Shopware 6.6 (6.5 where that is said):
``CartPersister``, ``SalesChannelContextPersister``, ``CartRestorer``, ``RegisterRoute``, ``CartOrderRoute``.
"""

import json

from fakes.shop_statements import create_tables
from fakes.shopware.carts import OUTLET, STOREFRONT
from fakes.shopware.catalogue import (
    EURO,
    FRANC,
    FRENCH,
    KITCHEN,
    LIVE,
    PRODUCTS,
    SYSTEM_LANGUAGE,
    Product,
    named,
)
from fakes.shopware.orders import STATES, Orders, state


class Shopware(Orders):
    """Writes to a shop as Shopware does."""

    def create(self, *, old: bool = False) -> None:
        """The tables in an empty database, and what tests take as given. ``old``: with the carts of 6.5."""
        create_tables(self._run, "shopware_6.sql")
        self.old = old
        if old:
            self._run(
                "ALTER TABLE cart ADD price FLOAT NULL, ADD line_item_count VARCHAR(42) NULL, "
                "ADD currency_id BINARY(16) NULL, ADD shipping_method_id BINARY(16) NULL, "
                "ADD payment_method_id BINARY(16) NULL, ADD country_id BINARY(16) NULL, "
                "ADD customer_id BINARY(16) NULL, ADD sales_channel_id BINARY(16) NULL, "
                "ADD updated_at DATETIME(3) NULL"
            )
        for language, code in ((SYSTEM_LANGUAGE, "de-DE"), (FRENCH, "fr-FR")):
            self._insert("locale", id=named(code), code=code)
            self._insert("language", id=language, name=code, locale_id=named(code))
        for currency, code, factor in ((EURO, "EUR", 1.0), (FRANC, "CHF", 0.95)):
            self._insert("currency", id=currency, iso_code=code, factor=factor, symbol=code)
        for channel in (STOREFRONT, OUTLET):
            self._insert(
                "sales_channel", id=channel, type_id=named("type"), access_key=f"SWSC{channel.upper()}",
                language_id=SYSTEM_LANGUAGE, currency_id=EURO,
            )  # fmt: skip
        for path, language, currency in (("/de", SYSTEM_LANGUAGE, EURO), ("/fr", FRENCH, FRANC)):
            self._insert(
                "sales_channel_domain", id=named(path), sales_channel_id=STOREFRONT, language_id=language,
                url=f"https://shop.example.com{path}", currency_id=currency, snippet_set_id=named("snippets"),
            )  # fmt: skip
        self._insert("customer_group", id=named("Standard"))
        self._insert(
            "customer_group_translation", customer_group_id=named("Standard"), language_id=SYSTEM_LANGUAGE,
            name="Standard-Kundengruppe",
        )  # fmt: skip
        for machine, names in STATES.items():
            self._insert("state_machine", id=named(machine), technical_name=machine)
            for name in names:
                self._insert(
                    "state_machine_state",
                    id=state(machine, name),
                    technical_name=name,
                    state_machine_id=named(machine),
                )
        self._insert(
            "category_translation",
            category_id=KITCHEN,
            category_version_id=LIVE,
            language_id=SYSTEM_LANGUAGE,
            name="Küche",
        )
        for product in PRODUCTS:
            self.put_on_sale(product)

    def put_on_sale(self, product: Product) -> None:
        """The product with its names, picture and options; of a variant what it has of its own."""
        price = {
            "currencyId": EURO,
            "net": float(product.paid) / 1.19,
            "gross": float(product.paid),
            "linked": True,
        }
        closeout = (
            product.parent.closeout if product.parent and product.closeout is None else product.closeout
        )
        self._insert(
            "product", id=product.id, version_id=LIVE, product_number=product.id[:8],
            active=None if product.active is None else int(product.active),
            parent_id=product.parent and product.parent.id, parent_version_id=product.parent and LIVE,
            price=None if product.price is None else json.dumps({f"c{EURO}": price}), stock=product.stock,
            available_stock=product.stock, available=int(not closeout or product.stock > 0),
            is_closeout=None if product.closeout is None else int(product.closeout),
            child_count=sum(one.parent is product for one in PRODUCTS),
        )  # fmt: skip
        for language, name in product.names.items():
            self._insert(
                "product_translation",
                product_id=product.id,
                product_version_id=LIVE,
                language_id=language,
                name=name,
                description=f"<p>{name}</p>",
            )
        if product.picture is not None:
            self._picture(product, product.picture)
        for option in product.options:
            self._option(product, option)
        if product.parent is None:
            self._insert(
                "product_visibility",
                id=named(f"{product.id} shown"),
                product_id=product.id,
                product_version_id=LIVE,
                sales_channel_id=STOREFRONT,
                visibility=product.visibility,
            )
            self._run(
                "INSERT INTO product_category VALUES (UNHEX(%s), UNHEX(%s), UNHEX(%s), UNHEX(%s))",
                (product.id, LIVE, KITCHEN, LIVE),
            )

    def _picture(self, product: Product, path: str) -> None:
        media, shown = named(path), named(f"{product.id} {path}")
        self._insert("media", id=media, mime_type="image/jpeg", file_name=path, path=path)
        self._insert(
            "product_media",
            id=shown,
            version_id=LIVE,
            product_id=product.id,
            product_version_id=LIVE,
            media_id=media,
        )
        self._run(
            "UPDATE product SET product_media_id = UNHEX(%s), product_media_version_id = UNHEX(%s) "
            "WHERE id = UNHEX(%s)",
            (shown, LIVE, product.id),
        )

    def _option(self, product: Product, name: str) -> None:
        group = named("Größe" if len(name) == 1 else "Farbe")
        if not self._run("SELECT 1 FROM property_group_option WHERE id = UNHEX(%s)", (named(name),)):
            self._insert("property_group_option", id=named(name), property_group_id=group)
            self._insert(
                "property_group_option_translation",
                property_group_option_id=named(name),
                language_id=SYSTEM_LANGUAGE,
                name=name,
            )
        self._run(
            "INSERT INTO product_option VALUES (UNHEX(%s), UNHEX(%s), UNHEX(%s))",
            (product.id, LIVE, named(name)),
        )
