"""Results folders: nothing is lost when writing is interrupted, and damage is named."""

import csv
import json
import os
import resource
import signal
import subprocess
import sys

import numpy as np
import pytest

from brianff.results import ResultsError, RunFolder, atomic_write, lock_folder


@pytest.fixture
def run(tmp_path):
    return RunFolder.create(tmp_path / "run", {"config": {"seed": 1}})


def interrupt(*args):
    raise KeyboardInterrupt


# -- writing -------------------------------------------------------------------------------------------------------
def test_atomic_write_replaces_a_file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"a long old content")
    atomic_write(path, b"new")
    assert path.read_bytes() == b"new"


def test_atomic_write_leaves_no_temporary_file(tmp_path):
    atomic_write(tmp_path / "file", b"new")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("moment", ["fsync", "replace"])
def test_interrupted_write_leaves_the_old_file(tmp_path, monkeypatch, moment):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, moment, interrupt)
    with pytest.raises(KeyboardInterrupt):
        atomic_write(path, b"new")
    assert path.read_bytes() == b"old"


def test_write_after_an_interrupted_one_succeeds(tmp_path, monkeypatch):
    path = tmp_path / "file"
    with monkeypatch.context() as m:
        m.setattr(os, "replace", interrupt)
        with pytest.raises(KeyboardInterrupt):
            atomic_write(path, b"a content that never arrived")
    atomic_write(path, b"new")
    assert path.read_bytes() == b"new"


def test_data_is_on_the_disk_before_the_old_file_goes(tmp_path, monkeypatch):
    order = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda fd: (order.append("fsync"), fsync(fd)))
    monkeypatch.setattr(os, "replace", lambda a, b: (order.append("replace"), replace(a, b)))
    atomic_write(tmp_path / "file", b"new")
    assert order == ["fsync", "replace"]


def test_interrupted_checkpoint_leaves_the_previous_one(run, monkeypatch):
    run.save("checkpoint", {"w": np.arange(3)})
    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run.save("checkpoint", {"w": np.zeros(3)})
    np.testing.assert_array_equal(run.load("checkpoint")["w"], [0, 1, 2])


# -- the folder ----------------------------------------------------------------------------------------------------
def test_create_makes_a_folder_with_its_parents(tmp_path):
    RunFolder.create(tmp_path / "a" / "b", {"x": 1})
    document = json.loads((tmp_path / "a" / "b" / "config.json").read_text())
    assert document.pop("digest") and document == {"x": 1}


def test_create_accepts_a_folder_without_a_run(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    RunFolder.create(tmp_path, {})
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_create_refuses_a_folder_that_holds_a_run(run):
    with pytest.raises(ResultsError, match=f"{run.path} already holds a run.*resume"):
        RunFolder.create(run.path, {})
    assert run.config["config"] == {"seed": 1}


def test_create_refuses_a_file(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ResultsError, match="file"):
        RunFolder.create(tmp_path / "file", {})


@pytest.mark.parametrize("name", ["nothing", "empty"])
def test_open_refuses_what_is_not_a_run(tmp_path, name):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ResultsError, match=f"{name} is not the folder of a run"):
        RunFolder.open(tmp_path / name)


def test_open_reads_the_configuration_that_create_wrote(run):
    assert RunFolder.open(run.path).config["config"] == {"seed": 1}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'{"config": {"seed"',
        b"not json",
        pytest.param(
            b"\xff\xfe\x00",
        ),
        pytest.param(b"[1, 2]"),
    ],
    ids=["empty", "truncated", "text", "binary", "list"],
)
def test_damaged_configuration_is_named(run, content):
    (run.path / "config.json").write_bytes(content)
    with pytest.raises(ResultsError, match=r"config\.json.* is damaged"):
        _ = run.config


def test_figures_folder_is_made_once_and_kept(run):
    (run.figures / "a.png").write_bytes(b"png")
    assert (run.figures / "a.png").exists()


# -- arrays --------------------------------------------------------------------------------------------------------
ARRAYS = {
    "synapses1.w": np.linspace(0, 1, 7),
    "n": np.array(3),
    "spikes": np.arange(6, dtype=np.int32).reshape(2, 3),
    "names": np.array(["v", "I_syn"]),
}


def test_arrays_come_back_with_name_shape_and_type(run):
    run.save("checkpoint", ARRAYS)
    loaded = run.load("checkpoint")
    assert set(loaded) == set(ARRAYS)
    for name, array in ARRAYS.items():
        assert loaded[name].dtype == array.dtype
        np.testing.assert_array_equal(loaded[name], array)


def test_has_tells_what_is_there(run):
    assert not run.has("checkpoint")
    run.save("checkpoint", ARRAYS)
    assert run.has("checkpoint")


def test_load_names_a_missing_file(run):
    with pytest.raises(ResultsError, match=r"weights\.npz does not exist"):
        run.load("weights")


@pytest.mark.parametrize("kept", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_load_names_a_truncated_file(run, kept):
    run.save("weights", ARRAYS)
    path = run.path / "weights.npz"
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(ResultsError, match=r"weights\.npz (is damaged|has been changed)"):
        run.load("weights")


def npy_bytes(path):
    np.save(path / "array.npy", np.arange(3))
    return (path / "array.npy").read_bytes()


@pytest.mark.parametrize(
    "content",
    [
        lambda path: b"what,samples\nchunk,10\n",
        lambda path: b"\x80\x04}\x94.",
        pytest.param(
            npy_bytes,
        ),
    ],
    ids=["text", "pickle", "npy"],
)
def test_load_names_a_file_that_is_no_npz(run, tmp_path, content):
    (run.path / "weights.npz").write_bytes(content(tmp_path))
    with pytest.raises(ResultsError, match=r"weights\.npz is damaged"):
        run.load("weights")


def test_no_flipped_bit_of_the_directory_makes_load_fail_with_another_error(run):
    run.save("weights", {"w": np.arange(4.0)})
    path = run.path / "weights.npz"
    content = path.read_bytes()
    for place in range(content.index(b"PK\x01\x02"), len(content)):  # the directory, at the end
        for bit in (0, 6):
            damaged = bytearray(content)
            damaged[place] ^= 1 << bit
            path.write_bytes(damaged)
            try:
                run.load("weights")
            except ResultsError:
                pass


def test_a_changed_value_is_noticed(run):
    run.save("weights", {"w": np.zeros(100)})
    path = run.path / "weights.npz"
    content = bytearray(path.read_bytes())
    content[400] ^= 1
    path.write_bytes(content)
    with pytest.raises(ResultsError, match="damaged"):
        run.load("weights")


def test_load_refuses_pickled_objects(run):
    run.save("weights", {"w": np.array([{}], dtype=object)})
    with pytest.raises(ResultsError, match=r"weights\.npz"):
        run.load("weights")


# -- metrics -------------------------------------------------------------------------------------------------------
def metrics_of(run):
    """What somebody reads from metrics.csv, without the empty cells."""
    rows = csv.DictReader((run.path / "metrics.csv").read_text().splitlines())
    return [
        {k: v if k == "what" else int(v) if v.isdecimal() else float(v) for k, v in row.items() if v} for row in rows
    ]


def test_metrics_come_back_with_missing_cells_left_out(run):
    rows = [
        {"what": "chunk", "samples": 10.0, "positive1": 0.1 + 0.2},
        {"what": "validation", "samples": 10.0, "goodness": 1 / 3},
        {"what": "chunk", "samples": 20.0, "positive1": -1e-300},
    ]
    run.write_metrics(rows)
    assert metrics_of(run) == rows


def test_metrics_of_numpy_scalars_come_back_as_numbers(run):
    run.write_metrics([{"what": "chunk", "a": np.float64(1) / 3, "b": np.int64(7)}])
    assert metrics_of(run) == [{"what": "chunk", "a": 1 / 3, "b": 7.0}]


def test_metrics_that_are_not_finite_come_back(run):
    run.write_metrics([{"what": "chunk", "a": float("inf"), "b": float("nan")}])
    (row,) = metrics_of(run)
    assert row["a"] == np.inf and np.isnan(row["b"])


def test_whole_numbers_of_metrics_stay_whole(run):
    run.write_metrics([{"what": "chunk", "samples": 20, "seconds": 20.0}])
    (row,) = metrics_of(run)
    assert type(row["samples"]) is int and type(row["seconds"]) is float


def test_metrics_without_rows_come_back_empty(run):
    run.write_metrics([])
    assert metrics_of(run) == []


def test_metrics_are_one_readable_line_a_row(run):
    run.write_metrics([{"what": "chunk", "a": 1}, {"what": "validation", "b": 0.5}])
    assert (run.path / "metrics.csv").read_text() == "what,a,b\nchunk,1,\nvalidation,,0.5\n"


def test_interrupted_metrics_leave_the_previous_ones(run, monkeypatch):
    run.write_metrics([{"what": "chunk", "a": 1.0}])
    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run.write_metrics([])
    assert metrics_of(run) == [{"what": "chunk", "a": 1.0}]


# -- other runs, other processes -----------------------------------------------------------------------------------
def test_an_edited_configuration_is_refused_however_it_is_laid_out(run):
    path = run.path / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text())))
    assert RunFolder(run.path).config["config"] == {"seed": 1}
    path.write_text(path.read_text().replace('"seed": 1', '"seed": 2'))
    with pytest.raises(ResultsError, match=r"config\.json has been changed since the run was begun"):
        _ = RunFolder(run.path).config


def test_a_file_of_another_run_is_refused(run, tmp_path):
    other = RunFolder.create(tmp_path / "other", {"config": {"seed": 2}})
    other.save("weights", ARRAYS)
    os.replace(other.path / "weights.npz", run.path / "weights.npz")
    with pytest.raises(ResultsError, match=r"weights\.npz has been changed, or is of another run"):
        run.load("weights")


def test_a_file_that_was_written_again_with_other_values_is_refused(run):
    run.save("weights", ARRAYS)
    np.savez(run.path / "weights.npz", **ARRAYS | {"n": np.array(4)})
    with pytest.raises(ResultsError, match=r"weights\.npz has been changed"):
        run.load("weights")


def test_the_checkpoint_has_the_metrics_and_brings_a_damaged_table_back(run):
    rows = [{"what": "chunk", "samples": 10, "a": np.float64(0.5)}, {"what": "validation", "b": float("nan")}]
    run.save_checkpoint({"w": np.arange(3)}, rows)
    path = run.path / "metrics.csv"
    before, said = path.read_bytes(), []
    for damaged in (b"", before[:-5], before.replace(b"1", b"\0"), None):
        path.write_bytes(damaged) if damaged is not None else path.unlink()
        arrays, metrics = run.load_checkpoint(said.append)
        assert path.read_bytes() == before and len(said) == 1 and "metrics.csv" in said.pop()
        assert list(arrays) == ["w"] and metrics[0] == {"what": "chunk", "samples": 10, "a": 0.5}
        assert type(metrics[0]["samples"]) is int and np.isnan(metrics[1]["b"])
    run.load_checkpoint(said.append)
    assert not said


def test_a_folder_belongs_to_one_process(tmp_path):
    script = (
        "import sys; from brianff.results import lock_folder\n"
        "lock = lock_folder(sys.argv[1]); print('locked', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "locked\n"
        with pytest.raises(ResultsError, match=f"another process \\({other.pid} on .*\\) is at work in {tmp_path}"):
            lock_folder(tmp_path)
        other.kill()
    first = lock_folder(tmp_path)
    assert lock_folder(tmp_path) is first  # the same process


def test_a_disk_that_is_full_is_one_sentence_and_leaves_the_old_file(tmp_path):
    path = tmp_path / "file"
    atomic_write(path, b"old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
        with pytest.raises(ResultsError, match=r"file cannot be written: File too large\. What was .* is unharmed"):
            atomic_write(path, bytes(100_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert path.read_bytes() == b"old" and [p.name for p in tmp_path.iterdir()] == ["file"]


def test_what_a_killed_process_has_half_written_is_deleted(run):
    (run.path / "checkpoint.npz.tmp").write_bytes(b"half")
    RunFolder.open(run.path)
    assert not list(run.path.glob("*.tmp"))
