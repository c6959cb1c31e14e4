"""A shop as it is before its first customer: currencies, languages, roles, products; and prices that are set later."""

from decimal import Decimal
from typing import Any

from fakes.nopcommerce import catalogue as of
from fakes.nopcommerce.statements import Writer

INDEXES = (
    "CREATE INDEX cartwake_email ON `Address` (Email(191))",
    "CREATE INDEX cartwake_entity ON `LocalizedProperty` (EntityId, LanguageId)",
)
"""Those that the preset's head asks for."""


class Installation(Writer):
    """The back office."""

    def create(self) -> None:
        """A shop as the installer leaves it, with the indexes that the preset asks for."""
        self._create_tables()
        for statement in INDEXES:
            self._run(statement)
        for number, (code, rate) in of.RATES.items():
            self._insert(
                "Currency", Id=number, Name=code, CurrencyCode=code, Rate=rate, Published=number != of.YEN
            )
        for number, culture in ((of.ENGLISH, "en-US"), (of.GERMAN, "de-DE")):
            self._insert("Language", Id=number, Name=culture, LanguageCulture=culture, Published=1)
        for number, name, system_name in (
            (of.ADMINISTRATORS, "Administrators", "Administrators"), (of.REGISTERED, "Registered", "Registered"),
            (of.GUESTS, "Guests", "Guests"), (of.WHOLESALE, "Wholesale", None),
        ):  # fmt: skip
            self._insert("CustomerRole", Id=number, Name=name, SystemName=system_name, Active=1)
        for number, name in ((of.KITCHEN, "Kitchen"), (of.CLOTHES, "Clothes")):
            self._insert("Category", Id=number, Name=name, Published=1)
        for product in of.PRODUCTS:
            self._product(product)
        for attribute in of.ATTRIBUTES:
            self._attribute(attribute)

    def tier_price(
        self, product: int, quantity: int, price: str, *, role: int | None = None, store: int = 0
    ) -> None:
        """``store`` 0: all."""
        self._insert(
            "TierPrice",
            ProductId=product,
            Quantity=quantity,
            Price=Decimal(price),
            CustomerRoleId=role,
            StoreId=store,
        )

    def discount(self, percent: str = "0", *, amount: str = "0", **more: Any) -> int:
        """One for products, unless ``more`` says else."""
        return self._insert(
            "Discount", **{
                "Name": "x", "DiscountTypeId": 2, "UsePercentage": percent != "0", "IsActive": 1,
                "DiscountPercentage": Decimal(percent), "DiscountAmount": Decimal(amount),
            } | more,
        )  # fmt: skip

    def require(self, discount: int) -> None:
        """Let the discount depend on something, such as a role."""
        self._insert("DiscountRequirement", DiscountId=discount, IsGroup=1)

    def assign(self, discount: int, *, product: int | None = None, category: int | None = None) -> None:
        table, column = ("Products", "Product_Id") if product else ("Categories", "Category_Id")
        self._insert(f"Discount_AppliedTo{table}", **{"Discount_Id": discount, column: product or category})

    def combination(
        self, attributes: str, *, stock: int, price: str | None = None, picture: str = ""
    ) -> None:
        """Of the shirt's values."""
        number = self._insert(
            "ProductAttributeCombination", ProductId=of.SHIRT.id, AttributesXml=attributes, StockQuantity=stock,
            OverriddenPrice=None if price is None else Decimal(price),
        )  # fmt: skip
        if picture:
            self._insert(
                "ProductAttributeCombinationPicture",
                ProductAttributeCombinationId=number,
                PictureId=self._picture(picture),
            )

    def picture_of_value(self, value: of.Value, name: str) -> None:
        self._insert(
            "ProductAttributeValuePicture", ProductAttributeValueId=value.id, PictureId=self._picture(name)
        )

    def translate(self, group: str, entity: int, text: str) -> None:
        self._insert(
            "LocalizedProperty", EntityId=entity, LanguageId=of.GERMAN, LocaleKeyGroup=group, LocaleKey="Name",
            LocaleValue=text,
        )  # fmt: skip

    def edit(self, product: int, **changed: Any) -> None:
        self._save("Product", product, **changed)

    def _picture(self, name: str) -> int:
        return self._insert("Picture", MimeType="image/jpeg", SeoFilename=name)

    def _product(self, product: of.Product) -> None:
        self._insert(
            "Product", Id=product.id, Name=product.name, ShortDescription=f"About {product.name}", ProductTypeId=5,
            VisibleIndividually=1, Price=product.price, ManageInventoryMethodId=product.inventory,
            StockQuantity=product.stock, Published=1,
        )  # fmt: skip
        self._insert("Product_Category_Mapping", ProductId=product.id, CategoryId=product.category)
        self._insert(
            "UrlRecord",
            EntityName="Product",
            EntityId=product.id,
            Slug=f"p-{product.id}",
            IsActive=1,
            LanguageId=0,
        )
        if product.picture:
            self._insert(
                "Product_Picture_Mapping", ProductId=product.id, PictureId=self._picture(product.picture)
            )

    def _attribute(self, attribute: of.Attribute) -> None:
        self._insert("ProductAttribute", Id=attribute.id, Name=attribute.name)
        self._insert(
            "Product_ProductAttribute_Mapping", Id=attribute.mapping, ProductAttributeId=attribute.id,
            ProductId=of.SHIRT.id, AttributeControlTypeId=attribute.control, DisplayOrder=attribute.mapping,
        )  # fmt: skip
        for value in attribute.values:
            self._insert(
                "ProductAttributeValue", Id=value.id, Name=value.name, ProductAttributeMappingId=attribute.mapping,
                PriceAdjustment=value.surcharge, PriceAdjustmentUsePercentage=value.percent,
            )  # fmt: skip
