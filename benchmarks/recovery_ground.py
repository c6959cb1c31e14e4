"""What all runs of the recovery benchmark share: one private MySQL with the shop and its past, one sink, one meter."""

import contextlib
import secrets
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import recovery_shop
from figures import progress
from recovery_mails import Mail, Sink
from recovery_service import Meter, Service, Usage, settings_of

from binlog_watcher.demo.sample_shop import ACCOUNT
from binlog_watcher.demo.server import Server, private_server
from binlog_watcher.shop.presets import preset_text

if TYPE_CHECKING:
    from binlog_watcher.demo.sample_shop import Product, User

SERVER_OPTIONS = {"innodb_buffer_pool_size": "512M", "innodb_redo_log_capacity": "512M"}
"""A million cart rows with their indexes stay in memory, as they do in a shop of that size."""

_STALLED_S = 120.0
_LOOK_S = 0.1


@dataclass(frozen=True, slots=True)
class Logged:
    """One row of Cartwake's log, in epoch seconds: when the cart fell due and when its mail was handed to SMTP."""

    customer: int
    due: float
    handed: float


class Ground:
    """Where the runs take place. Customers of a run are new ones; its carts are gone after it."""

    def __init__(self, server: Server, sink: Sink, folder: Path, products: "list[Product]") -> None:
        self.server = server
        self.sink = sink
        self.folder = folder
        self.products = products
        self.password = secrets.token_hex(12)
        self.shop = recovery_shop.Shop(server, products, self.password)
        self.meter = Meter(server)
        self._next_customer = recovery_shop.FIRST_CUSTOMER

    def service(self, threshold_s: float, **settings: Any) -> Service:
        """Cartwake on this shop, not started yet."""
        return Service(
            settings_of(
                self.server, self.password, self.sink.port, self.folder, threshold_s=threshold_s, **settings
            ),
            self.folder,
        )

    def remember(self, rows: int) -> None:
        """Let Cartwake make its tables, then fill in the past."""
        began = time.perf_counter()
        with self.service(60):
            pass
        self.shop.remember(rows, len(self.products))
        progress(f"a past of {rows:,} cart rows filled in, in {time.perf_counter() - began:.0f} s")

    def speak(self, languages: Sequence[str]) -> dict[str, str]:
        """Customers have these languages in turn; the settings by which the service knows."""
        self.shop.speak(languages)
        schema = self.folder / "shop.toml"
        schema.write_text(
            preset_text("sample").replace('role = "role"', 'role = "role"\nlanguage = "language"')
        )
        return {"SHOP_SCHEMA": str(schema)}

    def welcome(self, count: int) -> "list[User]":
        """New customers."""
        people = recovery_shop.customers(self.reserve(count), count)
        self.shop.welcome(people)
        return people

    def reserve(self, count: int) -> int:
        """The first of that many ids that no customer has."""
        first = self._next_customer
        self._next_customer += count
        return first

    def used(self) -> Usage:
        """What Cartwake's account used of MySQL so far."""
        return self.meter.read(ACCOUNT)

    def dump_cpu_ms(self) -> float:
        """Processor time that MySQL took to send Cartwake the binlog so far."""
        return self.meter.dump_cpu_ms(ACCOUNT)

    def wait_for_mails(self, count: int, service: Service) -> None:
        """Wait until that many mails came. Ends the program when none comes for two minutes."""
        seen, since = -1, time.monotonic()
        while seen < count:
            time.sleep(_LOOK_S)
            now = self.sink.count()
            if now != seen:
                seen, since = now, time.monotonic()
            elif not service.process.alive or time.monotonic() - since > _STALLED_S:
                raise service.failed(f"{seen} of {count} mails came")

    def settled(self, people: "list[User]", service: Service) -> list[Logged]:
        """Their rows in the log, once all are written. Ends the program when one is not ``sent`` a minute later."""
        deadline = time.monotonic() + 60
        with self.shop.connect() as connection, connection.cursor() as cursor:
            while True:
                cursor.execute(
                    "SELECT user_id, status, UNIX_TIMESTAMP(last_activity_at), UNIX_TIMESTAMP(sent_at) "
                    "FROM cart_abandonment_log WHERE user_id BETWEEN %s AND %s",
                    (people[0].id, people[-1].id),
                )
                rows = cursor.fetchall()
                if len(rows) == len(people) and all(row[1] == "sent" for row in rows):
                    threshold_s = service.threshold_s
                    return [
                        Logged(who, float(active) + threshold_s, float(handed))
                        for who, _, active, handed in rows
                    ]
                if time.monotonic() > deadline:
                    raise service.failed(
                        f"{len(rows)} of {len(people)} carts are logged, not all of them as sent"
                    )
                time.sleep(_LOOK_S)

    def clear(self, people: "list[User]") -> None:
        """Remove their carts."""
        self.shop.forget(people[0].id)


@contextlib.contextmanager
def open_ground(products: int) -> Iterator[Ground]:
    """A server with the shop, and a sink; both end with the block."""
    with (
        tempfile.TemporaryDirectory(prefix="cartwake-recovery-") as home,
        private_server("mysql", options=SERVER_OPTIONS, announce=progress) as server,
        Sink(Path(home)) as sink,
    ):
        ground = Ground(server, sink, Path(home), recovery_shop.catalogue(products))
        try:
            yield ground
        finally:
            ground.meter.close()


def percentile(values: list[float], hundredth: int) -> float:
    """The value below which that many hundredths lie (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * hundredth // 100)]


def customer_of(mail: Mail) -> int:
    """The customer that a mail went to."""
    return int(mail.recipient.split("@")[0].rpartition(".")[2])
