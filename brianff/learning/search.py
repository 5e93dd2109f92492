"""Random search in place of the gradient: evolution strategies, SPSA, a genetic algorithm, particle swarm.

All have one interface.  ``ask()`` returns candidates, shape (population, problems, dimensions); ``tell(fitness)`` takes
what they are worth, shape (population, problems), larger is better, and moves on.  The problems are independent
searches done side by side, for instance one for every neuron; candidate k of each of them belongs to the same member
of the population.  ``centre``, (problems, dimensions), is the present answer and ``update`` the direction in which it
moved last, before any optimizer scales it.  `rate` scales steps and mutations in the course of training.

Fitness may be noisy as long as all members of a generation share the noise (the same samples): nothing that was
measured in an earlier generation is used again, so the genetic algorithm's parents and the swarm's best positions are
among the candidates and are measured again.
"""

import numpy as np
import scipy

from brianff.errors import DivergenceError, OptionError
from brianff.learning.checkpoints import InPlace, named, part_of
from brianff.stimulus import generator_state, restore_generator

__all__ = ["METHODS", "Ascent", "EvolutionStrategy", "GeneticAlgorithm", "ParticleSwarm", "SPSA", "centred_ranks"]


def centred_ranks(fitness):
    """Ranks along the first axis, scaled to -0.5 ... 0.5; equal values share their mean rank."""
    return (scipy.stats.rankdata(fitness, axis=0) - 1) / (len(fitness) - 1) - 0.5


class _Search:
    """What the methods share.

    Parameters
    ----------
    start : (problems, dimensions) array
        Where the search begins.
    population : int
        Candidates of a generation; even, at least 4.
    rng : `numpy.random.Generator`
    sigma : float
        Standard deviation of the first perturbations, in units of the variables.
    """

    def __init__(self, start, population, rng, sigma):
        if population < 4 or population % 2:
            raise OptionError(f"a population must be an even number of at least 4, not {population}.")
        if not sigma > 0:
            raise OptionError(f"sigma must be positive, not {sigma}.")
        self.centre = np.array(start, dtype=float)
        if self.centre.ndim != 2:
            raise OptionError(f"the start must have shape (problems, dimensions), not {self.centre.shape}.")
        self.population, self.rng, self.sigma = population, rng, sigma
        self.rate = 1.0
        self.update = np.zeros_like(self.centre)

    # Arrays that the search goes on from, beside the generator of its random numbers.
    ARRAYS = ("centre", "update")

    def state(self):
        """Everything that the search goes on from: dict of str -> array."""
        return {name: getattr(self, name) for name in self.ARRAYS} | {"generator": generator_state(self.rng)}

    def restore(self, arrays):
        for name in self.ARRAYS:
            setattr(self, name, arrays[name])
        restore_generator(self.rng, arrays["generator"])

    def _checked(self, fitness):
        fitness = np.asarray(fitness, dtype=float)
        expected = (self.population, len(self.centre))
        if fitness.shape != expected:
            raise OptionError(f"fitness must have shape (population, problems) = {expected}, not {fitness.shape}.")
        if not np.isfinite(fitness).all():
            raise DivergenceError("fitness is not finite: try a smaller sigma or learning rate.")
        return fitness


class Ascent(InPlace):
    """Adam (Kingma & Ba 2015), uphill.

    Parameters
    ----------
    centre : array
        Changed in place.
    learning_rate : float
    """

    ARRAYS = ("centre", "m1", "m2", "n_updates")

    def __init__(self, centre, learning_rate):
        self.centre, self.learning_rate = centre, learning_rate
        self.m1, self.m2, self.n_updates = np.zeros_like(centre), np.zeros_like(centre), np.zeros(1)

    def step(self, update, rate=1.0):
        """One step along `update`; `rate` scales the learning rate."""
        self.n_updates += 1
        self.m1 += 0.1 * (update - self.m1)
        self.m2 += 0.001 * (update**2 - self.m2)
        (n,) = self.n_updates
        step = self.m1 / (1 - 0.9**n) / (np.sqrt(self.m2 / (1 - 0.999**n)) + 1e-12)
        self.centre += rate * self.learning_rate * step


class _Perturbation(_Search):
    """Estimates the gradient from mirrored pairs of perturbations, and climbs it.

    Parameters
    ----------
    learning_rate : float
        Step of the variables, in their own units.
    """

    def __init__(self, start, population, rng, sigma=0.1, learning_rate=0.05):
        super().__init__(start, population, rng, sigma)
        self.ascent = Ascent(self.centre, learning_rate)

    def state(self):
        return super().state() | named("ascent", self.ascent.state())

    def restore(self, arrays):
        super().restore(arrays)
        self.ascent.restore(part_of(arrays, "ascent"))
        self.centre = self.ascent.centre

    def ask(self):
        self.noise = self.draw((self.population // 2, *self.centre.shape))
        step = self.sigma * self.noise
        return np.concatenate([self.centre + step, self.centre - step])

    def tell(self, fitness):
        shaped = self.shape(self._checked(fitness))
        half = self.population // 2
        difference = (shaped[:half] - shaped[half:]) / (2 * self.sigma)
        self.update = np.einsum("kp,kpd->pd", difference, self.noise) / half
        self.ascent.step(self.update, self.rate)


class EvolutionStrategy(_Perturbation):
    """Antithetic Gaussian perturbations, fitness replaced by its rank (Salimans et al. 2017, arXiv 1703.03864)."""

    def draw(self, shape):
        return self.rng.normal(size=shape)

    def shape(self, fitness):
        return centred_ranks(fitness)


class SPSA(_Perturbation):
    """Simultaneous perturbation: every variable goes up or down by sigma (Spall 1992), averaged over the population."""

    def draw(self, shape):
        return self.rng.choice([-1.0, 1.0], size=shape)

    def shape(self, fitness):
        return fitness


class GeneticAlgorithm(_Search):
    """Truncation selection, uniform crossover of two parents, Gaussian mutation.

    The best `parents` of a generation live on; their children fill the rest.  The centre is the mean of the parents.

    Parameters
    ----------
    parents : float
        Part of the population.
    mutated : float
        Probability that a gene mutates, by sigma.
    """

    ARRAYS = ("centre", "update", "members")

    def __init__(self, start, population, rng, sigma=0.1, parents=0.25, mutated=0.1):
        super().__init__(start, population, rng, sigma)
        self.n_parents, self.mutated = max(2, round(parents * population)), mutated
        self.members = self.centre + sigma * rng.normal(size=(population, *self.centre.shape))

    def ask(self):
        return self.members

    def tell(self, fitness):
        order = np.argsort(-self._checked(fitness), axis=0, kind="stable")[: self.n_parents]
        parents = np.take_along_axis(self.members, order[..., None], axis=0)
        self.update = parents.mean(axis=0) - self.members.mean(axis=0)
        n, shape = self.population - self.n_parents, self.centre.shape
        mother, father = self.rng.integers(self.n_parents, size=(2, n, shape[0]))
        problem = np.arange(shape[0])
        children = np.where(self.rng.random((n, *shape)) < 0.5, parents[mother, problem], parents[father, problem])
        mutation = self.rate * self.sigma * self.rng.normal(size=children.shape)
        children += mutation * (self.rng.random(children.shape) < self.mutated)
        self.members = np.concatenate([parents, children])
        self.centre = parents.mean(axis=0)


class ParticleSwarm(_Search):
    """Particles drawn to their own best position and to the best of their neighbours (Kennedy & Eberhart 1995).

    Half of the candidates are the particles, the other half their best positions so far.  Neighbours form a ring
    (Kennedy & Mendes 2002): the swarm stays spread out longer than if all followed one leader.  The centre is the mean
    of the best positions.

    Parameters
    ----------
    inertia, attraction : float
        Of the velocity, and to each of the two bests.
    longest : float, optional
        Positions further from zero are brought back to this length.
    """

    ARRAYS = ("centre", "update", "best", "velocity", "position")

    def __init__(self, start, population, rng, sigma=0.1, inertia=0.6, attraction=1.0, longest=np.inf):
        super().__init__(start, population, rng, sigma)
        self.inertia, self.attraction, self.longest = inertia, attraction, longest
        shape = (population // 2, *self.centre.shape)
        self.best = self.centre + sigma * rng.normal(size=shape)
        self.velocity = 0.5 * sigma * rng.normal(size=shape)
        self.position = self.best + self.velocity

    def ask(self):
        return np.concatenate([self.position, self.best])

    def tell(self, fitness):
        now, before = np.split(self._checked(fitness), 2)
        self.best = np.where((now > before)[..., None], self.position, self.best)
        value, leader = np.maximum(now, before), self.best
        for neighbour in (1, -1):
            other = np.roll(np.maximum(now, before), neighbour, axis=0)
            leader = np.where((other > value)[..., None], np.roll(self.best, neighbour, axis=0), leader)
            value = np.maximum(value, other)
        own, social = self.rng.random((2, *self.position.shape))
        self.velocity = (
            self.inertia * self.velocity
            + self.attraction * own * (self.best - self.position)
            + self.attraction * social * (leader - self.position)
        )
        self.position = self.position + self.velocity
        length = np.linalg.norm(self.position, axis=2, keepdims=True)
        self.position *= np.minimum(1, self.longest / np.maximum(length, 1e-300))
        centre = self.best.mean(axis=0)
        self.update, self.centre = centre - self.centre, centre


METHODS = {"es": EvolutionStrategy, "spsa": SPSA, "ga": GeneticAlgorithm, "pso": ParticleSwarm}
