"""Names that are no settings, values that are none, and the environments in which Cartwake really starts."""

import re
from pathlib import Path

import pytest
import structlog

from binlog_watcher.commands.run import tell_of_other_names
from binlog_watcher.errors import ConfigError
from binlog_watcher.settings.load import load_settings, names_of_others
from binlog_watcher.settings.names import NOT_SETTINGS, PREFIX
from binlog_watcher.settings.settings import Settings

ROOT = Path(__file__).parents[3]
NAMES = frozenset(name.upper() for name in Settings.model_fields) | {"MYSQL_URL", "SERVER_ID"}
ENOUGH = {"MYSQL_USER": "cartwake", "MYSQL_DATABASE": "shop"}

KUBERNETES = {
    "HOSTNAME": "cartwake-7d4b9c6f5-x2x9p", "HOME": "/", "PATH": "/opt/cartwake/bin:/usr/bin",
    "PYTHON_VERSION": "3.11.9", "GPG_KEY": "A035", "LANG": "C.UTF-8", "POD_NAME": "cartwake-0",
    "POD_IP": "10.1.0.4", "NODE_NAME": "node-1",
    "KUBERNETES_PORT": "tcp://10.96.0.1:443", "KUBERNETES_PORT_443_TCP": "tcp://10.96.0.1:443",
    "KUBERNETES_PORT_443_TCP_ADDR": "10.96.0.1", "KUBERNETES_PORT_443_TCP_PORT": "443",
    "KUBERNETES_PORT_443_TCP_PROTO": "tcp", "KUBERNETES_SERVICE_HOST": "10.96.0.1",
    "KUBERNETES_SERVICE_PORT": "443", "KUBERNETES_SERVICE_PORT_HTTPS": "443",
    "CARTWAKE_PORT": "tcp://10.96.7.7:9108", "CARTWAKE_PORT_9108_TCP": "tcp://10.96.7.7:9108",
    "CARTWAKE_PORT_9108_TCP_ADDR": "10.96.7.7", "CARTWAKE_SERVICE_HOST": "10.96.7.7",
    "CARTWAKE_SERVICE_PORT": "9108", "CARTWAKE_SERVICE_PORT_METRICS": "9108",
    "MYSQL_SERVICE_HOST": "10.96.0.9", "MYSQL_SERVICE_PORT": "3306", "MYSQL_SERVICE_PORT_MYSQL": "3306",
    "MYSQL_PORT_3306_TCP": "tcp://10.96.0.9:3306", "SMTP_SERVICE_HOST": "10.96.0.8", "SMTP_SERVICE_PORT": "25",
    "STORE_PORT": "tcp://10.96.0.3:80", "STORE_SERVICE_HOST": "10.96.0.3", "METRICS_SERVICE_HOST": "10.96.0.4",
    "METRICS_PORT": "9108", "LOG_FILE": "",
}  # fmt: skip
COMPOSE = {
    "HOME": "/root", "PATH": "/usr/bin:/bin", "PWD": "/app", "OLDPWD": "/", "SHLVL": "1", "TERM": "xterm",
    "TZ": "Europe/Berlin", "LC_ALL": "C.UTF-8", "USER": "root", "LOGNAME": "root", "MAIL": "/var/mail/root",
    "SHELL": "/bin/sh", "EDITOR": "vi", "CI": "true", "DEBUG": "0", "PORT": "8080", "HOST": "127.0.0.1",
    "NODE_ENV": "production", "APP_NAME": "shop", "APP_ENV": "production", "APP_URL": "https://shop.test",
    "DATABASE_URL": "mysql://x", "REDIS_URL": "redis://r", "MYSQL_ROOT_PASSWORD": "x", "MYSQL_ROOT_HOST": "%",
    "MYSQL_RANDOM_ROOT_PASSWORD": "yes", "MYSQL_PWD": "x", "MYSQL_ALLOW_EMPTY_PASSWORD": "no",
    "MYSQL_ONETIME_PASSWORD": "yes", "MYSQL_INITDB_SKIP_TZINFO": "1", "MYSQL_HOME": "/etc/mysql",
    "MYSQL_TCP_PORT": "3306", "MYSQL_UNIX_PORT": "/run/mysqld.sock", "MYSQL_PS1": "> ", "MYSQL_HISTFILE": "/dev/null",
    "MYSQL_VERSION": "8.4", "MYSQL_MAJOR": "8", "MYSQL_PASSWORD_FILE": "/run/secrets/p", "MYSQL_REPLICATION_USER": "r",
    "MYSQL_REPLICATION_PASSWORD": "x", "MYSQL_MASTER_HOST": "db", "MARIADB_ROOT_PASSWORD": "x",
    "MARIADB_DATABASE": "shop", "DB_HOST": "db", "DB_PASSWORD": "x", "DB_NAME": "shop", "SMTP_ADDRESS": "mail",
    "SMTP_AUTH": "plain", "SMTP_DOMAIN": "shop.test", "SMTP_SECURE": "true", "SMTP_REPLY_TO": "a@shop.test",
    "SMTP_AUTH_METHOD": "plain", "SMTP_FROM_ADDRESS": "a@shop.test", "SMTP_NAME": "x", "MAIL_HOST": "mail",
    "MAIL_PORT": "25", "MAIL_PASSWORD": "x", "MAIL_FROM_ADDRESS": "a@shop.test", "GOOGLE_API_KEY": "x",
    "GOOGLE_APPLICATION_CREDENTIALS": "/k.json", "LOG_CHANNEL": "stack", "LOG_FORMAT": "json", "LOG_PATH": "/var/log",
    "LOG_DIR": "/var/log", "PUBLIC_KEY": "x", "SERVER_NAME": "shop", "SERVER_PORT": "80",
    "SERVER_EMAIL": "root@shop.test", "SITE_URL": "https://shop.test", "BASE_URL": "https://shop.test",
    "CONCURRENCY": "4", "WEB_CONCURRENCY": "4", "COMPOSE_PROJECT_NAME": "shop", "HTTP_PROXY": "http://p",
    "no_proxy": "localhost", "_": "/usr/bin/env", "INVOCATION_ID": "0", "JOURNAL_STREAM": "9:1",
    "NOTIFY_SOCKET": "/run/systemd/notify", "WATCHDOG_USEC": "1", "SYSTEMD_EXEC_PID": "1",
    "LOGS_DIRECTORY": "/var/log/cartwake", "PS1": "'$ '", "CARTWAKE_PASSWORD": "'x'",
}  # fmt: skip


def complaints(env_file: Path | None = None, /, **environ: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        load_settings(env_file, need="mysql", environ=ENOUGH | environ)
    return caught.value.problems


def complaint(**environ: str) -> str:
    (only,) = complaints(**environ)
    return only


def load(**environ: str) -> Settings:
    return load_settings(None, need="mysql", environ=ENOUGH | environ)


@pytest.mark.parametrize("environ", [KUBERNETES, COMPOSE], ids=["kubernetes", "compose"])
def test_other_programs_names_are_left_alone(environ: dict[str, str], tmp_path: Path) -> None:
    expected = load(**{name: value for name, value in environ.items() if name in NAMES})
    assert load(**environ) == expected
    file = tmp_path / ".env"
    file.write_text("\n".join(f"{name}={value}" for name, value in environ.items()))
    assert load_settings(file, need="mysql", environ=ENOUGH) == expected


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("DRY_RUNN", "DRY_RUN"), ("DRYRUN", "DRY_RUN"), ("dry_run", "DRY_RUN"), ("EXCLUDE_ROLE", "EXCLUDE_ROLES"),
        ("ROLLOUT_PERCENTAGE", "ROLLOUT_PERCENT"), ("ROLLOUT_PCT", "ROLLOUT_PERCENT"), ("SMPT_PORT", "SMTP_PORT"),
        ("ABANDONMENT_THRESHOLD", "ABANDONMENT_THRESHOLD_MINUTES"), ("SMTP_PASS", "SMTP_PASSWORD"),
        ("ABANDONMENT_THRESHOLD_HOURS", "ABANDONMENT_THRESHOLD_MINUTES"), ("EMAIL_COOLDOWN", "EMAIL_COOLDOWN_HOURS"),
        ("MAIL_COOLDOWN_DAYS", "EMAIL_COOLDOWN_HOURS"), ("MAX_EMAILS_PER_HOUR", "MAX_EMAILS_PER_MINUTE"),
        ("MAX_CART_AGE_DAYS", "MAX_CART_AGE_HOURS"), ("MYSQL_SERVER", "MYSQL_HOST"), ("SMTP_SERVER", "SMTP_HOST"),
        ("SMTP_USERNAME", "SMTP_USER"), ("MYSQL_SSL_CA", "MYSQL_TLS_CA"), ("MYSQL_PASSWD", "MYSQL_PASSWORD"),
        ("MAIL_FROM", "SENDER_EMAIL"), ("SHOP_TZ", "SHOP_TIMEZONE"), ("GEMINI_KEY", "GEMINI_API_KEY"),
        ("CARTWAK_DRY_RUN", "CARTWAKE_DRY_RUN"), ("CARTWAKEDRY_RUN", "CARTWAKE_DRY_RUN"),
        ("STORE", "STORES"),
    ],
)  # fmt: skip
def test_a_name_that_was_meant_to_be_ours(wrong: str, right: str, tmp_path: Path) -> None:
    line = f"there is no such setting; did you mean {right}?"
    assert complaint(**{wrong: "geheim"}).startswith(f"{wrong} (environment): {line}")
    file = tmp_path / ".env"
    file.write_text(f"{wrong}=geheim\n")
    assert complaints(file) == (f"{wrong} ({file} line 1): {line}",)


def test_a_short_name_is_not_another_word() -> None:
    """Two slips from STORES."""
    assert load(CORES="8", SHARES="1") == load()


def test_what_may_be_meant_for_us_is_told(tmp_path: Path) -> None:
    assert names_of_others(None, KUBERNETES) == []
    told = [
        "MYSQL_PASSWORD_FILE", "SMTP_ADDRESS", "SMTP_AUTH", "SMTP_AUTH_METHOD", "SMTP_DOMAIN", "SMTP_FROM_ADDRESS",
        "SMTP_NAME", "SMTP_REPLY_TO", "SMTP_SECURE",
    ]  # fmt: skip
    assert names_of_others(None, COMPOSE) == told
    file = tmp_path / ".env"
    file.write_text(
        "DISCOUNT_CATEGORIES=1000\nROLLOUT=5\nPATH=x\nLOG_FORMAT=json\nSMTP_HOST=mail\nEXCLUDE_COUNTRIES=1\n"
    )
    found = names_of_others(file, ENOUGH | {"SMTP_SECURE": "geheim"})
    assert found == ["DISCOUNT_CATEGORIES", "EXCLUDE_COUNTRIES", "SMTP_SECURE"]
    with structlog.testing.capture_logs() as logs:
        tell_of_other_names(found)
        tell_of_other_names([])
    (line,) = logs
    assert (line["log_level"], line["names"]) == (
        "warning",
        "DISCOUNT_CATEGORIES, EXCLUDE_COUNTRIES, SMTP_SECURE",
    )
    assert "geheim" not in str(logs)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("ROLLOUT_PERCENTAGE", "ROLLOUT_PERCENT"), ("ABANDONMENT_THRESHOLD", "ABANDONMENT_THRESHOLD_MINUTES"),
        ("EXCLUDE_ROLE", "EXCLUDE_ROLES"), ("EMAIL_COOLDOWN", "EMAIL_COOLDOWN_HOURS"), ("MYSQL_DB", "MYSQL_DATABASE"),
        ("COOLDOWN_HOURS", "EMAIL_COOLDOWN_HOURS"), ("COOLDOWN", "EMAIL_COOLDOWN_HOURS"),
    ],
)  # fmt: skip
def test_another_name_that_says_otherwise_is_a_mistake_though_ours_is_given(
    wrong: str, right: str, tmp_path: Path
) -> None:
    line = f"there is no such setting; did you mean {right}, which has another value?"
    assert complaint(**{right: "1", wrong: "0"}).startswith(f"{wrong} (environment): {line}")
    file = tmp_path / ".env"
    file.write_text(f"{wrong}=0\n")
    assert complaints(file, **{right: "1"}) == (f"{wrong} ({file} line 1): {line}",)


def test_another_name_that_says_the_same_is_another_programs() -> None:
    # MYSQL_DATABASE is given: the test of every name above can't show it.
    assert load(MYSQL_DB="shop", SMTP_PASS="x", SMTP_USER="u", SMTP_PASSWORD="x").mysql_database == "shop"
    with pytest.raises(ConfigError, match=r"^MYSQL_DB \(environment\): .* did you mean MYSQL_DATABASE\?"):
        load_settings(None, need="mysql", environ={"MYSQL_USER": "cartwake", "MYSQL_DB": "shop"})
    # A slip of the keyboard is nobody's name.
    assert "DRY_RUNN" in complaint(DRY_RUN="false", DRY_RUNN="true")


class TestPrefix:
    def test_it_may_stand_before_every_name(self, tmp_path: Path) -> None:
        example = load_settings(ROOT / ".env.example", environ={})
        prefixed = re.sub(
            r"^([A-Z0-9_]+=)", rf"{PREFIX}\1", (ROOT / ".env.example").read_text(), flags=re.MULTILINE
        )
        (tmp_path / ".env").write_text(prefixed)
        assert load_settings(tmp_path / ".env", environ={}) == example
        assert load(CARTWAKE_DRY_RUN="true").dry_run
        assert load(CARTWAKE_SERVER_ID="5").mysql_server_id == 5
        assert load(CARTWAKE_MYSQL_URL="mysql://cartwake@db/shop").mysql_host == "db"

    def test_it_wins_over_the_plain_name(self, tmp_path: Path) -> None:
        assert load(METRICS_PORT="9108", CARTWAKE_METRICS_PORT="9200").metrics_port == 9200
        assert load(METRICS_PORT="9108", CARTWAKE_METRICS_PORT="").metrics_port is None
        (tmp_path / ".env").write_text("CARTWAKE_METRICS_PORT=9200\nMYSQL_HOST=db\nCARTWAKE_MYSQL_HOST=db2\n")
        (twice,) = complaints(tmp_path / ".env", METRICS_PORT="9108")
        assert twice.startswith("MYSQL_HOST: set twice (")

    def test_a_mistake_names_what_was_written(self) -> None:
        assert complaint(CARTWAKE_SMTP_PORT="x") == (
            "SMTP_PORT = 'x' (CARTWAKE_SMTP_PORT, environment): give a whole number from 1 up to 65535"
        )

    @pytest.mark.parametrize(
        "name", ["CARTWAKE_COLOUR", "CARTWAKE_MYSQL", "cartwake_mode", "CARTWAKE_MYSQL_PWD"]
    )
    def test_every_unknown_name_is_a_mistake(self, name: str) -> None:
        assert complaint(**{name: "1"}).startswith(f"{name} (environment): there is no such setting; ")

    def test_what_else_the_code_reads_is_known(self) -> None:
        files = [
            file
            for folder in ("binlog_watcher", "mailer", "recommender", "benchmarks", "docker", "tests")
            for file in (ROOT / folder).rglob("*")
            if file.suffix in {".py", ".yaml", ".sh", ".example", ""} and file.is_file()
        ]
        reads = re.compile(
            r"""(?:environ(?:\.get\(|\[)|\$\{)"?(CARTWAKE_[A-Z_]+)|^    "\w+": "(CARTWAKE_[A-Z]+)\"""",
            re.MULTILINE,
        )
        read = {next(filter(None, found)) for file in files for found in reads.findall(file.read_text())}
        assert {name for name in read if name.removeprefix(PREFIX) not in NAMES} <= NOT_SETTINGS
        documented = re.findall("CARTWAKE_[A-Z_]+", (ROOT / "docs/settings.md").read_text())
        assert NOT_SETTINGS.issubset(documented)


class TestQuotes:
    @pytest.mark.parametrize(
        ("name", "value"),
        [("STORE_NAME", "'Example Shop'"), ("STORE_NAME", '"Example Shop"'), ("EXCLUDE_ROLES", "'customer, admin'"),
         ("ROLLOUT_PERCENT", "'0'"), ("DRY_RUN", '"true"')],
    )  # fmt: skip
    def test_those_that_docker_passes_on_are_named(self, name: str, value: str) -> None:
        line = complaint(**{name: value})
        assert line.startswith(f"{name} = {value!r} (environment): the quotes count as part of the value")

    def test_a_secret_is_not_shown(self) -> None:
        line = complaint(MYSQL_PASSWORD="'geheim'")
        assert line.startswith("MYSQL_PASSWORD (environment): the quotes count")

    def test_in_the_file_they_are_its_syntax(self, tmp_path: Path) -> None:
        file = tmp_path / ".env"
        file.write_text("STORE_NAME='Example Shop'\nMYSQL_PASSWORD=\"'geheim'\"\n")
        settings = load_settings(file, need="mysql", environ=ENOUGH)
        assert settings.store_name == "Example Shop"
        assert settings.mysql_password.get_secret_value() == "'geheim'"
        file.write_text("EXCLUDE_ROLES=\"'customer, admin'\"\n")
        assert complaints(file)[0].startswith("EXCLUDE_ROLES = \"'customer, admin'\" (")

    @pytest.mark.parametrize("value", ["'t Winkeltje", "Rock 'n' Roll", '5" Shop', "'"])
    def test_others_are_text(self, value: str) -> None:
        assert load(STORE_NAME=value).store_name == value

    def test_each_of_several_values_has_none(self) -> None:
        assert complaint(EXCLUDE_ROLES="customer, 'admin'").endswith(
            "give roles with commas between them, without quotes"
        )
        assert complaint(SHOP_VARIABLES="prefix='ps_', language=2").endswith("give name=value without quotes")


class TestServiceLinks:
    def test_a_link_is_no_port(self) -> None:
        assert complaint(MYSQL_PORT="tcp://10.96.0.9:3306") == (
            "MYSQL_PORT = 'tcp://10.96.0.9:3306' (environment): Kubernetes made this for a service, it is no port; "
            "give CARTWAKE_MYSQL_PORT, or enableServiceLinks: false"
        )

    def test_the_port_that_is_given_counts(self) -> None:
        link = "tcp://10.96.0.9:3306"
        assert load(MYSQL_PORT=link, CARTWAKE_MYSQL_PORT="3307").mysql_port == 3307
        assert load(METRICS_PORT="9108", CARTWAKE_METRICS_PORT=link).metrics_port == 9108
