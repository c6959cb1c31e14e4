"""A shop as the installer leaves it, with its catalogue."""

from fakes.shop_statements import Run, create_tables
from fakes.sylius import catalogue as of
from fakes.sylius.flushes import EntityManager, stamps
from fakes.sylius.shop import Sylius

_FILE = "sylius_2.sql"


def create(run: Run) -> None:
    """Its tables, in an empty database."""
    create_tables(run, _FILE)


def fill(run: Run) -> Sylius:
    """What it sells, and nothing else: no customers, no orders."""
    run("START TRANSACTION")
    for (table,) in run("SHOW TABLES LIKE 'sylius%'"):
        run(f"DELETE FROM {table}")
    _catalogue(run)
    run("COMMIT")
    return Sylius(run)


def _catalogue(run: Run) -> None:
    insert, dates = EntityManager(run).insert, stamps(1000)
    for number, code in enumerate(of.LOCALES, start=1):
        insert("sylius_locale", id=number, code=code, **dates)
    for number, code in of.CURRENCIES.items():
        insert("sylius_currency", id=number, code=code, **dates)
    insert(
        "sylius_exchange_rate",
        source_currency=of.DOLLAR,
        target_currency=of.EURO,
        ratio=of.DOLLARS_IN_EUROS,
        **dates,
    )
    for channel in of.CHANNELS:
        insert(
            "sylius_channel", id=channel.id, code=channel.code, name=channel.code, default_locale_id=1, enabled=1,
            base_currency_id=channel.currency, tax_calculation_strategy="order_items_based",
            skipping_shipping_step_allowed=0, skipping_payment_step_allowed=0, account_verification_required=1, **dates,
        )  # fmt: skip
    for locale, name in zip(of.LOCALES, ("Home", "Haushalt"), strict=True):
        insert("sylius_taxon_translation", translatable_id=1, name=name, slug=name.lower(), locale=locale)
    for number, (option, values) in of.OPTION_VALUES.items():
        insert("sylius_product_option_value", id=number, option_id=option, code=f"value{number}")
        for locale, value in zip(of.LOCALES, values, strict=True):
            insert(
                "sylius_product_option_value_translation", translatable_id=number, value=value, locale=locale
            )
    for product in of.PRODUCTS:
        _product(run, product)
    for variant in of.VARIANTS:
        _variant(run, variant)


def _product(run: Run, product: int) -> None:
    insert = EntityManager(run).insert
    insert(
        "sylius_product", id=product, main_taxon_id=1, code=f"product{product}", enabled=1,
        variant_selection_method="choice", **stamps(1000),
    )  # fmt: skip
    for locale, name in zip(of.LOCALES, of.PRODUCTS[product], strict=True):
        if name is not None:
            insert(
                "sylius_product_translation", translatable_id=product, name=name, slug=f"{locale[:2]}-{product}",
                short_description="short", locale=locale,
            )  # fmt: skip
    for channel in of.CHANNELS:
        insert("sylius_product_channels", product_id=product, channel_id=channel.id)
    for position, path in ((1, "second.jpg"), (0, "first.jpg")):
        insert("sylius_product_image", owner_id=product, path=f"product/{product}/{path}", position=position)


def _variant(run: Run, variant: of.Variant) -> None:
    insert = EntityManager(run).insert
    insert(
        "sylius_product_variant", id=variant.id, product_id=variant.product, code=f"variant{variant.id}", position=0,
        enabled=1, on_hold=0, on_hand=variant.stock or 0, tracked=int(variant.stock is not None), shipping_required=1,
        **stamps(1000),
    )  # fmt: skip
    for locale in of.LOCALES:
        insert(
            "sylius_product_variant_translation", translatable_id=variant.id, name=variant.name, locale=locale
        )
    for channel in of.CHANNELS:
        insert(
            "sylius_channel_pricing",
            product_variant_id=variant.id,
            channel_code=channel.code,
            price=variant.price,
        )
    for value in variant.options:
        insert("sylius_product_variant_option_value", variant_id=variant.id, option_value_id=value)
    if variant is of.RED:
        image = insert(
            "sylius_product_image", owner_id=variant.product, path=of.COLOUR_OF_RED, position=2, type=None
        )
        insert("sylius_product_image_product_variants", image_id=image, variant_id=variant.id)
