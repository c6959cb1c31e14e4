"""Reports as servers write them (tests/data/bounces), about a mail of ours."""

import base64
from pathlib import Path

from mailer import Links, MailIds

FOLDER = Path(__file__).parents[1] / "data/bounces"
NAMES = sorted(file.stem for file in FOLDER.glob("*.eml"))


def specimen(name: str, ids: MailIds, links: Links, log_id: int = 7) -> bytes:
    """The report about the mail of this row: with its id (``@ID@``) and its unsubscribe token."""
    token = links.token(log_id)
    text = (FOLDER / f"{name}.eml").read_text(encoding="utf-8")
    body = base64.b64encode(f"\n unsubscribe {token}\n-- \n".encode()).decode()
    for mark, value in (("@ID@", ids.sign(log_id)), ("@TOKEN@", token), ("@BASE64@", body)):
        text = text.replace(mark, value)
    return text.encode().replace(b"\n", b"\r\n")
