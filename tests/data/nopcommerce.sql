-- The tables of a nopCommerce 4.70 shop on MySQL that Cartwake's preset for it reads.
--
-- The names, types, keys and indexes are facts of nopCommerce's schema, written down here in our own layout: what its migrations
-- make of its entities through FluentMigrator's types for MySQL 5 (text without a length is LONGTEXT, text with one is
-- NVARCHAR, a GUID is CHAR(36), a moment is DATETIME(6) in UTC). Every column is there. Of foreign keys only their indexes are
-- kept, with readable names where nopCommerce takes hashes; the product's many indexes for the catalogue's pages are left out.

CREATE TABLE `Address` (
  `Id` INTEGER NOT NULL AUTO_INCREMENT, `CountryId` INTEGER NULL, `StateProvinceId` INTEGER NULL, `FirstName` LONGTEXT NULL,
  `LastName` LONGTEXT NULL, `Email` LONGTEXT NULL, `Company` LONGTEXT NULL, `County` LONGTEXT NULL, `City` LONGTEXT NULL,
  `Address1` LONGTEXT NULL, `Address2` LONGTEXT NULL, `ZipPostalCode` LONGTEXT NULL, `PhoneNumber` LONGTEXT NULL,
  `FaxNumber` LONGTEXT NULL, `CustomAttributes` LONGTEXT NULL, `CreatedOnUtc` datetime(6) NOT NULL, PRIMARY KEY (`Id`),
  KEY `IX_Address_CountryId` (`CountryId`), KEY `IX_Address_StateProvinceId` (`StateProvinceId`)
) ENGINE=InnoDB;

CREATE TABLE `Category` (
  `Id` INTEGER NOT NULL AUTO_INCREMENT, `Name` NVARCHAR(400) NOT NULL, `MetaKeywords` NVARCHAR(400) NULL,
  `MetaTitle` NVARCHAR(400) NULL, `PageSizeOptions` NVARCHAR(200) NULL, `Description` LONGTEXT NULL,
  `CategoryTemplateId` INTEGER NOT NULL, `MetaDescription` LONGTEXT NULL, `ParentCategoryId` INTEGER NOT NULL,
  `PictureId` INTEGER NOT NULL, `PageSize` INTEGER NOT NULL, `AllowCustomersToSelectPageSize` TINYINT(1) NOT NULL,
  `ShowOnHomepage` TINYINT(1) NOT NULL, `IncludeInTopMenu` TINYINT(1) NOT NULL, `SubjectToAcl` TINYINT(1) NOT NULL,
  `LimitedToStores` TINYINT(1) NOT NULL, `Published` TINYINT(1) NOT NULL, `Deleted` TINYINT(1) NOT NULL,
  `DisplayOrder` INTEGER NOT NULL, `CreatedOnUtc` datetime(6) NOT NULL, `UpdatedOnUtc` datetime(6) NOT NULL,
  `PriceRangeFiltering` TINYINT(1) NOT NULL, `PriceFrom` DECIMAL(18,4) NOT NULL, `PriceTo` DECIMAL(18,4) NOT NULL,
  `ManuallyPriceRange` TINYINT(1) NOT NULL, `RestrictFromVendors` TINYINT(1) NOT NULL, PRIMARY KEY (`Id`),
  KEY `IX_Category_DisplayOrder` (`DisplayOrder`), KEY `IX_Category_ParentCategoryId` (`ParentCategoryId`)
) ENGINE=InnoDB;

CREATE TABLE `Currency` (
  `Id` INTEGER NOT NULL AUTO_INCREMENT, `Name` NVARCHAR(50) NOT NULL, `CurrencyCode` NVARCHAR(5) NOT NULL,
  `DisplayLocale` NVARCHAR(50) NULL, `CustomFormatting` NVARCHAR(50) NULL, `Rate` DECIMAL(18,4) NOT NULL,
  `LimitedToStores` TINYINT(1) NOT NULL, `Published` TINYINT(1) NOT NULL, `DisplayOrder` INTEGER NOT NULL,
  `CreatedOnUtc` datetime(6) NOT NULL, `UpdatedOnUtc` datetime(6) NOT NULL, `RoundingTypeId` INTEGER NOT NULL,
  PRIMARY KEY (`Id`), KEY `IX_Currency_DisplayOrder` (`DisplayOrder`)
) ENGINE=InnoDB;

CREATE TABLE `Customer` (
  `Id` INTEGER NOT NULL AUTO_INCREMENT, `Username` NVARCHAR(1000) NULL, `Email` NVARCHAR(1000) NULL,
  `EmailToRevalidate` NVARCHAR(1000) NULL, `FirstName` NVARCHAR(1000) NULL, `LastName` NVARCHAR(1000) NULL,
  `Gender` NVARCHAR(1000) NULL, `Company` NVARCHAR(1000) NULL, `StreetAddress` NVARCHAR(1000) NULL,
  `StreetAddress2` NVARCHAR(1000) NULL, `ZipPostalCode` NVARCHAR(1000) NULL, `City` NVARCHAR(1000) NULL,
  `County` NVARCHAR(1000) NULL, `Phone` NVARCHAR(1000) NULL, `Fax` NVARCHAR(1000) NULL, `VatNumber` NVARCHAR(1000) NULL,
  `TimeZoneId` NVARCHAR(1000) NULL, `CustomCustomerAttributesXML` LONGTEXT NULL, `DateOfBirth` datetime(6) NULL,
  `SystemName` NVARCHAR(400) NULL, `CurrencyId` INTEGER NULL, `LanguageId` INTEGER NULL, `BillingAddress_Id` INTEGER NULL,
  `ShippingAddress_Id` INTEGER NULL, `CustomerGuid` CHAR(36) NOT NULL, `CountryId` INTEGER NOT NULL,
  `StateProvinceId` INTEGER NOT NULL, `VatNumberStatusId` INTEGER NOT NULL, `TaxDisplayTypeId` INTEGER NULL,
  `AdminComment` LONGTEXT NULL, `IsTaxExempt` TINYINT(1) NOT NULL, `AffiliateId` INTEGER NOT NULL, `VendorId` INTEGER NOT NULL,
  `HasShoppingCartItems` TINYINT(1) NOT NULL, `RequireReLogin` TINYINT(1) NOT NULL, `FailedLoginAttempts` INTEGER NOT NULL,
  `CannotLoginUntilDateUtc` datetime(6) NULL, `Active` TINYINT(1) NOT NULL, `MustChangePassword` TINYINT(1) NOT NULL,
  `Deleted` TINYINT(1) NOT NULL, `IsSystemAccount` TINYINT(1) NOT NULL, `LastIpAddress` LONGTEXT NULL,
  `CreatedOnUtc` datetime(6) NOT NULL, `LastLoginDateUtc` datetime(6) NULL, `LastActivityDateUtc` datetime(6) NOT NULL,
  `RegisteredInStoreId` INTEGER NOT NULL, PRIMARY KEY (`Id`), KEY `IX_Customer_CurrencyId` (`CurrencyId`),
  KEY `IX_Customer_LanguageId` (`LanguageId`), KEY `IX_Customer_BillingAddress_Id` (`BillingAddress_Id`),
  KEY `IX_Customer_ShippingAddress_Id` (`ShippingAddress_Id`), KEY `IX_Customer_Username` (`Username`),
  KEY `IX_Customer_SystemName` (`SystemName`), KEY `IX_Customer_Email` (`Email`),
  KEY `IX_Customer_CustomerGuid` (`CustomerGuid`), KEY `IX_Customer_CreatedOnUtc` (`CreatedOnUtc` DESC)
) ENGINE=InnoDB;

CREATE TABLE `CustomerAddresses` (
  `Address_Id` INTEGER NOT NULL, `Customer_Id` INTEGER NOT NULL, PRIMARY KEY (`Address_Id`, `Customer_Id`),
  KEY `IX_CustomerAddresses_Address_Id` (`Address_Id`), KEY `IX_CustomerAddresses_Customer_Id` (`Customer_Id`)
) ENGINE=InnoDB;

CREATE TABLE `CustomerPassword` (
  `Id` INTEGER NOT NULL AUTO_INCREMENT, `CustomerId` INTEGER NOT NULL, `Password` LONGTEXT NULL,
  `PasswordFormatId` INTEGER NOT NULL, `PasswordSalt` LONGTEXT NULL, `CreatedOnUtc` datetime(6) NOT NULL, PRIMARY KEY (`Id`),
  KEY `IX_CustomerPassword_CustomerId` (`CustomerId`)
) ENGINE=InnoDB;

CREATE TABLE `CustomerRole` (
  `Id` INTEGER NOT NULL AUTO_INCREMENT, `Name` NVARCHAR(255) NOT NULL, `SystemName` NVARCHAR(255) NULL,
  `FreeShipping` TINYINT(1) NOT NULL, `TaxExempt` TINYINT(1) NOT NULL, `Active` TINYINT(1) NOT NULL,
  `IsSystemRole` TINYINT(1) NOT NULL, `EnablePasswordLifetime` TINYINT(1) NOT NULL,
  `OverrideTaxDisplayType` TINYINT(1) NOT NULL, `DefaultTaxDisplayTypeId` INTEGER NOT NULL,
  `PurchasedWithProductId` INTEGER NOT NULL, PRIMARY KEY (`Id`)
) ENGINE=InnoDB;

CREATE TABLE `Customer_CustomerRole_Mapping` (
  `Customer_Id` INTEGER NOT NULL, `CustomerRole_Id` INTEGER NOT NULL, PRIMARY KEY (`Customer_Id`, `CustomerRole_Id`),
  KEY `IX_Customer_CustomerRole_Mapping_Customer_Id` (`Customer_Id`),
  KEY `IX_Customer_CustomerRole_Mapping_CustomerRole_Id` (`CustomerRole_Id`)
) ENGINE=InnoDB;

CREATE TABLE `Discount` (
  `Id` INTEGER NOT NULL AUTO_INCREMENT, `Name` NVARCHAR(200) NOT NULL, `CouponCode` NVARCHAR(100) NULL,
  `AdminComment` LONGTEXT NULL, `DiscountTypeId` INTEGER NOT NULL, `UsePercentage` TINYINT(1) NOT NULL,
  `DiscountPercentage` DECIMAL(18,4) NOT NULL, `DiscountAmount` DECIMAL(18,4) NOT NULL,
  `MaximumDiscountAmount` DECIMAL(18,4) NULL, `StartDateUtc` datetime(6) NULL, `EndDateUtc` datetime(6) NULL,
  `RequiresCouponCode` TINYINT(1) NOT NULL, `IsCumulative` TINYINT(1) NOT NULL, `DiscountLimitationId` INTEGER NOT NULL,
  `LimitationTimes` INTEGER NOT NULL, `MaximumDiscountedQuantity` INTEGER NULL, `AppliedToSubCategories` TINYINT(1) NOT NULL,
  `IsActive` TINYINT(1) NOT NULL, PRIMARY KEY (`Id`)
) ENGINE=InnoDB;

CREATE TABLE `DiscountRequirement` (
  `Id` INTEGER NOT NULL AUTO_INCREMENT, `DiscountId` INTEGER NOT NULL, `ParentId` INTEGER NULL,
  `DiscountRequirementRuleSystemName` LONGTEXT NULL, `InteractionTypeId` INTEGER NULL, `IsGroup` TINYINT(1) NOT NULL,
  PRIMARY KEY (`Id`), KEY `IX_DiscountRequirement_DiscountId` (`DiscountId`), KEY `IX_DiscountRequirement_ParentId` (`ParentId`)
) ENGINE=InnoDB;

CREATE TABLE `Discount_AppliedToCategories` (
  `Discount_Id` INTEGER NOT NULL, `Category_Id` INTEGER NOT NULL, PRIMARY KEY (`Discount_Id`, `Category_Id`),
  KEY `IX_Discount_AppliedToCategories_Discount_Id` (`Discount_Id`),
  KEY `IX_Discount_AppliedToCategories_Category_Id` (`Category_Id`)
) ENGINE=InnoDB;

CREATE TABLE `Discount_AppliedToProducts` (
  `Discount_Id` INTEGER NOT NULL, `Product_Id` INTEGER NOT NULL, PRIMARY KEY (`Discount_Id`, `Product_Id`),
  KEY `IX_Discount_AppliedToProducts_Discount_Id` (`Discount_Id`),
  KEY `IX_Discount_AppliedToProducts_Product_Id` (`Product_Id`)
) ENGINE=InnoDB;

CREATE TABLE `Language` (
  `Id` INTEGER NOT NULL AUTO_INCREMENT, `Name` NVARCHAR(100) NOT NULL, `LanguageCulture` NVARCHAR(20) NOT NULL,
  `UniqueSeoCode` NVARCHAR(2) NULL, `FlagImageFileName` NVARCHAR(50) NULL, `Rtl` TINYINT(1) NOT NULL,
  `LimitedToStores` TINYINT(1) NOT NULL, `DefaultCurrencyId` INTEGER NOT NULL, `Published` TINYINT(1) NOT NULL,
  `DisplayOrder` INTEGER NOT NULL, PRIMARY KEY (`Id`), KEY `IX_Language_DisplayOrder` (`DisplayOrder`)
) ENGINE=InnoDB;

CREATE TABLE `LocalizedProperty` (
  `Id` INTEGER NOT NULL AUTO_INCREMENT, `LocaleKeyGroup` NVARCHAR(400) NOT NULL, `LocaleKey` NVARCHAR(400) NOT NULL,
  `LocaleValue` LONGTEXT NOT NULL, `LanguageId` INTEGER NOT NULL, `EntityId` INTEGER NOT NULL, PRIMARY KEY (`Id`),
  KEY `IX_LocalizedProperty_LanguageId` (`LanguageId`)
) ENGINE=InnoDB;

CREATE TABLE `NewsLetterSubscription` (
  `Id` INTEGER NOT NULL AUTO_INCREMENT, `Email` NVARCHAR(255) NOT NULL, `NewsLetterSubscriptionGuid` CHAR(36) NOT NULL,
  `Active` TINYINT(1) NOT NULL, `StoreId` INTEGER NOT NULL, `LanguageId` INTEGER NOT NULL, `CreatedOnUtc` datetime(6) NOT NULL,
  PRIMARY KEY (`Id`), KEY `IX_NewsletterSubscription_Email_StoreId` (`Email`, `StoreId`)
) ENGINE=InnoDB;

CREATE TABLE `Order` (
  `Id` INTEGER NOT NULL AUTO_INCREMENT, `CustomOrderNumber` LONGTEXT NOT NULL, `BillingAddressId` INTEGER NOT NULL,
  `CustomerId` INTEGER NOT NULL, `PickupAddressId` INTEGER NULL, `ShippingAddressId` INTEGER NULL, `OrderGuid` CHAR(36) NOT NULL,
  `StoreId` INTEGER NOT NULL, `PickupInStore` TINYINT(1) NOT NULL, `OrderStatusId` INTEGER NOT NULL,
  `ShippingStatusId` INTEGER NOT NULL, `PaymentStatusId` INTEGER NOT NULL, `PaymentMethodSystemName` LONGTEXT NULL,
  `CustomerCurrencyCode` LONGTEXT NULL, `CurrencyRate` DECIMAL(18,4) NOT NULL, `CustomerTaxDisplayTypeId` INTEGER NOT NULL,
  `VatNumber` LONGTEXT NULL, `OrderSubtotalInclTax` DECIMAL(18,4) NOT NULL, `OrderSubtotalExclTax` DECIMAL(18,4) NOT NULL,
  `OrderSubTotalDiscountInclTax` DECIMAL(18,4) NOT NULL, `OrderSubTotalDiscountExclTax` DECIMAL(18,4) NOT NULL,
  `OrderShippingInclTax` DECIMAL(18,4) NOT NULL, `OrderShippingExclTax` DECIMAL(18,4) NOT NULL,
  `PaymentMethodAdditionalFeeInclTax` DECIMAL(18,4) NOT NULL, `PaymentMethodAdditionalFeeExclTax` DECIMAL(18,4) NOT NULL,
  `TaxRates` LONGTEXT NULL, `OrderTax` DECIMAL(18,4) NOT NULL, `OrderDiscount` DECIMAL(18,4) NOT NULL,
  `OrderTotal` DECIMAL(18,4) NOT NULL, `RefundedAmount` DECIMAL(18,4) NOT NULL, `RewardPointsHistoryEntryId` INTEGER NULL,
  `CheckoutAttributeDescription` LONGTEXT NULL, `CheckoutAttributesXml` LONGTEXT NULL, `CustomerLanguageId` INTEGER NOT NULL,
  `AffiliateId` INTEGER NOT NULL, `CustomerIp` LONGTEXT NULL, `AllowStoringCreditCardNumber` TINYINT(1) NOT NULL,
  `CardType` LONGTEXT NULL, `CardName` LONGTEXT NULL, `CardNumber` LONGTEXT NULL, `MaskedCreditCardNumber` LONGTEXT NULL,
  `CardCvv2` LONGTEXT NULL, `CardExpirationMonth` LONGTEXT NULL, `CardExpirationYear` LONGTEXT NULL,
  `AuthorizationTransactionId` LONGTEXT NULL, `AuthorizationTransactionCode` LONGTEXT NULL,
  `AuthorizationTransactionResult` LONGTEXT NULL, `CaptureTransactionId` LONGTEXT NULL, `CaptureTransactionResult` LONGTEXT NULL,
  `SubscriptionTransactionId` LONGTEXT NULL, `PaidDateUtc` datetime(6) NULL, `ShippingMethod` LONGTEXT NULL,
  `ShippingRateComputationMethodSystemName` LONGTEXT NULL, `CustomValuesXml` LONGTEXT NULL, `Deleted` TINYINT(1) NOT NULL,
  `CreatedOnUtc` datetime(6) NOT NULL, `RedeemedRewardPointsEntryId` INTEGER NULL, PRIMARY KEY (`Id`),
  KEY `IX_Order_BillingAddressId` (`BillingAddressId`), KEY `IX_Order_CustomerId` (`CustomerId`),
  KEY `IX_Order_PickupAddressId` (`PickupAddressId`), KEY `IX_Order_ShippingAddressId` (`ShippingAddressId`),
  KEY `IX_Order_CreatedOnUtc` (`CreatedOnUtc` DESC)
) ENGINE=InnoDB;

CREATE TABLE `OrderItem` (
  `Id` INTEGER NOT NULL AUTO_INCREMENT, `OrderId` INTEGER NOT NULL, `ProductId` INTEGER NOT NULL,
  `OrderItemGuid` CHAR(36) NOT NULL, `Quantity` INTEGER NOT NULL, `UnitPriceInclTax` DECIMAL(18,4) NOT NULL,
  `UnitPriceExclTax` DECIMAL(18,4) NOT NULL, `PriceInclTax` DECIMAL(18,4) NOT NULL, `PriceExclTax` DECIMAL(18,4) NOT NULL,
  `DiscountAmountInclTax` DECIMAL(18,4) NOT NULL, `DiscountAmountExclTax` DECIMAL(18,4) NOT NULL,
  `OriginalProductCost` DECIMAL(18,4) NOT NULL, `AttributeDescription` LONGTEXT NULL, `AttributesXml` LONGTEXT NULL,
  `DownloadCount` INTEGER NOT NULL, `IsDownloadActivated` TINYINT(1) NOT NULL, `LicenseDownloadId` INTEGER NULL,
  `ItemWeight` DECIMAL(18,4) NULL, `RentalStartDateUtc` datetime(6) NULL, `RentalEndDateUtc` datetime(6) NULL,
  PRIMARY KEY (`Id`), KEY `IX_OrderItem_OrderId` (`OrderId`), KEY `IX_OrderItem_ProductId` (`ProductId`)
) ENGINE=InnoDB;

CREATE TABLE `Picture` (
  `Id` INTEGER NOT NULL AUTO_INCREMENT, `MimeType` NVARCHAR(40) NOT NULL, `SeoFilename` NVARCHAR(300) NULL,
  `AltAttribute` LONGTEXT NULL, `TitleAttribute` LONGTEXT NULL, `IsNew` TINYINT(1) NOT NULL, `VirtualPath` LONGTEXT NULL,
  PRIMARY KEY (`Id`)
) ENGINE=InnoDB;

CREATE TABLE `Product` (
  `Id` INTEGER NOT NULL AUTO_INCREMENT, `Name` NVARCHAR(400) NOT NULL, `MetaKeywords` NVARCHAR(400) NULL,
  `MetaTitle` NVARCHAR(400) NULL, `Sku` NVARCHAR(400) NULL, `ManufacturerPartNumber` NVARCHAR(400) NULL,
  `Gtin` NVARCHAR(400) NULL, `RequiredProductIds` NVARCHAR(1000) NULL, `AllowedQuantities` NVARCHAR(1000) NULL,
  `ProductTypeId` INTEGER NOT NULL, `ParentGroupedProductId` INTEGER NOT NULL, `VisibleIndividually` TINYINT(1) NOT NULL,
  `ShortDescription` LONGTEXT NULL, `FullDescription` LONGTEXT NULL, `AdminComment` LONGTEXT NULL,
  `ProductTemplateId` INTEGER NOT NULL, `VendorId` INTEGER NOT NULL, `ShowOnHomepage` TINYINT(1) NOT NULL,
  `MetaDescription` LONGTEXT NULL, `AllowCustomerReviews` TINYINT(1) NOT NULL, `ApprovedRatingSum` INTEGER NOT NULL,
  `NotApprovedRatingSum` INTEGER NOT NULL, `ApprovedTotalReviews` INTEGER NOT NULL, `NotApprovedTotalReviews` INTEGER NOT NULL,
  `SubjectToAcl` TINYINT(1) NOT NULL, `LimitedToStores` TINYINT(1) NOT NULL, `IsGiftCard` TINYINT(1) NOT NULL,
  `GiftCardTypeId` INTEGER NOT NULL, `OverriddenGiftCardAmount` DECIMAL(18,4) NULL, `RequireOtherProducts` TINYINT(1) NOT NULL,
  `AutomaticallyAddRequiredProducts` TINYINT(1) NOT NULL, `IsDownload` TINYINT(1) NOT NULL, `DownloadId` INTEGER NOT NULL,
  `UnlimitedDownloads` TINYINT(1) NOT NULL, `MaxNumberOfDownloads` INTEGER NOT NULL, `DownloadExpirationDays` INTEGER NULL,
  `DownloadActivationTypeId` INTEGER NOT NULL, `HasSampleDownload` TINYINT(1) NOT NULL, `SampleDownloadId` INTEGER NOT NULL,
  `HasUserAgreement` TINYINT(1) NOT NULL, `UserAgreementText` LONGTEXT NULL, `IsRecurring` TINYINT(1) NOT NULL,
  `RecurringCycleLength` INTEGER NOT NULL, `RecurringCyclePeriodId` INTEGER NOT NULL, `RecurringTotalCycles` INTEGER NOT NULL,
  `IsRental` TINYINT(1) NOT NULL, `RentalPriceLength` INTEGER NOT NULL, `RentalPricePeriodId` INTEGER NOT NULL,
  `IsShipEnabled` TINYINT(1) NOT NULL, `IsFreeShipping` TINYINT(1) NOT NULL, `ShipSeparately` TINYINT(1) NOT NULL,
  `AdditionalShippingCharge` DECIMAL(18,4) NOT NULL, `DeliveryDateId` INTEGER NOT NULL, `IsTaxExempt` TINYINT(1) NOT NULL,
  `TaxCategoryId` INTEGER NOT NULL, `ManageInventoryMethodId` INTEGER NOT NULL, `ProductAvailabilityRangeId` INTEGER NOT NULL,
  `UseMultipleWarehouses` TINYINT(1) NOT NULL, `WarehouseId` INTEGER NOT NULL, `StockQuantity` INTEGER NOT NULL,
  `DisplayStockAvailability` TINYINT(1) NOT NULL, `DisplayStockQuantity` TINYINT(1) NOT NULL, `MinStockQuantity` INTEGER NOT NULL,
  `LowStockActivityId` INTEGER NOT NULL, `NotifyAdminForQuantityBelow` INTEGER NOT NULL, `BackorderModeId` INTEGER NOT NULL,
  `AllowBackInStockSubscriptions` TINYINT(1) NOT NULL, `OrderMinimumQuantity` INTEGER NOT NULL,
  `OrderMaximumQuantity` INTEGER NOT NULL, `AllowAddingOnlyExistingAttributeCombinations` TINYINT(1) NOT NULL,
  `DisplayAttributeCombinationImagesOnly` TINYINT(1) NOT NULL, `NotReturnable` TINYINT(1) NOT NULL,
  `DisableBuyButton` TINYINT(1) NOT NULL, `DisableWishlistButton` TINYINT(1) NOT NULL, `AvailableForPreOrder` TINYINT(1) NOT NULL,
  `PreOrderAvailabilityStartDateTimeUtc` datetime(6) NULL, `CallForPrice` TINYINT(1) NOT NULL, `Price` DECIMAL(18,4) NOT NULL,
  `OldPrice` DECIMAL(18,4) NOT NULL, `ProductCost` DECIMAL(18,4) NOT NULL, `CustomerEntersPrice` TINYINT(1) NOT NULL,
  `MinimumCustomerEnteredPrice` DECIMAL(18,4) NOT NULL, `MaximumCustomerEnteredPrice` DECIMAL(18,4) NOT NULL,
  `BasepriceEnabled` TINYINT(1) NOT NULL, `BasepriceAmount` DECIMAL(18,4) NOT NULL, `BasepriceUnitId` INTEGER NOT NULL,
  `BasepriceBaseAmount` DECIMAL(18,4) NOT NULL, `BasepriceBaseUnitId` INTEGER NOT NULL, `MarkAsNew` TINYINT(1) NOT NULL,
  `MarkAsNewStartDateTimeUtc` datetime(6) NULL, `MarkAsNewEndDateTimeUtc` datetime(6) NULL, `Weight` DECIMAL(18,4) NOT NULL,
  `Length` DECIMAL(18,4) NOT NULL, `Width` DECIMAL(18,4) NOT NULL, `Height` DECIMAL(18,4) NOT NULL,
  `AvailableStartDateTimeUtc` datetime(6) NULL, `AvailableEndDateTimeUtc` datetime(6) NULL, `DisplayOrder` INTEGER NOT NULL,
  `Published` TINYINT(1) NOT NULL, `Deleted` TINYINT(1) NOT NULL, `CreatedOnUtc` datetime(6) NOT NULL,
  `UpdatedOnUtc` datetime(6) NOT NULL, PRIMARY KEY (`Id`), KEY `IX_Product_Published` (`Published`),
  KEY `IX_Product_Deleted_and_Published` (`Published`, `Deleted`), KEY `IX_Product_Delete_Id` (`Deleted`, `Id`)
) ENGINE=InnoDB;

CREATE TABLE `ProductAttribute` (
  `Id` INTEGER NOT NULL AUTO_INCREMENT, `Name` LONGTEXT NOT NULL, `Description` LONGTEXT NULL, PRIMARY KEY (`Id`)
) ENGINE=InnoDB;

CREATE TABLE `ProductAttributeCombination` (
  `Id` INTEGER NOT NULL AUTO_INCREMENT, `Sku` NVARCHAR(400) NULL, `ManufacturerPartNumber` NVARCHAR(400) NULL,
  `Gtin` NVARCHAR(400) NULL, `ProductId` INTEGER NOT NULL, `AttributesXml` LONGTEXT NULL, `StockQuantity` INTEGER NOT NULL,
  `AllowOutOfStockOrders` TINYINT(1) NOT NULL, `OverriddenPrice` DECIMAL(18,4) NULL,
  `NotifyAdminForQuantityBelow` INTEGER NOT NULL, `MinStockQuantity` INTEGER NOT NULL, `PictureId` INTEGER NULL,
  PRIMARY KEY (`Id`), KEY `IX_ProductAttributeCombination_ProductId` (`ProductId`)
) ENGINE=InnoDB;

CREATE TABLE `ProductAttributeCombinationPicture` (
  `Id` INTEGER NOT NULL AUTO_INCREMENT, `ProductAttributeCombinationId` INTEGER NOT NULL, `PictureId` INTEGER NOT NULL,
  PRIMARY KEY (`Id`), KEY `IX_ProductAttributeCombinationPicture_Combination` (`ProductAttributeCombinationId`)
) ENGINE=InnoDB;

CREATE TABLE `ProductAttributeValue` (
  `Id` INTEGER NOT NULL AUTO_INCREMENT, `Name` NVARCHAR(400) NOT NULL, `ColorSquaresRgb` NVARCHAR(100) NULL,
  `ProductAttributeMappingId` INTEGER NOT NULL, `AttributeValueTypeId` INTEGER NOT NULL, `AssociatedProductId` INTEGER NOT NULL,
  `ImageSquaresPictureId` INTEGER NOT NULL, `PriceAdjustment` DECIMAL(18,4) NOT NULL,
  `PriceAdjustmentUsePercentage` TINYINT(1) NOT NULL, `WeightAdjustment` DECIMAL(18,4) NOT NULL, `Cost` DECIMAL(18,4) NOT NULL,
  `CustomerEntersQty` TINYINT(1) NOT NULL, `Quantity` INTEGER NOT NULL, `IsPreSelected` TINYINT(1) NOT NULL,
  `DisplayOrder` INTEGER NOT NULL, `PictureId` INTEGER NULL, PRIMARY KEY (`Id`),
  KEY `IX_ProductAttributeValue_ProductAttributeMappingId` (`ProductAttributeMappingId`),
  KEY `IX_ProductAttributeValue_ProductAttributeMappingId_DisplayOrder` (`ProductAttributeMappingId`, `DisplayOrder`)
) ENGINE=InnoDB;

CREATE TABLE `ProductAttributeValuePicture` (
  `Id` INTEGER NOT NULL AUTO_INCREMENT, `ProductAttributeValueId` INTEGER NOT NULL, `PictureId` INTEGER NOT NULL,
  PRIMARY KEY (`Id`), KEY `IX_ProductAttributeValuePicture_ProductAttributeValueId` (`ProductAttributeValueId`)
) ENGINE=InnoDB;

CREATE TABLE `ProductWarehouseInventory` (
  `Id` INTEGER NOT NULL AUTO_INCREMENT, `ProductId` INTEGER NOT NULL, `WarehouseId` INTEGER NOT NULL,
  `StockQuantity` INTEGER NOT NULL, `ReservedQuantity` INTEGER NOT NULL, PRIMARY KEY (`Id`),
  KEY `IX_ProductWarehouseInventory_ProductId` (`ProductId`), KEY `IX_ProductWarehouseInventory_WarehouseId` (`WarehouseId`)
) ENGINE=InnoDB;

CREATE TABLE `Product_Category_Mapping` (
  `Id` INTEGER NOT NULL AUTO_INCREMENT, `CategoryId` INTEGER NOT NULL, `ProductId` INTEGER NOT NULL,
  `IsFeaturedProduct` TINYINT(1) NOT NULL, `DisplayOrder` INTEGER NOT NULL, PRIMARY KEY (`Id`),
  KEY `IX_Product_Category_Mapping_CategoryId` (`CategoryId`), KEY `IX_Product_Category_Mapping_ProductId` (`ProductId`),
  KEY `IX_PCM_ProductId_Extended` (`ProductId`, `IsFeaturedProduct`), KEY `IX_PCM_Product_and_Category` (`CategoryId`, `ProductId`)
) ENGINE=InnoDB;

CREATE TABLE `Product_Picture_Mapping` (
  `Id` INTEGER NOT NULL AUTO_INCREMENT, `PictureId` INTEGER NOT NULL, `ProductId` INTEGER NOT NULL,
  `DisplayOrder` INTEGER NOT NULL, PRIMARY KEY (`Id`), KEY `IX_Product_Picture_Mapping_PictureId` (`PictureId`),
  KEY `IX_Product_Picture_Mapping_ProductId` (`ProductId`)
) ENGINE=InnoDB;

CREATE TABLE `Product_ProductAttribute_Mapping` (
  `Id` INTEGER NOT NULL AUTO_INCREMENT, `ProductAttributeId` INTEGER NOT NULL, `ProductId` INTEGER NOT NULL,
  `TextPrompt` LONGTEXT NULL, `IsRequired` TINYINT(1) NOT NULL, `AttributeControlTypeId` INTEGER NOT NULL,
  `DisplayOrder` INTEGER NOT NULL, `ValidationMinLength` INTEGER NULL, `ValidationMaxLength` INTEGER NULL,
  `ValidationFileAllowedExtensions` LONGTEXT NULL, `ValidationFileMaximumSize` INTEGER NULL, `DefaultValue` LONGTEXT NULL,
  `ConditionAttributeXml` LONGTEXT NULL, PRIMARY KEY (`Id`),
  KEY `IX_Product_ProductAttribute_Mapping_ProductAttributeId` (`ProductAttributeId`),
  KEY `IX_Product_ProductAttribute_Mapping_ProductId_DisplayOrder` (`ProductId`, `DisplayOrder`)
) ENGINE=InnoDB;

CREATE TABLE `ShoppingCartItem` (
  `Id` INTEGER NOT NULL AUTO_INCREMENT, `CustomerId` INTEGER NOT NULL, `ProductId` INTEGER NOT NULL, `StoreId` INTEGER NOT NULL,
  `ShoppingCartTypeId` INTEGER NOT NULL, `AttributesXml` LONGTEXT NULL, `CustomerEnteredPrice` DECIMAL(18,4) NOT NULL,
  `Quantity` INTEGER NOT NULL, `RentalStartDateUtc` datetime(6) NULL, `RentalEndDateUtc` datetime(6) NULL,
  `CreatedOnUtc` datetime(6) NOT NULL, `UpdatedOnUtc` datetime(6) NOT NULL, PRIMARY KEY (`Id`),
  KEY `IX_ShoppingCartItem_CustomerId` (`CustomerId`), KEY `IX_ShoppingCartItem_ProductId` (`ProductId`),
  KEY `IX_ShoppingCartItem_ShoppingCartTypeId_CustomerId` (`ShoppingCartTypeId`, `CustomerId`)
) ENGINE=InnoDB;

CREATE TABLE `StoreMapping` (
  `Id` INTEGER NOT NULL AUTO_INCREMENT, `EntityName` NVARCHAR(400) NOT NULL, `StoreId` INTEGER NOT NULL,
  `EntityId` INTEGER NOT NULL, PRIMARY KEY (`Id`), KEY `IX_StoreMapping_StoreId` (`StoreId`),
  KEY `IX_StoreMapping_EntityId_EntityName` (`EntityId`, `EntityName`)
) ENGINE=InnoDB;

CREATE TABLE `TierPrice` (
  `Id` INTEGER NOT NULL AUTO_INCREMENT, `CustomerRoleId` INTEGER NULL, `ProductId` INTEGER NOT NULL, `StoreId` INTEGER NOT NULL,
  `Quantity` INTEGER NOT NULL, `Price` DECIMAL(18,4) NOT NULL, `StartDateTimeUtc` datetime(6) NULL,
  `EndDateTimeUtc` datetime(6) NULL, PRIMARY KEY (`Id`), KEY `IX_TierPrice_CustomerRoleId` (`CustomerRoleId`),
  KEY `IX_TierPrice_ProductId` (`ProductId`)
) ENGINE=InnoDB;

CREATE TABLE `UrlRecord` (
  `Id` INTEGER NOT NULL AUTO_INCREMENT, `EntityName` NVARCHAR(400) NOT NULL, `Slug` NVARCHAR(400) NOT NULL,
  `EntityId` INTEGER NOT NULL, `IsActive` TINYINT(1) NOT NULL, `LanguageId` INTEGER NOT NULL, PRIMARY KEY (`Id`),
  KEY `IX_UrlRecord_Slug` (`Slug`), KEY `IX_UrlRecord_Custom_1` (`EntityId`, `EntityName`, `LanguageId`, `IsActive`)
) ENGINE=InnoDB;
