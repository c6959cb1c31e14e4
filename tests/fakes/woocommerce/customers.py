"""Who has an account, as WordPress' ``wp_insert_user`` and WooCommerce write it."""

from typing import Any

from fakes.php import serialized
from fakes.shop_statements import ago
from fakes.woocommerce.session import Session
from fakes.woocommerce.statements import Writer


class Customers(Writer):
    """They register; their cart is kept beside the session as well."""

    def register(
        self,
        email: str,
        *,
        first: str = "Ada",
        last: str = "Löwe 🦁",
        locale: str = "",
        role: str = "customer",
    ) -> int:
        """A new user. ``locale``: empty for the site's own language. Returns the id."""
        login = email.partition("@")[0]
        user = self._insert(
            "users", user_login=login, user_pass="$wp$2y$10$" + "x" * 53,
            user_nicename=login, user_email=email, user_url="", user_registered=ago(1000),
            user_activation_key="", display_name=f"{first} {last}".strip(),
        )  # fmt: skip
        self.user_meta(
            user,
            nickname=email,
            first_name=first,
            last_name=last,
            description="",
            locale=locale,
            **{
                f"{self.prefix}capabilities": serialized({role: True}).decode(),
                f"{self.prefix}user_level": "0",
            },
        )
        return user

    def user_meta(self, user: int, **values: Any) -> None:
        for key, value in values.items():
            self._insert("usermeta", user_id=user, meta_key=key, meta_value=value)

    def keep_cart(self, user: int, session: Session) -> None:
        """``persistent_cart_update``, with each change of a customer's cart."""
        value = serialized({"cart": session.values["cart"]}).decode()
        key = "_woocommerce_persistent_cart_1"
        found = self._run(
            f"SELECT umeta_id FROM {self.table('usermeta')} WHERE meta_key = %s AND user_id = %s", (key, user)
        )
        if found:
            self._run(
                f"UPDATE `{self.table('usermeta')}` SET `meta_value` = %s WHERE `user_id` = %s AND `meta_key` = %s",
                (value, user, key),
            )
        else:
            self.user_meta(user, **{key: value})

    def in_reports(self, *, user: int | None, email: str, first: str = "Ada", last: str = "Löwe") -> int:
        """The customer's row for reports: one a user, one an address of guests. Returns its id, which is no user's."""
        found = self._run(
            f"SELECT customer_id FROM {self.table('wc_customer_lookup')} "
            "WHERE user_id = %s OR (%s IS NULL AND user_id IS NULL AND email = %s)",
            (user, user, email),
        )
        if found:
            return int(found[0][0])
        return self._insert(
            "wc_customer_lookup", user_id=user, username="", first_name=first, last_name=last, email=email,
            date_last_active=ago(0), country="DE",
        )  # fmt: skip
