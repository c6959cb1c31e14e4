"""Fenced → handed over: SMTP takes the mail, or says why not; every way in which that can end is an outcome.

A slow server holds up its own connection only. Right before DATA the last word is asked for. A server that is gone by
then is no mail's fault: nothing is sent until it answers, and the mail is decided again.
"""

import asyncio

from binlog_watcher.recovery.runtime import Runtime
from binlog_watcher.recovery.send.cancelled import is_cancelled
from binlog_watcher.recovery.send.last_word import LastWord
from binlog_watcher.recovery.send.outcome_writer import OutcomeWriter
from binlog_watcher.recovery.send.verdicts import Verdicts
from binlog_watcher.recovery.stages import ComposedMail, FencedMail, Settlement
from binlog_watcher.store.own_tables.log_rows import Outcome
from mailer import SmtpSender, UnreachableError, WithdrawnError


class HandOver:
    """Takes mails from ``fenced``; their outcomes go to the writer. Withdrawn ones go to ``again``."""

    def __init__(
        self,
        *,
        sender: SmtpSender,
        last_word: LastWord,
        verdicts: Verdicts,
        runtime: Runtime,
        fenced: asyncio.Queue[FencedMail],
        again: asyncio.Queue[ComposedMail],
        writer: OutcomeWriter,
    ) -> None:
        self._sender = sender
        self._last_word = last_word
        self._verdicts = verdicts
        self._clock = runtime.clock
        self._traces = runtime.traces
        self._fenced = fenced
        self._again = again
        self._writer = writer

    async def run(self) -> None:
        """Send until cancelled, one mail a connection at a time."""
        async with asyncio.TaskGroup() as connections:
            for _ in range(self._sender.slots.total):
                connections.create_task(self._send_one_after_the_other())

    async def _send_one_after_the_other(self) -> None:
        while not is_cancelled():
            fenced = await self._fenced.get()
            outcome = await self._attempt(fenced)
            if outcome is None:
                self._again.put_nowait(fenced.mail)
            else:
                give_back = self._verdicts.rows_to_give_back()
                await self._writer.put(
                    Settlement(fenced.mail.claimed, outcome, connections=1, give_back=give_back)
                )

    async def _attempt(self, fenced: FencedMail) -> Outcome | None:
        """Hand one mail to SMTP. None: on this side of DATA it was withdrawn, or nobody was there to take it."""
        mail = fenced.mail
        if not self._last_word.wants(mail):
            return None
        handed_us = self._clock.now_us()
        self._traces.done(
            mail.claimed.key, "fence", handed_us - (self._clock.elapsed_us() - fenced.fenced_us)
        )
        try:
            reply = await self._sender.send(
                mail.sender,
                mail.recipient,
                mail.message,
                checked=True,
                slot_taken=True,
                still_wanted=lambda: self._last_word.may_leave(fenced),
            )
        except WithdrawnError:
            return None
        except UnreachableError as error:
            self._unreached(error)
            return None
        except Exception as error:  # noqa: BLE001 - the mail has an outcome, whatever it was
            return self._verdicts.not_sent(mail, handed_us, error)
        finally:
            self._traces.done(mail.claimed.key, "smtp", self._clock.now_us())
        return self._verdicts.sent(mail, handed_us, reply)

    def _unreached(self, error: UnreachableError) -> None:
        """The connections that stood were dead, and there is no new one."""
        slots = self._sender.slots
        # One that serves others of our connections, and says why it will not have this one, only wants fewer.
        if error.code is None or slots.total - slots.free == 1:
            self._verdicts.unreached(error)
