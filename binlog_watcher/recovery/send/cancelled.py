"""Whether a task that talks SMTP was cancelled, though nothing was raised in it."""

import asyncio


def is_cancelled() -> bool:
    """Whether somebody cancelled the running task.

    Python 3.11's ``asyncio.wait_for``, by which aiosmtplib waits for a reply, swallows a cancellation that comes in
    the same moment as the reply: a task that goes on for ever must look for it.
    """
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
