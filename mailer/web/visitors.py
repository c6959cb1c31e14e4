"""Who asks for a page: judged from the request, in memory; nothing of it is kept but a flag."""

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from starlette.requests import Request

from mailer.web.settings import Network

_SCANNERS = re.compile(  # Cubot makes telephones
    r"(?<!cu)bot\b|crawl|spider|scan|preview|prefetch|monitor|headless|phantom"
    # Mail filters and proxies that follow links, and chat programs that look at them.
    r"|barracuda|proofpoint|mimecast|bitdefender|symantec|forcepoint|fireeye|trendmicro|sophos|zscaler|cisco-|ironport"
    r"|safelinks|googleimageproxy|google-safety|appengine-google|yahoomailproxy|yahoo! slurp|facebookexternalhit"
    r"|whatsapp|skypeuri|embedly|w3c_validator"
    # Programs, not browsers.
    r"|^(?:curl|wget|python|go-http-client|java|okhttp|libwww|lwp|ruby|php|guzzle|axios|node|undici|apache-httpclient"
    r"|httpx|aiohttp|perl|microsoft office|ms-office|winhttp|dart)\b",
    re.IGNORECASE,
)
_PREFETCH_HEADERS = ("sec-purpose", "purpose", "x-purpose", "x-moz")
_PREFETCHING = ("prefetch", "prerender", "preview")


def flag(request: Request) -> str | None:
    """Why a visit is not the customer's, as far as is known; None: it counts."""
    if request.method == "HEAD":
        return "head"
    told = " ".join(request.headers.get(name, "") for name in _PREFETCH_HEADERS).lower()
    if any(word in told for word in _PREFETCHING):
        return "prefetch"
    agent = request.headers.get("user-agent", "").strip()
    return "scanner" if not agent or _SCANNERS.search(agent) else None


def address(request: Request, trusted: Sequence[Network]) -> str:
    """Whom to hold to a limit: the client, or whom a trusted proxy names; of IPv6 the /64 that one household has.

    X-Forwarded-For is read from its end: what stands before the first untrusted address, the client made up.
    """
    client = request.client.host if request.client else ""
    forwarded = ",".join(request.headers.getlist("x-forwarded-for")).split(",")
    hops = [hop.strip() for hop in forwarded if hop.strip()]
    parsed = _parsed(client)
    while hops and parsed is not None and any(parsed in network for network in trusted):
        named = _parsed(hops.pop())
        if named is None:
            break
        parsed = named
    if parsed is None:
        return client
    return str(ip_network((parsed, 64), strict=False)) if parsed.version == 6 else str(parsed)


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found
