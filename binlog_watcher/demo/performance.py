"""Directs the demo: lets the shoppers in, kills the service in the middle and starts it again, waits for the mails."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pymysql

from binlog_watcher.demo.catcher import CaughtMail
from binlog_watcher.demo.display import Display, LastMail, Snapshot
from binlog_watcher.demo.expectations import Story, Timing
from binlog_watcher.demo.process import ServiceFailedError, ServiceProcess
from binlog_watcher.demo.sample_shop import SAMPLE_USERS
from binlog_watcher.demo.scenarios import DOWN_FOR, KILL_AT, Cue, Part
from binlog_watcher.demo.shoppers import Shopper, Stage
from mailer import mask

LONGEST = 84.0
"""Seconds after the opening at which the demo stops waiting for mails that do not come."""

QUIET = 2.0
"""Seconds without anything due before the demo ends: time for a mail that should not come."""


@dataclass(frozen=True, slots=True)
class Troupe:
    """A part with the shoppers who play it."""

    part: Part
    shoppers: tuple[Shopper, ...]


class Performance:
    """One run of the programme on ``stage`` with the running service. ``stories`` tell what must come of it."""

    def __init__(self, parts: Sequence[Part], stage: Stage, service: ServiceProcess) -> None:
        self._stage = stage
        self._service = service
        self._troupes = [_hire(part, stage) for part in parts]
        self._playing: dict[int, str] = {}
        self._done = 0
        self._state = "starting"
        self._killed_at = self._restarted_at = self._ready_at = 0.0

    @property
    def stories(self) -> list[Story]:
        """One for each shopper, in the order of the programme."""
        return [shopper.story for troupe in self._troupes for shopper in troupe.shoppers]

    @property
    def mails(self) -> list[CaughtMail]:
        """What was caught, without the mails to customers whose carts are filled by hand."""
        played_with = {user.email for user in SAMPLE_USERS}
        return [mail for mail in self._stage.catcher.mails if not played_with.intersection(mail.recipients)]

    @property
    def restarted_at(self) -> float:
        """When the service was started again after the kill, in epoch seconds."""
        return self._restarted_at

    async def prepare(self) -> None:
        """What happened before Cartwake was installed; then start it, and let some customers unsubscribe."""
        await self._play_all("set-up")
        self._service.start()
        await self._service.wait_until_ready()
        for troupe in self._troupes:
            for (user, persona), _ in zip(troupe.part.cast, troupe.shoppers, strict=True):
                if persona.opted_out and user.email:
                    await asyncio.to_thread(self._service.run, "optout", "add", user.email)

    async def run(self, display: Display) -> None:
        """Play everything and wait until the last mail is there, at most ``LONGEST`` seconds.

        Raises ServiceFailedError when the service ends by itself or does not come back.
        """
        self._stage.opened = time.time()
        self._state = "running"
        try:
            async with asyncio.TaskGroup() as group:
                board = group.create_task(self._show(display))
                director = group.create_task(self._direct())
                cues: tuple[Cue, ...] = ("opening", "kill", "restart")
                for cue in cues:
                    group.create_task(self._play_all(cue))
                await self._wait_for_the_end(director)
                board.cancel()
        except* ServiceFailedError as group_error:
            raise group_error.exceptions[0] from None
        self._mark_stragglers()

    async def _play_all(self, cue: Cue) -> None:
        async with asyncio.TaskGroup() as group:
            for number, troupe in enumerate(self._troupes):
                if troupe.part.scenario.cue == cue:
                    group.create_task(self._play(number, troupe))

    async def _play(self, number: int, troupe: Troupe) -> None:
        scenario = troupe.part.scenario
        if scenario.cue == "kill":
            await self._stage.killed.wait()
        elif scenario.cue == "restart":
            await self._stage.restarted.wait()
        await asyncio.sleep(troupe.part.offset)
        self._playing[number] = scenario.title
        try:
            await scenario.play(*troupe.shoppers)
        except (TimeoutError, pymysql.MySQLError) as error:
            troupe.shoppers[0].story.failed = f"could not play on: {error}"
        finally:
            del self._playing[number]
            self._done += len(troupe.shoppers)

    async def _direct(self) -> None:
        """Kill the service in the middle, and start it again."""
        await asyncio.sleep(KILL_AT)
        await self._wait_for_a_lull()
        self._killed_at = time.time()
        self._service.kill()
        self._state = "killed with SIGKILL"
        self._stage.killed.set()
        await asyncio.sleep(DOWN_FOR)
        self._state = "starting again"
        self._restarted_at = time.time()
        self._service.start()
        await self._service.wait_until_ready()
        self._ready_at = time.time()
        self._state = "running"
        self._stage.restarted.set()

    def _mark_stragglers(self) -> None:
        """Carts that strayed into the outage because a busy machine slowed their shopper down."""
        for story in self.stories:
            for number, mail in enumerate(story.expected):
                armed_before = mail.due - self._stage.threshold < self._ready_at
                if mail.timing is Timing.LIVE and mail.due > self._killed_at and armed_before:
                    story.expected[number] = replace(mail, timing=Timing.OUTAGE)

    async def _wait_for_a_lull(self, seconds: float = 3.0) -> None:
        """Wait until no mail is on its way: killed inside the hand-over to SMTP, nobody knows its outcome."""
        deadline = time.time() + seconds
        while time.time() < deadline:
            figures = await asyncio.to_thread(self._service.metrics)
            now = time.time()
            imminent = any(-1.0 < due - now < 0.3 for due in self._due_moments())
            if figures.get("cartwake_recoveries_in_hand", 0) == 0 and not imminent:
                return
            await asyncio.sleep(0.1)

    async def _wait_for_the_end(self, director: "asyncio.Task[None]") -> None:
        deadline = self._stage.opened + LONGEST
        while time.time() < deadline:
            await asyncio.sleep(0.2)
            everybody_home = director.done() and self._done == len(self.stories)
            if everybody_home and self._all_mailed() and time.time() > max(self._due_moments()) + QUIET:
                return

    def _all_mailed(self) -> bool:
        return len(self.mails) >= sum(len(story.expected) for story in self.stories)

    def _due_moments(self) -> list[float]:
        carts = [shopper.due for troupe in self._troupes for shopper in troupe.shoppers]
        return carts + [mail.due for story in self.stories for mail in story.expected]

    async def _show(self, display: Display) -> None:
        while True:
            figures = await asyncio.to_thread(self._service.metrics) if self._service.alive else {}
            if self._state == "running" and not self._service.alive:
                raise ServiceFailedError(self._service.explain("the service ended by itself"))
            display.show(self._snapshot(figures))
            await asyncio.sleep(0.25)

    def _snapshot(self, figures: dict[str, float]) -> Snapshot:
        opened = self._stage.opened
        mails = self._stage.catcher.mails
        return Snapshot(
            second=time.time() - opened,
            service=self._state,
            armed=int(figures.get("cartwake_timers_armed", 0)),
            in_hand=int(figures.get("cartwake_recoveries_in_hand", 0)),
            mailed=len(mails),
            expected=sum(len(story.expected) for story in self.stories),
            shoppers_done=self._done,
            shoppers=len(self.stories),
            on_stage=tuple(dict.fromkeys(self._playing.values())),
            last=tuple(
                LastMail(mail.arrived_at - opened, mask(", ".join(mail.recipients)), mail.subject)
                for mail in mails[-6:]
            ),
        )


def _hire(part: Part, stage: Stage) -> Troupe:
    return Troupe(
        part,
        tuple(
            Shopper(stage, Story(part.scenario.title, user.id, user.email or ""), persona.greeting, user.id)
            for user, persona in part.cast
        ),
    )
