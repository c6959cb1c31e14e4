"""What the pages are told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network

from mailer.languages import Languages
from mailer.themes import Theme, load_theme
from mailer.webhooks import Provider

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class ShopPages:
    """A storefront as the pages know it. URLs are absolute."""

    name: str
    url: str
    cart_url: str
    languages: Languages = field(default_factory=Languages)
    theme: Theme = field(default_factory=load_theme)


@dataclass(frozen=True, slots=True)
class WebSettings:
    """``shops``: by the storefront's name, "" for the only one, or for links that name none that is known.

    ``return_secret``: signs the claim that the cart's page gets; None: it gets none. ``issuer``: who says so.
    ``return_days``: how long after its mail a link leads back. ``utm``: parameters for the cart's page.
    ``webhooks``: the mail providers that may report, by the name in their address.
    ``trusted_proxies``: those whose X-Forwarded-For is believed.
    """

    shops: Mapping[str, ShopPages]
    issuer: str
    return_secret: str | None = field(default=None, repr=False)
    return_days: int = 30
    utm: tuple[tuple[str, str], ...] = ()
    trusted_proxies: tuple[Network, ...] = ()
    pixel: bool = False
    webhooks: Mapping[str, Provider] = field(default_factory=dict, repr=False)

    def shop(self, store: str) -> ShopPages:
        """The storefront; one that is not listed any more has the first page of all."""
        return self.shops.get(store) or self.shops[""]
