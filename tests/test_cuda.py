"""brian2cuda: set-up, generated code, what nvcc makes of it, and the kernels themselves.

Where there is no GPU, the generated projects are compiled as C++ and run on the host (tests/cuda_on_host.h): the code
is the same, the parallelism is not.  Tests that need a GPU say so.
"""

import importlib
import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import brian2cuda  # noqa: F401  (registers its device)
import numpy as np
import pytest
from brian2 import Clock, Network, NeuronGroup, SpikeMonitor, defaultclock, device, ms, prefs, set_device
from conftest import ROOT, with_partners
from cuda_on_host import SETUP, CudaOnHost, compile_project
from test_layers import agrees_with_numpy
from test_local_readout import learns_as_numpy

import brianff.devices.cuda_setup
import brianff.learning.population
import brianff.learning.spiking
from brianff.command_line.doctor import report
from brianff.command_line.main import main
from brianff.devices import DeviceError, simulator
from brianff.devices.cpp import CppSimulator
from brianff.devices.cuda import CudaSimulator, generate
from brianff.devices.cuda_setup import Gpu, Setup
from brianff.devices.merging import merge
from brianff.devices.runtime import RuntimeSimulator
from brianff.equations.compose import compose
from brianff.equations.kinds import FEEDBACK as WITH_FEEDBACK
from brianff.equations.kinds import FORWARD_FORWARD, available
from brianff.errors import ModelError, OptionError
from brianff.learning.backpropagation import Backpropagation
from brianff.learning.feedback import Feedback
from brianff.learning.forward_forward import ForwardForward
from brianff.learning.phases import Phases
from brianff.learning.population import SpikingPopulation
from brianff.learning.run import Run
from brianff.network.architecture import Architecture
from brianff.network.convolution import ConvolutionSynapses, Geometry
from brianff.network.dense import DenseSynapses
from brianff.network.feedforward import FeedForwardNetwork
from brianff.network.neurons import BatchNeurons
from brianff.network.templates import after_scalars, split, without_writes, writes

importlib.import_module("brian2cuda")  # registers its device with Brian2

FOUND = Setup.find()
needs_gpu = pytest.mark.skipif(bool(FOUND.problems), reason=f"needs a GPU: {' '.join(FOUND.problems)}")


@pytest.fixture(autouse=True)
def cuda_leaves_nothing():
    yield
    if device.__class__.__name__ != "RuntimeDevice":
        device.reinit()
        set_device("runtime")


# -- pieces of generated code --------------------------------------------------------------------------------------
def test_what_stays_the_same_leaves_the_loop():
    lines = [
        "double I = _ptr_array_n_I[_postsynaptic_idx];",
        "const double w = _ptr_array_s_w[_idx];",
        "double q;",
        "I += w;",
        "q = 1.0;",
        "_ptr_array_n_I[_postsynaptic_idx] = I;",
        "_ptr_array_n_q[_postsynaptic_idx] = q;",
    ]
    pieces = split(lines, ["_postsynaptic_idx"])
    assert pieces["before"] == lines[:1] and pieces["after"] == [lines[5]]
    assert pieces["inside"] == [*lines[1:5], lines[6]]  # q is written, and was not read: it stays


def test_an_array_of_two_names_stays_in_the_loop():
    lines = [
        "double a = _ptr_array_n_a[_postsynaptic_idx];",
        "const double a_post = _ptr_array_n_a[_postsynaptic_idx];",
        "a += a_post;",
        "_ptr_array_n_a[_postsynaptic_idx] = a;",
    ]
    assert split(lines, ["_postsynaptic_idx"]) == {"before": [], "inside": lines, "after": []}


def test_scalars_are_written_by_one_thread():
    lines = ["double n = _ptr_array_s_n[0];", "n += 1;", "_ptr_array_s_n[0] = n;"]
    assert writes(lines) and writes({"then": lines, "update": []})
    assert without_writes(lines) == lines[:2] and not writes(lines[:2])
    vector = ["const double n = _ptr_array_s_n[0];", "double w = _ptr_array_s_w[_idx];", "w += n;"]
    assert after_scalars(vector, lines) == vector[1:] and after_scalars(vector, lines[:2]) == vector


# -- set-up --------------------------------------------------------------------------------------------------------
NVCC = """#!/bin/sh
case "$*" in
  --version) printf 'nvcc: NVIDIA\\nCuda compilation tools, release %s, V1\\n' {version} ;;
  *--dryrun*) printf '#$ TOP={top}\\n' ;;
  --list-gpu-arch) printf 'compute_80\\ncompute_90\\n' ;;
esac
"""
SMI = "#!/bin/sh\ncat <<END\n{lines}\nEND\n"


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A PATH of its own, and functions that put a toolkit and GPUs into it."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("sh", "cat", "printf", "g++", "make"):
        if found := shutil.which(name):
            (programs / name).symlink_to(found)
    for name in ("g++", "make"):
        if not (programs / name).exists():
            (programs / name).write_text("#!/bin/sh\n")
            (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))
    for name in ("CUDA_PATH", "CUDA_HOME", "CUDA_VISIBLE_DEVICES", "CXX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("brianff.devices.cuda_setup.USUAL_PLACES", ())

    def put(name, text):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)

    class Machine:
        root = tmp_path / "cuda"

        def toolkit(self, version="13.0", curand=True):
            put("nvcc", NVCC.format(version=version, top=self.root))
            if curand:
                for path in ("include/curand_kernel.h", "lib64/libcurand.so"):
                    (self.root / path).parent.mkdir(parents=True, exist_ok=True)
                    (self.root / path).touch()

        def gpus(self, *names):
            lines = [f"{name}, {capability}, 580.1, 80000 MiB, GPU-{k}" for k, (name, capability) in enumerate(names)]
            put("nvidia-smi", SMI.format(lines="\n".join(lines)))

        def ccache(self):
            put("ccache", "#!/bin/sh\n")

        def lack(self, name):
            (programs / name).unlink()

    return Machine()


def test_a_machine_with_everything(machine):
    machine.toolkit()
    machine.gpus(("NVIDIA H100", 9.0))
    setup = Setup.find()
    assert not setup.problems
    assert setup.version == (13, 0) and setup.gpu.capability == 9.0 and setup.include is None
    assert "NVIDIA H100, compute capability 9.0, CUDA 13.0" in setup.summary
    assert {"cuRAND: with the toolkit", "--device cuda: works"} <= set(report())


def test_ccache_where_it_is(machine, tmp_path):
    """Every call of nvcc goes through it."""
    machine.toolkit()
    assert Setup.find().make_arguments[0].startswith(f"NVCC=@{tmp_path}/bin/nvcc ")
    machine.ccache()
    setup = replace(Setup.find(), gpu=Gpu("any", 9.0))
    folder = tmp_path / "project"
    folder.mkdir()
    generate(folder, Architecture(4, 2, (3,), batch=2, capacity=2, images=2), compose(), setup)
    commands = subprocess.run(
        ["make", "-n", *setup.make_arguments], cwd=folder, stdout=subprocess.PIPE, text=True, check=True
    ).stdout
    calls = [line.strip() for line in commands.splitlines() if "nvcc" in line]
    assert len(calls) > 4 and all(call.startswith(f"{tmp_path}/bin/ccache {tmp_path}/bin/nvcc ") for call in calls)


def test_everything_that_is_missing_is_one_sentence_of_advice(machine):
    machine.lack("make")
    problems = Setup.find().problems
    assert [p.split(":")[0].split(" (")[0] for p in problems] == [
        "Install make",
        "There is no nvcc",
        "nvidia-smi finds no GPU",
    ]
    assert all(p.endswith(".") for p in problems)


def test_an_old_toolkit_is_refused(machine):
    machine.toolkit("10.2")
    assert any("is of CUDA 10.2: install CUDA 11 or newer" in p for p in Setup.find().problems)


def test_a_toolkit_without_curand(machine, monkeypatch):
    machine.toolkit("13.0", curand=False)

    def files(package):
        raise brianff.devices.cuda_setup.importlib.metadata.PackageNotFoundError(package)

    monkeypatch.setattr("brianff.devices.cuda_setup.importlib.metadata.files", files)
    assert any("has no cuRAND: pip install 'brianff[cuda]'" in p for p in Setup.find().problems)
    machine.toolkit("12.9", curand=False)
    assert any("pip install nvidia-curand-cu12" in p for p in Setup.find().problems)


def test_curand_from_the_package(machine, monkeypatch, tmp_path):
    machine.toolkit("13.0", curand=False)
    folder = tmp_path / "site" / "nvidia" / "cu13"
    files = []
    for name in ("include/curand_kernel.h", "lib/libcurand.so.10"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
        files.append(type("File", (str,), {"locate": lambda self, path=folder / name: path})(f"nvidia/cu13/{name}"))
    monkeypatch.setattr("brianff.devices.cuda_setup.importlib.metadata.files", lambda package: files)
    monkeypatch.setattr("brianff.devices.cuda_setup.importlib.metadata.version", lambda package: "10.4")
    monkeypatch.setenv("BRIANFF_CACHE", str(tmp_path / "cache"))
    setup = replace(Setup.find(), gpu=Gpu("any", 9.0))
    assert setup.include == str(folder / "include")
    assert setup.curand == "package nvidia-curand 10.4" and any("told where cuRAND is" in fix for fix in setup.fixes)
    with setup.preferences():
        link = prefs["codegen.cpp.extra_link_args"]
        assert f"-Wl,-rpath={folder / 'lib'}" in link
        named = Path(next(flag for flag in link if flag.startswith("-L"))[2:]) / "libcurand.so"
        assert named.resolve() == folder / "lib" / "libcurand.so.10"
    assert f"-Wl,-rpath={folder / 'lib'}" not in prefs["codegen.cpp.extra_link_args"]


def test_which_gpu(machine, monkeypatch):
    machine.toolkit()
    machine.gpus(("first", 8.0), ("second", 9.0))
    assert Setup.find().gpu.name == "first"
    for visible, name in (("1", "second"), ("GPU-1", "second"), ("0,1", "first")):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
        assert Setup.find().gpu.name == name
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert any("hides every GPU" in p for p in Setup.find().problems)


@pytest.mark.parametrize(("capability", "message"), [(5.2, "6.0 is needed"), (7.5, "does not compile for old")])
def test_a_gpu_that_is_too_old(machine, capability, message):
    machine.toolkit()
    machine.gpus(("old", capability))
    assert any(message in p for p in Setup.find().problems)


def test_doctor(capsys):
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"^brianff .*brian2cuda 1\.0b1, numpy", out, re.M)
    for name in ("compiler", "nvcc", "GPU", "--device runtime", "--device cpp", "--device cuda"):
        assert f"\n{name}: " in out


# -- generated code ------------------------------------------------------------------------------------------------
def fits(chosen):
    try:
        return compose(models=chosen).misfit() is None
    except ModelError:
        return False


NAMES = {kind: available(kind) for kind in FORWARD_FORWARD.defaults}
MOST = max(map(len, NAMES.values()))
DEFAULT_NEURON = FORWARD_FORWARD.defaults["neuron"]


def compositions(k):
    """The k-th model of every kind; what does not fit together comes with the default models."""
    chosen = {kind: of_kind[k % len(of_kind)] for kind, of_kind in NAMES.items()}
    if fits(chosen):
        return [chosen]
    defaults = {kind: FORWARD_FORWARD.defaults[kind] for kind in ("goodness", "rule")}
    several = [{**chosen, **defaults}]
    for own in ({"goodness": chosen["goodness"]}, with_partners({"rule": chosen["rule"]})):
        neurons = ({**FORWARD_FORWARD.defaults, **own, "neuron": name} for name in (DEFAULT_NEURON, *NAMES["neuron"]))
        several.append(next(filter(fits, neurons)))
    return filter(fits, several)


def test_every_model_is_among_the_compositions():
    seen = {(kind, name) for k in range(MOST) for chosen in compositions(k) for kind, name in chosen.items()}
    assert seen == {(kind, name) for kind, names in NAMES.items() for name in names}


@pytest.mark.parametrize("k", range(MOST), ids=[f"model {k} of every kind" for k in range(MOST)])
def test_every_model_generates_cuda(k, tmp_path):
    for number, chosen in enumerate(compositions(k)):
        generates_cuda(chosen, tmp_path / f"{number}")


def generates_cuda(chosen, tmp_path):
    tmp_path.mkdir()
    composition = compose(models=chosen)
    events = 50 if composition.models["encoder"].reads_spike_times else 0
    a = Architecture(16, 2, (9,), label_neurons=2, batch=64, capacity=4, images=8, events=events)
    manifest = generate(tmp_path, a, composition, SETUP)
    code = (tmp_path / "code_objects" / "merged.cu").read_text()
    kernels = ["synapses1_pre", "goodness0_pre", "neurons0_step", "neurons1_step", "stop_run"]
    for name in kernels + ["synapses1_learn"] * bool(composition.synapses.at_epoch_end):
        assert re.search(rf"_run_kernel_{name}_codeobject\w*\(", code)
    for kernel in re.findall(r"__global__ void\s+_run_kernel_(?:synapses|goodness)\w+\((.*?)\nvoid _run", code, re.S):
        assert "atomic" not in kernel
    assert manifest["synapses1.w"] == {"dtype": "<f8", "size": 20 * 9}
    assert manifest["record_x1.x"]["columns"] == 64 * 9
    assert "use_fast_math" not in (tmp_path / "makefile").read_text()


PROTOCOLS = sorted(p.stem for p in (ROOT / "protocols").glob("*.py") if p.stem[0] != "_")
WITHOUT_A_DEVICE = {"ann_forward_forward", "check_gradients", "compare_gradients", "inspect_neuron"}  # NumPy only
# These need recordings, play in processes of their own or train many networks first, and generate what others generate.
OF_FILES = {"bandit", "events", "keywords", "read_networks", "spoken_digits"}


@pytest.mark.parametrize("protocol", sorted(set(PROTOCOLS) - WITHOUT_A_DEVICE - OF_FILES))
def test_every_protocol_generates_cuda(protocol, tmp_path, monkeypatch, capsys, here):
    """With its own --quick options, up to where nvcc would begin."""
    module = importlib.import_module(f"brianff.protocols.{protocol}")
    monkeypatch.setenv("BRIANFF_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(Setup, "find", classmethod(lambda cls: SETUP))
    seen = []

    def compile_(self, work):
        seen.append((work / "code_objects" / "merged.cu").read_text())
        return subprocess.CompletedProcess([], 1, "error: stopped here")

    monkeypatch.setattr(CudaSimulator, "_compile", compile_)
    assert module.main(["--quick", "--device", "cuda", "--out", str(tmp_path / "run")]) == 1
    assert "compilation failed: error: stopped here" in capsys.readouterr().err
    kernel = "synapses1_pre" if protocol == "gradient_free" else "synapses1_learn"
    assert seen and all(f"_run_kernel_{kernel}_codeobject" in code for code in seen)
    assert not list((tmp_path / "cache").glob("build-*"))  # nothing is left of a build that failed


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_protocol_has_the_same_devices(protocol, capsys):
    module = importlib.import_module(f"brianff.protocols.{protocol}")
    with pytest.raises(SystemExit):
        module.main(["--help"])
    said = " ".join(capsys.readouterr().out.split())
    devices = (
        "cpp (compiled), cuda (on a GPU, for batches of 64 and more) or runtime (NumPy, no compiler) (default: cpp)"
    )
    assert (devices in said) == ("--device {cpp,cuda,runtime}" in said) == (protocol not in WITHOUT_A_DEVICE)


@pytest.mark.parametrize("protocol", sorted(set(PROTOCOLS) - WITHOUT_A_DEVICE - OF_FILES))
def test_no_gpu_is_one_error_and_no_fallback(protocol, machine, tmp_path, capsys):
    module = importlib.import_module(f"brianff.protocols.{protocol}")
    assert module.main(["--quick", "--device", "cuda", "--out", str(tmp_path / "run")]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: --device cuda does not work here: There is no nvcc") and error.count("\n") == 1
    assert "nvidia-smi finds no GPU" in error


def feedback_compositions():
    """Every eligibility, every feedback and every loss at least once."""
    names = {kind: available(kind) for kind in ("eligibility", "feedback", "loss")}
    for k in range(max(map(len, names.values()))):
        chosen = {kind: of_kind[k % len(of_kind)] for kind, of_kind in names.items()}
        yield pytest.param(chosen, id="-".join(chosen.values()))


def test_every_feedback_is_among_the_compositions():
    seen = {(kind, name) for chosen in feedback_compositions() for kind, name in chosen.values[0].items()}
    assert seen == {(kind, name) for kind in ("eligibility", "feedback", "loss") for name in available(kind)}


POPULATION = dict(
    n_pixels=20,
    n_classes=3,
    n_neurons=9,
    members=8,
    capacity=8,
    label_neurons=2,
    n_steps=25,
    dt_ms=2.0,
    dtype="float64",
)
FEEDBACK = Architecture(20, 3, (9, 7, 3), label_neurons=0, batch=4, capacity=4, images=8)


@pytest.mark.parametrize("chosen", feedback_compositions())
def test_every_feedback_generates_cuda(chosen, tmp_path):
    """Two hidden layers, so that `backward` has a layer to pass."""
    composition = compose(WITH_FEEDBACK, chosen)
    manifest = generate(tmp_path, FEEDBACK, composition, SETUP)
    code = (tmp_path / "code_objects" / "merged.cu").read_text()
    kernels = ["synapses3_pre", "synapses3_learn", "synapses3_optimize"]
    kernels += ["synapses1_post"] * bool(composition.synapses.on_post)
    kernels += ["synapses1_eligibility"] * bool(composition.synapses.on_step)
    kernels += ["synapses2_backward"] * bool(composition.backward)
    kernels += ["feedback1_learn", "feedback2_learn"] * bool(composition.feedback)
    for name in kernels:
        assert re.search(rf"_run_kernel_{name}_codeobject\w*\(", code), name
    assert manifest["record_output.n_spikes"]["columns"] == 4 * 3


def test_single_precision_has_no_double_constants(tmp_path):
    a = Architecture(16, 2, (9,), label_neurons=2, batch=4, capacity=4, images=8, dtype="float32")
    generate(tmp_path, a, compose(models=dict(encoder="poisson_rate")), SETUP)
    code = (tmp_path / "code_objects" / "merged.cu").read_text()
    kernel = re.search(r"__global__ void\s+_run_kernel_synapses1_pre_codeobject\w*\(.*?^}", code, re.S | re.M).group()
    assert "float w = " in kernel and "double" not in kernel


def test_what_threads_would_do_to_each_other_is_refused(tmp_path):
    set_device("cuda_standalone", directory=str(tmp_path), build_on_run=False)
    with SETUP.preferences():
        group = NeuronGroup(4, "x : 1", threshold="x > 1", reset="")
        S = DenseSynapses(group, group, "w : 1\nn : 1 (shared)")
        with pytest.raises(NotImplementedError, match="code that `then` follows cannot write to 'n'"):
            S.update("n += 1\nw += n*x_pre", then="w *= 2")
        with pytest.raises(NotImplementedError, match=r"reads 'x_pre' and writes to the same variable"):
            DenseSynapses(group, group, "w : 1", "x_post += w*x_pre")
        kernel = dict(shape=(1, 2, 2), channels=1, size=1)
        with pytest.raises(NotImplementedError, match="on CUDA, what adds to a kernel is an update"):
            ConvolutionSynapses(group, NeuronGroup(4, "y : 1"), "w : 1", "w += y_post", **kernel)


def test_strings_that_brian2cuda_cannot_assign_are_refused(tmp_path):
    set_device("cuda_standalone", directory=str(tmp_path), build_on_run=False)
    with SETUP.preferences():
        group = NeuronGroup(4, "x : 1", threshold="x > 1", reset="")
        S = DenseSynapses(group, group, "w : 1\nu : 1 (post_major)")
        S.w = "0.5*rand()"
        S.w["w > 0.25"] = "w/2"
        S.w[0, :] = [1, 2, 3, 4]
        S.u[:, 0] = [1, 2, 3, 4]
        for assign in (
            lambda: setattr(S, "w", "i*10 + j"),
            lambda: setattr(S, "w", "x_pre"),
            lambda: setattr(S, "u", "rand()"),
        ):
            with pytest.raises(NotImplementedError, match=r"on CUDA, .* give an array of shape \(4, 4\)"):
                assign()


def test_random_streams_are_refused(tmp_path):
    neuron = ROOT / "models" / "neurons" / "lif.py"
    (tmp_path / "noisy.py").write_text(neuron.read_text() + 'on_step = "v += 0.01*rand()"\n')
    a = Architecture(16, 2, (9,), label_neurons=2, batch=4, capacity=4, images=8)
    with pytest.raises(NotImplementedError, match="use uniform"):
        generate(tmp_path, a, compose(models=dict(neuron=str(tmp_path / "noisy.py"))), SETUP)


@pytest.mark.skipif(FOUND.nvcc is None, reason="needs nvcc")
@pytest.mark.skipif(
    bool(FOUND.nvcc) and any("cuRAND" in p for p in FOUND.problems), reason="needs the headers of cuRAND"
)
@pytest.mark.slow
def test_nvcc_compiles_all_code_objects(tmp_path):
    """All forms of the dense kernels and a network of each class, for sm_80 and sm_90; 15 s of CPU time.

    Only what runs on the GPU is translated: nvcc checks the host's part as well, and `compile_project` compiles it.
    """

    class WithVariants(FeedForwardNetwork):
        def _build(self, *options):
            super()._build(*options)
            objects, self.outcome = variants(monitored=False)
            self.network.add(objects)

    a = Architecture(16, 2, (9,), label_neurons=2, batch=64, capacity=4, images=8)
    forms = ["synapses1_pre", "synapses1_learn", "stop_run", "delayed_pre", "tiles_pre", "serial_pre", "fused"]
    of_feedback = ["synapses1_post", "synapses2_learn", "feedback1_learn", "spikes1"]
    of_variants = (a, compose(models=dict(neuron="lif_noise", encoder="poisson_rate")))
    for name, network, arguments, expected in (
        ("variants", WithVariants, of_variants, [*forms, "layer_sum"]),
        ("feedback", None, (FEEDBACK, compose(WITH_FEEDBACK)), of_feedback),
    ):
        folder = tmp_path / name
        generate(folder, *arguments, replace(FOUND, gpu=Gpu("H100", 9.0)), network, record=name == "feedback")
        text = (folder / "code_objects" / "merged.cu").read_text()
        for kernel in expected:
            assert f"_run_kernel_{kernel}_codeobject" in text
        flags = re.search(r"^NVCCFLAGS = (.*)$", (folder / "makefile").read_text(), re.M).group(1)
        flags = flags.replace("-O3", "-O1").replace("-arch=sm_90", "-gencode arch=compute_80,code=[sm_80,sm_90]")
        done = subprocess.run(
            f"{FOUND.nvcc} {flags} -rdc=true -fatbin code_objects/merged.cu -o merged.fatbin",
            shell=True, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-3000:]


# -- kernels on the host -------------------------------------------------------------------------------------------
BATCH, N, M = 3, 42, 34  # no whole words of spike flags

DRIVEN = """
dv/dt = (drive - v)/(5*ms) : 1 (unless refractory)
dx/dt = -x/(20*ms) : 1
drive : 1
steps : integer
ticks : integer
reached : integer
back : 1
total : integer (shared)
"""
TARGET = """
dv/dt = -v/(10*ms) : 1
I1 : 1
I2 : 1
I3 : 1
I4 : 1
I5 : 1
x : 1
q = 2*x : 1
latest : 1
"""


def variants(monitored=True):
    """Brian2 objects with every form of the dense kernels, and a function that gives what to compare."""
    defaultclock.dt = 1 * ms
    epoch = Clock(dt=10 * ms, name="epoch")
    rng = np.random.default_rng(3)
    options = dict(threshold="v > 1", reset="v = 0\nx += 1", refractory=2 * ms, method="exact")
    source = BatchNeurons(
        BATCH * N, DRIVEN, batch=BATCH, on_step="steps += 1", on_threshold="reached += 1", name="source", **options
    )
    source.run_regularly("total += 1\nticks += total", dt=5 * ms)
    plain = NeuronGroup(BATCH * N, DRIVEN, name="plain", **options)
    many = NeuronGroup(9000, DRIVEN, name="many", **options)  # more than the spike flags of one tile
    target = NeuronGroup(BATCH * M, TARGET, threshold="v > 0.3", reset="v = 0", method="exact", name="target")
    few = NeuronGroup(2, "G : 1", name="few")
    layer = NeuronGroup(BATCH, "G : 1\nrate : 1 (shared)\nsince : integer (shared)", name="layer")
    for group in (source, plain, many):
        group.drive = rng.uniform(0.5, 2.5, len(group))
    target.x = rng.uniform(0, 1, len(target))
    layer.G = rng.uniform(0, 1, BATCH)
    layer.rate = 0.5
    both = dict(batch=BATCH, layer=layer)
    objects = {
        "flags": DenseSynapses(source, target, "w : 1", "I1_post += w\nv_post += 0.01*w", name="flags", **both),
        "list": DenseSynapses(plain, target, "w : 1", "I2_post += w*x_pre", name="list", **both),
        "delayed": DenseSynapses(source, target, "w : 1", "I3_post += w", delay=3 * ms, name="delayed", **both),
        "tiles": DenseSynapses(many, few, "w : 1", "G_post += w", name="tiles"),
        "goodness": DenseSynapses(source, layer, "", "G_post += 2*x_pre + 1", batch=BATCH, name="goodness"),
        "written": DenseSynapses(source, target, "w : 1", "latest_post = w", name="written", **both),
        "columns": DenseSynapses(
            source, target, "w : 1\nc : 1 (post_major)", None, "c += x_pre*q_post\nw += 0.01", name="columns", **both
        ),
        "lateral": DenseSynapses(source, source, "w : 1", "drive_post -= 0.001*w*x_pre", name="lateral", **both),
        "serial": DenseSynapses(source, target, "w : 1", "I4_post += w\nw = 0.9*w + 0.1*x_post", name="serial", **both),
        "entries": DenseSynapses(
            plain, target, "w : 1\nown : 1 (per_entry)\nheard : 1 (per_entry, post_major)",
            "I5_post += w + own\nown += 0.5", "heard += x_post", name="entries", **both,
        ),
        "some": DenseSynapses(
            source, target, "w : 1\nown : 1", "I3_post += w", "own += x_pre", delay=2 * ms, name="some", partial=True,
            **both,
        ),
        "learning": DenseSynapses(
            source, target, "w : 1\ndw : 1\nown : 1 (per_entry)\nn : 1 (shared)\nu : 1 (shared)",
            name="learning", **both,
        ),
    }  # fmt: skip
    kernel = dict(shape=(2, 3, 7), channels=3, size=3, stride=2, padding=1, **both)
    of = Geometry((2, 3, 7), 3, 3, 2, 1)
    maps = NeuronGroup(BATCH * of.n_post, TARGET, threshold="v > 0.3", reset="v = 0", method="exact", name="maps")
    maps.x = rng.uniform(0, 1, len(maps))
    objects |= {
        "kernel_flags": ConvolutionSynapses(source, maps, "w : 1", "I1_post += w", name="kernel_flags", **kernel),
        "kernel_list": ConvolutionSynapses(plain, maps, "w : 1", "I2_post += w*x_pre", name="kernel_list", **kernel),
        "kernel_delayed": ConvolutionSynapses(
            source, maps, "w : 1", "I3_post += w\nlatest_post = w", delay=3 * ms, name="kernel_delayed", **kernel
        ),
        "kernel_learning": ConvolutionSynapses(
            source, maps, "w : 1\ndw : 1\nn : 1 (shared)", name="kernel_learning", **kernel
        ),
    }
    for synapses in objects.values():
        if "w" in synapses.variables:
            synapses.w = rng.normal(size=len(synapses))
    S = objects["kernel_learning"]
    S.update(
        "dw += G_layer*x_pre*x_post", rows="x_pre > 0.1", condition="t > 0*ms",
        then="n += 1\nw += dw*rate_layer/n\ndw = 0", then_condition="t > 15*ms", clock=epoch, name="kernel_fused",
    )  # fmt: skip
    S.update("latest_post += 0.01*w*x_pre", rows="x_pre > 0.1", clock=epoch, name="kernel_to_target", order=4)
    S.update("w *= 0.99", clock=epoch, name="kernel_alone", order=5)
    S = objects["some"]
    present = rng.random((N, M)) < 0.4
    device.fill_with_array(S.variables["_present"], present.ravel())
    S.w = np.where(present, 0.5, 0)
    S.pre.forget(layer, "since")
    layer.since = 12  # time steps
    S.update("own += x_pre*x_post", rows="x_pre > 0.1", then="w += 0.1*own", clock=epoch, order=8, name="some_rows")
    S.update("own += w*x_post", columns="x_post > 0.3", clock=epoch, order=9, name="some_columns")
    S = objects["learning"]
    S.update(
        "dw += G_layer*x_pre*x_post",
        rows="x_pre > 0.1",
        condition="t > 0*ms",
        then="n += 1\nw += dw*rate_layer/n\ndw = 0",
        then_condition="t > 15*ms",
        clock=epoch,
        name="fused",
    )
    S.update("own += x_pre*x_post", clock=epoch, name="of_entries", order=1)
    S.update("u += 1\nw *= 1 - 0.01*u", clock=epoch, name="shared_alone", order=2)
    objects["goodness"].update("G_post += 0.1*x_pre", rows="x_pre > 0.1", clock=epoch, name="layer_sum", order=3)
    objects["columns"].update("c += x_pre*x_post", columns="x_post > 0.3", clock=epoch, order=5, name="by_columns")
    objects["flags"].update("back_pre += w*x_post", columns="x_post > 0.3", clock=epoch, order=6, name="by_rows")
    objects["columns"].update(
        "c += 0.1*x_post\nback_pre += w*c", columns="x_post > 0.3", clock=epoch, order=7, name="rows_of_all"
    )
    S.update("latest_post += 0.01*w*x_pre\nw *= 0.99", clock=epoch, name="columns_of_all", order=4)
    groups = [source, plain, many, target, few, layer, maps]
    spikes = [SpikeMonitor(source, name="spikes")] if monitored else []
    names = {
        source: ("v", "x", "steps", "ticks", "reached", "back", "total"),
        target: ("v", "I1", "I2", "I3", "I4", "I5", "latest"),
        maps: ("v", "I1", "I2", "I3", "latest"),
        few: ("G",),
        layer: ("G",),
    }

    def outcome():
        found = {f"{g.name}.{v}": np.array(getattr(g, v)) for g, variables in names.items() for v in variables}
        for name, synapses in objects.items():
            for variable in synapses.storage:
                found[f"{name}.{variable}"] = np.array(synapses.state(variable)[:])
        found |= {"learning.n": np.array(S.n), "learning.u": np.array(S.u)}
        i, t = np.array(spikes[0].i), np.array(spikes[0].t)
        order = np.lexsort((i, t))
        return found | {"spikes.i": i[order], "spikes.t": t[order]}

    return [*groups, *objects.values(), *spikes], outcome


def build_variants(device_name, folder=None, setup=SETUP):
    """The project of `variants` in a folder, without compiling it; or, on the NumPy runtime, the outcome."""
    if device_name == "runtime":
        objects, outcome = variants()
        Network(objects).run(45 * ms, namespace={})
        return outcome()
    set_device("cuda_standalone", directory=str(folder), build_on_run=False)
    with setup.preferences():
        objects, outcome = variants()
        network = Network(objects)
        network.run(45 * ms, namespace={})
        device.build(directory=str(folder), compile=False, run=False, with_output=False)
    merge(folder, ".cu")
    return network, outcome


def outcomes_of_variants(folder, outcome, times):
    """What a compiled project of `variants` leaves, run several times."""
    for _ in range(times):
        device.has_been_run = False
        device.array_cache.clear()
        device.run(str(folder), with_output=False)
        yield outcome()


def assert_as_variants(found, reference):
    """As on the NumPy runtime, and bit for bit the same in every run."""
    for name, values in reference.items():
        np.testing.assert_allclose(found[0][name], values, rtol=1e-12, atol=1e-14, err_msg=name)
        np.testing.assert_array_equal(found[0][name], found[1][name], err_msg=name)


@pytest.mark.compiler
@pytest.mark.slow
def test_every_form_of_the_dense_kernels(tmp_path, monkeypatch):
    """On the host, in two orders of threads, against the NumPy runtime."""
    reference = build_variants("runtime")
    assert len(reference["spikes.i"]) > 100 and reference["learning.n"] == 3
    network, outcome = build_variants("cuda", tmp_path)
    done = compile_project(tmp_path)
    assert done.returncode == 0, done.stdout[-3000:]
    found = []
    for seed in ("0", "7"):
        monkeypatch.setenv("CUDA_ON_HOST_SEED", seed)
        found += outcomes_of_variants(tmp_path, outcome, 1)
    assert_as_variants(found, reference)


def test_epochs_of_unequal_length_are_refused_and_a_continuous_stream_is_not(tmp_path):
    a = Architecture(4, 2, (3,), batch=2, capacity=2, images=2, total_steps=100)
    with pytest.raises(OptionError, match="on CUDA all stimulus epochs have the same length: take another device, cpp"):
        generate(tmp_path / "a", a, compose(), SETUP)
    begins_anew = []
    for carry_over in (False, True):
        folder = tmp_path / str(carry_over)
        generate(folder, a.with_(total_steps=None, carry_over=carry_over), compose(), SETUP)
        begins_anew.append("        I_syn = 0;" in (folder / "code_objects" / "merged.cu").read_text())
    assert begins_anew == [True, False]


@pytest.mark.compiler
@pytest.mark.slow
def test_convolutions_with_local_readouts_on_the_host():
    learns_as_numpy(CudaOnHost)


@pytest.mark.compiler
@pytest.mark.slow
def test_sparse_delayed_recurrent_networks_on_the_host():
    agrees_with_numpy(CudaOnHost)


CONFIG = dict(
    dataset="digits", layers=(40, 33), neuron="lif_noise", encoder="poisson_rate", batch=5, mini_batch=10, refresh=10,
    chunk=10, limit=20, epochs=1, steps=12, validate=1, device="cuda",
)  # fmt: skip

FEEDBACK_CONFIG = dict(
    dataset="digits", layers=(20, 18), batch=4, mini_batch=8, chunk=16, limit=32, epochs=1, steps=30, dt=6.0,
    validate=8, dtype="float64", device="cuda",
)  # fmt: skip


@pytest.fixture
def on_host(monkeypatch):
    """`--device cuda` with kernels that run on the host; compiled once for all tests."""

    def make(device_name, *arguments, **options):
        if device_name == "cuda":
            assert options.pop("threads", 1) == 1
            return CudaOnHost(*arguments, **options)
        return simulator(device_name, *arguments, **options)

    for module in (
        brianff.learning.spiking,
        brianff.learning.population,
    ):
        monkeypatch.setattr(module, "simulator", make)


def presented(architecture, seed=1):
    """Inputs of a short run with learning in every second stimulus epoch."""
    a, rng = architecture, np.random.default_rng(seed)
    n = a.capacity // 2 * a.batch
    images = rng.random((a.images, a.n_pixels)) * (rng.random((a.images, a.n_pixels)) < 0.5)
    labels = rng.integers(0, a.n_classes, n)
    shown = np.arange(n) % a.images
    number = 2 * np.arange(n)
    negative = shown, (labels + 1) % a.n_classes, number + 1
    schedule = Phases.paired().schedule((shown, labels, number), negative, a)
    rates = np.zeros(a.capacity + 1)
    rates[1::2] = 2e-3
    inputs = {"images": images, **schedule.inputs(a), "neurons0.seed": 1}
    for level, (n_pre, n_post) in enumerate(zip(a.sizes[:-1], a.sizes[1:], strict=True), start=1):
        inputs[f"synapses{level}.w"] = rng.normal(size=n_pre * n_post) * 10 / np.sqrt(n_pre)
        inputs[f"synapses{level}.plastic"] = True
        inputs[f"layer{level}.samples_per_update"] = float(a.batch)
        inputs[f"learning_rate_at{level}"] = rates
    return inputs, schedule


def outcome_of(sim, inputs, n_epochs):
    levels = range(1, len(sim.architecture.sizes))
    with sim.run(inputs, n_epochs) as results:
        out = {f"x{k}": results.recorded(f"record_x{k}", "x", n_epochs) for k in levels}
        out |= {f"g{k}": results.recorded(f"record_g{k}", "g", n_epochs) for k in levels}
        return out | {f"{v}{k}": results[f"synapses{k}.{v}"] for v in ("w", "m1", "m2", "n_updates") for k in levels}


def assert_same(found, reference, rtol=1e-9, atol=1e-11):
    for name, values in reference.items():
        np.testing.assert_allclose(found[name], values, rtol=rtol, atol=atol, err_msg=name)


METHODS = pytest.mark.parametrize(
    ("method", "options"),
    [
        (ForwardForward, CONFIG),
        (Feedback, FEEDBACK_CONFIG),
        (Backpropagation, FEEDBACK_CONFIG | {"feedback": "output_only"}),
    ],
    ids=["goodness", "feedback", "backpropagation"],
)


def goes_on_on_cuda(method, options, folder):
    """Trained on NumPy; begun there and finished on CUDA; the other way round: the same weights and metrics."""
    runs = {"whole": ("runtime", "runtime"), "finished": ("runtime", "cuda"), "begun": ("cuda", "runtime")}
    ended = {}
    for name, (first, second) in runs.items():
        begun = Run(method(**options | {"device": first}), folder / name)
        begun.train(callbacks=[lambda run, row: True], progress=False)
        ended[name] = Run.resume(folder / name, device=second)
        assert 0 < ended[name].position < ended[name].method.n_rows
        ended[name].train(progress=False)
    whole = ended.pop("whole")
    assert ended["finished"].method.simulator.device == "cuda"
    for run in ended.values():
        assert_same(run.method.synaptic, whole.method.synaptic)
        for row, reference in zip(run.metrics, whole.metrics, strict=True):
            for key in {"positive1", "negative2", "goodness", "readout", "accuracy", "spikes1"} & set(reference):
                assert row[key] == pytest.approx(reference[key], rel=1e-9)


@pytest.mark.compiler
@pytest.mark.slow
@METHODS
def test_a_checkpoint_goes_on_on_another_device(method, options, tmp_path, on_host):
    goes_on_on_cuda(method, options, tmp_path)


def test_a_process_that_has_ended_is_one_error(tmp_path):
    """What it did not read any more must not come up as a broken pipe when the simulator closes."""
    sim = CudaSimulator.__new__(CudaSimulator)
    sim.folder, sim._scratch = tmp_path, tmp_path / "scratch"
    sim._scratch.mkdir()
    (sim._scratch / "stderr").write_text("no memory left")
    pipe = subprocess.PIPE
    sim._process = subprocess.Popen([sys.executable, "-c", "exit(3)"], stdin=pipe, stdout=pipe, text=True)
    sim._process.wait()
    with pytest.raises(DeviceError, match="exit status 3.*no memory left"):
        sim._ask(["run"])
    assert sim._process is None and not sim._scratch.exists()


@pytest.mark.compiler
@pytest.mark.slow
def test_one_process_for_many_runs(tmp_path, on_host, monkeypatch):
    """Every run starts afresh, whatever ran before, in any order of threads; and what goes wrong is said."""
    run = Run(ForwardForward(**CONFIG), tmp_path / "run")
    sim = run.method.simulator
    a, n = run.method.architecture, run.method.architecture.capacity
    inputs, schedule = presented(a)
    reference = outcome_of(RuntimeSimulator(a, run.method.composition), inputs, n)
    assert reference["x2"].max() > 2 and np.abs(reference["w1"] - inputs["synapses1.w"]).max() > 1e-3
    first = outcome_of(sim, inputs, n)
    assert_same(first, reference)
    process = sim._process
    assert not CudaOnHost(a, run.method.composition).compiled  # from the cache, whatever the parameters
    slower, other = (
        compose(models=dict(neuron=n, encoder=CONFIG["encoder"]), parameters={"tau_m": 30 * ms})
        for n in ("lif_noise", "lif")
    )
    assert CudaOnHost(a, slower).folder == sim.folder
    sim.composition = other
    assert sim.fingerprint() != sim.folder.name
    short = outcome_of(sim, presented(a, seed=2)[0], 2)
    np.testing.assert_array_equal(short["n_updates1"], [1])  # the run ended after two epochs
    again = outcome_of(sim, inputs, n)
    assert sim._process is process
    sim.close()
    monkeypatch.setenv("CUDA_ON_HOST_SEED", "5")
    shuffled = outcome_of(sim, inputs, n)
    for name, values in first.items():
        np.testing.assert_array_equal(again[name], values, err_msg=name)
        np.testing.assert_array_equal(shuffled[name], values, err_msg=name)

    old = sim.run(inputs, 2)
    new = sim.run(inputs, 2)
    with pytest.raises(DeviceError, match="belongs to a run that is over"):
        old["synapses1.w"]
    assert new["synapses1.w"].size == sim.size("synapses1.w")
    with pytest.raises(ValueError, match=r"'synapses1\.w' has .* elements"):
        sim.run({**inputs, "synapses1.w": np.zeros(3)}, 2)
    with pytest.raises(DeviceError, match="no variable 'synapses9.w'"):
        sim.run({**inputs, "synapses9.w": 0}, 2)
    with pytest.raises(ValueError, match=f"1 to {n} stimulus epochs"):
        sim.run(inputs, n + 1)
    sim.run(inputs, 2)
    sim._process.kill()
    with pytest.raises(DeviceError, match=r"the compiled network failed \(ended by SIGKILL\)"):
        sim.run(inputs, 2)
    assert_same(outcome_of(sim, inputs, n), reference)  # the next run has a process of its own
    sim.close()


@pytest.mark.compiler
def test_members_of_a_population_on_the_host(monkeypatch, on_host):
    """The same activities as on NumPy, in any order of threads."""
    reference = SpikingPopulation(**POPULATION, device="runtime")
    found = SpikingPopulation(**POPULATION, device="cuda")
    rng = np.random.default_rng(4)
    weights = rng.normal(size=(reference.members, *reference.shape)) * 0.5
    pixels, labels = rng.random((6, 20)), rng.integers(0, 3, 6)
    expected = reference.show(weights, pixels, labels)
    assert expected.max() > 1 and np.ptp(expected, axis=1).max() > 0.5
    shown = found.show(weights, pixels, labels)
    np.testing.assert_allclose(shown, expected, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(found.present(weights[1], pixels, labels), reference.present(weights[1], pixels, labels))
    found.simulator.close()
    monkeypatch.setenv("CUDA_ON_HOST_SEED", "3")
    np.testing.assert_array_equal(found.show(weights, pixels, labels), shown)
    found.simulator.close()


# -- on a GPU ------------------------------------------------------------------------------------------------------
@needs_gpu
@pytest.mark.compiler
def test_parity_with_cpp_on_the_gpu():
    """The same spikes (traces) of a few hundred neurons, weights to 1e-6 after 100 updates; compiles for minutes."""
    a = Architecture(64, 10, (200, 100), batch=64, capacity=200, images=500)
    composition = compose(models=dict(neuron="lif_noise", encoder="poisson_rate"))
    inputs, schedule = presented(a)
    gpu, cpu = CudaSimulator(a, composition, print), CppSimulator(a, composition)
    found, reference = outcome_of(gpu, inputs, len(schedule)), outcome_of(cpu, inputs, len(schedule))
    assert reference["n_updates1"] == 100
    assert_same(found, reference, rtol=1e-6, atol=1e-9)
    again = outcome_of(gpu, inputs, len(schedule))
    for name, values in found.items():
        np.testing.assert_array_equal(again[name], values, err_msg=name)
    gpu.close()


@needs_gpu
@pytest.mark.compiler
def test_every_form_of_the_dense_kernels_on_the_gpu(tmp_path):
    reference = build_variants("runtime")
    _, outcome = build_variants("cuda", tmp_path, FOUND)
    done = subprocess.run(
        ["make", *FOUND.make_arguments, "-j8"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert_as_variants(list(outcomes_of_variants(tmp_path, outcome, 2)), reference)


@needs_gpu
@pytest.mark.compiler
@pytest.mark.parametrize("agrees", [learns_as_numpy, agrees_with_numpy])
def test_convolutions_and_recurrent_layers_on_the_gpu(agrees):
    agrees(CudaSimulator)


@needs_gpu
@pytest.mark.compiler
@METHODS
def test_a_checkpoint_goes_on_on_the_gpu(method, options, tmp_path):
    goes_on_on_cuda(method, options, tmp_path)


@needs_gpu
@pytest.mark.compiler
def test_throughput_on_the_gpu(tmp_path):
    """The benchmark's quick form: it runs, agrees with the CPU, and a batch of 256 is faster than one of 64."""
    out = tmp_path / "cuda.json"
    script = ROOT / "benchmarks" / "cuda.py"
    subprocess.run([sys.executable, str(script), "--quick", "--out", str(out)], check=True)
    rates = {
        row["batch"]: row["samples_per_second"]
        for row in json.loads(out.read_text())["rows"]
        if row["device"] == "cuda"
    }
    assert rates[256] > rates[64] > 0
