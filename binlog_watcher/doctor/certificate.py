"""Why a certificate of WEBHOOK_URL's receiver was refused, in words that say what to do. Pure.

The doctor says the same as the log of a running service.
"""

import ssl
from dataclasses import dataclass

_MENDS = {
    9: "it is not valid yet; is the clock of this machine right?",
    10: "have the receiver's operator renew it",
    62: "WEBHOOK_URL must name the host as its certificate does, or the receiver needs one for this name",
}
_MENDS[64] = _MENDS[62]
_OTHERWISE = (
    "the receiver must send its whole chain, up to an authority that this machine trusts; where that is your own, "
    "start Cartwake with SSL_CERT_FILE=its file (docs/webhooks.md)"
)
"""By OpenSSL's number of what was wrong (X509_V_ERR_…)."""


@dataclass(frozen=True, slots=True)
class RefusedCertificate:
    """``said``: by OpenSSL; ``mend``: what to do."""

    said: str
    mend: str


def refused_certificate(error: BaseException) -> RefusedCertificate | None:
    """None for an error that comes of something else. Libraries wrap what the handshake said."""
    seen: BaseException | None = error
    while seen is not None and not isinstance(seen, ssl.SSLCertVerificationError):
        seen = seen.__cause__ or seen.__context__
    if seen is None:
        return None
    return RefusedCertificate(seen.verify_message, _MENDS.get(seen.verify_code, _OTHERWISE))
