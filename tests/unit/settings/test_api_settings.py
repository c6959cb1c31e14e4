"""Who may use the API, and how it is said that a token is none."""

import pytest

from binlog_watcher.errors import ConfigError
from binlog_watcher.settings.load import load_settings
from binlog_watcher.settings.settings import Settings

ENOUGH = {
    "MYSQL_USER": "cartwake", "MYSQL_DATABASE": "shop", "SENDER_EMAIL": "shop@shop.test",
    "SMTP_HOST": "mail.example.com", "STORE_NAME": "Example Shop", "STORE_URL": "https://shop.test",
    "STORE_ADDRESS": "1 Example Street", "SUPPORT_EMAIL": "help@example.com", "CART_URL": "https://shop.test/cart",
    "ADMIN_PORT": "8091", "ADMIN_TOKEN": "t" * 32,
}  # fmt: skip
ONE, OTHER = "a" * 32, "b" * 32


def load(**environ: str) -> Settings:
    return load_settings(None, environ=ENOUGH | environ)


def test_callers_have_names_and_scopes_and_their_tokens_are_digests() -> None:
    settings = load(API_TOKENS=f"bi:read:{ONE},\n crm:write:{OTHER}")
    assert [(one.name, one.may_write) for one in settings.api_callers] == [("bi", False), ("crm", True)]
    assert ONE not in repr(settings.api_callers)
    assert ONE not in repr(settings)
    assert load().api_callers == ()


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"API_TOKENS": f"bi:admin:{ONE}"}, "name:read:token"),
        ({"API_TOKENS": "bi:read:short"}, "openssl rand"),
        ({"API_TOKENS": f"bi:read:{ONE},bi:read:{OTHER}"}, "another name"),
        ({"API_TOKENS": f"bi:read:{ONE},crm:read:{ONE}"}, "another token"),
        ({"API_TOKENS": f"bi:read:{ONE}", "ADMIN_PORT": "", "ADMIN_TOKEN": ""}, "ADMIN_PORT too"),
    ],
)
def test_what_is_wrong_is_said_with_what_is_allowed(environ: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(**environ)
    assert any(said in problem for problem in caught.value.problems)
    assert ONE not in str(caught.value)
