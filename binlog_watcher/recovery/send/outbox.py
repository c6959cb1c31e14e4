"""The last stages of a mail, joined by queues: composed → fenced → handed over → settled, and decided again."""

import asyncio

import structlog

from binlog_watcher.recovery.loading import CartLoader
from binlog_watcher.recovery.runtime import Runtime, Standing
from binlog_watcher.recovery.send.attempts import Retries
from binlog_watcher.recovery.send.deciding_again import DecidingAgain
from binlog_watcher.recovery.send.fencing import Fencing
from binlog_watcher.recovery.send.hand_over import HandOver
from binlog_watcher.recovery.send.last_word import LastWord
from binlog_watcher.recovery.send.outcome_writer import OutcomeWriter
from binlog_watcher.recovery.send.sending_gate import SendingGate
from binlog_watcher.recovery.send.under_way import UnderWay
from binlog_watcher.recovery.send.verdicts import Verdicts
from binlog_watcher.recovery.stages import ClaimedCart, ComposedMail, FencedMail, Settlement
from binlog_watcher.store.own_tables.log import EpisodeLog
from binlog_watcher.store.own_tables.log_rows import Outcome
from mailer import SmtpSender

log = structlog.get_logger(__name__)

CAPACITY = 200
"""Composed mails that wait for the fence; then composing waits."""


class Outbox:
    """Where composed mails are put; ``run`` sends them."""

    def __init__(
        self,
        *,
        sender: SmtpSender,
        episodes: EpisodeLog,
        loader: CartLoader,
        runtime: Runtime,
        retries: Retries,
        lease_us: int,
        standing: Standing | None = None,
    ) -> None:
        standing = standing or Standing()
        self._composed: asyncio.Queue[ComposedMail] = asyncio.Queue(CAPACITY)
        # Mails in these two hold a connection each, which bounds them.
        fenced = self._fenced = asyncio.Queue[FencedMail]()
        again = self._again = asyncio.Queue[ComposedMail]()
        self._under_way = UnderWay()
        self.gate = SendingGate(sender, runtime, may_send=standing.leads)
        self._writer = OutcomeWriter(episodes, runtime, sender.slots, self._under_way)
        self._fencing = Fencing(
            sender=sender,
            gate=self.gate,
            clock=runtime.clock,
            episodes=episodes,
            lease_us=lease_us,
            composed=self._composed,
            fenced=fenced,
            again=again,
        )
        self._hand_over = HandOver(
            sender=sender,
            last_word=LastWord(
                gate=self.gate, runtime=runtime, episodes=episodes, lease_us=lease_us, alone=standing.alone
            ),
            verdicts=Verdicts(self.gate, retries, runtime),
            runtime=runtime,
            fenced=fenced,
            again=again,
            writer=self._writer,
        )
        self._deciding_again = DecidingAgain(
            loader=loader, runtime=runtime, gate=self.gate, again=again, writer=self._writer
        )

    def depths(self) -> dict[str, int]:
        """How many mails wait before which stage."""
        return {
            "fence": self._composed.qsize(),
            "smtp": self._fenced.qsize(),
            "decision": self._again.qsize(),
            "log": self._writer.waiting,
        }

    async def run(self) -> None:
        """Send until cancelled."""
        async with asyncio.TaskGroup() as stages:
            for stage in (self._writer, self.gate, self._deciding_again, self._hand_over, self._fencing):
                stages.create_task(stage.run())

    def begin(self, claimed: ClaimedCart) -> bool:
        """Announce a mail that is about to be composed. False: one of its row is under way, and it must be left out."""
        if self._under_way.begin(claimed.log_id):
            return True
        log.error("outbox.doubled", log_id=claimed.log_id)
        return False

    def abandon(self, claimed: ClaimedCart) -> None:
        """Forget a mail that was announced: its row is left to its lease."""
        self._under_way.end(claimed.log_id)

    async def put(self, mail: ComposedMail) -> None:
        """Queue a mail that was announced; waits while the queue is full."""
        await self._composed.put(mail)

    async def settle(self, claimed: ClaimedCart, outcome: Outcome) -> None:
        """Have the outcome written of a mail that was announced and could not be composed."""
        await self._writer.put(Settlement(claimed, outcome, connections=0))

    async def drained(self) -> None:
        """Wait until every mail that was announced has its outcome in the log."""
        await self._under_way.drained()
