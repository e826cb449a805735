from __future__ import annotations

from math import exp
from statistics import fmean, pvariance

import pytest

from botkit.sim.prng import Prng


def test_the_numbers_are_those_of_the_published_generator() -> None:
    prng = Prng(1234567)

    assert [prng.next64() for _ in range(5)] == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]


def test_uniform_normal_and_exponential_are_the_same_for_ever() -> None:
    prng = Prng(7)

    drawn = [prng.uniform(), prng.normal(), prng.normal(), prng.exponential(2.0), prng.pareto(3.0, 1.5)]

    assert drawn == pytest.approx(
        [
            0.3898297483912715,
            0.14938676007064153,
            -0.10744871590675552,
            1.7490038163026052,
            4.482301992464531,
        ],
        rel=1e-14,
    )


def test_equal_seeds_agree_and_different_streams_do_not() -> None:
    def first(seed: int, stream: int) -> list[int]:
        prng = Prng(seed, stream)
        return [prng.next64() for _ in range(4)]

    assert first(5, 2) == first(5, 2)
    assert len({tuple(first(seed, stream)) for seed in range(4) for stream in range(4)}) == 16


def test_uniform_numbers_fill_the_unit_interval_evenly() -> None:
    prng = Prng(1)
    drawn = [prng.uniform() for _ in range(20_000)]

    assert 0 <= min(drawn) < 0.001
    assert 0.999 < max(drawn) < 1
    assert fmean(drawn) == pytest.approx(0.5, abs=0.01)


def test_normal_numbers_have_mean_0_and_variance_1() -> None:
    prng = Prng(2)
    drawn = [prng.normal() for _ in range(20_000)]

    assert fmean(drawn) == pytest.approx(0, abs=0.03)
    assert pvariance(drawn) == pytest.approx(1, abs=0.03)


def test_waiting_times_have_the_mean_and_the_tail_they_should() -> None:
    prng = Prng(3)
    drawn = [prng.exponential(5.0) for _ in range(20_000)]

    assert fmean(drawn) == pytest.approx(5, abs=0.15)
    assert sum(wait > 10 for wait in drawn) / len(drawn) == pytest.approx(exp(-2), abs=0.01)


def test_a_pareto_number_is_not_below_its_least_and_often_far_above() -> None:
    prng = Prng(4)
    drawn = [prng.pareto(2.0, 1.0) for _ in range(20_000)]

    assert min(drawn) >= 2
    assert sum(number > 20 for number in drawn) / len(drawn) == pytest.approx(0.1, abs=0.01)


def test_a_choice_gives_every_item_its_turn() -> None:
    prng = Prng(5)
    chosen = [prng.choice("abc") for _ in range(3000)]

    assert {item: round(chosen.count(item), -2) for item in "abc"} == {"a": 1000, "b": 1000, "c": 1000}
    assert {prng.below(3) for _ in range(99)} == {0, 1, 2}
