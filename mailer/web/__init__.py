"""The pages behind the links of a mail: unsubscribe, back to the cart, the open pixel.

Needs starlette, uvicorn and PyJWT, and is imported only where pages are served. What it keeps and asks goes through
the ``Visits`` that it is handed: MySQL is unknown here.
"""

from mailer.web.app import pages_app
from mailer.web.server import PageServer
from mailer.web.settings import ShopPages, WebSettings
from mailer.web.visits import Kind, UnavailableError, Visit, Visits
from mailer.web.webhooks import Reports

__all__ = [
    "Kind",
    "PageServer",
    "Reports",
    "ShopPages",
    "UnavailableError",
    "Visit",
    "Visits",
    "WebSettings",
    "pages_app",
]
