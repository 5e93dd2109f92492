"""What networks without time have in common: images as numbers, mini-batches, and random numbers pass by pass."""

from abc import abstractmethod
from itertools import pairwise

import numpy as np

from brianff import datasets
from brianff.devices.memory import require_memory
from brianff.errors import OptionError
from brianff.learning.black_box import boxes_of
from brianff.learning.checkpoints import InPlace, Whole
from brianff.learning.finite import require_finite
from brianff.learning.health import Health, of_layers, relative_changes
from brianff.learning.method import Method
from brianff.stimulus import generator_state, restore_generator, stream

__all__ = ["MiniBatches"]


class MiniBatches(InPlace, Method):
    """A method whose rows are mini-batches of images, with an `optimizer`, which is `brianff.learning.adam.Adam`.

    The samples that do not fill the last mini-batch of a pass are left out; they are others in every pass.
    """

    samples_of_update = "batch"
    sizes = ()

    def build(self):
        c, data = self.options, self.data
        if isinstance(data, datasets.EventDataset):
            raise OptionError(f"'{data.name}' holds spike times, and rectified linear units have no time: take images.")
        if c.batch > len(self.train):
            raise OptionError(
                f"--batch {c.batch} is more than the {len(self.train)} training samples: lower it, or raise --limit."
            )
        self.pixels = _intensities(data)
        self._epoch, self._rng, self._order = -1, stream(c.seed, "epoch", 0), None
        self.sizes = self.sizes_of_layers()
        weights = sum(n_in * n_out for n_in, n_out in pairwise(self.sizes))
        require_memory(16 * weights, f"--layers: the weights of layers {self.network_name()}")
        self.boxes = boxes_of(c.black_box, c.layers, c.seed)
        remedies = {f"layer {k}": f"a larger --init-gain than {c.init_gain:g}" for k in self.levels[: len(c.layers)]}
        self.health = Health(remedies, len(self.train), c.learning_rate)

    @abstractmethod
    def sizes_of_layers(self):
        """What `sizes` are."""

    def seeing(self, data):
        other = super().seeing(data)
        other.pixels = _intensities(data)
        return other

    # -- the course of training ------------------------------------------------------------------------------------
    @property
    def rows_per_epoch(self):
        return len(self.train) // self.options.batch

    @property
    def n_rows(self):
        return self.epochs * self.rows_per_epoch

    def samples_at(self, row):
        epoch, step = divmod(row, self.rows_per_epoch)
        return epoch * len(self.train) + step * self.options.batch

    def next_stop(self, row, samples):
        end = (row // self.rows_per_epoch + 1) * self.rows_per_epoch
        return min(end, row + max(1, samples // self.options.batch))

    def learn(self, rows):
        before = {level: w.copy() for level, w in self._matrices()}
        row, *what_layers_did = self.learn_rows(rows)
        changed = relative_changes(before, dict(self._matrices()))
        self.health.after_chunk(len(rows) * self.options.batch, *what_layers_did, changed=of_layers(changed))
        require_finite(self.arrays(), self.samples_at(rows.start), "--init-gain")
        return row | {f"changed{level}": change for level, change in changed.items()}

    @abstractmethod
    def learn_rows(self, rows):
        """Learn; returns metrics, and what `Health.after_chunk` asks of the hidden layers."""

    def _matrices(self):
        return [(level, w) for level, w in self.weights().items() if isinstance(level, int)]

    def mini_batches(self, rows):
        """(samples, learning rate) of each of a range of rows, which are all of one pass."""
        c = self.options
        planned = c.epochs * self.rows_per_epoch
        self._turn_to(rows.start // self.rows_per_epoch)
        for row in rows:
            step = row % self.rows_per_epoch
            rate = c.learning_rate * (1 - (1 - c.final_rate) * min(row / planned, 1.0))
            yield self._order[step * c.batch : (step + 1) * c.batch], rate

    def _turn_to(self, epoch):
        """Draw the order of the samples in a pass, with the generator of all that is drawn in it."""
        if self._epoch != epoch:
            self._epoch, self._rng = epoch, stream(self.options.seed, "epoch", epoch)
            self._order = self._rng.permutation(self.train)

    def kept(self, n):
        """Which pixels of `n` samples are shown, where some drop out; True: all of them."""
        share = self.options.dropout
        return self._rng.random((n, self.data.n_pixels), dtype=np.float32) >= share if share else True

    # -- state -----------------------------------------------------------------------------------------------------
    def arrays(self):
        """The arrays that learning changes in place: dict of str -> array."""
        moments = {"m1": self.optimizer.m1, "m2": self.optimizer.m2}
        return {f"optimizer.{name}.{k}": m for name, of in moments.items() for k, m in enumerate(of)}

    def state(self):
        counts = {"n_updates": np.array(self.optimizer.n_updates), "generator_epoch": np.array(self._epoch)}
        return self.arrays() | counts | {"generator": generator_state(self._rng)}

    def expected_state(self):
        return self.state() | {"n_updates": Whole(0), "generator_epoch": Whole(-1)}

    def restore(self, arrays):
        super().restore(arrays)
        self.optimizer.n_updates = int(arrays["n_updates"])
        if arrays["generator_epoch"] >= 0:
            self._turn_to(int(arrays["generator_epoch"]))
            restore_generator(self._rng, arrays["generator"])


def _intensities(data):
    return (data.images.reshape(len(data.images), -1) / 255.0).astype(np.float32)
