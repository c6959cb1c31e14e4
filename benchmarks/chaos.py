"""Exactly one mail a cart, whatever crashes: the suite's crash test, longer. See tests/fakes/chaos/.

A failing run prints its seed and the story of each offending cart, and exits with 1.
"""

from chaos_run import judged, options_of
from fakes.chaos.conductor import run_chaos
from fakes.chaos.options import Options


def main() -> None:
    options = options_of(__doc__, kills=200, restarts="MySQL")
    plan = Options(options.carts, options.kills, options.seed, options.restart_every)
    judged("chaos", options, lambda server, folder, tell: run_chaos(server, folder, plan, tell))


if __name__ == "__main__":
    main()
