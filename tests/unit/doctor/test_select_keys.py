"""By which index a SELECT finds its keys, as its text tells."""

import pytest

from binlog_watcher.doctor.select_keys import check_keys

INDEXES = {
    "cart": [["cart_id"], ["api_id", "customer_id", "session_id"], ["a", "b", "customer_id"]],
    "customer": [["customer_id"]],
}


def problems(select: str) -> list[str]:
    return list(check_keys(select, lambda table: INDEXES.get(table, [])))


@pytest.mark.parametrize(
    "select",
    [
        "SELECT 1 FROM cart c WHERE c.api_id = 0 AND c.customer_id IN {keys}",
        "SELECT 1 FROM cart c WHERE c.customer_id IN {keys} AND c.api_id = {api} ORDER BY c.cart_id",
        "SELECT 1 FROM cart AS c WHERE c.customer_id IN {keys} and c.API_ID <=> 'x'",
        "SELECT 1 FROM cart c WHERE c.api_id IS NULL AND c.customer_id IN {keys} LIMIT 9",
        "SELECT 1 FROM cart c WHERE c.api_id IN (0, 1) AND c.customer_id IN {keys};",
        "SELECT 1 FROM cart c WHERE c.api_id = -1 AND c.customer_id IN {keys}",
        "SELECT 1 FROM customer u JOIN cart c ON c.x = u.x AND c.api_id = 0 WHERE c.customer_id IN {keys}",
        "SELECT 1 FROM customer u JOIN cart c ON c.api_id = 0 JOIN x ON x.y = c.y WHERE c.customer_id IN {keys}",
        "SELECT 1 FROM cart c WHERE c.b = 1 AND c.a = 2 AND c.customer_id IN {keys}",
        "SELECT c.x = 1 OR c.y = 2 AS z FROM cart c WHERE c.api_id = 0 AND c.customer_id IN {keys}",
        "SELECT 1 FROM cart c WHERE c.api_id = 0 AND (c.x > 1 OR c.y = 2) AND c.customer_id IN {keys}",
        "SELECT (SELECT 1 FROM d WHERE d.x = 0 OR d.y = 1) FROM cart c WHERE c.api_id = 0 AND c.customer_id IN {keys}",
        "SELECT 0 FROM x UNION ALL SELECT 1 FROM cart c WHERE c.api_id = 0 AND c.customer_id IN {keys}",
        "SELECT 1 FROM nobody_knows x WHERE customer_id IN {keys}",
        "WITH c AS (SELECT 1 FROM cart) SELECT 1 FROM c WHERE c.customer_id IN {keys}",
    ],
)  # fmt: skip
def test_an_index_that_begins_with_constants_serves(select: str) -> None:
    assert problems(select) == []


@pytest.mark.parametrize(
    "select",
    [
        "SELECT 1 FROM cart c WHERE c.customer_id IN {keys}",
        "SELECT 1 FROM cart c WHERE c.api_id > 0 AND c.customer_id IN {keys}",
        "SELECT 1 FROM cart c WHERE c.api_id = 0 OR c.customer_id IN {keys}",
        "SELECT 1 FROM cart c WHERE NOT c.api_id = 0 AND c.customer_id IN {keys}",
        "SELECT 1 FROM cart c WHERE c.api_id = c.x AND c.customer_id IN {keys}",
        "SELECT 1 FROM cart c WHERE c.api_id = 0 + c.x AND c.customer_id IN {keys}",
        "SELECT 1 FROM cart c WHERE c.api_id IN (0, c.x) AND c.customer_id IN {keys}",
        "SELECT c.y AND c.api_id = 0 AND c.x AS z FROM cart c WHERE c.customer_id IN {keys}",
        "SELECT 1 FROM cart c JOIN customer u ON u.api_id = 0 WHERE c.customer_id IN {keys}",
        "SELECT (SELECT 1 FROM cart c WHERE c.api_id = 0 AND c.x = 1) FROM cart c WHERE c.customer_id IN {keys}",
        "SELECT 1 FROM cart c WHERE c.api_id = 0 AND c.x = 1 UNION SELECT 1 FROM cart c WHERE c.customer_id IN {keys}",
        "SELECT 1 FROM cart c WHERE c.customer_id IN {keys} UNION SELECT 1 FROM cart c WHERE c.api_id = 0",
        "SELECT 1 FROM cart c WHERE c.note = 'x AND c.api_id = 0 AND' AND c.customer_id IN {keys}",
        "SELECT 1 FROM cart c WHERE c.b = 1 AND c.customer_id IN {keys}",
        "SELECT 1 FROM cart c WHERE (c.api_id = 0 AND c.customer_id IN {keys})",
    ],
)  # fmt: skip
def test_others_read_all_of_the_table(select: str) -> None:
    (problem,) = problems(select)
    assert problem.startswith("finds {keys} by cart.customer_id, with which no index begins")


def test_what_was_taken_into_account_is_said() -> None:
    (problem,) = problems("SELECT 1 FROM cart c WHERE c.x = 1 AND c.customer_id IN {keys}")
    assert "with which no index begins behind x: it would read" in problem
