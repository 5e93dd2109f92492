"""A contextual bandit whose context a spiking network reads: Bayesian regression on the traces of its last layer.

A classification task as a bandit: an image is shown, one of the classes is chosen, and the reward, 1 or 0, says whether
it was the right one and nothing more.  Every class has a Bayesian linear regression of its reward on the traces, and
Thompson sampling chooses (neural-linear bandit, Riquelme et al. 2018, arXiv 1802.09127).  The network learns from
rewarded rounds, by any rule that needs a label; then its traces change, and what the regressions know is about traces
that no longer exist.  `MEMORIES` are ways out of that; likelihood matching (Nabati et al. 2021, arXiv 2102.03799) makes
a prior for the new traces that says of the stored rounds what was believed of them before.
"""

from copy import deepcopy

import numpy as np

from brianff.errors import OptionError
from brianff.learning.forward_forward import ForwardForward

__all__ = ["MEMORIES", "Regressions", "Rewarded", "play"]

MEMORIES = {
    "all": "all rounds, their traces read again",
    "matching": "the latest rounds, and a prior that is matched to them",
    "few": "the latest rounds, their traces read again",
    "stale": "what was learnt of the old traces",
}


class Regressions:
    """A Bayesian linear regression of the reward for every action.

    Parameters
    ----------
    n_actions, n_features : int
    prior : float
        Variance of every coefficient before anything is known; the noise of a reward has variance 1.

    Attributes
    ----------
    mean : (n_actions, n_features) array
    covariance : (n_actions, n_features, n_features) array
    """

    def __init__(self, n_actions, n_features, prior):
        self.prior = prior
        self.mean = np.zeros((n_actions, n_features))
        self.covariance = np.tile(prior * np.eye(n_features), (n_actions, 1, 1))

    def predict(self, features):
        """Mean and variance of the expected reward of every action, (n, n_actions) each."""
        variance = np.einsum("ni,aij,nj->na", features, self.covariance, features, optimize=True)
        return features @ self.mean.T, variance

    def choose(self, features, exploration, rng):
        """The action of one round by Thompson sampling: the best of one draw of every expected reward.

        Actions are independent, so that a draw of the coefficients amounts to one of the expected reward.
        """
        mean, variance = self.predict(features[None])
        return int((mean[0] + exploration * np.sqrt(variance[0]) * rng.normal(size=len(self.mean))).argmax())

    def learn(self, features, action, reward):
        """What one round adds."""
        covariance = self.covariance[action]
        gain = covariance @ features
        gain /= 1 + features @ gain
        self.mean[action] += gain * (reward - features @ self.mean[action])
        covariance -= np.outer(gain, features @ covariance)
        self.covariance[action] = 0.5 * (covariance + covariance.T)

    def learn_all(self, features, actions, rewards):
        """The same for many rounds, in one go for each action."""
        for action in np.unique(actions):
            of_action = actions == action
            x, y = features[of_action], rewards[of_action]
            precision = np.linalg.inv(self.covariance[action])
            self.covariance[action] = np.linalg.inv(precision + x.T @ x)
            self.mean[action] = self.covariance[action] @ (precision @ self.mean[action] + x.T @ y)

    def match(self, old, new, retained=1.0):
        """Go over to other features, of which the same rounds are known.

        Every action gets the prior of the beginning and, for each of these rounds, one observation: the mean that it
        predicted of the round, as uncertain as it was.  That alone would count what is known once for every round; all
        observations are made so much less certain, by one factor, that the variance predicted of the rounds is on
        average what it was.  What no round says anything about is as uncertain as in the beginning.

        Parameters
        ----------
        old, new : (n, n_features) arrays
        retained : float
            Below 1, that part of what is known: what features taught that were worse counts for less.
        """
        means, variances = self.predict(old)
        for action, (mean, variance) in enumerate(zip(means.T, np.maximum(variances.T, 1e-12), strict=True)):
            scaled = new / np.sqrt(variance)[:, None]
            known, axes = np.linalg.eigh(scaled.T @ scaled)
            known, along = np.maximum(known, 0), ((new @ axes) ** 2).mean(axis=0)
            low, high = -30.0, 60.0  # logarithm of the factor; the variance grows with it
            for _ in range(60):
                middle = (low + high) / 2
                found = along @ (1 / (1 / self.prior + known * np.exp(-middle)))
                low, high = (middle, high) if found < variance.mean() else (low, middle)
            kept = retained * np.exp(-middle)
            self.covariance[action] = (axes / (1 / self.prior + known * kept)) @ axes.T
            self.mean[action] = self.covariance[action] @ (scaled.T @ (mean / np.sqrt(variance))) * kept


class Rewarded(ForwardForward):
    """A network that learns from samples it is given, in the order in which they come."""

    queue = np.zeros(0, int)
    n_learnt = 0

    def take(self, rows):
        samples = self.queue[rows.start * self.options.batch : rows.stop * self.options.batch]
        return samples, self.n_learnt + rows.start * self.options.batch + np.arange(len(samples))

    def learn_from(self, samples):
        """One pass over samples, in whole mini-batches; those left over are not learnt."""
        c, rows = self.options, self.architecture.capacity // 2
        n = len(samples) // c.mini_batch * c.mini_batch
        self.queue = np.asarray(samples[:n])
        for start in range(0, n // c.batch, rows):
            self.learn(range(start, min(start + rows, n // c.batch)))
        self.n_learnt += n


def play(
    network, memory="matching", n_rounds=10_000, online=True, seed=1, update=500, stored=500, prior=1.0,
    exploration=0.1, passes=1, retained=0.5,
):  # fmt: skip
    """Play a bandit over the training samples of a network's data set.

    Parameters
    ----------
    network : `Rewarded`
        Of a rule that learns from labels alone.
    memory : str
        Of `MEMORIES`.
    n_rounds, update : int
        After every `update` rounds the network learns, and the regressions go over to its new traces.
    online : bool
        False: the network stays as it was drawn.
    seed : int
        Of the order of samples, and of Thompson sampling.
    stored : int
        Rounds that are remembered, the latest ones; with `memory` "all", all are.
    prior, exploration : float
        Variance of the coefficients, and by how much the draws are wider than what is believed.
    passes : int
        Over the rewarded rounds in memory, at every update.
    retained : float
        Of `Regressions.match`.

    Returns
    -------
    rewards : (n_rounds,) array
        The best choice has 1 in every round: regret is what is missing.

    Raises
    ------
    OptionError
        For a network with a negative phase, or no such memory.
    """
    if memory not in MEMORIES:
        raise OptionError(f"memory='{memory}': it is one of {', '.join(MEMORIES)}.")
    if network.has_readout:
        raise OptionError("a bandit's network learns from labels: take rule='local_readout', negatives='none'.")
    data, rng = network.data, np.random.default_rng(seed)
    order = np.concatenate([rng.permutation(network.train) for _ in range(-(-n_rounds // len(network.train)))])
    order, actions, rewards = order[:n_rounds], np.zeros(n_rounds, int), np.zeros(n_rounds)
    # A context has a length of about 1.
    scale = np.sqrt((network.traces(order[:update])[-1] ** 2).sum(axis=1).mean()) or 1.0

    def read(samples):
        return np.hstack([network.traces(samples)[-1] / scale, np.ones((len(samples), 1))])

    fresh = Regressions(data.n_classes, network.sizes[-1] + 1, prior)
    believed, forgotten = deepcopy(fresh), deepcopy(fresh)  # of all rounds; of those that are stored no more
    first, features = 0, np.zeros((0, network.sizes[-1] + 1))  # the stored rounds begin with this one
    for start in range(0, n_rounds, update):
        now = slice(start, min(start + update, n_rounds))
        features = np.concatenate([features, read(order[now])])
        for k in range(now.start, now.stop):
            actions[k] = believed.choose(features[k - first], exploration, rng)
            rewards[k] = actions[k] == data.labels[order[k]]
            believed.learn(features[k - first], actions[k], rewards[k])
        keep = first if memory == "all" else max(first, now.stop - stored)
        if memory == "matching":
            forgotten.learn_all(features[: keep - first], actions[first:keep], rewards[first:keep])
        first, features = keep, features[keep - first :]
        kept = slice(first, now.stop)
        if not online:
            continue
        for _ in range(passes):
            network.learn_from(rng.permutation(order[kept][rewards[kept] == 1]))
        if memory == "stale":
            features = features[:0]
            first = now.stop
            continue
        after = read(order[kept])
        if memory == "matching":
            forgotten.match(features, after, retained)
        features = after
        believed = deepcopy(forgotten)
        believed.learn_all(features, actions[kept], rewards[kept])
    return rewards
