"""`cartwake bounce <message`: takes in one mail that came back, as a mail server's pipe hands it over."""

import contextlib
from typing import BinaryIO

from binlog_watcher.service.resources import open_resources
from binlog_watcher.service.returned_mail import desk
from binlog_watcher.settings.settings import Settings
from mailer.bounces.mime import LONGEST

TEMPFAIL = 75
"""EX_TEMPFAIL of sysexits.h: the mail server keeps the mail and tries again. Whatever goes wrong is no mail's fault."""

_CHUNK = 65_536


def read_message(stream: BinaryIO) -> bytes:
    """The beginning of what is piped in, as much as is looked at; the rest is read, too, lest the pipe breaks."""
    message = stream.read(LONGEST)
    while stream.read(_CHUNK):
        pass
    return message


def take_in(settings: Settings, message: bytes) -> str:
    """Do what the mail asks for; which sort it is. In a dry run nothing follows. Blocking.

    Raises CartwakeError while that can't be done.
    """
    writes = not settings.dry_run
    with contextlib.closing(open_resources(settings, write=writes, activate=False)) as resources:
        counter = desk(settings, resources)
        return counter.handle(message) if writes else counter.look(message)
