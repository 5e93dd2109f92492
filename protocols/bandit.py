"""A bandit whose context a spiking network reads, and what becomes of what it knows while the network learns.

An image is shown, a class is chosen by Thompson sampling on the traces of the last layer, and the reward says whether
it was the right one.  The network learns from rewarded rounds; its traces change, and the regressions on them are
matched to the new ones, begun anew from a few stored rounds, left as they are, or fitted again to all rounds.

    python protocols/bandit.py                                       # digits: some minutes
    python protocols/bandit.py --dataset mnist --data DIR            # half an hour of one core
"""

import json
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass

import numpy as np

import brianff.program  # noqa: F401
from brianff import plotting
from brianff.command_line.commands import draw, fail_cleanly, study_options
from brianff.devices import device_option, require_device
from brianff.jobs.tables import markdown, spread
from brianff.machine import usable_cores
from brianff.options import LIST, SEED, Options, option
from brianff.results import atomic_write
from brianff.studies import bandits

QUICK = dict(seeds=(1,), rounds=200, update=50, layers=("20", "10"), memories=("matching", "few"))
FROZEN = "frozen"
TITLES = {FROZEN: "network as it was drawn"} | {name: f"learning; {text}" for name, text in bandits.MEMORIES.items()}


@dataclass(frozen=True)
class Game(Options):
    """What is played; the rest of the network is as in `brianff.ForwardForward`."""

    dataset: str = option("digits", "data set")
    data: str | None = option(None, "folder of the data set")
    memories: tuple[str, ...] = option(
        ("all", "matching", "few", "stale"), "what becomes of the regressions", metavar="A,B", distinct=True, some=True
    )
    seeds: tuple[int, ...] = option((1, 2, 3, 4, 5), "seeds", **LIST, **SEED)
    rounds: int = option(10_000, "rounds", low=1, high=100_000_000)
    update: int = option(500, "rounds between two passes of learning", low=1, high=1_000_000)
    stored: int = option(500, "rounds that are remembered", low=1, high=10_000_000)
    exploration: float = option(0.1, "how much wider than believed the draws of Thompson sampling are", low=0, high=100)
    retained: float = option(0.5, "part of what is known that a passage to new traces leaves", above=0, high=1)
    layers: tuple[str, ...] = option(("200", "100"), "neurons of each layer", metavar="N,N", some=True)
    learning_rate: float = option(2e-3, "of the network", low=0, high=1000)
    device: str = device_option()


def played(game, memory, seed):
    """Rewards of one game, and the network's part of it: which name, which seed."""
    of_game = {"dataset": game.dataset} | ({"data": game.data} if game.data else {})
    network = bandits.Rewarded(
        **of_game, layers=game.layers, learning_rate=game.learning_rate, device=game.device, seed=seed,
        rule="local_readout", negatives="none", steps=20, dt=2.5, batch=10, mini_batch=10, chunk=500, jitter=0,
        dropout=0.0,
    )  # fmt: skip
    online = memory != FROZEN
    rewards = bandits.play(
        network, memory if online else "few", game.rounds, online, seed, game.update, game.stored,
        exploration=game.exploration, retained=game.retained,
    )  # fmt: skip
    return memory, seed, rewards


@fail_cleanly
def main(arguments=None):
    game, out = study_options(arguments, __doc__, Game, "bandit", QUICK, "a few rounds: is everything there?")
    require_device(game.device)
    out.mkdir(parents=True, exist_ok=True)
    names = [FROZEN, *game.memories]
    regrets = {name: {} for name in names}
    with ProcessPoolExecutor(min(usable_cores(), len(names) * len(game.seeds))) as pool:
        games = [pool.submit(played, game, name, seed) for seed in game.seeds for name in names]
        for done in as_completed(games):
            name, seed, rewards = done.result()
            regrets[name][seed] = np.cumsum(1 - rewards)
            print(f"{TITLES[name]}, seed {seed}: regret {regrets[name][seed][-1]:.0f} of {game.rounds}", flush=True)
    curves = {name: np.array([of_seeds[seed] for seed in game.seeds]) for name, of_seeds in regrets.items()}
    marks = [n for n in (1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000) if n < game.rounds] + [game.rounds]
    lines = [[TITLES[name], *(spread(curve[:, n - 1]) for n in marks)] for name, curve in curves.items()]
    table = markdown(["regret after", *map(str, marks)], lines)
    atomic_write(out / "table.md", f"{table}\n".encode())
    rows = {name: curve[:, :: max(1, game.rounds // 1000)].tolist() for name, curve in curves.items()}
    atomic_write(out / "regret.json", json.dumps({"seeds": game.seeds, "regret": rows}).encode())
    print(f"\n{table}\n\ntable and figure: {out}")
    return draw(out, {"regret": lambda: plotting.regret(curves, TITLES)})


if __name__ == "__main__":
    sys.exit(main())
