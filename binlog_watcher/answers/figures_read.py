"""The figures of `cartwake report`, read in one way for all who show them: report, dashboard, API and demo."""

from binlog_watcher.service.resources import Resources
from binlog_watcher.settings.settings import Settings
from binlog_watcher.store.own_tables import earnings
from binlog_watcher.store.own_tables.figures import Figures, Window


def figures_of(
    resources: Resources, settings: Settings, window: Window, *, before: bool = True, sessions: int = 2
) -> Figures | None:
    """None where Cartwake never ran, or for a log of the first layouts. Blocking.

    ``before``: read the span before, too, for comparison; ``sessions``: so many ask at once.
    """
    if not resources.with_log:
        return None
    return earnings.read_figures(
        resources.database,
        resources.shop,
        window,
        days=settings.attribution_days,
        threshold_us=earnings.threshold_us(resources.database, resources.policy.threshold_us),
        before=before,
        sessions=sessions,
    )
