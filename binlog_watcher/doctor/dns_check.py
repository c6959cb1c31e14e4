"""What the DNS says of the sender's domain: SPF (RFC 7208), DKIM (RFC 6376) and DMARC (RFC 7489).

A DNS that does not answer is no failure of the shop: then nothing was looked at.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from binlog_watcher.doctor.case import Case
from binlog_watcher.doctor.finding import Check, Finding, failed, not_looked_at, ok, warning
from binlog_watcher.settings.settings import Settings
from mailer import DkimError, read_key

PATIENCE_S = 5.0


class NoAnswerError(Exception):
    """Nobody answered in time, or not to this question; the text says who was asked."""


def txt_records(name: str) -> list[str]:
    """The TXT records of a name, each in one piece; none where there is no such name. Blocking.

    Asks the servers that this machine asks. Raises NoAnswerError.
    """
    return ask_of()(name)


def ask_of(
    server: tuple[str, int] | None = None, patience_s: float = PATIENCE_S
) -> Callable[[str], list[str]]:
    """What asks this server (address, port) for TXT records; None: those that the machine asks."""
    import dns.exception  # noqa: PLC0415 - takes long to import, and only the doctor asks
    import dns.resolver  # noqa: PLC0415 - same

    def ask(name: str) -> list[str]:
        try:
            resolver = dns.resolver.Resolver(configure=server is None)
            if server is not None:
                resolver.nameservers, resolver.port = [server[0]], server[1]
            resolver.lifetime = patience_s
            answer = resolver.resolve(name, "TXT")
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except (dns.exception.DNSException, OSError, ValueError) as error:
            reason = type(error).__name__ if isinstance(error, dns.exception.Timeout) else str(error)
            raise NoAnswerError(f"the DNS gives no answer about {name} ({reason})") from error
        return [b"".join(record.strings).decode("ascii", "replace") for record in answer]

    return ask


def _domains(case: Case, of: Callable[[Settings], str]) -> list[str]:
    stores = [case.settings] if case.settings.stores is None else case.settings.stores.values()
    return list(dict.fromkeys(of(store).rpartition("@")[2].lower() for store in stores))


def _answered(domains: Sequence[str], look: Callable[[str], Iterator[Finding]]) -> Iterator[Finding]:
    for domain in domains:
        try:
            yield from look(domain)
        except NoAnswerError as error:
            yield not_looked_at(str(error))


def _spf(case: Case) -> Iterator[Finding]:
    """Of the envelope's sender, whom receivers ask about."""

    def look(domain: str) -> Iterator[Finding]:
        records = [one for one in case.ask_dns(domain) if one.lower().split(" ")[0] == "v=spf1"]
        if not records:
            yield warning(
                f"{domain} has no SPF record",
                "receivers can't tell which servers may send for it, and take mails for spam",
                f'{domain}. TXT "v=spf1 include:YOUR-MAIL-PROVIDER -all"',
            )
        elif len(records) > 1:
            yield failed(
                f"{domain} has {len(records)} SPF records",
                "receivers then take it for broken, and none counts",
                "make one of them: v=spf1, all that is allowed, -all",
            )
        elif "+all" in records[0].lower().split() or "all" in records[0].lower().split():
            yield warning(
                f"{domain}: {records[0]}", "everybody may send for it", "let the record end in -all or ~all"
            )
        else:
            yield ok(f"{domain}: {records[0]}")

    yield from _answered(_domains(case, lambda store: store.bounce_address or store.sender_email), look)


def _dkim(case: Case) -> Iterator[Finding]:
    stores = [case.settings] if case.settings.stores is None else case.settings.stores.values()
    wanted = {
        (f"{selector}._domainkey.{store.sender_email.rpartition('@')[2].lower()}", selector, path)
        for store in stores
        for selector, path in store.dkim_keys
    }
    if not wanted:
        yield ok(
            "DKIM_KEYS is empty: the mail server signs, or nobody (the source of a mail on trial shows dkim=pass)"
        )
    for name, selector, path in sorted(wanted):
        try:
            record = read_key(selector, Path(path)).record
            there = {_public_key(one) for one in case.ask_dns(name)} - {None}
        except DkimError as error:
            yield failed(f"DKIM_KEYS: {error}", "mails can't be signed")
        except NoAnswerError as error:
            yield not_looked_at(str(error))
        else:
            yield from _held_against(name, record, there)


def _held_against(name: str, record: str, there: set[str | None]) -> Iterator[Finding]:
    mend = f'{name}. TXT "{record}"'
    if _public_key(record) in there:
        yield ok(f"{name} has the key that mails are signed with")
    elif there:
        yield failed(f"{name} has another key than DKIM_KEYS", "every signature is taken for a forgery", mend)
    else:
        yield failed(f"{name} has no key", "no signature can be checked, and mails go to spam", mend)


def _public_key(record: str) -> str | None:
    """The value of p= without spaces; None for what is no key, or one that was revoked."""
    tags = dict(part.strip().partition("=")[::2] for part in record.split(";") if "=" in part)
    return "".join(tags.get("p", "").split()) or None


def _dmarc(case: Case) -> Iterator[Finding]:
    """Of the sender that the customer sees; a parent's record counts for those below it."""

    def look(domain: str) -> Iterator[Finding]:
        labels = domain.split(".")
        for nth in range(max(len(labels) - 1, 1)):
            name = f"_dmarc.{'.'.join(labels[nth:])}"
            records = [
                one for one in case.ask_dns(name) if one.lower().replace(" ", "").startswith("v=dmarc1")
            ]
            if len(records) > 1:
                yield failed(f"{name} has {len(records)} records", "then none counts", "keep one of them")
                return
            if records:
                yield ok(f"{name}: {records[0]}")
                return
        yield warning(
            f"{domain} has no DMARC record",
            "large mailbox providers want one of whoever sends many mails, and anybody may write in its name",
            f'_dmarc.{domain}. TXT "v=DMARC1; p=none; rua=mailto:postmaster@{domain}"',
        )

    yield from _answered(_domains(case, lambda store: store.sender_email), look)


CHECKS: tuple[Check[Case], ...] = (
    Check("dns.spf", _spf, ("SENDER_EMAIL", "BOUNCE_ADDRESS")),
    Check("dns.dkim", _dkim, ("SENDER_EMAIL", "DKIM_KEYS")),
    Check("dns.dmarc", _dmarc, ("SENDER_EMAIL",)),
)
