"""Exactly one mail a cart from a consumer group, whatever crashes: see tests/fakes/chaos/group.py.

Apache Kafka and Debezium's connector are fetched by Maven. A failing run prints its seed and the story of each
offending cart, and exits with 1.
"""

from chaos_run import judged, options_of
from fakes.chaos.group import run_group_chaos
from fakes.chaos.options import Options
from parts.debezium import fetch_jars

SETTLE_S = 900.0
"""What killed workers had claimed is taken over by one worker, some hundreds a pass."""


def main() -> None:
    options = options_of(__doc__, kills=100, restarts="the broker")
    jars = fetch_jars()
    plan = Options(options.carts, options.kills, options.seed, options.restart_every, settle_s=SETTLE_S)
    judged(
        "kafka_chaos",
        options,
        lambda server, folder, tell: run_group_chaos(server, folder, plan, jars, tell),
    )


if __name__ == "__main__":
    main()
