"""A PrestaShop as it was installed: its settings, its order states, its catalogue and its stock."""

from fakes.prestashop.catalogue import (
    ATTRIBUTES,
    CATEGORIES,
    CUSTOMERS,
    DOLLAR,
    ENGLISH,
    EURO,
    FRANCE,
    FRENCH,
    GUESTS,
    HOME,
    PRODUCTS,
    RATES,
    ROOT,
    TAX_PERCENT,
    TAX_RULES,
    VISITORS,
    Product,
)
from fakes.prestashop.statements import Writer
from fakes.prestashop.states import (
    AWAITING_CHEQUE,
    AWAITING_DELIVERY_PAYMENT,
    AWAITING_WIRE,
    BACKORDER_PAID,
    BACKORDER_UNPAID,
    CANCELED,
    DELIVERED,
    PAID,
    PAID_REMOTELY,
    PAYMENT_ERROR,
    PREPARED,
    REFUNDED,
    SHIPPED,
    STATES,
)
from fakes.shop_statements import Ago, create_tables

CONFIGURATION = {
    "PS_LANG_DEFAULT": ENGLISH,
    "PS_CURRENCY_DEFAULT": EURO,
    "PS_COUNTRY_DEFAULT": FRANCE,
    "PS_SHOP_DEFAULT": 1,
    "PS_TIMEZONE": "UTC",
    "PS_SHOP_NAME": "Maison",
    "PS_SHOP_EMAIL": "shop@example.com",
    "PS_SHOP_DOMAIN": "shop.example.com",
    "PS_SHOP_DOMAIN_SSL": "shop.example.com",
    "PS_SSL_ENABLED": 1,
    "PS_REWRITING_SETTINGS": 1,
    "PS_ROOT_CATEGORY": ROOT,
    "PS_HOME_CATEGORY": HOME,
    "PS_TAX": 1,
    "PS_TAX_ADDRESS_TYPE": "id_address_delivery",
    "PS_PRICE_ROUND_MODE": 2,
    "PS_ROUND_TYPE": 1,
    "PS_STOCK_MANAGEMENT": 1,
    "PS_SPECIFIC_PRICE_PRIORITIES": "id_shop;id_currency;id_country;id_group",
    "PS_QTY_DISCOUNT_ON_COMBINATION": 0,
    "PS_ECOTAX_TAX_RULES_GROUP_ID": 0,
    "PS_ORDER_OUT_OF_STOCK": 0,
    "PS_CART_FOLLOWING": 1,
    "PS_GUEST_CHECKOUT_ENABLED": 1,
    "PS_UNIDENTIFIED_GROUP": VISITORS,
    "PS_GUEST_GROUP": GUESTS,
    "PS_CUSTOMER_GROUP": CUSTOMERS,
    "PS_IMAGE_FORMAT": "jpg",
    "PS_OS_CHEQUE": AWAITING_CHEQUE,
    "PS_OS_PAYMENT": PAID,
    "PS_OS_PREPARATION": PREPARED,
    "PS_OS_SHIPPING": SHIPPED,
    "PS_OS_DELIVERED": DELIVERED,
    "PS_OS_CANCELED": CANCELED,
    "PS_OS_REFUND": REFUNDED,
    "PS_OS_ERROR": PAYMENT_ERROR,
    "PS_OS_OUTOFSTOCK_PAID": BACKORDER_PAID,
    "PS_OS_BANKWIRE": AWAITING_WIRE,
    "PS_OS_WS_PAYMENT": PAID_REMOTELY,
    "PS_OS_OUTOFSTOCK_UNPAID": BACKORDER_UNPAID,
    "PS_OS_COD_VALIDATION": AWAITING_DELIVERY_PAYMENT,
}


class Installation(Writer):
    """What is there before the first customer comes."""

    def create(self) -> None:
        """Create the tables in an empty database, and fill in what tests take as given."""
        create_tables(self._run, "prestashop_8.sql")
        self._create_shop()
        self._create_money()
        for group in (VISITORS, GUESTS, CUSTOMERS):
            self._insert("group", id_group=group, date_add=Ago(0), date_upd=Ago(0))
        self._create_states()
        self._create_categories()
        self._create_attributes()
        for position, product in enumerate(PRODUCTS, start=1):
            self._create_product(product, position)
            self._create_images(product)
            self._create_stock(product)

    def _create_shop(self) -> None:
        self._insert("shop_group", id_shop_group=1, name="Default", color="", share_customer=0, share_order=0,
                     share_stock=0, active=1, deleted=0)  # fmt: skip
        self._insert("shop", id_shop=1, id_shop_group=1, name="Maison", color="", id_category=HOME,
                     theme_name="classic", active=1, deleted=0)  # fmt: skip
        self._insert("shop_url", id_shop_url=1, id_shop=1, domain="shop.example.com", domain_ssl="shop.example.com",
                     physical_uri="/", virtual_uri="", main=1, active=1)  # fmt: skip
        for language, name, iso, locale in (
            (ENGLISH, "English (English)", "en", "en-US"),
            (FRENCH, "Français (French)", "fr", "fr-FR"),
        ):
            self._insert("lang", id_lang=language, name=name, active=1, iso_code=iso, language_code=locale.lower(),
                         locale=locale, date_format_lite="Y-m-d", date_format_full="Y-m-d H:i:s",
                         is_rtl=0)  # fmt: skip
        for number, (name, value) in enumerate(CONFIGURATION.items(), start=1):
            self._insert("configuration", id_configuration=number, name=name, value=str(value),
                         date_add=Ago(0), date_upd=Ago(0))  # fmt: skip

    def _create_money(self) -> None:
        for currency, name, iso, number, symbol in (
            (EURO, "Euro", "EUR", "978", "€"),
            (DOLLAR, "US Dollar", "USD", "840", "$"),
        ):
            rate = RATES[currency]
            self._insert("currency", id_currency=currency, name=name, iso_code=iso, numeric_iso_code=number,
                         precision=2, conversion_rate=rate)  # fmt: skip
            self._insert("currency_shop", id_currency=currency, id_shop=1, conversion_rate=rate)
            for language in (ENGLISH, FRENCH):
                self._insert(
                    "currency_lang",
                    id_currency=currency,
                    id_lang=language,
                    name=name,
                    symbol=symbol,
                    pattern="",
                )
        self._insert("tax", id_tax=1, rate=TAX_PERCENT)
        self._insert("tax_rules_group", id_tax_rules_group=TAX_RULES, name="FR standard rate (20%)", active=1,
                     deleted=0, date_add=Ago(0), date_upd=Ago(0))  # fmt: skip
        self._insert("tax_rule", id_tax_rule=1, id_tax_rules_group=TAX_RULES, id_country=FRANCE, id_state=0,
                     zipcode_from="0", zipcode_to="0", id_tax=1, behavior=0, description="")  # fmt: skip

    def _create_states(self) -> None:
        for number, state in STATES.items():
            self._insert(
                "order_state",
                id_order_state=number,
                invoice=int(state.invoice),
                send_email=int(state.send_email),
                module_name=state.module,
                color=state.color,
                unremovable=1,
                logable=int(state.logable),
                delivery=int(state.delivery),
                shipped=int(state.shipped),
                paid=int(state.paid),
                pdf_invoice=int(state.pdf_invoice),
            )
            for language in (ENGLISH, FRENCH):
                self._insert(
                    "order_state_lang", id_order_state=number, id_lang=language, name=state.name, template=""
                )

    def _create_categories(self) -> None:
        for category in CATEGORIES:
            self._insert("category", id_category=category.id, id_parent=category.parent, level_depth=category.depth,
                         nleft=category.left, nright=category.right, active=1, date_add=Ago(0), date_upd=Ago(0),
                         is_root_category=int(category.id == HOME))  # fmt: skip
            for language, name in category.names.items():
                self._insert("category_lang", id_category=category.id, id_shop=1, id_lang=language, name=name,
                             description="", link_rewrite=_slug(category.names[ENGLISH]))  # fmt: skip

    def _create_attributes(self) -> None:
        for group in {attribute.group: attribute for attribute in ATTRIBUTES}.values():
            self._insert("attribute_group", id_attribute_group=group.group, is_color_group=0, group_type="select",
                         position=group.position)  # fmt: skip
            for language, name in group.group_names.items():
                self._insert("attribute_group_lang", id_attribute_group=group.group, id_lang=language,
                             name=f"{name} (blankets)", public_name=name)  # fmt: skip
        for attribute in ATTRIBUTES:
            self._insert("attribute", id_attribute=attribute.id, id_attribute_group=attribute.group, color="",
                         position=0)  # fmt: skip
            for language, name in attribute.names.items():
                self._insert("attribute_lang", id_attribute=attribute.id, id_lang=language, name=name)

    def _create_product(self, product: Product, position: int) -> None:
        default = next((c.id for c in product.combinations if c.default), 0)
        both = {
            "id_category_default": product.category.id,
            "id_tax_rules_group": TAX_RULES,
            "price": product.net,
            "active": int(product.active),
            "cache_default_attribute": default,
            "indexed": 1,
            "date_add": Ago(0),
            "date_upd": Ago(0),
        }
        self._insert("product", id_product=product.id, reference=f"M-{product.id:03}", **both,
                     product_type="combinations" if product.combinations else "standard")  # fmt: skip
        self._insert("product_shop", id_product=product.id, id_shop=1, **both)
        for category in (HOME, product.category.id):
            self._insert("category_product", id_category=category, id_product=product.id, position=position)
        for language, name in product.names.items():
            self._insert("product_lang", id_product=product.id, id_shop=1, id_lang=language, name=name,
                         description=product.descriptions[language], description_short="",
                         link_rewrite=_slug(product.names[ENGLISH]))  # fmt: skip
        for combination in product.combinations:
            own = {"price": combination.impact, "default_on": 1 if combination.default else None}
            self._insert(
                "product_attribute", id_product_attribute=combination.id, id_product=product.id, **own
            )
            self._insert("product_attribute_shop", id_product=product.id, id_product_attribute=combination.id,
                         id_shop=1, **own)  # fmt: skip
            for attribute in combination.attributes:
                self._insert("product_attribute_combination", id_attribute=attribute.id,
                             id_product_attribute=combination.id)  # fmt: skip
            for image in combination.images:
                self._insert("product_attribute_image", id_product_attribute=combination.id, id_image=image)

    def _create_images(self, product: Product) -> None:
        for position, image in enumerate(product.images, start=1):
            cover = (
                1 if position == 1 else None
            )  # NULL: the key on (product, cover) allows many of those only
            self._insert("image", id_image=image, id_product=product.id, position=position, cover=cover)
            self._insert("image_shop", id_product=product.id, id_image=image, id_shop=1, cover=cover)
            for language, name in product.names.items():
                self._insert("image_lang", id_image=image, id_lang=language, legend=name)

    def _create_stock(self, product: Product) -> None:
        rows = [(0, product.stock), *((c.id, c.stock) for c in product.combinations)]
        for attribute, quantity in rows:
            self._insert("stock_available", id_stock_available=self._next("stock_available"), id_product=product.id,
                         id_product_attribute=attribute, id_shop=1, id_shop_group=0, quantity=quantity,
                         physical_quantity=quantity, out_of_stock=2)  # fmt: skip


def _slug(name: str) -> str:
    return "-".join("".join(c if c.isalnum() else " " for c in name.lower()).split())
