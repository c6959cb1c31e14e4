"""How mails are handed over, made of the settings."""

from binlog_watcher.errors import ConfigError
from binlog_watcher.settings.settings import Settings
from mailer import AccessTokens, OAuthClient, SmtpSettings, by_command, by_endpoint


def access_tokens(settings: Settings) -> AccessTokens | None:
    """What the SMTP server takes instead of a password, if it is to. Raises ValueError."""
    if settings.smtp_token_command:
        return by_command(settings.smtp_token_command)
    if not settings.smtp_oauth_token_url:
        return None
    secret, refresh = (
        "" if value is None else value.get_secret_value()
        for value in (settings.smtp_oauth_client_secret, settings.smtp_oauth_refresh_token)
    )
    return by_endpoint(
        OAuthClient(
            settings.smtp_oauth_token_url,
            settings.smtp_oauth_client_id,
            secret,
            settings.smtp_oauth_scope,
            refresh,
        )
    )


def smtp(settings: Settings) -> SmtpSettings:
    """How mail is handed over."""
    try:
        return SmtpSettings(
            host=settings.smtp_host,
            port=settings.smtp_port,
            user=settings.smtp_user or None,
            password=settings.smtp_password.get_secret_value() if settings.smtp_password else None,
            tokens=access_tokens(settings),
            tls=settings.smtp_tls,
            timeout=settings.smtp_timeout_seconds,
            connections=settings.smtp_connections,
        )
    except ValueError as error:
        raise ConfigError(f"SMTP settings: {error}") from error
