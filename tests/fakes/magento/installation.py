"""A Magento as it was installed: its stores, its settings, its catalogue and its stock."""

from collections.abc import Iterator
from typing import Any

from fakes.magento.catalogue import (
    ADMIN,
    BASE_CURRENCY,
    CATEGORIES,
    CHOICES,
    CURRENCIES,
    EN,
    FR,
    LOCALES,
    PRODUCTS,
    Product,
    base_price,
)
from fakes.magento.customers import GENERAL, NOT_LOGGED_IN, WEBSITE
from fakes.magento.statements import Writer, insert
from fakes.shop_statements import Statement, create_tables

_STOCK = 1
SECOND_WEBSITE = 2
_NAMELESS = 60000  # a store's id until it becomes 0, which AUTO_INCREMENT takes for "the next one"

CATEGORY_TYPE, PRODUCT_TYPE = 3, 4
ATTRIBUTES: dict[tuple[int, str], tuple[int, str, str]] = {
    (CATEGORY_TYPE, "name"): (45, "varchar", "text"),
    (PRODUCT_TYPE, "name"): (73, "varchar", "text"),
    (PRODUCT_TYPE, "description"): (75, "text", "textarea"),
    (PRODUCT_TYPE, "price"): (77, "decimal", "price"),
    (PRODUCT_TYPE, "special_price"): (78, "decimal", "price"),
    (PRODUCT_TYPE, "image"): (87, "varchar", "media_image"),
    (PRODUCT_TYPE, "small_image"): (88, "varchar", "media_image"),
    (PRODUCT_TYPE, "status"): (97, "int", "select"),
    (PRODUCT_TYPE, "visibility"): (99, "int", "select"),
    (PRODUCT_TYPE, "url_key"): (121, "varchar", "text"),
}
"""(entity type, code) → (id, backend type, input)."""


class Installation(Writer):
    """What is there before the first customer comes."""

    def create(self) -> None:
        """The tables, and what they hold."""
        create_tables(self._run, "magento_2.sql")
        self._stores()
        for statement in (*self._attributes(), *self._categories()):
            self._run(*statement)
        for product in PRODUCTS.values():
            self._commit(list(self._product(product)))

    def _stores(self) -> None:
        for website, code in ((_NAMELESS, "admin"), (WEBSITE, "base")):
            self._run(*insert("store_website", website_id=website, code=code, name=code.title(),
                              default_group_id=int(code == "base"), is_default=int(code == "base")))  # fmt: skip
        self._run(f"UPDATE store_website SET website_id = 0 WHERE website_id = {_NAMELESS}")
        for store, code, called in (
            (_NAMELESS, "admin", "Admin"),
            (EN, "en", "English"),
            (FR, "fr", "Français"),
        ):
            self._run(*insert("store", store_id=store, code=code, website_id=int(code != "admin"),
                              group_id=int(code != "admin"), name=called, is_active=1))  # fmt: skip
        self._run(f"UPDATE store SET store_id = 0 WHERE store_id = {_NAMELESS}")
        # The first store has no values of its own: it takes the default's.
        for scope, store, path, value in (
            ("default", 0, "general/locale/code", LOCALES[EN]),
            ("stores", FR, "general/locale/code", LOCALES[FR]),
            ("default", 0, "currency/options/base", BASE_CURRENCY),
            ("default", 0, "currency/options/default", CURRENCIES[EN]),
            ("default", 0, "currency/options/allow", "EUR,USD"),
            ("stores", FR, "currency/options/default", CURRENCIES[FR]),
        ):
            self._run(*insert("core_config_data", scope=scope, scope_id=store, path=path, value=value))

    def open_second(self, store: int) -> None:
        """Put a store into a website of its own, which has no products yet."""
        self._run(*insert("store_website", website_id=SECOND_WEBSITE, code="second", name="Second"))
        self._run("UPDATE store SET website_id = %s WHERE store_id = %s", (SECOND_WEBSITE, store))

    def sell_there(self, *products: int) -> None:
        """Products that the second website sells, too."""
        for product in products:
            self._run(*insert("catalog_product_website", product_id=product, website_id=SECOND_WEBSITE))

    def _attributes(self) -> Iterator[Statement]:
        for type_id, code, model in (
            (CATEGORY_TYPE, "catalog_category", "Magento\\Catalog\\Model\\ResourceModel\\Category"),
            (PRODUCT_TYPE, "catalog_product", "Magento\\Catalog\\Model\\ResourceModel\\Product"),
        ):
            yield insert("eav_entity_type", entity_type_id=type_id, entity_type_code=code, entity_model=model,
                         entity_table=f"{code}_entity", default_attribute_set_id=type_id,
                         additional_attribute_table="catalog_eav_attribute")  # fmt: skip
        for (type_id, code), (attribute, backend, frontend) in ATTRIBUTES.items():
            yield insert("eav_attribute", attribute_id=attribute, entity_type_id=type_id, attribute_code=code,
                         backend_type=backend, frontend_input=frontend,
                         frontend_label=code.replace("_", " ").title())  # fmt: skip

        for choice in CHOICES:
            yield insert("eav_attribute", attribute_id=choice.attribute, entity_type_id=PRODUCT_TYPE,
                         attribute_code=choice.code, backend_type="int", frontend_input="select",
                         frontend_label=choice.label, is_user_defined=1)  # fmt: skip
            yield insert(
                "eav_attribute_label", attribute_id=choice.attribute, store_id=FR, value=choice.french_label
            )
            yield insert("eav_attribute_option", option_id=choice.option, attribute_id=choice.attribute)
            for store, text in ((ADMIN, choice.text), (FR, choice.french)):
                if text is not None:
                    yield insert(
                        "eav_attribute_option_value", option_id=choice.option, store_id=store, value=text
                    )

    def _categories(self) -> Iterator[Statement]:
        for category in CATEGORIES.values():
            path = [category.id]
            while parent := CATEGORIES[path[0]].parent:
                path.insert(0, parent)
            children = sum(category.id == other.parent for other in CATEGORIES.values())
            yield insert("catalog_category_entity", entity_id=category.id, attribute_set_id=CATEGORY_TYPE,
                         parent_id=category.parent, path="/".join(map(str, path)), position=category.id,
                         level=len(path) - 1, children_count=children)  # fmt: skip
            for store, value in ((ADMIN, category.name), (FR, category.french)):
                if value is not None:
                    yield self._value(CATEGORY_TYPE, "name", category.id, store, value)

    def _product(self, product: Product) -> Iterator[Statement]:
        yield insert("catalog_product_entity", entity_id=product.id, attribute_set_id=PRODUCT_TYPE,
                     type_id=product.type, sku=product.sku, has_options=int(product.child is not None),
                     required_options=int(product.child is not None))  # fmt: skip
        yield insert("catalog_product_website", product_id=product.id, website_id=WEBSITE)
        values: list[tuple[str, int, Any]] = [
            ("name", ADMIN, product.name),
            ("name", FR, product.french),
            ("description", ADMIN, f"<p>{product.name}, made to last.</p>"),
            ("price", ADMIN, product.price),
            ("special_price", ADMIN, product.special),
            ("image", ADMIN, product.image_value),
            ("small_image", ADMIN, product.image_value),
            ("status", ADMIN, 1 if product.enabled else 2),
            ("visibility", ADMIN, 1 if product.variant else 4),
            ("url_key", ADMIN, product.name.lower().replace(" ", "-")),
        ]
        for code, store, value in values:
            if value is not None:
                yield self._value(PRODUCT_TYPE, code, product.id, store, value)
        for position, choice in enumerate(CHOICES if product.child else ()):
            yield insert("catalog_product_super_attribute", product_id=product.id,
                         attribute_id=choice.attribute, position=position)  # fmt: skip
        for category in product.categories:
            yield insert("catalog_category_product", entity_id=self._next("catalog_category_product"),
                         category_id=category, product_id=product.id)  # fmt: skip
        yield insert("cataloginventory_stock_item", item_id=product.id, product_id=product.id, stock_id=_STOCK,
                     qty=product.qty, is_in_stock=int(product.in_stock), manage_stock=1)  # fmt: skip
        if product.enabled and product.in_stock:  # the indexer leaves out what can't be bought
            final = base_price(product.id)
            for group in (NOT_LOGGED_IN, GENERAL):
                yield insert("catalog_product_index_price", entity_id=product.id, customer_group_id=group,
                             website_id=WEBSITE, tax_class_id=2, price=product.price or 0,
                             final_price=final if product.price else 0, min_price=final,
                             max_price=final)  # fmt: skip

    def _value(self, type_id: int, code: str, entity: int, store: int, value: Any) -> Statement:
        attribute, backend, _ = ATTRIBUTES[type_id, code]
        kind = "category" if type_id == CATEGORY_TYPE else "product"
        return insert(f"catalog_{kind}_entity_{backend}", attribute_id=attribute, store_id=store,
                      entity_id=entity, value=value)  # fmt: skip
