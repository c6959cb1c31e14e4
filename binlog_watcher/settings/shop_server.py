"""The settings of the shop's MySQL and of its tables."""

from typing import Annotated

from pydantic import BaseModel, SecretStr, ValidationInfo, field_validator

from binlog_watcher.settings import types as kind
from binlog_watcher.settings.connection import ConnectionSettings, Tls
from binlog_watcher.shop.presets import load_schema
from binlog_watcher.shop.schema import Schema


class ShopServerSettings(BaseModel):
    """A part of ``Settings``."""

    mysql_host: kind.Host = "127.0.0.1"
    """The primary."""
    mysql_port: kind.Port = 3306
    """Its port."""
    mysql_user: kind.Text = ""
    """The account; `cartwake grants` prints the least rights it needs."""
    mysql_password: kind.Secret = SecretStr("")
    """The account's password."""
    mysql_database: kind.Text = ""
    """The shop's database."""
    mysql_tls: Annotated[Tls, kind.Lower] = Tls.PREFERRED
    """How the connection is encrypted; the last two check the server's certificate."""
    mysql_tls_ca: kind.PemFile | None = None
    """The authorities that certificate is checked against. Empty: the system's."""
    mysql_tls_cert: kind.PemFile | None = None
    """A client certificate, with `MYSQL_TLS_KEY`."""
    mysql_tls_key: kind.PemFile | None = None
    """Its key."""
    mysql_server_id: kind.ServerId | None = None
    """Under which number the reader registers; unlike that of any replica. Empty: a random one. `SERVER_ID` is
    another name of it."""
    shop_timezone: kind.Zone | None = None
    """The zone of DATETIME columns; many applications write `UTC`. Empty: the preset's, else the server's. Must be
    set where carts have DATETIME and orders TIMESTAMP (or the reverse) and the server has no exact zone."""
    shop_schema: kind.Text = "sample"
    """The shop's tables: one of [the presets](shops.md), or a file of your own, such as `./myshop.toml` ([how to
    write one](schemas.md))."""
    shop_variables: kind.Variables = ()
    """Other values for the preset's variables: `prefix=shop_, language=2`."""
    allow_slow_tables: bool = False
    """Run although a table that is not InnoDB's, has 100,000 rows and more, and lacks an index is read from end to
    end by each batch of due carts: the shop's own writes to it wait meanwhile. `schema check` says which index it
    is."""

    @field_validator("mysql_tls_ca")
    @classmethod
    def _ca_has_use(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("mysql_tls") is Tls.OFF:
            raise ValueError("no certificate with MYSQL_TLS = off, or MYSQL_TLS = verify_ca")
        return value

    @field_validator("mysql_tls_key")
    @classmethod
    def _certificate_has_key(cls, value: str | None, info: ValidationInfo) -> str | None:
        if "mysql_tls_cert" in info.data and (value is None) != (info.data["mysql_tls_cert"] is None):
            raise ValueError("both MYSQL_TLS_CERT and MYSQL_TLS_KEY, or neither")
        return value

    @property
    def connection(self) -> ConnectionSettings:
        """How MySQL is reached."""
        return ConnectionSettings(
            host=self.mysql_host,
            port=self.mysql_port,
            user=self.mysql_user,
            password=self.mysql_password.get_secret_value(),
            database=self.mysql_database,
            tls=self.mysql_tls,
            tls_ca=self.mysql_tls_ca,
            tls_cert=self.mysql_tls_cert,
            tls_key=self.mysql_tls_key,
        )

    def preset(self) -> Schema:
        """The shop's tables: the preset SHOP_SCHEMA with SHOP_VARIABLES. Raises ConfigError for a preset's mistakes."""
        return load_schema(self.shop_schema, dict(self.shop_variables))
