"""The crash test: two instances that are killed again and again, a server that is restarted, an SMTP server with moods.

Used by the suite and, longer, by ``benchmarks/chaos.py``.
"""

import contextlib
import os
import random
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pymysql
from fakes.chaos.history import read_history
from fakes.chaos.judge import Judge, Kill, Seen
from fakes.chaos.options import (
    AIMED,
    FROZEN,
    FROZEN_LEADER_S,
    FROZEN_S,
    PATIENCE_S,
    UNREACHABLE,
    UP_S,
    Options,
)
from fakes.chaos.plan import make_plan
from fakes.chaos.settings import CONNECTIONS, THRESHOLD_S, settings_of
from fakes.chaos.shop import DATABASE, Shop, now_us
from fakes.chaos.smtp import Mood, SmtpServer
from fakes.waiting import wait_until

from binlog_watcher.demo.process import ServiceFailedError, ServiceProcess
from binlog_watcher.demo.server import Server
from binlog_watcher.service.pipeline import lease_of
from binlog_watcher.settings.load import load_settings


class Chaos:
    """One crash test. ``announce`` tells how far it has come."""

    instances = 2

    def __init__(
        self, server: Server, folder: Path, options: Options, announce: Callable[[str], None] = lambda _: None
    ) -> None:
        self._server = server
        self._options = options
        self._announce = announce
        self._dice = random.Random(f"chaos {options.seed}")
        self._plan = make_plan(
            carts=options.carts, waves=options.kills, threshold_s=THRESHOLD_S, seed=options.seed
        )
        self._frozen_s = FROZEN_LEADER_S if options.standby else FROZEN_S
        self._shop = Shop(server, self._plan)
        # Few: what the server hangs up on is unknown besides what the crashes make so.
        self._smtp = SmtpServer(self.instances, options.seed, drops=max(2, options.kills // 5))
        self._folder = folder
        self._services: list[ServiceProcess] = []
        self._away: set[int] = set()  # instances that have left
        self._kills: list[Kill] = []
        self._stops: list[tuple[int, int]] = []
        self._events: list[tuple[int, str]] = []
        self._calm = threading.Event()
        self._over = threading.Event()
        self._starting = threading.Lock()
        self.errors: list[Exception] = []

    @property
    def consoles(self) -> list[Path]:
        """What the instances printed."""
        return [self._folder / f"instance-{number}.log" for number in range(self.instances)]

    def run(self) -> Judge:
        """Everything, from an empty server to the judgement."""
        with self._smtp.running(), self._shop, contextlib.ExitStack() as stack:
            settings = self._settings(stack)
            for number in range(self.instances):
                service = ServiceProcess(settings[number], self.consoles[number], self._run_options)
                self._services.append(stack.enter_context(service))
                if number not in self._away:
                    service.start()
            self._wait(self._all_are_up, UP_S, "every instance is up")
            others = [threading.Thread(target=work) for work in (self._change_moods, self._supervise)]
            for thread in others:
                thread.start()
            try:
                self._kill_all_along()
                self._wait(lambda: not self._shop.busy, 120, "the shop's customers are done")
                self._calm.set()
                self._tell("the customers have left, MySQL and the SMTP server are well")
                self._wait(self._settled, self._options.settle_s, "every row is settled")
                self._wait(
                    self._all_are_up, UP_S, "every instance is up again"
                )  # so that each can end in order
            finally:
                self._calm.set()
                self._over.set()
                for thread in others:
                    thread.join()
            self._tell("over")
            for service in self._there():
                if (code := service.stop()) != 0:
                    self.errors.append(
                        ServiceFailedError(service.explain(f"it did not stop in order ({code})"))
                    )
            if errors := [*self.errors, *self._shop.errors, *self._smtp.errors]:
                raise ExceptionGroup(f"the crash test with seed {self._options.seed} went wrong", errors)
            lease_us = lease_of(load_settings(None, environ=settings[0]))
            history = list(read_history(self._server, DATABASE, lease_us))
        return Judge(
            Seen(
                self._plan, CONNECTIONS, self._shop.done, self._smtp.transfers, self._smtp.lines, history,
                self._kills, self._events, self._stops,
            )
        )  # fmt: skip

    @property
    def _run_options(self) -> list[str]:
        return ["--standby"] if self._options.standby else []

    def _settings(self, _stack: contextlib.ExitStack) -> list[dict[str, str]]:
        """Of each instance; what it needs to run besides is entered."""
        return [settings_of(self._server, port) for port in self._smtp.ports]

    def _there(self) -> list[ServiceProcess]:
        """Those that should run."""
        return [service for number, service in enumerate(self._services) if number not in self._away]

    def _anyone(self) -> int:
        return self._dice.choice([one for one in range(self.instances) if one not in self._away])

    def _all_are_up(self) -> bool:
        """Whether each works, or stands by."""
        figures = [service.metrics() for service in self._there()]
        if self._options.standby:
            return all("cartwake_leader" in one for one in figures)
        return all(one.get("cartwake_ready") == 1 for one in figures)

    # --- killing --------------------------------------------------------------------------------------------

    def _kill_all_along(self) -> None:
        for number in range(self._options.kills):
            self._shop.let_in(number)
            self._let_work(self._options.carts / self._options.kills)
            if self._dice.random() < FROZEN:
                self._freeze(self._anyone(), self._dice.uniform(*self._frozen_s))
            if self._dice.random() < AIMED:
                time.sleep(self._dice.uniform(0, 0.5))
                self._kill_in_flight()
            else:
                time.sleep(self._dice.uniform(0, 3))
                self._kill(self._anyone())
            self._between(number + 1)
            if (number + 1) % 10 == 0:
                flying = sum(kill.in_flight > 0 for kill in self._kills)
                self._tell(f"{number + 1} kills, {flying} with sends in flight, {self._smtp.kept} mails")

    def _between(self, kills: int) -> None:
        """After so many kills."""
        if kills % self._options.restart_every == 0:
            self._restart_mysql(kills // self._options.restart_every % 3 == 2)

    def _let_work(self, wave: float) -> None:
        """Half a wave's mails at least, if they come: else all would wait for the end, where nobody is killed."""
        enough = self._smtp.kept + wave / 2
        with contextlib.suppress(TimeoutError):
            wait_until(lambda: self._smtp.kept >= enough, PATIENCE_S)

    def _kill_in_flight(self) -> None:
        """Wait until the one that was chosen hands a message over, or else any; a standby hands none over."""
        chosen = self._anyone()
        found = None
        if not self._options.standby:
            found = self._smtp.wait_for_data(lambda one: one.instance == chosen, 3)
        found = found or self._smtp.wait_for_data(lambda _: True, 10)
        time.sleep(self._dice.uniform(0, 0.01))
        self._kill(chosen if found is None else found.instance)

    def _kill(self, instance: int) -> None:
        """SIGKILL and start again at once. In flight is what was under way before it and has no reply right after."""
        service = self._services[instance]
        while True:
            with self._starting:
                pid = service.pid
                if pid is not None and service.alive:
                    self._kill_and_start(instance, service, pid)
                    return
            time.sleep(0.05)  # it has ended by itself, and is started again

    def _kill_and_start(self, instance: int, service: ServiceProcess, pid: int) -> None:
        before = self._smtp.under_way(instance)
        os.kill(pid, signal.SIGKILL)  # not reaped yet, so the id is its own
        flying = sum(not one.over for one in before)
        self._kills.append(Kill(instance, now_us(), flying))
        service.kill()  # waits for its end
        self._note(f"instance {instance} was killed with {flying} mails in flight")
        service.start()

    def _freeze(self, instance: int, seconds: float) -> None:
        """SIGSTOP, and SIGCONT after a while: nobody sees an order meanwhile, and the mails in hand grow old."""
        pid = self._services[instance].pid
        if pid is None or not self._services[instance].alive:
            return
        self._note(f"instance {instance} is frozen")
        stopped_us = now_us()
        os.kill(pid, signal.SIGSTOP)
        time.sleep(seconds)
        self._stops.append((stopped_us, now_us()))
        os.kill(pid, signal.SIGCONT)
        self._note(f"instance {instance} goes on after {seconds:.1f} s")

    def _supervise(self) -> None:
        """As systemd or Docker would: an instance that starts while MySQL is away ends, and is started again."""
        while not self._over.wait(0.2):
            for instance, service in enumerate(self._services):
                with self._starting:
                    if service.alive or instance in self._away:
                        continue
                    code = service.stop()
                    self._note(f"instance {instance} ended with {code}")
                    if code != UNREACHABLE:
                        self.errors.append(ServiceFailedError(service.explain(f"instance {instance} ended")))
                        return
                    service.start()

    def _restart_mysql(self, crash: bool) -> None:
        self._note(f"MySQL is {'killed' if crash else 'stopped'}")
        if crash:
            self._server.kill()
        else:
            self._server.stop()
        time.sleep(self._dice.uniform(0, 2))
        self._server.start()
        self._note("MySQL is back")

    def _change_moods(self) -> None:
        """Every mood gets its turn; normal ones in between, so that the shop's mails are not held up for long."""
        dice = random.Random(f"moods {self._options.seed}")
        while not self._calm.is_set():
            for mood in dice.sample(list(Mood), len(Mood)):
                for one, seconds in ((mood, dice.uniform(1, 3)), (Mood.NORMAL, dice.uniform(1, 4))):
                    self._smtp.be(one)
                    self._note(f"the SMTP server is {one}")
                    if self._calm.wait(seconds):
                        self._smtp.be(Mood.NORMAL)
                        self._note("the SMTP server is normal")
                        return

    # --- the end --------------------------------------------------------------------------------------------

    def _settled(self) -> bool:
        """Whether no row is open, and every address with a full cart has a mail or an unknown one."""
        try:
            rows = self._shop.rows("SELECT cart_key, status FROM cart_abandonment_log")
        except pymysql.err.Error:
            return False
        address_of = {str(one.id): one.address.lower() for one in self._plan.customers}
        mailed = {address_of[key] for key, status in rows if status in {"sent", "unknown"}}
        if any(
            status in {"claimed", "sending"} or (status == "retry" and address_of[key] not in mailed)
            for key, status in rows
        ):
            return False
        return self._plan.to_be_mailed <= mailed

    def _wait(self, condition: Callable[[], bool], seconds: float, what: str) -> None:
        """Wait; what has not come by then is the judge's business."""
        deadline = time.monotonic() + seconds
        while not condition():
            if self.errors or self._shop.errors or time.monotonic() > deadline:
                self._tell(f"not in {seconds:.0f} s: {what}")
                return
            time.sleep(0.25)

    def _note(self, text: str) -> None:
        self._events.append((now_us(), text))

    def _tell(self, text: str) -> None:
        self._note(text)
        self._announce(text)


def run_chaos(server: Server, folder: Path, options: Options, announce: Callable[[str], None]) -> Judge:
    """A crash test on an empty server. Raises an ExceptionGroup of what went wrong in the harness itself."""
    return Chaos(server, folder, options, announce).run()
