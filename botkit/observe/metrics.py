"""Metrics of a run in Prometheus' words, in a registry of their own.

What is counted is counted in plain dicts and handed over when somebody asks: an
event comes a thousand times as often as a scrape, and a labelled counter would
cost it a microsecond.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, Histogram, generate_latest
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
        self._orders: dict[str, int] = {}
        self._fills: dict[str, int] = {}
        self._refusals: dict[str, int] = {}
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
        self.registry.register(_Counts(self._families))

    def observe(self, step: Step) -> None:
        """Count a step."""
        kind = type(step.event)
        self._events[kind] = self._events.get(kind, 0) + 1
        if isinstance(step.event, Fill):
            _count(self._fills, step.event.symbol)
        for effect in step.effects:
            if isinstance(effect, Approved) and isinstance(effect.request, NewOrder):
                _count(self._orders, effect.request.strategy)
            elif isinstance(effect, Refused):
                _count(self._refusals, effect.rule)

    def observe_order_latency(self, latency_ns: int) -> None:
        """Keep how long an event took to become an order on its way."""
        self._order_latency.observe(latency_ns / NS_PER_S)

    def observe_loop_lag(self, lag_ns: int) -> None:
        """Keep how late the event loop was."""
        self._loop_lag.observe(lag_ns / NS_PER_S)

    def exposition(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self.registry)

    def _families(self) -> Iterator[Metric]:
        events = {kind.__name__: count for kind, count in self._events.copy().items()}
        yield _family("botkit_events", "Events taken in.", "type", events)
        yield _family("botkit_orders", "Orders sent.", "strategy", self._orders)
        yield _family("botkit_fills", "Fills told of, repetitions included.", "symbol", self._fills)
        yield _family("botkit_refusals", "Orders refused by the risk gate.", "rule", self._refusals)


class _Counts:
    """What the registry asks for the counts."""

    def __init__(self, collect: Callable[[], Iterator[Metric]]) -> None:
        self.collect = collect


def _count(counts: dict[str, int], label: str) -> None:
    counts[label] = counts.get(label, 0) + 1


def _family(name: str, documentation: str, label: str, counts: dict[str, int]) -> Metric:
    family = CounterMetricFamily(name, documentation, labels=(label,))
    for value, count in counts.copy().items():  # a scrape may come from another thread
        family.add_metric((value,), count)
    return family
