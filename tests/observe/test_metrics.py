from __future__ import annotations

import pytest

from botkit.observe.metrics import Metrics
from tests.market import amend_order, fill, quote, trade
from tests.observe.steps import approved, refused, sent, step


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


def sample(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def test_events_are_counted_by_type(metrics: Metrics) -> None:
    for event in (quote(), quote(), trade()):
        metrics.observe(step(event))

    assert sample(metrics, "botkit_events_total", type="Quote") == 2
    assert sample(metrics, "botkit_events_total", type="Trade") == 1
    assert sample(metrics, "botkit_events_total", type="Fill") is None


def test_orders_fills_and_refusals_are_counted(metrics: Metrics) -> None:
    metrics.observe(sent(strategy="ema"))
    metrics.observe(step(fill()))
    metrics.observe(step(quote(), refused(), approved(amend_order())))

    assert sample(metrics, "botkit_orders_total", strategy="ema") == 1
    assert sample(metrics, "botkit_orders_total", strategy="test") is None
    assert sample(metrics, "botkit_fills_total", symbol="BTC-USDT") == 1
    assert sample(metrics, "botkit_refusals_total", rule="price_collar") == 1


def test_latencies_are_kept_in_seconds(metrics: Metrics) -> None:
    metrics.observe_order_latency(30_000)
    metrics.observe_order_latency(40_000_000)
    metrics.observe_loop_lag(7_000_000)

    assert sample(metrics, "botkit_tick_to_order_seconds_sum") == pytest.approx(0.04003)
    assert sample(metrics, "botkit_tick_to_order_seconds_bucket", le="5e-05") == 1
    assert sample(metrics, "botkit_tick_to_order_seconds_count") == 2
    assert sample(metrics, "botkit_loop_lag_seconds_bucket", le="0.01") == 1


def test_two_runs_do_not_share_their_counts(metrics: Metrics) -> None:
    metrics.observe(step(quote()))

    assert sample(Metrics(), "botkit_events_total", type="Quote") is None


def test_the_exposition_is_prometheus_text(metrics: Metrics) -> None:
    metrics.observe(step(quote()))

    text = metrics.exposition().decode()

    assert 'botkit_events_total{type="Quote"} 1.0' in text
    assert "# TYPE botkit_tick_to_order_seconds histogram" in text
