"""How exact the local gradients of spike times are: the clocked network against the event-driven reference.

Of one random network and a few stimuli: eligibilities (sum of the derivatives of a neuron's spike times with respect to
its weights) at a time step, against those of `brianff.studies.event_driven`, and these against finite differences.
"""

import numpy as np

from brianff.devices.runtime import RuntimeSimulator
from brianff.equations.checker import check_own_files
from brianff.equations.compose import compose
from brianff.equations.kinds import FEEDBACK
from brianff.network.architecture import Architecture
from brianff.studies import event_driven as reference

__all__ = [
    "HIDDEN", "OUTPUT", "TAU_S", "T_END", "clocked_errors", "exact_eligibilities", "finite_difference_error",
    "neuron_trial", "present", "random_network", "smooth",
]  # fmt: skip

TAU_S, T_CODE, T_END = 0.13, 0.1, 0.2  # s
HIDDEN, OUTPUT = reference.Neuron(TAU_S, theta=0.1), reference.Neuron(TAU_S, theta=0.3)

# Where a membrane only just reaches the threshold, the spike time is a square root: finite differences need some slope.
SLOPE = 0.1
# The derivative jumps where an input arrives just as the neuron fires: a difference across that is no derivative.
GAP = 1e-6  # s
STEP = 1e-6  # of a weight; moves a spike by some 1e-8 s


def random_network(seed, sizes=(60, 40, 10), batch=6):
    """Weights, (n_pre, n_post) arrays, and intensities of the input, a (batch, n_input) array."""
    rng = np.random.default_rng(seed)
    weights = [rng.uniform(-1, 1, shape) for shape in zip(sizes[:-2], sizes[1:-1], strict=True)]
    return [*weights, rng.uniform(-0.5, 1, sizes[-2:])], rng.uniform(0.02, 1, (batch, sizes[0]))


def present(weights, images, dt, simulator=RuntimeSimulator, parameters=None, record=False, labels=None, **models):
    """One stimulus epoch of `images` side by side through a network of these weights.

    Parameters
    ----------
    weights : list of (n_pre, n_post) arrays
    images : (batch, n_input) array
        Intensities; an input spikes once, at (1 - intensity) 100 ms.
    dt : float
        In ms.
    simulator : class
    parameters : dict, optional
        Further inputs of the simulator; those of hidden and output neurons are `HIDDEN` and `OUTPUT`.
    record : bool
        Record all spikes.
    labels : (batch,) int array, optional
    **models
        Of the scheme `FEEDBACK`, as `brianff.equations.compose.compose` takes them.

    Returns
    -------
    simulator, results
    """
    composition = compose(FEEDBACK, models)
    check_own_files(composition)
    batch, n_input = images.shape
    sizes = tuple(w.shape[1] for w in weights)
    of_run = dict(batch=batch, images=batch, capacity=1, n_steps=round(1e3 * T_END / dt), dt_ms=dt)
    a = Architecture(n_input, sizes[-1], sizes, label_neurons=0, **of_run)
    s = simulator(a, composition, record=record)
    inputs = {"images": images, "image_index": np.tile(np.arange(batch), 2), "phase_at": np.ones(2)}
    inputs |= {"label": np.tile(np.zeros(batch) if labels is None else labels, 2), "neurons0.seed": 1}
    inputs |= {"presentation_index": np.tile(np.arange(batch), 2)}
    inputs |= {"neurons0.tau_s": TAU_S, "neurons0.t_code": T_CODE, "neurons0.dark": 0.0}
    for level, w in enumerate(weights, start=1):
        neuron = OUTPUT if level == len(weights) else HIDDEN
        inputs |= {f"neurons{level}.tau_s": TAU_S, f"neurons{level}.c": neuron.c, f"synapses{level}.w": w.ravel()}
        inputs |= {f"layer{level}.samples_per_update": batch}
        if "grazing" in composition.parameters:
            inputs[f"neurons{level}.grazing"] = 1e-3
    return s, s.run(inputs | (parameters or {}), 1)


def exact_eligibilities(weights, images):
    """Of the event-driven reference: a list of (n_pre, n_post) arrays, in units of tau, for each stimulus."""
    neurons = [HIDDEN] * (len(weights) - 1) + [OUTPUT]
    found = []
    for image in images:
        given = reference.input_spikes(np.arange(len(image)), T_CODE * (1 - image))
        spikes = reference.network([w.T for w in weights], given, neurons, T_END)
        found.append(
            [
                reference.eligibility(w.T, s, n, T_END).T / n.tau
                for w, s, n in zip(weights, spikes[:-1], neurons, strict=True)
            ]
        )
    return found


def clocked_errors(weights, images, exact, dt, neuron="two_exponential"):
    """Relative error of the eligibilities of every neuron that spikes, at a time step of `dt` ms.

    Parameters
    ----------
    weights, images
        As for `present`.
    exact : list
        From `exact_eligibilities`.
    neuron : str
        Neuron model.

    Returns
    -------
    errors : (n,) array
        Norm of the difference over the norm of the exact eligibilities, of all neurons and stimuli.
    """
    s, _ = present(weights, images, dt, neuron=neuron)
    errors = []
    for level in range(len(weights)):
        found = s.built.groups[f"synapses{level + 1}"].matrix("eligibility")
        for clocked, of_stimulus in zip(found, exact, strict=True):
            norms = np.linalg.norm(of_stimulus[level], axis=0)
            difference = np.linalg.norm(clocked - of_stimulus[level], axis=0)
            errors.append(difference[norms > 0] / norms[norms > 0])
    return np.concatenate(errors)


def smooth(pre, post, neuron):
    """Whether finite differences of these spike times are meaningful: no grazing spike, no input just at a spike."""
    gaps = np.abs(pre.time[:, None] - post.time)
    return np.all(post.A > (1 + SLOPE) * neuron.c) and np.all(gaps > GAP)


def neuron_trial(seed, n=100, neuron=None):
    """A random neuron with at least one spike, and spikes of `n` inputs: (weights, inputs)."""
    rng = np.random.default_rng(seed)
    neuron = neuron or reference.Neuron()
    while True:
        weights = rng.uniform(-1, 1, n)
        inputs = reference.input_spikes(rng.integers(n, size=n), rng.uniform(0, T_CODE, n))
        spikes = reference.layer(weights[None], inputs, neuron, T_END)
        if len(spikes.time) and smooth(inputs, spikes, neuron):
            return weights, inputs


def finite_difference_error(weights, inputs, neuron=None):
    """Relative error of the reference's derivatives of all spike times of a neuron, against finite differences."""
    neuron = neuron or reference.Neuron()
    gradient = reference.spike_time_gradients(weights, inputs, neuron, T_END)
    return reference.relative_error(
        gradient, reference.finite_difference(lambda w: reference.simulate(w, inputs, neuron, T_END)[0], weights, STEP)
    )
