"""`cartwake doctor`: everything that a shop needs, looked at in one pass."""

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rich.markup import escape
from rich.table import Table

from binlog_watcher.doctor.case import Case
from binlog_watcher.doctor.dns_check import txt_records
from binlog_watcher.doctor.examination import IDS, examine
from binlog_watcher.doctor.finding import Mark, Result
from binlog_watcher.doctor.mail_check import TRIAL
from binlog_watcher.errors import ConfigError
from binlog_watcher.service.mail_server import smtp
from binlog_watcher.service.texts import text_writer
from binlog_watcher.service.wiring import brands, dkim_signer, insist_on_stores
from binlog_watcher.settings.load import Examined, Given
from binlog_watcher.settings.settings import Settings
from binlog_watcher.telemetry.metrics import Metrics
from mailer import Address, InvalidAddressError, parse_address

_LOOKS = {Mark.OK: ("✓", "green"), Mark.FAILED: ("✗", "red")}
_WARNS = ("!", "yellow")
_WAY_OUT = ("smtp.", "mailbox.", "dns.", "pages.", "logs.", "webhooks.", "traces.")
_PLAIN = {"✓": "ok", "✗": "x"}
"""Where the terminal can't show them."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was found, in the order of the checks, with the settings that each went by."""

    results: Sequence[tuple[Result, Sequence[Given]]]

    @property
    def exit_code(self) -> int:
        """1 where something failed."""
        return int(any(result.finding.mark is Mark.FAILED for result, _ in self.results))

    @property
    def keeps_from_mails(self) -> bool:
        """Whether something failed that comes before any mail could be written; its way out is another matter."""
        return any(
            result.finding.mark is Mark.FAILED and not result.id.startswith(_WAY_OUT)
            for result, _ in self.results
        )

    def json(self) -> str:
        """For scripts. A value is null for a secret."""
        checks = [
            {
                "id": result.id,
                "state": result.finding.mark.value,
                "seen": result.finding.seen,
                "why": result.finding.why,
                "mend": result.finding.mend,
                "settings": [
                    {"name": one.name, "value": one.value, "origin": one.origin} for one in settings
                ],
            }
            for result, settings in self.results
        ]
        return json.dumps({"ok": not self.exit_code, "checks": checks}, ensure_ascii=False, indent=2)

    def shown(self, *, encoding: str = "utf-8", well: bool = True) -> Iterator[Table | str]:
        """The table on a terminal, and a last line that counts. Checks that another one holds up share a row.

        ``well``: also those that have nothing to say.
        """
        table = Table.grid(padding=(0, 1))
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        held_up: dict[str, list[str]] = {}
        for result, settings in self.results:
            if result.since is not None:
                held_up.setdefault(result.since, []).append(result.id)
            elif well or result.finding.mark is not Mark.OK:
                mark, colour = _LOOKS.get(result.finding.mark, _WARNS)
                table.add_row(
                    f"[{colour}]{_shown(mark, encoding)}[/{colour}]", result.id, _told(result, settings)
                )
        for since, ids in held_up.items():
            told = f"not looked at, since {since} comes first: {', '.join(dict.fromkeys(ids))}"
            table.add_row("[yellow]![/yellow]", "", escape(told))
        yield table
        marks = [result.finding.mark for result, _ in self.results]
        unknown = marks.count(Mark.NOT_LOOKED_AT)
        yield (
            f"{marks.count(Mark.OK)} good, {marks.count(Mark.WARNING)} could be better, "
            f"{marks.count(Mark.FAILED)} failed" + (f", {unknown} not looked at" if unknown else "")
        )


def _shown(mark: str, encoding: str) -> str:
    try:
        mark.encode(encoding)
    except UnicodeEncodeError:
        return _PLAIN[mark]
    return mark


def _told(result: Result, settings: Sequence[Given]) -> str:
    """What was seen; of what is not well also why it matters, what mends it, and by which settings."""
    finding = result.finding
    lines = [escape(finding.seen)]
    if finding.mark is not Mark.OK:
        lines += [escape(finding.why)] if finding.why else []
        lines += [f"[bold]→ {escape(finding.mend)}[/bold]"] if finding.mend else []
        given = [str(one) for one in settings if one.value != ""]
        lines += [f"[dim]{escape('; '.join(given))}[/dim]"] if given else []
    return "\n".join(lines)


def doctor(
    examined: Examined,
    *,
    only: Sequence[str] = (),
    send_to: str | None = None,
    ask_dns: Callable[[str], Sequence[str]] = txt_records,
) -> Report:
    """Look at everything, or at ``only`` these checks (ids, or how some begin). Blocking; writes nothing.

    ``send_to`` gets a mail on trial. ``ask_dns``: see ``dns_check.ask_of``. Raises ConfigError for an id or address
    that is none.
    """
    unknown = [one for one in only if not any(_is_meant(check, one) for check in IDS)]
    if unknown:
        raise ConfigError(f"--only {', '.join(unknown)}: there is no such check; there are {', '.join(IDS)}")
    to = None if send_to is None else _address(send_to)

    def wanted(check: str) -> bool:
        if check == TRIAL:
            return to is not None
        return not only or any(_is_meant(check, one) for one in only)

    results = examine(examined, lambda settings: _case(settings, to, ask_dns), wanted)
    return Report([(result, [examined.given(name) for name in result.settings]) for result in results])


def _is_meant(check: str, given: str) -> bool:
    return bool(given) and check.startswith(given)


def _address(text: str) -> Address:
    try:
        return parse_address(text, exact=True)
    except InvalidAddressError as error:
        raise ConfigError(f"--send-to: {error}") from None


def _case(settings: Settings, send_to: Address | None, ask_dns: Callable[[str], Sequence[str]]) -> Case:
    def sign(message: bytes) -> bytes:
        signer = dkim_signer(settings)
        return message if signer is None else signer.sign(message)

    return Case(
        settings,
        smtp=lambda: smtp(settings),
        make_mails=lambda: _make_mails(settings),
        insist_on_stores=lambda schema, told: insist_on_stores(settings, schema, told=told),
        ask_dns=ask_dns,
        sign=sign,
        send_to=send_to,
    )


def _make_mails(settings: Settings) -> None:
    brands(settings, None)

    async def write() -> None:
        await text_writer(settings, Metrics()).close()

    asyncio.run(write())
