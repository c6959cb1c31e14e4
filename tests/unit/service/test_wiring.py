"""From Settings to the parts' own values."""

import asyncio
import base64
import pickle
import shutil
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import structlog

from binlog_watcher.core.cart import Cart, Customer, Line
from binlog_watcher.core.decision import Send
from binlog_watcher.core.tracker import DueCart
from binlog_watcher.errors import ConfigError
from binlog_watcher.recovery.stages import ClaimedCart
from binlog_watcher.service import catalogue, mail_server, wiring
from binlog_watcher.service.pipeline import ComposerSetup
from binlog_watcher.service.stored_visits import web_settings
from binlog_watcher.service.texts import text_writer
from binlog_watcher.settings.load import load_settings
from binlog_watcher.settings.settings import Settings
from binlog_watcher.settings.types import DiscountTier
from binlog_watcher.shop.presets import SAMPLE
from binlog_watcher.store.shop_tables.products import CatalogueRow
from binlog_watcher.telemetry.metrics import Metrics
from mailer import WrongSignatureError
from recommender import Catalog, FallbackWriter, LiveRecommender, TemplateWriter


def settings(**changes: str) -> Settings:
    return load_settings(
        None,
        environ={
            "MYSQL_USER": "cartwake",
            "MYSQL_DATABASE": "shop",
            "SMTP_HOST": "127.0.0.1",
            "SMTP_TLS": "none",
            "SENDER_EMAIL": "hello@shop.example.com",
            "STORE_NAME": "The Sample Shop",
            "STORE_URL": "https://shop.example.com",
            "STORE_ADDRESS": "1 Market Street",
            "SUPPORT_EMAIL": "support@shop.example.com",
            "CART_URL": "https://shop.example.com/cart",
        }
        | changes,
    )


def test_the_policy_in_microseconds() -> None:
    policy = wiring.policy(
        settings(ABANDONMENT_THRESHOLD_MINUTES="0.5", EMAIL_COOLDOWN_HOURS="1.5", MAX_CART_AGE_HOURS="2",
                 EXCLUDE_ROLES="Admin, staff", ROLLOUT_PERCENT="12.5"), 7,
    )  # fmt: skip
    assert (policy.threshold_us, policy.cooldown_us, policy.max_age_us) == (
        30_000_000,
        5_400_000_000,
        7_200_000_000,
    )
    assert policy.activated_us == 7
    assert policy.excluded_roles == {"admin", "staff"}
    assert policy.rollout_percent == Decimal("12.5")
    assert not policy.excludes_address("noreply@example.com")


def test_the_policy_knows_the_excluded_addresses() -> None:
    policy = wiring.policy(settings(EXCLUDE_ADDRESSES="noreply@"), 7)
    assert policy.excludes_address("NoReply@example.com")
    assert not policy.excludes_address("jane@example.com")


def test_the_tiers_of_the_owner_with_codes() -> None:
    table = wiring.discounts(settings(DISCOUNT_TIER_2_CODE="SAVE20"))
    found = {total: table.for_total(Decimal(total)) for total in ("99.99", "100", "499.99", "500")}
    assert [int(discount.percent) for discount in found.values()] == [0, 10, 10, 20]
    assert found["500"].code == "SAVE20"
    assert found["100"].code is None


def test_without_a_key_the_template_writes() -> None:
    assert isinstance(text_writer(settings(), Metrics()), TemplateWriter)


async def test_with_a_key_gemini_writes_and_the_template_stands_by() -> None:
    writer = text_writer(settings(GEMINI_API_KEY="made-up-key-0123456789"), Metrics())
    assert isinstance(writer, FallbackWriter)
    await writer.close()


def test_a_product_that_cannot_be_recommended_is_left_out_and_told() -> None:
    no_id: Any = None
    row = CatalogueRow(no_id, "No id", "", Decimal(5), "", None, None)
    with structlog.testing.capture_logs() as logs:
        assert catalogue.product(row) is None
    assert [entry["event"] for entry in logs] == ["catalogue.unusable_product"]


@pytest.mark.parametrize("url", ["https://shop.example.com/" + "x" * 200])
def test_a_public_url_that_makes_links_too_long_is_a_config_error(url: str) -> None:
    with pytest.raises(ConfigError, match="PUBLIC_URL"):
        wiring.links(settings().model_copy(update={"public_url": url}), "a secret of our own table")


def listed(**stores: dict[str, Any]) -> Settings:
    """Settings with stores that differ from them in this."""
    shop = settings()
    return shop.model_copy(
        update={"stores": {name: shop.model_copy(update=changes) for name, changes in stores.items()}}
    )


def test_each_store_is_a_brand_of_its_own() -> None:
    tiers = (DiscountTier(Decimal(20), Decimal(15)),)
    found = wiring.brands(
        listed(de={"store_name": "Laden", "support_email": "hilfe@example.com", "discount_tiers": tiers,
                   "product_url": "https://laden.example.com/{id}"}, fr={"currency": "EUR"}),
        "a secret of our own table", url_pattern="p/{id}",
    )  # fmt: skip
    de, fr = found.listed["de"], found.listed["fr"]
    assert (de.store.name, fr.store.name, found.default.store.name) == ("Laden", *["The Sample Shop"] * 2)
    assert de.links.unsubscribe(7).mailto.startswith("mailto:hilfe@example.com?")
    assert de.links.unsubscribe(7).token == found.default.links.unsubscribe(7).token
    assert [int(one.discounts.for_total(Decimal(30)).percent) for one in (de, fr)] == [15, 0]
    assert (de.product_pages.of(7), fr.product_pages.of(7)) == ("https://laden.example.com/7", "p/7")
    assert [(one.store.currency, one.prices_in) for one in (de, fr)] == [("USD", "USD"), ("EUR", "USD")]


def test_each_store_has_its_own_theme_and_its_mistakes_are_told_with_its_name(tmp_path: Path) -> None:
    theme = tmp_path / "theme.toml"
    theme.write_text('brand = "#b91c1c"')
    shop = listed(de={"mail_theme": str(tmp_path)}, fr={"mail_theme": "letter"})
    found = wiring.brands(shop, "a secret of our own table")
    looks = [one.theme.brand for one in (found.default, *found.listed.values())]
    assert looks[1] == "#b91c1c" != looks[0]
    assert found.listed["fr"].theme.name == "letter"
    theme.write_text('brand = "#fff"')
    with pytest.raises(ConfigError, match=r"STORES \[de\]: MAIL_THEME .*nobody sees that the button is one"):
        wiring.brands(shop, "a secret of our own table")


def test_a_worker_that_starts_later_writes_as_the_others_do_whatever_became_of_the_theme(
    tmp_path: Path,
) -> None:
    theme, key = tmp_path / "theme", tmp_path / "key"
    (theme / "messages").mkdir(parents=True)
    (theme / "theme.toml").write_text('brand = "#b91c1c"')
    (theme / "messages" / "de.po").write_text('msgid "Return to Cart"\nmsgstr "Zurück in den Laden"\n')
    key.write_text(base64.b64encode(b"k" * 32).decode())
    shop = settings(MAIL_THEME=str(theme), LANGUAGES="de, ar", DKIM_KEYS=f"mail={key}")
    setup = ComposerSetup(shop, wiring.brands(shop, "a secret of our own table"), "abc")
    sent = pickle.dumps(setup)
    shutil.rmtree(theme)
    key.unlink()
    mails = []
    received = pickle.loads(sent)  # noqa: S301 - as multiprocessing does
    for made in (setup, received):
        composer = made.composer(LiveRecommender(Catalog()), TemplateWriter(), Metrics())
        line = Line(1, "Tasse", "", Decimal(7), 2, None)
        cart = Cart(1, Customer(1, "Jane", "jane@example.com", None, b"h"), (line,), 0, None)
        due = ClaimedCart(DueCart(1, "binlog", 0, 0), cart, Send(0, 0), 7, 1)
        mails.append(composer.build(due, [], composer.text_at_once(cart, []), 0).message)
    assert b"Zur=C3=BCck in den Laden" in mails[1]
    assert b"#b91c1c" in mails[1]
    assert mails[0].partition(b"\r\nDate:")[2] == mails[1].partition(b"\r\nDate:")[2]


def test_a_theme_that_is_gone_since_the_settings_were_read_is_a_mistake_in_them(tmp_path: Path) -> None:
    shop = settings().model_copy(update={"mail_theme": str(tmp_path / "gone")})
    with pytest.raises(ConfigError, match=r"MAIL_THEME: .*gone.* is no theme"):
        wiring.brands(shop, "a secret of our own table")
    with pytest.raises(ConfigError, match=r"MAIL_THEME: .*gone.* is no theme"):
        web_settings(shop)


def test_the_policy_knows_the_listed_stores() -> None:
    assert wiring.policy(listed(de={}, fr={}), 7).stores == frozenset({"de", "fr"})
    assert wiring.policy(settings(), 7).stores is None


def test_stores_that_do_not_fit_the_preset_are_refused() -> None:
    swiss = SAMPLE.model_copy(update={"currency": "CHF"})
    wiring.insist_on_stores(settings(), SAMPLE, told=False)
    wiring.insist_on_stores(listed(fr={"currency": "EUR"}), SAMPLE, told=True)
    wiring.insist_on_stores(listed(fr={}), swiss, told=True)
    with pytest.raises(ConfigError, match="sample does not say which store"):
        wiring.insist_on_stores(listed(fr={}), SAMPLE, told=False)
    with pytest.raises(ConfigError, match="STORES gives fr another currency, and sample says"):
        wiring.insist_on_stores(listed(fr={"currency": "EUR"}), swiss, told=True)


def test_without_keys_nothing_is_signed() -> None:
    assert wiring.dkim_signer(settings()) is None


def test_a_key_that_is_none_is_named_by_its_setting(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text("nothing")
    with pytest.raises(ConfigError, match=r"^DKIM_KEYS: .*key\.pem holds no private key"):
        wiring.dkim_signer(settings(DKIM_KEYS=f"mail={tmp_path}/key.pem"))


def test_signing_without_the_library_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "key").write_text(base64.b64encode(bytes(32)).decode())
    monkeypatch.setitem(sys.modules, "dkim", None)
    with pytest.raises(ConfigError, match=r"pip install 'dkimpy\[ed25519\]'"):
        wiring.dkim_signer(settings(DKIM_KEYS=f"mail={tmp_path}/key"))


@pytest.mark.parametrize("text", ["mail", "=file", "mail=", "a=b,c"])
def test_what_are_no_keys(text: str) -> None:
    with pytest.raises(ConfigError, match="give SELECTOR=FILE, such as"):
        settings(DKIM_KEYS=text)


def test_tokens_come_from_a_command_or_an_endpoint() -> None:
    assert mail_server.smtp(settings()).tokens is None
    by_command = mail_server.smtp(settings(SMTP_USER="shop", SMTP_TOKEN_COMMAND="/bin/echo 'a b'"))
    assert asyncio.run(by_command.tokens.get() if by_command.tokens else asyncio.sleep(0)) == "a b"
    url = {"SMTP_USER": "shop", "SMTP_OAUTH_TOKEN_URL": "https://login.example.com/token"}
    assert mail_server.smtp(settings(**url)).tokens is not None
    with pytest.raises(ConfigError, match="SMTP settings: the token endpoint must be an https:// address"):
        mail_server.smtp(settings(**url | {"SMTP_OAUTH_TOKEN_URL": "http://login.example.com/token"}))


def test_links_signed_before_link_secret_was_set_are_read_still() -> None:
    stored = "a secret of our own table"
    before = wiring.links(settings(), stored)
    after = wiring.links(settings(LINK_SECRET="a secret of the shop's own"), stored)
    assert after.read(before.token(7)) == 7
    with pytest.raises(WrongSignatureError):
        before.read(after.token(7))


def test_links_signed_by_the_link_secret_before_are_read_still() -> None:
    before = wiring.links(settings(LINK_SECRET="the secret of last year"), None)
    after = wiring.links(
        settings(LINK_SECRET="the secret of this year", LINK_SECRET_OLD="the secret of last year"), None
    )
    assert after.read(before.token(7)) == 7
    with pytest.raises(WrongSignatureError):
        before.read(after.token(7))


def test_links_of_a_storefront_lead_back_to_it() -> None:
    shop = settings(PUBLIC_URL="https://c.example.com", WEB_SERVED_ELSEWHERE="true")
    found = wiring.brands(shop.model_copy(update={"stores": {"de": shop}}), "a secret of our own table")
    assert found.default.links.back_to_cart(7) != found.listed["de"].links.back_to_cart(7)
    page = "https://shop.example.com/lamp"
    both = [one.links.to_product(7, "item", 1, page) for one in (found.default, found.listed["de"])]
    assert all(link.startswith("https://c.example.com/r/") for link in both)
    assert both[0] != both[1]


def test_who_does_not_track_products_links_to_them_directly() -> None:
    shop = settings(
        PUBLIC_URL="https://c.example.com", WEB_SERVED_ELSEWHERE="true", TRACK_PRODUCT_LINKS="false"
    )
    page = "https://shop.example.com/lamp"
    assert wiring.links(shop, "a secret of our own table").to_product(7, "item", 1, page) == page


@pytest.mark.parametrize(
    ("setting", "environ", "folder"),
    [
        (None, {"XDG_CACHE_HOME": "/x"}, "/x/cartwake/recommender"),
        (None, {"XDG_CACHE_HOME": "x", "HOME": "/home/shop"}, "~/.cache/cartwake/recommender"),
        (None, {"CACHE_DIRECTORY": "/var/cache/cartwake:/other"}, "/var/cache/cartwake/recommender"),
        ("/var/own", {"CACHE_DIRECTORY": "/var/cache/cartwake"}, "/var/own/recommender"),
        ("None", {}, None),
    ],
)
def test_where_models_are_kept(setting: str | None, environ: dict[str, str], folder: str | None) -> None:
    found = wiring.model_folder(Settings(recommender_cache=setting), environ)
    assert found == (None if folder is None else Path(folder).expanduser())
