"""Find one spoken digit among others in continuous streams, with a network that learns on line by a local rule.

Words follow one another with silence in between, in streams that have no borders: they are cut into frames of 100 ms,
at the end of each of which the layers' own readouts are asked and learn (rule local_readout_stream).  What belongs
together the layers find by themselves: their traces begin anew when they fall silent (goodness since_onset).  Every
training word is heard once a pass.  The threshold of the detector is chosen on validation words; what it finds in a
stream of test words, read once, is printed: hits, and false alarms an hour.

    python protocols/keywords.py --data DIR                     # "seven" among the spoken digits, two minutes
    python protocols/keywords.py --data DIR --target 3 --layers 200r --neuron spike_response
    python protocols/keywords.py --dataset rhythm               # generated: nothing is needed
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from brian2 import ms

import brianff.program  # noqa: F401
from brianff import datasets, plotting
from brianff.command_line import commands
from brianff.devices import device_option
from brianff.equations.compose import compose
from brianff.errors import OptionError
from brianff.learning.options import layers_option, set_option
from brianff.learning.streams import Listener, detections, frames_of, steps_of
from brianff.network.architecture import Architecture
from brianff.network.layers import layers_of
from brianff.options import Options, given, option, parameters_of, parser_of
from brianff.results import write_arrays

FRAMES_OF_A_RUN = 100
PARAMETERS = {"tau_syn": 30 * ms}  # unless --set says something else


@dataclass(frozen=True)
class Keywords(Options):
    """All options of this protocol."""

    dataset: str = option("spoken-digits", "data set of spike trains")
    data: str | None = option(None, "folder that holds the data set's files", metavar="DIR")
    target: int = option(7, "class that is to be found", low=0)
    layers: tuple[str, ...] = layers_option("200 or 200r", ("200",))
    neuron: str = option("lif", "neuron model: name or file")
    goodness: str = option("since_onset", "goodness: name or file")
    rule: str = option("local_readout_stream", "learning rule: name or file")
    set: tuple[str, ...] = set_option()
    passes: int = option(12, "times that every training word is heard", low=1)
    learning_rate: float = option(5e-3, "at the start; falls to a twentieth", low=0, high=1000)
    streams: int = option(20, "streams side by side", low=1)
    frame: int = option(100, "length of a frame in ms", low=1)
    dt: float = option(10.0, "time step in ms", above=0, high=1000)
    seed: int = option(1, "of everything that is drawn", low=0)
    device: str = device_option()


QUICK = dict(dataset="rhythm", target=1, layers=("20",), passes=1, streams=4, device="runtime")


@commands.fail_cleanly
def main(arguments=None):
    parser = parser_of(__doc__, Keywords)
    commands.add_out_option(parser, "runs/keywords-DATE-TIME")
    commands.add_quick_option(parser, "some generated words on a small network")
    args = parser.parse_args(arguments)
    c = Keywords(**commands.with_quick(args, given(args, Keywords), QUICK))
    data = datasets.load(c.dataset, data=c.data)
    if c.target >= data.n_classes:
        raise OptionError(f"--target {c.target}: the classes of {data.name} are 0 to {data.n_classes - 1}.")
    out = Path(args.out or commands.dated_folder("keywords"))

    # Words become streams of frames, in another order in every pass.
    few = slice(None, None, 20 if args.quick else 1)
    cut = dict(n_streams=c.streams, n_steps=steps_of(c.frame, c.dt), dt=c.dt * 1e-3)
    heard = [frames_of(data, data.train[few], seed=c.seed + 10 + k, **cut) for k in range(c.passes)]
    validation, test = (frames_of(data, words[few], seed=c.seed, **cut) for words in (data.validation, data.test))
    events = max(frames.most_events(FRAMES_OF_A_RUN) for frames in (*heard, validation, test))

    # The network.
    models = dict(neuron=c.neuron, encoder="spike_times", goodness=c.goodness, rule=c.rule)
    composition = compose(models=models, parameters=PARAMETERS | parameters_of(c.set))
    of_time = dict(n_steps=cut["n_steps"], dt_ms=c.dt, capacity=FRAMES_OF_A_RUN, carry_over=True)
    size = dict(batch=c.streams, images=FRAMES_OF_A_RUN * c.streams, events=events, label_neurons=0, dtype="float32")
    a = Architecture(data.n_channels, data.n_classes, layers_of(c.layers), **of_time, **size)
    listener = Listener(composition, a, c.device, c.seed, report=print)

    # Learning while it listens.
    n_frames, k = sum(map(len, heard)), 0
    for number, frames in enumerate(heard, start=1):
        rates = c.learning_rate * (1 - 0.95 * (k + np.arange(len(frames))) / n_frames)
        before = frames.accuracy(listener.hear(frames, rates))
        k += len(frames)
        print(f"pass {number}: {before:.4f} of the frames right before they were learnt", flush=True)

    # Detection: a threshold from validation words, and test words once.
    evidence = {name: listener.hear(f) for name, f in (("validation", validation), ("test", test))}
    p = {name: np.exp(values)[:, :, c.target] for name, values in evidence.items()}
    thresholds = np.linspace(0.1, 0.98, 45)
    threshold = max(thresholds, key=lambda one: detections(validation, p["validation"], c.target, one).f1)
    found = detections(test, p["test"], c.target, threshold)
    print(f"frames of test words that are right: {test.accuracy(evidence['test']):.4f}")
    print(f"threshold {threshold:.2f}; {len(found.hit)} words to be found in {60 * found.hours:.1f} minutes")
    print(f"hits {found.hit_rate:.4f}, false alarms {found.false_alarms}, {found.per_hour:.0f} an hour")
    out.mkdir(parents=True, exist_ok=True)
    write_arrays(out / "test.npz", {"evidence": evidence["test"], "label": test.label, "words": test.words})
    write_arrays(out / "weights.npz", {k: v for k, v in listener.synaptic.items() if k.endswith(".w")})
    print(f"figures: {out}")
    figures = {
        "stream": lambda: plotting.stream(test, p["test"], c.target, threshold),
        "within_words": lambda: plotting.within_words(test, evidence["test"]),
    }
    return commands.draw(out, figures)


if __name__ == "__main__":
    sys.exit(main())
