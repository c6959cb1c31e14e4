"""Logs in to an SMTP server: by password (RFC 4954), or by access token (XOAUTH2)."""

import aiosmtplib

from mailer.errors import SenderStoppedError
from mailer.smtp_replies import METHOD_CODES, reply_of
from mailer.smtp_settings import SmtpSettings, Tokens

_METHODS = ("plain", "login", "cram-md5")


async def log_in(client: aiosmtplib.SMTP, settings: SmtpSettings) -> None:
    """After EHLO, and encrypted unless on this machine; without a user there is no login.

    Raises SenderStoppedError where a human must act; what passes, and lost connections, come as aiosmtplib's errors, or
    as RetryLaterError where there is no token to be had.
    """
    if settings.user and settings.tokens is not None:
        await _by_token(client, settings, settings.user, settings.tokens)
    elif settings.user and settings.password:
        await _by_password(client, settings, settings.user, settings.password)


async def _by_password(client: aiosmtplib.SMTP, settings: SmtpSettings, user: str, password: str) -> None:
    offered = [method for method in _METHODS if method in client.supported_auth_methods]
    if not offered:
        there = client.server_auth_methods
        hint = ", or set SMTP_TOKEN_COMMAND or SMTP_OAUTH_TOKEN_URL" if "xoauth2" in there else ""
        raise SenderStoppedError(
            f"the SMTP server {settings.host} offers no login that Cartwake knows ({', '.join(_METHODS)}), but"
            f" {', '.join(there) or 'none'}: check the port and SMTP_TLS{hint}, or leave SMTP_USER and SMTP_PASSWORD"
            " empty"
        )
    logins = {"plain": client.auth_plain, "login": client.auth_login, "cram-md5": client.auth_crammd5}
    for method in offered:
        try:
            await logins[method](user, password)
        except aiosmtplib.SMTPAuthenticationError as error:
            if 400 <= error.code < 500:
                raise
            # One try only where the password was judged: more of a wrong one get the account locked.
            if error.code not in METHOD_CODES or method == offered[-1]:
                raise SenderStoppedError(
                    f"the SMTP server refused the login ({reply_of(error, settings)}): check SMTP_USER"
                    " and SMTP_PASSWORD; sending has stopped",
                    error.code,
                ) from None
        else:
            return


async def _by_token(client: aiosmtplib.SMTP, settings: SmtpSettings, user: str, tokens: Tokens) -> None:
    offered = client.server_auth_methods
    if "xoauth2" not in offered:
        raise SenderStoppedError(
            f"the SMTP server {settings.host} takes no access tokens (it offers {', '.join(offered) or 'no login'}, not"
            " xoauth2): set SMTP_PASSWORD instead; sending has stopped"
        )
    for last in (False, True):
        token = await tokens.get()
        try:
            await client.auth_xoauth2(user, token)
        except aiosmtplib.SMTPAuthenticationError as error:
            tokens.refused(token)
            if 400 <= error.code < 500:
                raise
            # One more try, with a new one: the first may have been taken back before its end.
            if last:
                raise SenderStoppedError(
                    f"the SMTP server refused the access token ({error.code}): check that SMTP_USER is the mailbox that"
                    " it is for, and that it allows SMTP; sending has stopped",
                    error.code,
                ) from None
        else:
            return
