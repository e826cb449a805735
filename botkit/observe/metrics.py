"""Metrics of a run in Prometheus' words, in a registry of their own.

Events are counted in a plain dict and handed over when somebody asks: an event
comes a thousand times as often as a scrape, and a labelled counter costs it
half a microsecond.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, Metric

from botkit.model.duration import NS_PER_S
from botkit.model.order import NewOrder
from botkit.model.portfolio import Fill
from botkit.risk.approval import Approved, Refused

if TYPE_CHECKING:
    from botkit.observe.step import Step

__all__ = ["Metrics"]

_LATENCIES_S: Final = (25e-6, 50e-6, 100e-6, 200e-6, 500e-6, 1e-3, 2e-3, 5e-3, 10e-3, 50e-3, 0.25, 1.0)
_LAGS_S: Final = (1e-3, 5e-3, 10e-3, 50e-3, 0.1, 0.5, 1.0, 5.0)


class Metrics:
    """Counts steps and keeps latencies; `exposition` tells."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._events: dict[type, int] = {}
        self._orders = Counter("botkit_orders", "Orders sent.", ("strategy",), registry=self.registry)
        self._fills = Counter("botkit_fills", "Fills told of.", ("symbol",), registry=self.registry)
        self._refusals = Counter(
            "botkit_refusals", "Orders refused by the risk gate.", ("rule",), registry=self.registry
        )
        self._order_latency = Histogram(
            "botkit_tick_to_order_seconds",
            "From an event's coming in to its order's going out.",
            registry=self.registry,
            buckets=_LATENCIES_S,
        )
        self._loop_lag = Histogram(
            "botkit_loop_lag_seconds",
            "How much later than asked for the event loop woke up.",
            registry=self.registry,
            buckets=_LAGS_S,
        )
        self.registry.register(_Events(self._events))

    def observe(self, step: Step) -> None:
        """Count a step."""
        event = step.event
        kind = type(event)
        self._events[kind] = self._events.get(kind, 0) + 1
        if isinstance(event, Fill):
            self._fills.labels(event.symbol).inc()
        for effect in step.effects:
            if isinstance(effect, Approved) and isinstance(effect.request, NewOrder):
                self._orders.labels(effect.request.strategy).inc()
            elif isinstance(effect, Refused):
                self._refusals.labels(effect.rule).inc()

    def observe_order_latency(self, latency_ns: int) -> None:
        """Keep how long an event took to become an order on its way."""
        self._order_latency.observe(latency_ns / NS_PER_S)

    def observe_loop_lag(self, lag_ns: int) -> None:
        """Keep how late the event loop was."""
        self._loop_lag.observe(lag_ns / NS_PER_S)

    def exposition(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self.registry)


class _Events:
    """Hands the counts of events over when they are asked for."""

    def __init__(self, counts: dict[type, int]) -> None:
        self._counts = counts

    def collect(self) -> Iterator[Metric]:
        """Return one counter with a label for each type of event."""
        family = CounterMetricFamily("botkit_events", "Events taken in.", labels=("type",))
        for kind, count in list(self._counts.items()):
            family.add_metric((kind.__name__,), count)
        yield family
