from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as trying
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from binlog_watcher.binlog.connection.dump import SILENT_HEARTBEATS
from binlog_watcher.binlog.options import Tuning
from binlog_watcher.core.source import HEARTBEAT_US
from binlog_watcher.errors import ConfigError
from binlog_watcher.service.readiness import SILENT_INTERVALS
from binlog_watcher.settings.connection import Tls
from binlog_watcher.settings.env import SECRET_NAMES
from binlog_watcher.settings.load import load_settings
from binlog_watcher.settings.retention import ORDER_DAYS, least_retention_days
from binlog_watcher.settings.settings import Settings
from binlog_watcher.settings.types import DiscountTier, is_loopback
from mailer import AddressPatterns
from mailer.mailbox import MailboxAddress

ENOUGH = {
    "MYSQL_USER": "cartwake",
    "MYSQL_DATABASE": "shop",
    "SENDER_EMAIL": "shop@shop.test",
    "SMTP_HOST": "mail.example.com",
    "STORE_NAME": "Example Shop",
    "STORE_URL": "https://shop.test",
    "STORE_ADDRESS": "1 Example Street\n12345 Example Town",
    "SUPPORT_EMAIL": "help@example.com",
    "CART_URL": "https://shop.test/cart",
}
ROOT = Path(__file__).parents[3]


def load(**environ: str) -> Settings:
    return load_settings(None, environ=ENOUGH | environ)


def complaints(env_file: Path | None = None, /, **environ: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        load_settings(env_file, environ=ENOUGH | environ)
    return caught.value.problems


def complaint(**environ: str) -> str:
    (only,) = complaints(**environ)
    return only


def test_defaults_are_those_of_the_documentation() -> None:
    settings = load()
    assert settings.threshold_us == 30 * 60 * 10**6
    assert settings.max_cart_age_us == 72 * 3600 * 10**6
    assert settings.cooldown_us == 24 * 3600 * 10**6
    assert settings.check_interval_seconds == 60
    assert settings.tiers == (
        DiscountTier(Decimal(100), Decimal(10)),
        DiscountTier(Decimal(500), Decimal(20)),
    )
    assert (settings.recommendation_count, settings.similarity_threshold) == (3, 0.1)
    assert (settings.gemini_temperature, settings.gemini_max_tokens, settings.gemini_requests_per_minute) == (
        0.7, 500, 60,
    )  # fmt: skip
    assert (settings.log_level, settings.log_file) == ("INFO", Path("logs/cart_abandonment.log"))
    assert settings.rollout_percent == 100
    assert settings.mysql_tls is Tls.PREFERRED
    assert settings.mysql_server_id is None
    assert settings.sender_name == "Example Shop"
    assert exit_code() == 2


def exit_code() -> int:
    with pytest.raises(ConfigError) as caught:
        load_settings(None, environ={})
    return caught.value.exit_code


def test_fractions_are_exact() -> None:
    settings = load(
        ABANDONMENT_THRESHOLD_MINUTES="0.1", EMAIL_COOLDOWN_HOURS="0.0001", MAX_CART_AGE_HOURS="0.3"
    )
    assert settings.threshold_us == 6_000_000
    assert settings.cooldown_us == 360_000
    assert settings.max_cart_age_us == 1_080_000_000


@pytest.mark.parametrize(
    ("given", "ceiling"),
    [
        ({}, 50_000),
        ({"DISCOUNT_TIERS": "20:10"}, 10_000),
        ({"DISCOUNT_TIERS": "100000:10"}, 10_000_000),
        ({"DISCOUNT_TIERS": "0:10"}, None),
        ({"DISCOUNT_TIERS": "0:10", "DISCOUNT_MAX_TOTAL": "700"}, 700),
        ({"DISCOUNT_MAX_TOTAL": "25000"}, 25_000),
    ],
)
def test_the_ceiling_of_discounts_goes_by_the_tiers(given: dict[str, str], ceiling: int | None) -> None:
    assert load(**given).discount_ceiling == ceiling


def test_what_is_not_mailed_unless_the_shop_wants_it() -> None:
    assert (load().mail_zero_totals, load().mail_unavailable, load().order_grace_us) == (
        False,
        False,
        3_600_000_000,
    )
    assert load(ORDER_GRACE_MINUTES="0").order_grace_us == 0
    assert "ORDER_GRACE_MINUTES = '-1' (environment): give" in complaint(ORDER_GRACE_MINUTES="-1")


@pytest.mark.parametrize(
    "url",
    ["https://shop.example.com/product", "{id}", "product/{id}", "https://{id}.example.com/", "ftp://x.test/{id}",
     "https://shop.example.com/{slug}/{id}", "javascript://shop/{id}"],
)  # fmt: skip
def test_a_products_page_has_its_id_in_it(url: str) -> None:
    assert "PRODUCT_URL = " in complaint(PRODUCT_URL=url)
    assert load(PRODUCT_URL="https://shop.example.com/p/{id}?x=1").product_url is not None


@pytest.mark.parametrize(("tls", "port"), [("starttls", 587), ("TLS", 465)])
def test_the_mail_port_follows_from_tls(tls: str, port: int) -> None:
    assert load(SMTP_TLS=tls).smtp_port == port
    assert load(SMTP_TLS=tls, SMTP_PORT="2525").smtp_port == 2525


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost", "LOCALHOST"])
def test_mail_without_tls_stays_on_this_machine(host: str) -> None:
    assert load(SMTP_TLS="none", SMTP_HOST=host).smtp_port == 25
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["mail.example.com", "192.0.2.1", "localhost.example.com", "127.0.0.1.example.com"]
)
def test_mail_without_tls_goes_nowhere_else(host: str) -> None:
    assert "SMTP_TLS = 'none' (environment): give starttls or tls" in complaint(
        SMTP_TLS="none", SMTP_HOST=host
    )


def test_all_mistakes_are_reported_at_once_with_name_value_and_what_is_allowed() -> None:
    found = complaints(
        SMTP_PORT="eighty", DRY_RUN="maybe", LOG_LEVEL="loud", MYSQL_TLS="yes", CURRENCY="dollar",
        MAX_EMAILS_PER_MINUTE="0", SHOP_TIMEZONE="Europe", STORE_URL="ftp://shop.test", STORE_NAME="",
    )  # fmt: skip
    web = "a web address that begins with https:// or http://, without spaces and quotes"
    assert sorted(found) == [
        "CURRENCY = 'dollar' (environment): give the three letters of an ISO 4217 currency, such as USD or EUR",
        "DRY_RUN = 'maybe' (environment): give true or false",
        "LOG_LEVEL = 'loud' (environment): give one of DEBUG, INFO, WARNING, ERROR",
        "MAX_EMAILS_PER_MINUTE = '0' (environment): give a whole number from 1 up to 1000000",
        "MYSQL_TLS = 'yes' (environment): give one of off, preferred, required, verify_ca, verify_identity",
        "SHOP_TIMEZONE = 'Europe' (environment): give a time zone by its IANA name such as Europe/Berlin or UTC",
        "SMTP_PORT = 'eighty' (environment): give a whole number from 1 up to 65535",
        "STORE_NAME is not set: give the shop's name as customers know it",
        f"STORE_URL = 'ftp://shop.test' (environment): give {web}",
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ABANDONMENT_THRESHOLD_MINUTES", "0"),
        ("ABANDONMENT_THRESHOLD_MINUTES", "1e-30"),
        ("ABANDONMENT_THRESHOLD_MINUTES", "1e999999"),
        ("CHECK_INTERVAL_SECONDS", "inf"),
        ("CHECK_INTERVAL_SECONDS", "0.3"),
        ("CHECK_INTERVAL_SECONDS", "0.999"),
        ("ROLLOUT_PERCENT", "nan"),
        ("ROLLOUT_PERCENT", "100.1"),
        ("ROLLOUT_PERCENT", "-1"),
        ("DISCOUNT_TIER_1_PERCENT", "Infinity"),
        ("DISCOUNT_TIER_1_AMOUNT", "-5"),
        ("DISCOUNT_TIERS", "100:10, 100:20"),
        ("DISCOUNT_TIERS", "100"),
        ("DISCOUNT_TIERS", "100:nan"),
        ("DISCOUNT_TIERS", "100:10:A:B"),
        ("SIMILARITY_THRESHOLD", "nan"),
        ("RECOMMENDATION_COUNT", "3.5"),
        ("GEMINI_TEMPERATURE", "3"),
        ("GEMINI_SDK", "openai"),
        ("MYSQL_PORT", "65536"),
        ("MYSQL_SERVER_ID", "0"),
        ("MYSQL_SERVER_ID", "4294967296"),
        ("MYSQL_HOST", "mysql://db"),
        ("SMTP_HOST", "mail.example.com:587"),
        ("SENDER_EMAIL", "shop@"),
        ("SENDER_EMAIL", "Shop <shop@example.com>"),
        ("SENDER_EMAIL", "shöp@example.com"),
        ("SENDER_NAME", "Shop\nBcc: all@example.com"),
        ("CART_URL", "javascript:alert(1)"),
        ("CART_URL", "//shop.test/cart"),
        ("CART_URL", "https://{items}.shop.test/cart"),
        ("CART_URL", "https://shop.test/cart?{product}"),
        ("CART_URL", 'https://shop.test/"onclick='),
        ("CART_URL", "https://shop.test:99999/"),
        ("STORE_LOGO_URL", "https://shop.test/a b.png"),
        ("SHOP_TIMEZONE", "../../etc/passwd"),
        ("SHOP_TIMEZONE", "Middle/Earth"),
        ("MYSQL_TLS_CA", "/no/such/file.pem"),
        ("STORE_NAME", "\udcff"),
        ("MYSQL_USER", "\udcff"),
        ("STORE_ADDRESS", "1 Road\x1b[2J"),
    ],
)  # fmt: skip
def test_bad_values_are_refused(name: str, value: str) -> None:
    assert complaint(**{name: value}).startswith(f"{name} = ")


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"EMAIL_COOLDOWN_HOURS": "72"}, "EMAIL_COOLDOWN_HOURS = '72' (environment): give less than"),
        ({"MAX_CART_AGE_HOURS": "24"}, "EMAIL_COOLDOWN_HOURS = 24 (default): give less than MAX_CART_AGE_HOURS = 24"),
        ({"ABANDONMENT_THRESHOLD_MINUTES": "4320"}, "MAX_CART_AGE_HOURS = 72 (default): give more hours than"),
        ({"DISCOUNT_TIER_1_AMOUNT": "500"}, "DISCOUNT_TIER_2_AMOUNT = 500 (default): give more than"),
        ({"SMTP_USER": "shop"}, "SMTP_PASSWORD: give with SMTP_USER one of SMTP_PASSWORD, SMTP_TOKEN_COMMAND and"),
        (
            {"SMTP_USER": "shop", "SMTP_PASSWORD": "geheim", "SMTP_TOKEN_COMMAND": "token"},
            "SMTP_PASSWORD (environment): give with SMTP_USER one of",
        ),
        ({"SMTP_TOKEN_COMMAND": "token"}, "SMTP_PASSWORD: give with SMTP_USER one of"),
        ({"SMTP_USER": "shop", "SMTP_TOKEN_COMMAND": "'token"}, "SMTP_TOKEN_COMMAND = "),
        ({"SMTP_PASSWORD": "hunter2!"}, "SMTP_PASSWORD (environment): give with SMTP_USER one of"),
        ({"MYSQL_TLS_CERT": __file__}, "MYSQL_TLS_KEY: give both MYSQL_TLS_CERT and MYSQL_TLS_KEY"),
        ({"MYSQL_TLS_CA": __file__, "MYSQL_TLS": "off"}, "MYSQL_TLS_CA = "),
    ],
)  # fmt: skip
def test_settings_must_fit_together(environ: dict[str, str], words: str) -> None:
    assert complaint(**environ).startswith(words)


def test_a_rule_over_two_settings_is_silent_while_one_of_them_is_wrong() -> None:
    assert complaint(MAX_CART_AGE_HOURS="many") == (
        "MAX_CART_AGE_HOURS = 'many' (environment): give a number above 0 up to 8760"
    )


def test_rows_of_the_log_are_kept_for_as_long_as_they_are_in_use() -> None:
    assert load().log_retention_us is None
    assert load(LOG_RETENTION_DAYS="8").log_retention_us == 8 * 24 * 3_600_000_000
    assert complaint(LOG_RETENTION_DAYS="7") == (
        "LOG_RETENTION_DAYS = '7' (environment): give at least 8: more than MAX_CART_AGE_HOURS = 72 and "
        "ABANDONMENT_THRESHOLD_MINUTES = 30 together, and than the 7 days in which an order counts for its mail"
    )
    assert "at least 11: more than MAX_CART_AGE_HOURS = 240" in complaint(
        LOG_RETENTION_DAYS="10", MAX_CART_AGE_HOURS="240"
    )
    assert complaint(LOG_RETENTION_DAYS="0").startswith("LOG_RETENTION_DAYS = '0' (environment): give ")


@given(age=st.integers(1, 8760), minutes=st.integers(1, 59))
def test_the_least_age_is_more_than_a_cart_s(age: int, minutes: int) -> None:
    days = least_retention_days(Decimal(age), Decimal(minutes))
    assert days > ORDER_DAYS
    assert days * 24 * 60 > age * 60 + minutes
    assert days == ORDER_DAYS + 1 or (days - 1) * 24 * 60 <= age * 60 + minutes


def test_the_reconciliation_is_no_quicker_than_the_heartbeat() -> None:
    assert complaint(CHECK_INTERVAL_SECONDS="0.3") == (
        "CHECK_INTERVAL_SECONDS = '0.3' (environment): give seconds from 1, how often an idle MySQL is heard of, "
        "up to 86400"
    )
    interval_s = load(CHECK_INTERVAL_SECONDS="1").check_interval_seconds
    # Until then an idle shop is silent, and the connection's own judgement comes first.
    assert SILENT_INTERVALS * interval_s >= SILENT_HEARTBEATS * Tuning().heartbeat_s
    assert Tuning().heartbeat_s * 1_000_000 == HEARTBEAT_US


def test_the_dashboard_has_a_port_of_its_own_and_always_a_token() -> None:
    token = "t" * 32
    assert "the token of the dashboard, since ADMIN_PORT is set" in complaint(ADMIN_PORT="8091")
    assert "at least 32 random characters" in complaint(ADMIN_PORT="8091", ADMIN_TOKEN="short")
    settings = load(ADMIN_PORT="8091", ADMIN_TOKEN=token, ADMIN_URL="https://cartwake.example.com/")
    assert (settings.admin_port, settings.admin_host) == (8091, "127.0.0.1")
    assert settings.admin_url == "https://cartwake.example.com"
    assert token in settings.secrets()
    assert load().admin_port is None


@pytest.mark.parametrize(
    "url", ["https://c.example.com/admin", "https://c.example.com/?x=1", "c.example.com"]
)
def test_the_address_of_the_dashboard_is_a_host_of_its_own(url: str) -> None:
    assert "a web address" in complaint(ADMIN_URL=url) or "begins with https://" in complaint(ADMIN_URL=url)


PAGES = {"PUBLIC_URL": "https://c.shop.test", "WEB_PORT": "8090"}


def test_a_public_url_needs_pages_behind_it_and_pages_need_one() -> None:
    assert complaint(PUBLIC_URL="https://c.shop.test") == (
        "PUBLIC_URL = 'https://c.shop.test' (environment): give WEB_PORT too, on which the pages are served, or "
        "WEB_SERVED_ELSEWHERE = true where `cartwake web` serves them; without pages links to them would lead nowhere"
    )
    assert "under which customers reach the pages" in complaint(WEB_PORT="8090")
    assert "under which customers reach the pages" in complaint(WEB_SERVED_ELSEWHERE="true")
    assert load(PUBLIC_URL="").public_url == ""
    assert load(**PAGES).public_url == "https://c.shop.test"
    assert (
        load(PUBLIC_URL="https://c.shop.test/c/", WEB_SERVED_ELSEWHERE="true").public_url
        == "https://c.shop.test/c"
    )
    assert load(**PAGES).web_host == "127.0.0.1"


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("http://c.shop.test", "begins with https://"),
        ("c.shop.test", "begins with https:// or http://"),
        ("https://c.shop.test/?shop=1", "without ? and #"),
        ("https://c.shop.test/#", "without ? and #"),
    ],
)
def test_a_public_url_that_mail_providers_would_not_use(url: str, wanted: str) -> None:
    assert wanted in complaint(PUBLIC_URL=url, WEB_PORT="8090")
    assert load(PUBLIC_URL="http://127.0.0.1:8090", WEB_PORT="8090").public_url == "http://127.0.0.1:8090"


def test_what_is_of_use_with_pages_only() -> None:
    secret = "x" * 32
    assert "PUBLIC_URL and WEB_PORT too" in complaint(RETURN_SECRET=secret)
    assert "PUBLIC_URL and WEB_PORT too" in complaint(OPEN_PIXEL="true")
    assert "another secret than LINK_SECRET" in complaint(**PAGES, RETURN_SECRET=secret, LINK_SECRET=secret)
    assert "at least 32" in complaint(**PAGES, RETURN_SECRET="x" * 31)
    settings = load(
        **PAGES,
        RETURN_SECRET=secret,
        OPEN_PIXEL="true",
        UTM_PARAMETERS="utm_source=cartwake, utm_medium=email",
    )
    assert settings.utm_parameters == (("utm_source", "cartwake"), ("utm_medium", "email"))
    assert settings.return_secret is not None
    assert secret not in repr(settings)


def test_product_links_are_counted_unless_the_shop_does_not_want_it() -> None:
    assert load(**PAGES).track_product_links
    assert not load(**PAGES, TRACK_PRODUCT_LINKS="false").track_product_links


def test_trusted_proxies_are_addresses_and_networks() -> None:
    found = load(TRUSTED_PROXIES="127.0.0.1, 10.0.0.0/8,fd00::/8").trusted_proxies
    assert [str(network) for network in found] == ["127.0.0.1/32", "10.0.0.0/8", "fd00::/8"]
    assert "give IP addresses or networks" in complaint(TRUSTED_PROXIES="nginx")


def test_tiers_replace_the_numbered_pairs() -> None:
    settings = load(DISCOUNT_TIERS="50:5, 100:10:SAVE10 ,500:20", DISCOUNT_TIER_1_AMOUNT="900")
    assert settings.tiers == (
        DiscountTier(Decimal(50), Decimal(5)),
        DiscountTier(Decimal(100), Decimal(10), "SAVE10"),
        DiscountTier(Decimal(500), Decimal(20)),
    )
    assert load(DISCOUNT_TIER_2_CODE="SAVE20").tiers[1].code == "SAVE20"
    assert load(DISCOUNT_TIERS="50:100").tiers == (DiscountTier(Decimal(50), Decimal(100)),)
    assert load(DISCOUNT_TIER_2_PERCENT="100").tiers[1].percent == 100


def test_roles_are_compared_without_case() -> None:
    assert load(EXCLUDE_ROLES=" Admin, staff ,").exclude_roles == {"admin", "staff"}
    assert load().exclude_roles == frozenset()


def test_excluded_addresses_are_read_once() -> None:
    found = load(EXCLUDE_ADDRESSES=" noreply@ ,@Shop.example.com, ").exclude_addresses
    assert found.texts == ("noreply@", "@Shop.example.com")
    assert found.match("NoReply@example.org")
    assert not load().exclude_addresses


@pytest.mark.parametrize(
    ("value", "allowed"),
    [
        ("noreply@, example.com", "give addresses such as jane@example.com, noreply@ or @example.com"),
        ("bot@, 'noreply@'", "without quotes"),
        ("*", "'*' is none"),
        ("*@*", "patterns that leave somebody to write to"),
    ],
)
def test_what_excludes_no_address_or_all_is_named(value: str, allowed: str) -> None:
    assert allowed in complaint(EXCLUDE_ADDRESSES=value)


def test_reserved_domains_may_be_tried_and_foreign_ones_become_ascii() -> None:
    assert load(SENDER_EMAIL="a@shop.test").sender_email == "a@shop.test"
    assert load(SENDER_EMAIL="a@bücher.example").sender_email == "a@xn--bcher-kva.example"


def test_an_empty_text_about_shipping_means_no_badge() -> None:
    assert load(FREE_SHIPPING_TEXT="").free_shipping_text == ""


def test_empty_counts_as_not_set_but_an_empty_log_file_means_none() -> None:
    settings = load(
        MYSQL_PORT="", MAX_EMAILS_PER_MINUTE=" ", GEMINI_MODEL="", LOG_FILE="", SMTP_USER="", SMTP_PASSWORD=""
    )
    assert settings.mysql_port == 3306
    assert settings.max_emails_per_minute is None
    assert settings.gemini_model == Settings().gemini_model
    assert settings.log_file is None


class TestWhatACommandNeeds:
    def test_the_service_needs_it_all(self) -> None:
        with pytest.raises(ConfigError) as caught:
            load_settings(None, environ={})
        assert [line.split(" ", 1)[0] for line in caught.value.problems] == [
            "MYSQL_USER", "MYSQL_DATABASE", "STORE_NAME", "STORE_URL", "STORE_ADDRESS", "SUPPORT_EMAIL", "CART_URL",
            "SENDER_EMAIL", "SMTP_HOST",
        ]  # fmt: skip

    def test_a_dry_run_needs_no_mail_server(self) -> None:
        without = {name: value for name, value in ENOUGH.items() if name != "SMTP_HOST"}
        assert load_settings(None, environ=without | {"DRY_RUN": "true"}).dry_run
        with pytest.raises(ConfigError, match="SMTP_HOST is not set"):
            load_settings(None, environ=without | {"DRY_RUN": "false"})

    def test_a_preview_needs_no_mail_server(self) -> None:
        without = {name: value for name, value in ENOUGH.items() if name != "SMTP_HOST"}
        assert load_settings(None, need="preview", environ=without).smtp_host == ""

    def test_looking_at_the_shop_needs_mysql_only(self) -> None:
        settings = load_settings(None, need="mysql", environ={"MYSQL_URL": "mysql://u@db/shop"})
        assert settings.connection.database == "shop"


class TestMysqlUrl:
    def test_every_part(self) -> None:
        settings = load_settings(
            None,
            need="mysql",
            environ={
                "MYSQL_URL": "mysql://us%40er:p%3Aa%2Fs%25s@[::1]:3307/my%20shop?tls=off&server_id=7&charset=utf8mb4"
            },
        )
        connection = settings.connection
        assert (connection.host, connection.port, connection.user) == ("::1", 3307, "us@er")
        assert (connection.password, connection.database) == ("p:a/s%s", "my shop")
        assert connection.tls is Tls.OFF
        assert settings.mysql_server_id == 7

    @pytest.mark.parametrize(
        ("option", "tls"),
        [
            ("ssl-mode=REQUIRED", Tls.REQUIRED),
            ("ssl-mode=DISABLED", Tls.OFF),
            ("tls=verify_ca", Tls.VERIFY_CA),
        ],
    )
    def test_tls(self, option: str, tls: Tls) -> None:
        assert load(MYSQL_URL=f"mysql://cartwake@db/shop?{option}").mysql_tls is tls

    def test_the_same_twice_is_fine(self) -> None:
        assert load(MYSQL_URL="mysql://cartwake@db/shop", MYSQL_HOST="db").mysql_host == "db"

    def test_a_conflict_is_an_error(self) -> None:
        assert complaint(MYSQL_URL="mysql://cartwake@db/shop", MYSQL_HOST="other") == (
            "MYSQL_HOST = 'other' (environment): differs from MYSQL_URL; give one of them"
        )

    def test_a_password_conflict_shows_neither(self) -> None:
        line = complaint(MYSQL_URL="mysql://cartwake:first@db/shop", MYSQL_PASSWORD="second")
        assert line == "MYSQL_PASSWORD (environment): differs from MYSQL_URL; give one of them"

    @pytest.mark.parametrize(
        "url",
        [
            "postgres://u:geheim@db/shop", "mysql://u:geheim@db:port/shop", "mysql://u:geheim@/shop",
            "mysql://u:ge#heim@db/shop", "mysql://[u:geheim@db/shop", "geheim",
        ],
    )  # fmt: skip
    def test_what_cannot_be_read_is_not_shown(self, url: str) -> None:
        with pytest.raises(ConfigError) as caught:
            load_settings(None, need="mysql", environ={"MYSQL_URL": url})
        (line,) = caught.value.problems
        assert line.startswith("MYSQL_URL (environment): give mysql://user:password@host:port/database")
        assert "heim" not in line

    @pytest.mark.parametrize(
        ("path", "database"),
        [("/shop", "shop"), ("/shop/", "shop"), ("/shop/?tls=off", "shop"), ("/a%2Fb", "a/b")],
    )
    def test_a_slash_at_the_end_is_no_part_of_the_name(self, path: str, database: str) -> None:
        settings = load_settings(None, need="mysql", environ={"MYSQL_URL": f"mysql://cartwake@db{path}"})
        assert settings.mysql_database == database

    @pytest.mark.parametrize("path", ["/shop/carts", "//shop", "/shop//"])
    def test_more_than_a_database_is_a_mistake(self, path: str) -> None:
        with pytest.raises(
            ConfigError, match=r"^MYSQL_URL \(environment\): give one database after the host"
        ):
            load_settings(None, need="mysql", environ={"MYSQL_URL": f"mysql://cartwake@db{path}"})

    def test_unknown_options_are_named(self) -> None:
        line = complaint(MYSQL_URL="mysql://cartwake@db/shop?tsl=off")
        assert "no option 'tsl'; known are" in line

    def test_a_bad_part_is_reported_as_that_part(self) -> None:
        line = complaint(MYSQL_URL="mysql://cartwake@db/shop?tls=maybe")
        assert line.startswith("MYSQL_TLS = 'maybe' (MYSQL_URL): give one of off,")


def test_server_id_has_two_names() -> None:
    assert load(SERVER_ID="5").mysql_server_id == 5
    assert load(SERVER_ID="5", MYSQL_SERVER_ID="5").mysql_server_id == 5
    assert complaint(SERVER_ID="5", MYSQL_SERVER_ID="6") == (
        "MYSQL_SERVER_ID = '6' (environment): differs from SERVER_ID, environment; give one of them"
    )
    assert complaint(SERVER_ID="x") == (
        "MYSQL_SERVER_ID = 'x' (SERVER_ID, environment): give a whole number from 1 up to 4294967295"
    )


class TestFile:
    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        return tmp_path / ".env"

    def test_the_environment_wins(self, file: Path) -> None:
        file.write_text("MYSQL_HOST=file\nMYSQL_PORT=3307\n")
        settings = load_settings(file, environ=ENOUGH | {"MYSQL_HOST": "environment"})
        assert (settings.mysql_host, settings.mysql_port) == ("environment", 3307)

    def test_an_empty_variable_takes_a_line_of_the_file_away(self, file: Path) -> None:
        file.write_text("MYSQL_PORT=3307\n")
        assert load_settings(file, environ=ENOUGH | {"MYSQL_PORT": ""}).mysql_port == 3306

    def test_values_are_taken_as_they_stand(self, file: Path) -> None:
        file.write_text(
            'MYSQL_PASSWORD=\'a b#$HOME ${X}"\'\nexport STORE_NAME="A & B" # ours\nMYSQL_DATABASE=a$b\n'
        )
        environ = {
            name: value for name, value in ENOUGH.items() if name not in {"STORE_NAME", "MYSQL_DATABASE"}
        }
        settings = load_settings(file, environ=environ)
        assert settings.mysql_password.get_secret_value() == 'a b#$HOME ${X}"'
        assert (settings.store_name, settings.mysql_database) == ("A & B", "a$b")

    def test_a_byte_order_mark_is_no_part_of_the_first_name(self, file: Path) -> None:
        file.write_text("MYSQL_PORT=3307\r\n", encoding="utf-8-sig")
        assert load_settings(file, environ=ENOUGH).mysql_port == 3307

    def test_mistakes_name_their_line(self, file: Path) -> None:
        file.write_text("# a comment\n\nMYSQL_PORT=3307\n\n# next\nSMTP_PORT=x\n")
        assert complaints(file) == (
            f"SMTP_PORT = 'x' ({file} line 6): give a whole number from 1 up to 65535",
        )

    def test_broken_lines_are_named_and_not_shown(self, file: Path) -> None:
        file.write_text("MYSQL_PORT=3307\n\nMYSQL_PASSWORD='geheim\nSMTP_HOST geheim\nMYSQL_USER\n=3\n")
        assert complaints(file) == tuple(
            f"{file} line {line}: give NAME=value, with both quotes if it has quotes" for line in (3, 4, 5, 6)
        )

    def test_a_name_given_twice_is_a_mistake(self, file: Path) -> None:
        file.write_text("MYSQL_PORT=3307\nMYSQL_PORT=3308\n")
        assert complaints(file) == (f"MYSQL_PORT: set twice ({file} line 1 and {file} line 2); keep one",)

    @pytest.mark.parametrize(
        ("wrong", "right"),
        [
            ("SMPT_HOST", "SMTP_HOST"), ("SENDER_MAIL", "SENDER_EMAIL"), ("smtp_port", "SMTP_PORT"),
            ("ABANDONMENT_TRESHOLD_MINUTES", "ABANDONMENT_THRESHOLD_MINUTES"), ("MYSQL_DATABSE", "MYSQL_DATABASE"),
            ("ABANDONMENT_THRESHOLD", "ABANDONMENT_THRESHOLD_MINUTES"), ("SMTP_PASS", "SMTP_PASSWORD"),
            ("CARTWAKE_SMPT_HOST", "CARTWAKE_SMTP_HOST"),
        ],
    )  # fmt: skip
    def test_slips_of_the_keyboard(self, file: Path, wrong: str, right: str) -> None:
        file.write_text(f"{wrong}=geheim\n")
        (only,) = complaints(file)
        assert only.startswith(f"{wrong} ({file} line 1): there is no such setting; did you mean {right}")

    def test_settings_of_other_programs_are_left_alone(self, file: Path) -> None:
        file.write_text("MYSQL_ROOT_PASSWORD=x\nAPP_NAME=y\nDATABASE_URL=z\nCARTWAKE_PASSWORD=x\n")
        assert load_settings(file, environ=ENOUGH) == load_settings(None, environ=ENOUGH)

    def test_not_utf8(self, file: Path) -> None:
        file.write_bytes("MYSQL_PORT=1\nSTORE_NAME=Bücher\n".encode("latin-1"))
        assert complaints(file) == (f"{file} line 2: not UTF-8; save the file with the encoding UTF-8",)

    def test_a_folder_in_its_place(self, file: Path) -> None:
        file.mkdir()
        assert complaints(file) == (
            f"{file}: can't be read (Is a directory); give this user the right to read it",
        )

    def test_only_the_default_file_may_be_missing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        assert load_settings(environ=ENOUGH) == load_settings(None, environ=ENOUGH)
        assert complaints(tmp_path / "other") == (
            f"{tmp_path / 'other'}: there is no such file; `cartwake init --file` writes one",
        )

    def test_a_file_that_cant_be_read_gives_one_error_and_no_nine_more(self, file: Path) -> None:
        for content in (
            b"STORE_NAME=B\xfccher\nMYSQL_USER=x\n",
            b"MYSQL_PASSWORD='a\nMYSQL_USER=x\nMYSQL_DATABASE=y\n",
        ):
            file.write_bytes(content)
            with pytest.raises(ConfigError) as caught:
                load_settings(file, environ={})
            (only,) = caught.value.problems
            assert only.startswith(f"{file} line 1: ")
        file.unlink()
        with pytest.raises(ConfigError) as caught:
            load_settings(file, environ={})
        assert caught.value.problems == (f"{file}: there is no such file; `cartwake init --file` writes one",)

    def test_without_one_it_says_where_it_was_looked_for(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        with pytest.raises(ConfigError) as caught:
            load_settings(environ={})
        first, *others = caught.value.problems
        assert first.startswith(f"there is no .env in {tmp_path}, where it was looked for")
        assert others
        assert all(" is not set: give " in line for line in others)
        (tmp_path / ".env").write_text("MYSQL_USER=x\n")
        with pytest.raises(ConfigError) as caught:
            load_settings(environ={})
        assert "looked for" not in str(caught.value)

    def test_another_one_may_be_named_in_the_environment(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / ".env").write_text("MYSQL_PORT=3307\n")
        credential = tmp_path / "credential"
        credential.write_text("MYSQL_PORT=3308\n")
        named = ENOUGH | {"CARTWAKE_ENV_FILE": str(credential)}
        assert load_settings(environ=named).mysql_port == 3308
        credential.unlink()
        with pytest.raises(ConfigError, match="credential: there is no such file"):
            load_settings(environ=named)

    def test_it_is_looked_for_in_the_working_folder(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / ".env").write_text("MYSQL_PORT=3307\n")
        monkeypatch.chdir(tmp_path)
        for name, value in ENOUGH.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("MYSQL_PORT", raising=False)
        assert load_settings().mysql_port == 3307


@pytest.mark.parametrize("name", ["MYSQL_PASSWORD", "GEMINI_API_KEY"])
def test_secrets_are_text(name: str) -> None:
    assert complaint(**{name: "\udcff"}) == f"{name} (environment): give text in UTF-8"


SECRETS = {
    "MYSQL_PASSWORD": "first-secret",
    "SMTP_USER": "shop",
    "SMTP_PASSWORD": "second-secret",
    "GEMINI_API_KEY": "third-secret",
    "LINK_SECRET": "fourth-secret-fourth-secret",
    "LINK_SECRET_OLD": "sixth-secret-sixth-secret",
    "RETURN_SECRET": "fifth-secret-fifth-secret-fifth-secret",
}


def test_no_secret_is_shown() -> None:
    settings = load(**PAGES, **SECRETS)
    assert "-secret" not in repr(settings) + str(settings) + repr(settings.connection)
    assert sorted(settings.secrets()) == sorted(value for value in SECRETS.values() if "secret" in value)


def test_no_mistake_shows_a_secret() -> None:
    found = complaints(
        **PAGES | SECRETS | {"LINK_SECRET": "short-secret"},
        MYSQL_HOST="mysql://cartwake:first-secret@db/shop",
        STORE_URL="https://shop:other-secret@shop.test",
        STORE_NAME="my password\nis second-secret",
        SENDER_EMAIL="third-secret@@shop.test",
        GEMINI_SDK="third-secret",
    )
    assert len(found) == 6
    assert "-secret" not in "\n".join(found)


@trying(deadline=None)  # on a busy machine a parse may take its time
@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=30))
def test_no_text_makes_it_crash_or_leak(text: str) -> None:
    names = [name.upper() for name in Settings.model_fields]
    with pytest.raises(ConfigError) as caught:
        load_settings(None, environ=dict.fromkeys(names, text) | {"MYSQL_PASSWORD": "s3cret-s3cret"})
    assert "s3cret-s3cret" not in str(caught.value)
    assert all(line.isprintable() for line in caught.value.problems)


def test_the_error_drags_no_input_along() -> None:
    with pytest.raises(ConfigError) as caught:
        load(SMTP_PORT="x", MYSQL_PASSWORD="geheim")
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_settings_are_frozen_and_know_no_other_names() -> None:
    with pytest.raises(ValidationError):
        load().mysql_port = 1  # type: ignore[misc] # that it is refused is the point
    with pytest.raises(ValidationError) as caught:
        Settings(mysql_password=SecretStr("geheim"), mysql_port=0, nonsense="geheim")  # type: ignore[call-arg] # same
    assert "geheim" not in str(caught.value)


class TestExample:
    text = (ROOT / ".env.example").read_text()
    names = frozenset(name.upper() for name in Settings.model_fields) | {"MYSQL_URL", "SERVER_ID"}

    def lines(self) -> dict[str, str]:
        pairs = (line.lstrip("#").partition("=") for line in self.text.splitlines())
        return {name: value for name, _, value in pairs if name.isascii() and name.replace("_", "").isalnum()}

    def test_it_names_every_setting_and_no_other(self) -> None:
        assert {name for name in self.lines() if name.isupper()} == self.names

    def test_it_can_be_used_as_it_is(self, tmp_path: Path) -> None:
        settings = load_settings(ROOT / ".env.example", environ={})
        assert settings.store_name == "Example Shop"
        everything = tmp_path / ".env"
        everything.write_text("\n".join(f"{name}={value}" for name, value in self.lines().items()))
        assert load_settings(everything, environ={}) == settings

    def test_a_line_without_a_value_has_no_default(self) -> None:
        # What the others show is the default, since loading them all changed nothing.
        nothing: tuple[object, ...] = (None, "", (), frozenset(), AddressPatterns())
        empty = [
            name
            for name, value in self.lines().items()
            if name.lower() in Settings.model_fields and not value
        ]
        defaults = {name: getattr(Settings(), name.lower()) for name in empty if name != "MYSQL_PASSWORD"}
        assert {name: default for name, default in defaults.items() if default not in nothing} == {}

    def test_the_documentation_names_every_setting(self) -> None:
        documented = "".join(page.read_text() for page in (ROOT / "docs").glob("settings*.md"))
        assert [name for name in self.names if f"`{name}`" not in documented] == []


def test_bounces_go_to_an_address_of_their_own() -> None:
    assert load().senders == ("shop@shop.test",)
    assert load(BOUNCE_ADDRESS="bounce@bücher.example").senders == ("bounce@xn--bcher-kva.example",)
    verp = load(BOUNCE_ADDRESS="bounce+{verp}@mail.example.com")
    assert (verp.bounce_address, verp.senders) == (
        "bounce+{verp}@mail.example.com",
        ("bounce+0@mail.example.com",),
    )


@pytest.mark.parametrize(
    "address",
    ["bounce+{id}@example.com", "{verp}{verp}@example.com", "bounce@{verp}.example.com", "bounce+{verp@example.com",
     "bounce", f"{'b' * 28}{{verp}}@example.com"],
)  # fmt: skip
def test_a_bounce_address_that_could_not_work_is_refused(address: str) -> None:
    assert "BOUNCE_ADDRESS" in complaint(BOUNCE_ADDRESS=address)


def test_a_mailbox_is_an_address_and_a_password_apart() -> None:
    assert load().bounce_mailbox is None
    imap = load(BOUNCE_MAILBOX="imaps://bounce%40example.com@imap.example.com", BOUNCE_PASSWORD="a password")
    assert imap.bounce_mailbox == MailboxAddress("INBOX", "imap.example.com", 993, "bounce@example.com")
    assert "a password" in imap.secrets()
    assert load(BOUNCE_MAILBOX="maildir:/var/mail/bounces").bounce_mailbox == MailboxAddress(
        "/var/mail/bounces"
    )


@pytest.mark.parametrize(
    "environ",
    [
        {"BOUNCE_MAILBOX": "imaps://me@imap.example.com"},
        {"BOUNCE_PASSWORD": "a password"},
        {"BOUNCE_MAILBOX": "maildir:/var/mail", "BOUNCE_PASSWORD": "a password"},
    ],
)
def test_a_password_goes_with_imap_and_only_with_it(environ: dict[str, str]) -> None:
    line = complaint(**environ)
    assert "BOUNCE_PASSWORD" in line
    assert "BOUNCE_MAILBOX" in line
    assert "a password" not in line


def test_a_password_within_the_address_is_not_shown() -> None:
    lines = complaints(BOUNCE_MAILBOX="imaps://me:hunter22@imap.example.com")
    assert any("BOUNCE_PASSWORD" in line for line in lines)
    assert "hunter22" not in str(lines)


def test_a_mailbox_is_opened_by_a_token_or_by_a_password() -> None:
    imap = {"BOUNCE_MAILBOX": "imaps://me@imap.example.com", "BOUNCE_TOKEN_COMMAND": "/bin/token imap"}
    assert load(**imap).bounce_token_command == ("/bin/token", "imap")
    assert "BOUNCE_TOKEN_COMMAND" in complaint(**imap, BOUNCE_PASSWORD="a password")
    assert "BOUNCE_MAILBOX" in complaint(BOUNCE_TOKEN_COMMAND="/bin/token")


def test_webhooks_want_pages_and_secrets_that_can_be_right() -> None:
    assert load().webhook_secrets() == {}
    key = "a signing key of the tests"
    assert load(MAILGUN_WEBHOOK_KEY=key, **PAGES).webhook_secrets() == {"mailgun": key}
    assert "PUBLIC_URL and WEB_PORT too" in complaint(MAILGUN_WEBHOOK_KEY=key)
    assert "verification key that SendGrid shows" in complaint(SENDGRID_WEBHOOK_KEY="no key", **PAGES)
    for login in ("a long password of the tests", "cartwake:short", ":a long password of the tests"):
        assert "user:password" in complaint(POSTMARK_WEBHOOK_LOGIN=login, **PAGES)


def test_kafka_harms_nobody_who_does_not_ask_for_it() -> None:
    settings = load(KAFKA_SECURITY_PROTOCOL="sasl_ssl")
    assert settings.kafka_brokers == ()
    with pytest.raises(ConfigError) as caught:
        settings.insist_on_kafka()
    assert [problem.partition(" ")[0] for problem in caught.value.problems] == [
        "KAFKA_BROKERS", "KAFKA_TOPIC", "KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD",
    ]  # fmt: skip


def test_a_member_of_a_kafka_group() -> None:
    settings = load(
        KAFKA_BROKERS="kafka1.example.com:9092, [::1]:9093,", KAFKA_TOPIC="cartwake",
        KAFKA_SECURITY_PROTOCOL="SASL_SSL", KAFKA_SASL_MECHANISM="plain", KAFKA_SASL_USERNAME="cart",
        KAFKA_SASL_PASSWORD="s3cret",
    )  # fmt: skip
    settings.insist_on_kafka()
    assert settings.kafka_brokers == ("kafka1.example.com:9092", "[::1]:9093")
    assert settings.kafka_security == {
        "security.protocol": "sasl_ssl", "sasl.mechanism": "PLAIN", "sasl.username": "cart", "sasl.password": "s3cret",
    }  # fmt: skip
    assert "s3cret" not in repr(settings)
    assert load().kafka_security == {"security.protocol": "plaintext"}


@pytest.mark.parametrize(
    "brokers", ["kafka.example.com", "kafka:port", ":9092", "kafka:99999", "kafka://a:9092", "a b:1"]
)
def test_brokers_that_are_none(brokers: str) -> None:
    with pytest.raises(ConfigError, match=r"KAFKA_BROKERS = .*host:port, with commas"):
        load(KAFKA_BROKERS=brokers)


def test_every_secret_is_kept_out_of_messages() -> None:
    secret = {
        name.upper() for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)
    }
    assert len(secret) > 10
    assert secret - SECRET_NAMES == set()
