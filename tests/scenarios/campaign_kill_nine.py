"""Bots that are killed again and again at random moments, until somebody has enough.

    python -m tests.scenarios.campaign_kill_nine [--rounds 20] [--kills 8] [--seed N]

Each round is a new exchange and a new journal. It prints the seed of each round, stops at the first one in
which bot and exchange disagree, and ends with 1 then; `--seed` starts with that round again.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.scenarios.place import Bot, Place, open_place
from tests.scenarios.verdict import differences

__all__ = ["end_well", "kill_often", "main"]

_LEFTOVERS = 5
_ENDS = 4


def kill_often(place: Place, chance: random.Random, kills: int) -> None:
    """Start a bot and kill it, so many times: some while they start, some in the middle of trading."""
    for _ in range(kills):
        with place.bot() as bot:
            if chance.random() < 0.3:
                _live_for(bot, chance.uniform(0.2, 1.5))
            else:
                bot.hear_kind("books")
                for _ in range(chance.randint(0, 60)):
                    bot.hear(bool)
                _live_for(bot, chance.uniform(0.0, 0.02))
            bot.kill()


def end_well(place: Place) -> None:
    """Start a bot once more, and again while it says that it left something; stop it cleanly."""
    codes: list[int] = []
    while not codes or (codes[-1] == _LEFTOVERS and len(codes) < _ENDS):
        with place.bot() as bot:
            bot.hear_kind("books")
            bot.hear_kind("fill")
            codes.append(bot.stop())
    assert codes[-1] == 0, codes


def _live_for(bot: Bot, seconds: float) -> None:
    try:
        code = bot.process.wait(seconds)
    except subprocess.TimeoutExpired:
        return
    raise AssertionError(f"ended by itself with {code}")


def main() -> int:
    """Run rounds until the last one, or the first one that goes wrong; return the exit code."""
    parser = argparse.ArgumentParser(description="Kill bots at random moments.")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--kills", type=int, default=8, help="in each round")
    parser.add_argument("--seed", type=int, default=None, help="of the first round")
    given = parser.parse_args()
    first = random.SystemRandom().randrange(10**6) if given.seed is None else given.seed
    for seed in range(first, first + given.rounds):
        with tempfile.TemporaryDirectory() as folder, open_place(Path(folder), seed) as place:
            kill_often(place, random.Random(seed), given.kills)
            end_well(place)
            told = differences(place)
            print(
                f"seed {seed}: {len(place.trader.orders())} orders, {len(place.trader.fills())} fills",
                flush=True,
            )
        for line in told:
            print(f"  {line}")
        if told:
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
