"""A sample shop, a mail catcher, and the real service as a process of its own."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from binlog_watcher.demo import sample_shop
from binlog_watcher.demo.catcher import MailCatcher
from binlog_watcher.demo.process import ServiceProcess, free_port
from binlog_watcher.demo.server import Server

THRESHOLD_S = 3.0


class RunningShop:
    """What a test needs: SQL as the shop, the mails, and services that follow it."""

    def __init__(
        self, server: Server, database: str, catcher: MailCatcher, folder: Path, stack: ExitStack
    ) -> None:
        self.server = server
        self.database = database
        self.catcher = catcher
        self._folder = folder
        self._stack = stack
        self._count = 0

    def settings(self, **overrides: str) -> dict[str, str]:
        settings = {
            "MYSQL_HOST": self.server.host,
            "MYSQL_PORT": str(self.server.port),
            "MYSQL_USER": self.server.user,
            "MYSQL_PASSWORD": self.server.password,
            "MYSQL_DATABASE": self.database,
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(self.catcher.port),
            "SMTP_TLS": "none",
            "SENDER_EMAIL": "hello@shop.example.com",
            "SENDER_NAME": "The Sample Shop",
            "STORE_NAME": "The Sample Shop",
            "STORE_URL": "https://shop.example.com",
            "STORE_ADDRESS": "1 Market Street, 12345 Sampletown",
            "SUPPORT_EMAIL": "support@shop.example.com",
            "CART_URL": "https://shop.example.com/cart",
            "DISCOUNT_TIER_2_CODE": "SAVE20",
            "PROMISES_CONFIRMED": "discount_without_code, free_shipping",
            "ABANDONMENT_THRESHOLD_MINUTES": str(THRESHOLD_S / 60),
            "CHECK_INTERVAL_SECONDS": "2",
            "LOG_FILE": "",
            "METRICS_PORT": str(free_port()),
        }
        return settings | overrides

    def service(self, *options: str, **overrides: str) -> ServiceProcess:
        """Start a service and wait until it follows the binlog."""
        service = self.process(*options, **overrides)
        service.start()
        asyncio.run(service.wait_until_ready())
        return service

    def service_without_smtp(self) -> ServiceProcess:
        """One whose mail server went away when it followed the binlog."""
        with MailCatcher(self._folder / "gone") as gone:
            return self.service(SMTP_PORT=str(gone.port))

    def process(self, *options: str, **overrides: str) -> ServiceProcess:
        self._count += 1
        console = self._folder / f"service-{self._count}.log"
        process = ServiceProcess(self.settings(**overrides), console, options)
        return self._stack.enter_context(process)

    @property
    def said(self) -> str:
        """All that the services printed."""
        return "".join(path.read_text() for path in sorted(self._folder.glob("service-*.log")))

    def run(self, sql: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        with (
            self.server.connect(database=self.database, autocommit=True) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(sql, parameters)
            return list(cursor.fetchall())

    def user(self, user_id: int, email: str | None = None, name: str = "Jane Doe") -> str:
        email = f"user{user_id}@example.com" if email is None else email
        self.run("INSERT INTO users (id, name, email) VALUES (%s, %s, %s)", (user_id, name, email))
        return email

    def add(self, user_id: int, product: str = "Wireless Mouse", quantity: int = 1) -> None:
        self.run(
            "INSERT INTO cart (user_id, product_id, quantity) VALUES (%s, %s, %s)",
            (user_id, self.product_id(product), quantity),
        )

    def product_id(self, part: str) -> int:
        """The first product whose name holds ``part``."""
        return next(p.id for p in sample_shop.products() if part.lower() in p.name.lower())

    def mails_to(self, address: str) -> list[Any]:
        return [mail for mail in self.catcher.mails if address in mail.recipients]

    def wait_for_mail(self, address: str, seconds: float = 20) -> Any:
        arrived = self.catcher.wait(lambda mails: any(address in mail.recipients for mail in mails), seconds)
        assert arrived, f"no mail to {address}; the service said:\n{self.said[-4000:]}"
        return self.mails_to(address)[0]

    def log(self) -> list[tuple[Any, ...]]:
        return self.run("SELECT cart_key, status, reason, email_sent FROM cart_abandonment_log ORDER BY id")


@contextmanager
def open_shop(server: Server, database: str, folder: Path) -> Iterator[RunningShop]:
    """Services started from it end with the block."""
    with server.connect() as connection:
        sample_shop.create(connection, database, users=())
    with ExitStack() as stack:
        catcher = stack.enter_context(MailCatcher(folder / "mails"))
        yield RunningShop(server, database, catcher, folder, stack)
