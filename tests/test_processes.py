"""One run on several cores: the same state to the last bit, and an end when a process is lost."""

import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from conftest import in_python

from brianff.devices.cache import DeviceError
from brianff.errors import OptionError
from brianff.learning.backpropagation import Backpropagation
from brianff.learning.feedback import Feedback
from brianff.learning.forward_forward import ForwardForward
from brianff.learning.run import Run

COMMON = dict(limit=60, epochs=1, mini_batch=30, batch=10, chunk=30, validate=30, steps=30, dt=1.0, dropout=0.0)
FORWARD = COMMON | dict(refresh=30, dtype="float32", learning_rate=5e-3)
READOUTS = dict(negatives="none", neuron="lif_homeostatic", encoder="poisson_rate")


@pytest.mark.compiler
@pytest.mark.parametrize(
    ("method", "options"),
    [
        (ForwardForward, FORWARD | dict(layers=("conv6k3", "15r"), rule="local_readout", **READOUTS)),
        (Feedback, COMMON | dict(layers=("20", "15"), feedback="sfdfa", init=2.0)),
    ],
    ids=["convolution, recurrent, random code", "feedback"],
)
def test_the_result_does_not_depend_on_the_number_of_cores(method, options):
    found = []
    for threads in (1, 3):
        run = Run(method(threads=threads, **options))
        begun = {name: np.array(value) for name, value in run.method.synaptic.items()}
        run.train(progress=False)
        evaluation = run.evaluate("test", 40)
        found.append(run.method.state() | {"scores": evaluation.scores(), "metrics": evaluation.measures()})
    changed = [name for name, value in begun.items() if not np.array_equal(value, found[0][name])]
    assert {"synapses1.w", "synapses2.w"} <= set(changed)
    for name, value in found[0].items():
        np.testing.assert_array_equal(value, found[1][name], err_msg=name)


@pytest.mark.compiler
def test_a_process_that_is_lost_ends_the_run():
    """In place of all others waiting for it for ever."""
    method = ForwardForward(threads=2, **FORWARD | dict(layers=(300,), steps=100_000, batch=10))
    pids = []

    def kill():
        own = Path(f"/proc/{os.getpid()}/task")
        while not pids:
            time.sleep(0.05)
            programs = [child for task in own.iterdir() for child in (task / "children").read_text().split()]
            for program in programs:
                for child in Path(f"/proc/{program}/task/{program}/children").read_text().split():
                    pids.append(int(child))
                    os.kill(int(child), signal.SIGKILL)

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    with pytest.raises(DeviceError, match="a process of the run has ended too early"):
        Run(method).train(progress=False)
    killer.join()
    assert pids


@pytest.mark.parametrize(
    ("method", "options", "message"),
    [
        (ForwardForward, dict(batch=2), "--threads 3 share out the presentations .* --batch 2 has fewer"),
        (ForwardForward, dict(device="runtime"), "--threads 3 are for --device cpp, not runtime"),
        (ForwardForward, dict(rule="event_driven"), "the rule event_driven changes weights while"),
        (Backpropagation, dict(batch=10), "--threads 3: each spike is recorded"),
    ],
)
def test_what_cores_cannot_share_out_is_refused(method, options, message):
    with pytest.raises(OptionError, match=in_python(message)):
        method(threads=3, **options)
