"""What comes back by mail: bounces, complaints, automatic replies and unsubscribe mails. Pure.

``read_mail`` takes the bytes of any mail, whoever wrote it, and says in bounded time what it is.
"""

from mailer.bounces.reading import Incoming, Kind, read_mail
from mailer.bounces.severity import Severity
from mailer.bounces.verdict import Result, Verdict, verdict

__all__ = ["Incoming", "Kind", "Result", "Severity", "Verdict", "read_mail", "verdict"]
