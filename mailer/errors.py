"""What can come of handing a message to an SMTP server, typed by what the caller does next.

No message holds a password or a whole address. ``code`` is the server's reply code, None when there was none.
"""


class SendError(Exception):
    """Base of all; never raised itself."""

    def __init__(self, text: str, code: int | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.code = code


class RetryLaterError(SendError):
    """The message was not accepted, and may be sent again later."""


class UnreachableError(RetryLaterError):
    """No connection is to be had: the server is down, or takes no more. That says nothing of the message."""


class RejectedForeverError(SendError):
    """The server refuses this recipient or this message for good: sending it again gives the same answer."""


class RefusedUsError(RejectedForeverError):
    """In words that tell of us, whoever the mail is for: every other would be refused alike, until a human acts."""


class MailboxRefusedError(RejectedForeverError):
    """It refuses this mailbox, which says nothing of any other.

    ``gone``: there is no such mailbox, or it is closed; False for one that is full, or that only other servers reach.
    """

    def __init__(self, text: str, code: int | None = None, *, gone: bool = True) -> None:
        super().__init__(text, code)
        self.gone = gone


class WithdrawnError(SendError):
    """The message was not wanted any more when its turn came: it has not left."""


class SenderStoppedError(SendError):
    """No mail can be sent until a human mends the settings or the account; the sender has stopped."""


class OutcomeUnknownError(SendError):
    """The connection broke after the message was handed over: it may or may not have been accepted."""


class DkimError(Exception):
    """Mails can't be signed: a key that is none, or dkimpy is missing. The text says what to do."""
