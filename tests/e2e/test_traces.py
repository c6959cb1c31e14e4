"""A real service with TRACES_URL: the way of a cart that is mailed, and of one that is not; nobody's address."""

from typing import Any

from fakes.otlp_receiver import attributes, otlp_receiver
from fakes.waiting import wait_until


def test_the_ways_of_a_mailed_cart_and_of_a_skipped_one(running_shop: Any) -> None:
    with otlp_receiver() as receiver:
        service = running_shop.service(TRACES_URL=receiver.url, EXCLUDE_ADDRESSES="nobody@")
        running_shop.user(1, "jane@example.com")
        running_shop.user(2, "nobody@example.com")
        running_shop.add(1)
        running_shop.add(2)
        running_shop.wait_for_mail("jane@example.com")
        wait_until(lambda: len(receiver.named("recovery")) >= 2, 30)
        service.stop()
    roots = {attributes(span)["cartwake.cart"]: span for span in receiver.named("recovery")}
    assert attributes(roots["1"])["cartwake.outcome"] == "sent"
    assert receiver.tree(roots["1"]) == ["armed", "decide", "claim", "compose", "fence", "smtp", "settle"]
    assert attributes(roots["2"])["cartwake.reason"] == "excluded_address"
    assert receiver.tree(roots["2"]) == ["armed", "decide"]
    assert len(receiver.named("cart.activity")) >= 2
    assert not any(b"example.com" in body or b"Jane" in body for body in receiver.bodies)
