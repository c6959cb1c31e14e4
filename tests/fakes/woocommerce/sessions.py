"""The sessions' rows, by the statements of ``WC_Session_Handler``: one row a visitor, and no transaction."""

import secrets
from typing import Any

from fakes.php import serialized
from fakes.woocommerce.session import Session
from fakes.woocommerce.statements import Writer

DAY = 86_400
_FORGOTTEN = 2 * DAY
"""After that many seconds a visitor's session is over; a customer's lives a week."""


def guest_key() -> str:
    """``generate_customer_id``: t_ and 30 hexadecimal digits fill the column."""
    return f"t_{secrets.token_hex(15)}"


class Sessions(Writer):
    """Saved, moved, cloned, deleted. Keys are texts: a guest's begins with t_, a customer's is the user's id."""

    def save(
        self, key: str, session: Session, *, expiry: int | None = None, written: bytes | None = None
    ) -> int:
        """``save_data``, at the end of any page that has changed the session. Returns when it expires.

        ``expiry=None``: as a cookie would have it that was set just now. ``written``: other bytes than the session's.
        """
        document = session.document if written is None else written
        expires = self._seconds() + _FORGOTTEN if expiry is None else expiry
        self._run(
            f"INSERT INTO {self.table('woocommerce_sessions')} (`session_key`, `session_value`, `session_expiry`) "
            "VALUES (%s, %s, %s) ON DUPLICATE KEY UPDATE `session_value` = VALUES(`session_value`), "
            "`session_expiry` = VALUES(`session_expiry`)",
            (key, document.decode(), expires),
        )
        return expires

    def look_at_a_page(self, key: str, session: Session, notice: str = "") -> None:
        """A page that shows what the last one had to tell: other notices, another expiry, and the same cart."""
        if notice:
            session.notice(notice)
        else:
            session.set("wc_notices", None)
        self.save(key, session, expiry=self._seconds() + _FORGOTTEN + secrets.randbelow(DAY))

    def renew(self, key: str, expiry: int) -> None:
        """``update_session_timestamp``: the cookie was about to expire."""
        self._update("woocommerce_sessions", "session_key", key, session_expiry=expiry)

    def type_address(self, key: str, session: Session, email: str, **fields: str) -> None:
        """In the checkout: the form is sent while it is filled in, and kept in the session only."""
        session.customer(email=email, **fields)
        session.choose_shipping()
        session.values.setdefault("chosen_payment_method", "bacs")
        self.save(key, session)

    def log_in(self, guest: str, session: Session, user: int) -> str:
        """``migrate_guest_session_to_user_session``: first the row of the user, then the guest's is deleted.

        Whatever the user's row had held is overwritten. Later versions put off the expiry then.
        """
        key = str(user)
        expiry = self.save(key, session)
        self.delete(guest)
        if session.later:
            self.renew(key, expiry + 5 * DAY)
        return key

    def log_out(self, user: int) -> None:
        """``destroy_session``: the row goes, and ``wp_usermeta`` keeps the cart for the next time."""
        self.delete(str(user))

    def clone(self, session: Session, from_key: str) -> tuple[str, Session]:
        """A link with ``?session=``, opened by somebody: a guest's row of its own, without the customer."""
        twin = Session(later=session.later)
        twin.values = {name: value for name, value in session.values.items() if name != "customer"}
        twin.values["previous_customer_id"] = from_key
        key = guest_key()
        self.save(key, twin)
        return key, twin

    def delete(self, key: str) -> None:
        self._run(
            f"DELETE FROM `{self.table('woocommerce_sessions')}` WHERE `session_key` = %s",
            (key,),
        )

    def forget_if_empty(self, key: str, session: Session) -> None:
        """``destroy_session_if_empty`` of later versions: a guest's row goes when nothing is left in it."""
        if session.later and not session.values:
            self.delete(key)

    def clean_up(self, *, batch: int | None = None) -> None:
        """``cleanup_sessions``, twice a day: all that have expired; in batches of 100 in later versions."""
        expired, now = f"FROM {self.table('woocommerce_sessions')} WHERE session_expiry < %s", self._seconds()
        if batch is None:
            self._run(f"DELETE {expired}", (now,))
            return
        while self._run(f"SELECT 1 {expired} LIMIT 1", (now,)):
            self._run(f"DELETE {expired} ORDER BY session_expiry LIMIT %s", (now, batch))

    def own_recovery_mail(self, *, enabled: bool, feature: bool = True) -> None:
        """The shop's own mail about carts that were left (WooCommerce 11.3): the switch and its feature's."""
        self.option("woocommerce_feature_cart_recovery_enabled", "yes" if feature else "no")
        settings = {"enabled": "yes" if enabled else "no", "delay_minutes": "60"}
        self.option("woocommerce_customer_cart_recovery_settings", serialized(settings).decode())

    def option(self, name: str, value: Any) -> None:
        """``add_option``, which takes an option that is there already, too."""
        self._run(
            f"INSERT INTO `{self.table('options')}` (`option_name`, `option_value`, `autoload`) VALUES (%s, %s, %s) "
            "ON DUPLICATE KEY UPDATE `option_name` = VALUES(`option_name`), `option_value` = VALUES(`option_value`), "
            "`autoload` = VALUES(`autoload`)",
            (name, value, "on"),
        )
