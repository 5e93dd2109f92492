"""Train a recurrent spiking network that settles, by how a small current shifts its equilibrium, and look at that.

Every sample is one presentation of three stimulus epochs, through which the state goes on: the layer settles freely,
then with the error of its class scores as a small current, then with the opposite current; every synapse multiplies
rates and differences of its own two neurons (equilibrium propagation, Scellier & Bengio 2017, arXiv 1602.05179).  Then:
how far are the spikes from the fixed point of rates that they are said to settle to, and is what synapses do the
gradient there, which the implicit function theorem gives exactly?  Both before and after training, and with stronger
recurrent weights, which are symmetric or not.

    python protocols/equilibrium.py                                        # digits, 64-200, a minute
    python protocols/equilibrium.py --dataset mnist --data DIR --jitter 1  # 784-300
    python protocols/equilibrium.py --resume runs/FOLDER                   # go on after an interruption
"""

import sys
from functools import partial

import brianff.program  # noqa: F401
from brianff import plotting
from brianff.command_line.commands import draw, fail_cleanly, going_on, run_options, start_or_resume
from brianff.jobs.tables import markdown
from brianff.learning.equilibrium import Equilibrium
from brianff.results import atomic_write
from brianff.studies import equilibrium as study

QUICK = dict(layers=("30r",), limit=200, epochs=2, validate=50, chunk=100)
SHOWN = 5  # samples whose rates are followed, on the NumPy runtime
STRONGER, SLOWER = 4, 5


@fail_cleanly
def main(arguments=None):
    args = run_options(Equilibrium.Options, __doc__, "equilibrium-DATASET").parse_args(arguments)

    # The network, or an interrupted run of it: one recurrent layer, of which the fixed point is known.
    def name(options):
        return f"equilibrium-{options.dataset}"

    def ready(run):
        study.rates_of(run.method)  # refused before training

    run = start_or_resume(args, Equilibrium, QUICK, name, "100 test samples", ready=ready)
    method, out = run.method, run.folder.figures
    n = min(200, len(method.data.validation) // method.options.batch * method.options.batch)
    n, n_steps = (method.options.batch, 60) if args.quick else (n, 400)

    # Training: free phase, nudged phase, the opposite one, again and again.
    with going_on(run):
        run.train()
    evaluation = run.evaluate("test", 100 if args.quick else None)
    run.folder.save("evaluation", evaluation.arrays())

    # Equilibrium and gradient: before and after, with other recurrent weights, and with more time.
    before = Equilibrium.of(method.options, method.data)
    strong = study.stronger(before, STRONGER)
    networks = {
        "before training": before,
        f"recurrent weights {STRONGER} times as strong": strong,
        "the same, asymmetric": study.asymmetric(strong),
        "after training": method,
        f"the same, epochs {SLOWER} times as long": study.slower(method, SLOWER),
    }
    cosines = {name: study.cosines(one, method.data.validation[:n]) for name, one in networks.items()}
    shown = method.data.validation[:SHOWN]
    settled = {name: study.settling(one, shown, n_steps) for name, one in [*networks.items()][:-1]}
    lines = []
    for name, one in networks.items():
        least, greatest = study.eigenvalues(one)
        steps, *errors = settled.get(name, settled["after training"])
        first = [study.within(steps, error, 0.01) or f"more than {n_steps}" for error in errors]
        lines.append([name, f"{least:.2f} … {greatest:.2f}", *(f"{cosines[name][k]:.3f}" for k in "FWR"), *first])
    head = ["network", "eigenvalues of W", "cosine: F", "W", "readout", "1 % after (steps): spikes", "currents"]
    table = markdown(head, lines)
    atomic_write(run.folder.path / "equilibrium.md", table.encode())
    print(f"\n{table}\nfigures: {out}\ntest accuracy: {evaluation.accuracy():.4f}")
    recording = run.record([0], range(12))
    figures = {
        "settling": partial(plotting.settling, settled),
        "raster": lambda: plotting.raster(recording),
        "membrane": lambda: plotting.membrane(recording),
        "confusion": lambda: plotting.confusion(evaluation),
        "learning_curve": lambda: plotting.learning_curve(run.metrics),
    }
    return draw(out, figures)


if __name__ == "__main__":
    sys.exit(main())
