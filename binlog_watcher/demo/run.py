"""`cartwake demo`: sets up shop, mail catcher and service, lets the shoppers in, reports, cleans up."""

import asyncio
import contextlib
import secrets
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from binlog_watcher.answers.figures_read import figures_of
from binlog_watcher.answers.figures_told import as_json
from binlog_watcher.demo import by_hand, output, report, sample_shop
from binlog_watcher.demo.catcher import CaughtMail, MailCatcher
from binlog_watcher.demo.display import display
from binlog_watcher.demo.expectations import LoggedCart
from binlog_watcher.demo.judgement import Outcome, judge
from binlog_watcher.demo.performance import Performance
from binlog_watcher.demo.pictures import with_pictures
from binlog_watcher.demo.process import ServiceFailedError, ServiceProcess, free_port
from binlog_watcher.demo.reading import read_mail
from binlog_watcher.demo.scenarios import Part, cast
from binlog_watcher.demo.server import Server, any_server
from binlog_watcher.demo.shop_settings import Pace, service_settings, settings_for_another
from binlog_watcher.demo.shoppers import Shop, Stage
from binlog_watcher.errors import INTERRUPTED
from binlog_watcher.service.resources import open_resources
from binlog_watcher.settings.load import load_settings
from binlog_watcher.store.own_tables.figures import Figures, Window
from mailer import mask


@dataclass(frozen=True, slots=True)
class Venue:
    """Everything that was set up."""

    server: Server
    catcher: MailCatcher
    service: ServiceProcess
    folder: Path
    pace: Pace
    parts: tuple[Part, ...]
    console: Console
    settings: dict[str, str]

    def say(self, text: str) -> None:
        """Print a line as it is."""
        self.console.print(text, highlight=False, markup=False, soft_wrap=True)


def run_demo(
    *, serve: bool = False, output_folder: Path | None = None, console: Console | None = None
) -> int:
    """Run the demo to its end and return the exit code.

    0: every mail came as expected. 1: a mail was missing, doubled or wrong. 130: interrupted. ``serve`` keeps
    everything running afterwards, until Ctrl-C. The folder is ``demo-output`` here when none is given, or a
    temporary one where nothing can be written. Raises CartwakeError with a clear line when something that the
    demo needs can't be had, or the service fails.
    """
    console = console or Console()
    with _terminated_like_interrupted():
        try:
            with _venue(output.prepare(output_folder), console) as venue:
                if serve:
                    venue.say(_instructions(venue))
                outcome = asyncio.run(_perform(venue))
                in_order = _serve(venue) if serve else venue.service.stop() == 0
                if not in_order:
                    venue.say(venue.service.explain("the service did not end in order"))
                return 0 if outcome.ok and in_order else 1
        except KeyboardInterrupt:
            console.print("Interrupted: everything is stopped.")
            return INTERRUPTED


@contextlib.contextmanager
def _venue(folder: Path, console: Console) -> Iterator[Venue]:
    """Server, shop, catcher and service process; everything is stopped at the end, the last one first."""
    parts, pace = cast(), Pace()
    with contextlib.ExitStack() as stack:
        stack.enter_context(output.hold(folder))
        server = stack.enter_context(any_server())
        password = secrets.token_urlsafe(12)
        with server.connect() as connection:
            sample_shop.create(connection)
            sample_shop.add_users(connection, [user for part in parts for user, _ in part.cast])
            sample_shop.create_account(connection, password)
        catcher = stack.enter_context(MailCatcher(folder / "mails", edit_page=with_pictures))
        settings = service_settings(
            mysql_port=server.port,
            mysql_password=password,
            smtp_port=catcher.port,
            metrics_port=free_port(),
            log_file=folder / "cartwake.log",
            pace=pace,
        )
        by_hand.write_settings(folder / "demo.env", settings_for_another(settings))
        by_hand.write_script(
            folder / "sql", port=server.port, password=server.password, database=sample_shop.DATABASE
        )
        service = stack.enter_context(ServiceProcess(settings, folder / "console.log"))
        yield Venue(server, catcher, service, folder, pace, parts, console, settings)


async def _perform(venue: Venue) -> Outcome:
    """Prepare, play, judge and report."""
    with Shop(lambda: venue.server.connect(database=sample_shop.DATABASE)) as shop:
        whole_seconds = venue.server.flavor == "mariadb"
        stage = Stage(shop, venue.catcher, venue.pace.threshold, venue.pace.cooldown, whole_seconds)
        performance = Performance(venue.parts, stage, venue.service)
        await performance.prepare()
        people = len(performance.stories)
        venue.say(
            f"{people} shoppers, {venue.server.flavor} {'.'.join(map(str, venue.server.version))}; "
            f"a cart is abandoned after {venue.pace.threshold:g} s"
        )
        venue.say(f"everything is kept in {venue.folder}")
        began = time.monotonic()
        with display(venue.console) as board:
            await performance.run(board)
        finds = venue.service.metrics().get("cartwake_reconcile_finds_total", 0)
        log = await asyncio.to_thread(_read_log, venue.server)
        came_of_it = await asyncio.to_thread(_read_figures, venue)
        mails = [read_mail(mail) for mail in performance.mails]
        outcome = judge(performance.stories, mails, log, performance.restarted_at)
        index = venue.catcher.write_index()
        figures = report.summary(
            outcome,
            seconds=time.monotonic() - began,
            server=f"{venue.server.flavor} {'.'.join(map(str, venue.server.version))}",
            folder=venue.folder,
            reconcile_finds=int(finds),  # what the binlog missed and only the periodic pass found: nothing
            came_of_it=as_json(came_of_it),
        )
        report.show(venue.console, outcome, figures, [f"all mails: {index}", *report.ending(came_of_it)])
        return outcome


def _read_log(server: Server) -> list[LoggedCart]:
    """Cartwake's log."""
    with server.connect(database=sample_shop.DATABASE) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT user_id, status, reason, email_sent, cart_total, discount_percent FROM cart_abandonment_log"
        )
        return [LoggedCart(*row) for row in cursor.fetchall()]


def _read_figures(venue: Venue) -> Figures:
    """What the shop's owner reads of it: the figures of `cartwake report`, by its own way and the same account."""
    settings = load_settings(None, need="mysql", environ=venue.settings)
    with contextlib.closing(open_resources(settings, write=False)) as resources:
        found = figures_of(resources, settings, Window.last(resources.clock.now_us(), days=1))
    if found is None:
        raise ServiceFailedError(venue.service.explain("the service left no log that can be reported on"))
    return found


def _instructions(venue: Venue) -> str:
    return by_hand.instructions(
        venue.folder,
        port=venue.server.port,
        password=venue.server.password,
        database=sample_shop.DATABASE,
        threshold=venue.pace.threshold,
    )


def _serve(venue: Venue) -> bool:
    """Keep everything up and print each mail, until Ctrl-C; False when the service ended by itself."""

    def tell(mail: CaughtMail) -> None:
        venue.say(f"mail {mail.number} to {mask(', '.join(mail.recipients))}: {mail.subject}  {mail.path}")

    venue.catcher.on_mail = tell
    venue.say(_instructions(venue) + by_hand.another(venue.folder))
    venue.say("The shop stays open; Ctrl-C closes it.")
    try:
        while venue.service.alive:
            time.sleep(0.3)
    except KeyboardInterrupt:
        venue.say("Closing.")
        return venue.service.stop() == 0
    return False


@contextlib.contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """SIGTERM and a closed terminal end the demo as Ctrl-C does, with everything cleaned up.

    Only the first counts: kernel and shell both tell of a closed terminal, and an interrupt that hits asyncio while
    it cancels its tasks can lose one for good. Ctrl-C counts even where it was ignored, as in a script's
    background job, because every end goes through it.
    """
    numbers = (signal.SIGTERM, signal.SIGHUP)

    def end(*_: object) -> None:
        for number in numbers:
            signal.signal(number, signal.SIG_IGN)
        signal.raise_signal(signal.SIGINT)

    before = {number: signal.signal(number, end) for number in numbers}
    before[signal.SIGINT] = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
