"""The settings of the shop as the mail shows it, and of who the mail is from."""

from pydantic import BaseModel, Field

from binlog_watcher.settings import bounce_types, mail_types
from binlog_watcher.settings import types as kind
from mailer.languages import shipped


class MailSettings(BaseModel):
    """A part of ``Settings``."""

    store_name: kind.Text = ""
    """The shop's name."""
    store_url: kind.Web = ""
    """The shop's address on the web."""
    store_logo_url: kind.Web = ""
    """The logo at the top. Empty: the name as text."""
    store_logo_dark_url: kind.Web = ""
    """The logo for dark mode. Empty: `STORE_LOGO_URL` stands on a light plate there."""
    store_address: kind.Lines = ""
    r"""The shop's postal address: the law wants it in such mails. May have several lines, in "double quotes" with
    `\n`."""
    support_email: kind.Mail = ""
    """Where customers write to."""
    cart_url: kind.CartUrl = ""
    """The page that the button of the mail leads to. `{items}` in it stands for what is in the cart, as `12:2,34:1`
    (products or variants, and pieces): WooCommerce 10 fills a cart by such a link,
    `https://shop.example.com/checkout-link/?products={items}`. A cart that can't be said so (very long, half a
    metre of something) gets a link to `STORE_URL`."""
    product_url: kind.ProductUrl | None = None
    """A product's page, with `{id}` where its id goes: cart lines and recommendations link to it. Goes before what
    the preset says (all presets but `sample` know their shops' pages); without either, products are shown without
    links."""
    currency: kind.Currency = "USD"
    """Of the shop's prices."""
    mail_theme: mail_types.ThemeName = "calm"
    """How mails look: `calm`, `bold`, `letter`, or a folder ([themes](themes.md))."""
    languages: mail_types.LanguageTags = shipped()
    """The [languages](languages.md) of mails and pages: the shop's own first, then those that customers get of whom
    the shop knows the language. `all`: every one that Cartwake has."""
    mail_messages: mail_types.Folder = None
    """A folder with the shop's own wording of single messages, such as `de.po`."""

    sender_email: kind.Mail = ""
    """The address that mails come from. `example.com` and `.test` are accepted, for trials."""
    sender_name: kind.Text = Field(default_factory=lambda data: data.get("store_name", ""))
    """The name beside the address. Empty: `STORE_NAME`."""
    bounce_address: bounce_types.BounceAddress = ""
    """Where bounces go: the envelope's sender, which becomes Return-Path. `bounce+{verp}@example.com` has the
    mail's signed id in it, by which every bounce is known; `bounce@example.com` is the same for all mails. The mail
    server must let us send as it. Empty: `SENDER_EMAIL`."""
    unsubscribe_email: kind.Mail = ""
    """Where customers unsubscribe by mail ([what is done with such a mail](bounces.md#unsubscribe-mails)). Empty:
    `SUPPORT_EMAIL`."""
    subject_emoji: bool = False
    """Begin the subject with a shopping cart."""
