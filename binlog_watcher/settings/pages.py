"""The settings of the pages behind the links of mails, and of what signs those links."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Any
from urllib.parse import urlsplit

from annotated_types import Ge, Le
from pydantic import AfterValidator, BaseModel, BeforeValidator, SecretStr, ValidationInfo, field_validator

from binlog_watcher.settings import types as kind
from binlog_watcher.settings.takes import Takes
from mailer.webhooks import sendgrid, ses


def _public_url(text: str) -> str:
    if not text:
        return text
    parts = urlsplit(kind.web_address(text))
    if parts.query or parts.fragment or text.endswith(("?", "#")):
        raise ValueError("a web address without ? and #, such as https://mail.shop.example.com")
    if parts.scheme != "https" and not kind.is_loopback(parts.hostname or ""):
        # RFC 8058 wants it, and mail providers show no unsubscribe button without.
        raise ValueError("an address that begins with https://: mail providers unsubscribe by no other")
    return text.rstrip("/")


def _longer_secret(secret: SecretStr) -> SecretStr:
    if len(secret.get_secret_value().encode()) < 32:  # what RFC 7518 asks for HS256, and libraries insist on
        raise ValueError(
            "at least 32 random characters, for example those that `openssl rand -hex 32` prints"
        )
    return secret


def _networks(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return tuple(ip_network(text.strip(), strict=False) for text in value.split(",") if text.strip())
    except ValueError:
        raise ValueError(
            "IP addresses or networks with commas between them, such as 127.0.0.1, 10.0.0.0/8"
        ) from None


def _sendgrid_key(secret: SecretStr) -> SecretStr:
    try:
        sendgrid(secret.get_secret_value())
    except ValueError:
        raise ValueError(
            "the verification key that SendGrid shows at the webhook's Security Features, MFkw… say"
        ) from None
    return secret


def _login(secret: SecretStr) -> SecretStr:
    user, colon, password = secret.get_secret_value().partition(":")
    if not user or not colon or len(password) < 16:
        raise ValueError("user:password, the password of at least 16 random characters")
    return secret


def _topics(text: str) -> str:
    try:
        ses(text)
    except ValueError:
        raise ValueError(
            "ARNs of SNS topics with commas between them, such as arn:aws:sns:eu-west-1:123456789012:bounces"
        ) from None
    return text


Topics = Annotated[str, AfterValidator(_topics), Takes("list of ARNs")]
SendGridKey = Annotated[kind.Secret, AfterValidator(_sendgrid_key), Takes("secret")]
Login = Annotated[kind.Secret, AfterValidator(_login), Takes("user:password, of 16 characters or more")]
PublicUrl = Annotated[str, AfterValidator(_public_url), Takes("web address with https")]
LongerSecret = Annotated[
    kind.Secret, AfterValidator(_longer_secret), Takes("secret of 32 characters or more")
]
Networks = Annotated[
    tuple[IPv4Network | IPv6Network, ...], BeforeValidator(_networks), Takes("list of networks")
]


class PageSettings(BaseModel):
    """A part of ``Settings``. Without PUBLIC_URL there are no pages."""

    link_secret: kind.LongSecret | None = None
    """Signs links. Empty: a random one that is kept in MySQL; links signed with it stay valid."""
    link_secret_old: kind.LongSecret | None = None
    """The `LINK_SECRET` before: links in mails that it signed stay valid."""
    web_port: kind.Port | None = None
    """Where `cartwake run` or `cartwake web` serves the pages."""
    web_host: kind.Host = "127.0.0.1"
    """On which address of this machine; [a proxy](nginx.md) stands before them."""
    web_served_elsewhere: bool = False
    """True where this process serves none and `cartwake web` does."""
    public_url: PublicUrl = ""
    """The address under which customers reach the pages. At most 37 characters: some software breaks longer links
    in headers."""
    return_secret: LongerSecret | None = None
    """Signs [the claim](links.md#the-claim) that the cart's page gets; not `LINK_SECRET` again. Empty: it gets
    none."""
    return_link_days: Annotated[int, Ge(1), Le(3650)] = 30
    """How long after its mail a link leads back, in days. Those that unsubscribe do so for ever."""
    utm_parameters: kind.Variables = ()
    """Added to the cart's page, and to products': `utm_source=cartwake, utm_medium=email`. One that is in the
    address already stays."""
    track_product_links: bool = True
    """Links to products lead through Cartwake, [which counts them](links.md). False: they lead to the shop
    directly."""
    open_pixel: bool = False
    """A picture of one pixel in each mail counts who opens it. In many countries customers must be asked for
    that."""
    trusted_proxies: Networks = ()
    """Proxies whose `X-Forwarded-For` is believed. Without it all visitors behind a proxy share one limit for links
    that are not valid."""
    sendgrid_webhook_key: SendGridKey | None = None
    """The verification key of SendGrid's signed event webhook; with it reports are taken at `PUBLIC_URL/b/sendgrid`
    ([how](provider-webhooks.md))."""
    mailgun_webhook_key: kind.LongSecret | None = None
    """Mailgun's HTTP webhook signing key, for `PUBLIC_URL/b/mailgun`."""
    postmark_webhook_login: Login | None = None
    """For `PUBLIC_URL/b/postmark`: Postmark signs nothing."""
    ses_topic_arn: Topics = ""
    """The SNS topics through which Amazon SES posts to `PUBLIC_URL/b/ses`."""

    @field_validator("public_url")
    @classmethod
    def _pages_are_served(cls, value: str, info: ValidationInfo) -> str:
        served = info.data.get("web_port") is not None or info.data.get("web_served_elsewhere")
        if value and "web_port" in info.data and not served:
            raise ValueError(
                "WEB_PORT too, on which the pages are served, or WEB_SERVED_ELSEWHERE = true where "
                "`cartwake web` serves them; without pages links to them would lead nowhere"
            )
        if served and not value:
            raise ValueError(
                "the address under which customers reach the pages, https://mail.shop.example.com say"
            )
        return value

    @field_validator(
        "return_secret",
        "open_pixel",
        "sendgrid_webhook_key",
        "mailgun_webhook_key",
        "postmark_webhook_login",
        "ses_topic_arn",
    )
    @classmethod
    def _has_pages(
        cls, value: SecretStr | str | bool | None, info: ValidationInfo
    ) -> SecretStr | str | bool | None:
        if value and info.data.get("public_url") == "":
            raise ValueError("PUBLIC_URL and WEB_PORT too: without pages it has no use")
        if value and value == info.data.get("link_secret"):
            raise ValueError("another secret than LINK_SECRET: the shop has this one, and could sign links")
        return value

    def webhook_secrets(self) -> dict[str, str]:
        """What tells a mail provider's reports, by the name in the webhook's address; for SES its topics."""
        secrets = {
            "sendgrid": self.sendgrid_webhook_key,
            "mailgun": self.mailgun_webhook_key,
            "postmark": self.postmark_webhook_login,
        }
        topics = {"ses": self.ses_topic_arn} if self.ses_topic_arn else {}
        return {name: secret.get_secret_value() for name, secret in secrets.items() if secret} | topics

    def link_keys(self, stored_secret: str | None) -> list[str]:
        """What signs links, the last one, and what is accepted beside: the secret before it, and ``stored_secret``.

        ``stored_secret``: of our own table. The links in mails that went out before LINK_SECRET was set, or changed,
        must not die.
        """
        old, own = (
            one.get_secret_value() if one else None for one in (self.link_secret_old, self.link_secret)
        )
        return [key for key in (old, stored_secret, own) if key]
