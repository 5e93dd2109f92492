"""Data sets: splits, idx files good and bad, where they are found, download."""

import dataclasses
import gzip
import hashlib
import http.server
import shutil
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest

from brianff import datasets
from brianff.datasets import Dataset, DatasetError, idx_sets, locate

TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS = idx_sets.MNIST_FILES
N_TRAIN, N_TEST, SHAPE = 60, 20, (4, 3)


@pytest.fixture(autouse=True)
def bare_machine(tmp_path, monkeypatch):
    """Run every test where none of the usual folders exists."""
    home = tmp_path / "home"
    (home / "work").mkdir(parents=True)
    monkeypatch.chdir(home / "work")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.delenv("BRIANFF_DATA", raising=False)
    monkeypatch.delenv("KERAS_HOME", raising=False)
    monkeypatch.setattr(locate, "DEBIAN_FOLDER", tmp_path / "debian")
    monkeypatch.setattr(locate, "cache_dir", lambda: tmp_path / "cache")
    return home


@pytest.fixture
def mnist_folder():
    repository = Path(__file__).resolve().parents[1]
    folder = repository.parent / "shared" / "data" / "mnist"
    if not folder.is_dir():
        pytest.skip(f"MNIST's four idx files are not in {folder}")
    return folder


def idx_bytes(values):
    magic = {1: 2049, 3: 2051}[values.ndim]
    return np.array([magic, *values.shape], ">u4").tobytes() + values.tobytes()


def samples(first_label=0, n_classes=10):
    """Random images and labels for training and test; every class is present."""
    rng = np.random.default_rng(1)
    images = rng.integers(0, 256, (N_TRAIN + N_TEST, *SHAPE), np.uint8)
    labels = (np.arange(N_TRAIN + N_TEST) % n_classes + first_label).astype(np.uint8)
    return images, labels


def write_idx_set(folder, files=idx_sets.MNIST_FILES, suffix="", dotted=False, **kind):
    """Write a small idx data set; return its images and labels, as in the files."""
    images, labels = samples(**kind)
    folder.mkdir(parents=True, exist_ok=True)
    parts = images[:N_TRAIN], labels[:N_TRAIN], images[N_TRAIN:], labels[N_TRAIN:]
    for stem, part in zip(files, parts, strict=True):
        name = (stem.replace("-idx", ".idx") if dotted else stem) + suffix
        content = idx_bytes(part)
        if suffix == ".gz":
            content = gzip.compress(content)
        (folder / name).write_bytes(content)
    return images, labels


def write_npz(path, **changes):
    images, labels = samples()
    arrays = {
        "x_train": images[:N_TRAIN],
        "y_train": labels[:N_TRAIN],
        "x_test": images[N_TRAIN:],
        "y_test": labels[N_TRAIN:],
    }
    arrays.update(changes)
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **{key: array for key, array in arrays.items() if array is not None})
    return images, labels


# Digits and splits


def test_digits_are_those_of_scikit_learn(monkeypatch):
    """Read from its file, or by its function where it keeps the file elsewhere."""
    from sklearn.datasets import load_digits

    bunch, digits = load_digits(), datasets.load()
    np.testing.assert_array_equal(digits.images, (bunch.images.astype(int) * 255 + 8) // 16)
    np.testing.assert_array_equal(digits.labels, bunch.target)
    monkeypatch.setattr(Path, "is_file", lambda path: False)
    np.testing.assert_array_equal(datasets.load().images, digits.images)


def test_digits_are_the_default_and_need_no_files():
    digits = datasets.load()
    assert digits.name == datasets.names()[0] == "digits"
    assert digits.images.shape == (1797, 8, 8)
    assert digits.images.dtype == np.uint8
    assert (digits.n_classes, digits.n_pixels, digits.image_shape) == (10, 64, (8, 8))
    assert list(digits.labels[:5]) == [0, 1, 2, 3, 4]


def test_digits_grey_levels_are_scaled_exactly():
    from sklearn.datasets import load_digits

    levels = load_digits().images
    images = datasets.load().images
    exact = levels * 255 / 16
    assert np.abs(images - exact).max() <= 0.5
    assert len(np.unique(images)) == 17
    assert images[levels == 16].min() == 255 and images[levels == 0].max() == 0


def test_splits_cover_every_sample_once():
    digits = datasets.load(split_seed=3)
    together = np.concatenate([digits.train, digits.validation, digits.test])
    assert np.array_equal(np.sort(together), np.arange(1797))
    assert (len(digits.train), len(digits.validation), len(digits.test)) == (
        1078,
        270,
        449,
    )


def test_held_out_splits_are_stratified():
    digits = datasets.load()
    counts = np.bincount(digits.labels)
    in_test = np.bincount(digits.labels[digits.test])
    in_validation = np.bincount(digits.labels[digits.validation])
    assert np.abs(in_test - counts * 449 / 1797).max() < 1
    rest = counts - in_test
    assert np.abs(in_validation - rest * 270 / rest.sum()).max() < 1


def test_splits_depend_on_the_seed_alone():
    first, again, other = (datasets.load(split_seed=seed) for seed in (0, 0, 1))
    for split in ("train", "validation", "test"):
        assert np.array_equal(getattr(first, split), getattr(again, split))
        assert not np.array_equal(getattr(first, split), getattr(other, split))
    # Results are comparable only while the splits stay what they were.
    assert list(first.test[:8]) == [1, 5, 9, 12, 14, 15, 16, 17]
    assert list(first.validation[:5]) == [11, 22, 30, 31, 40]


def test_test_split_does_not_depend_on_validation():
    assert np.array_equal(datasets.load(validation=7).test, datasets.load().test)


@pytest.mark.parametrize(
    "validation, size",
    [(0, 0), (0.0, 0), (13, 13), (np.int64(13), 13), (0.5, 674), (1347, 1347)],
)
def test_validation_is_a_number_or_a_fraction(validation, size):
    digits = datasets.load(validation=validation)
    assert len(digits.validation) == size
    assert len(digits.train) == 1348 - size


@pytest.mark.parametrize("validation", [-1, 1348, 1.0, -0.1, float("nan"), 1e-6, True, "5"])
def test_impossible_validation_is_refused(validation):
    with pytest.raises(ValueError, match="'digits'.*validation="):
        datasets.load(validation=validation)


def test_unknown_name_lists_the_known():
    with pytest.raises(ValueError, match="'minst'.*digits, timing, rhythm, events, .*, mnist, fashion-mnist"):
        datasets.load("minst")


def test_digits_refuse_a_folder_they_would_not_read(tmp_path):
    with pytest.raises(ValueError, match="data"):
        datasets.load("digits", data=tmp_path)


# Dataset


def make_dataset(**changes):
    images, labels = samples()
    arguments = {
        "name": "toy",
        "images": images,
        "labels": labels.astype(int),
        "n_classes": 10,
        "train": np.arange(50),
        "validation": np.arange(50, 60),
        "test": np.arange(60, 80),
    }
    return Dataset(**{**arguments, **changes})


def test_dataset_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        make_dataset().n_classes = 3


def test_only_validation_may_be_empty():
    nothing = np.arange(0)
    assert make_dataset(validation=nothing).validation.size == 0
    for split in ("train", "test"):
        with pytest.raises(ValueError, match=f"'toy'.*'{split}' is empty; .*larger"):
            make_dataset(**{split: nothing})


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"images": np.zeros((80, 12), np.uint8)}, r"uint8 of shape \(80, 12\)"),
        ({"images": np.zeros((80, 4, 3))}, "an array of float64"),
        ({"images": [[[0]]]}, "images are a list"),
        ({"labels": np.zeros(79, int)}, r"of shape \(79,\) for 80 images"),
        ({"labels": np.zeros(80)}, "an array of float64"),
        ({"n_classes": 1}, "n_classes is 1; give samples of at least two classes"),
        ({"n_classes": 9}, "label 9 at sample 9 is out of range for 9 classes"),
        ({"test": np.arange(59, 80)}, "sample 59 is .* in validation and test"),
        ({"train": np.array([1, 1])}, "sample 1 is .* in train;"),
        ({"test": np.arange(60, 81)}, "from 60 to 80 into 80 samples"),
        ({"test": np.array([-1])}, "from -1 to -1"),
        ({"test": np.ones(80, bool)}, "an array of bool"),
    ],
)
def test_dataset_refuses_what_does_not_fit(changes, message):
    with pytest.raises(ValueError, match="data set 'toy': .*" + message):
        make_dataset(**changes)


# Good idx files


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("dotted", [False, True])
@pytest.mark.parametrize("place", ["", "MNIST/raw", "mnist", "raw"])
def test_idx_files_are_read_under_their_usual_names(tmp_path, suffix, dotted, place):
    images, labels = write_idx_set(tmp_path / place, suffix=suffix, dotted=dotted)
    mnist = datasets.load("mnist", data=tmp_path)
    assert np.array_equal(mnist.images, images)
    assert np.array_equal(mnist.labels, labels)
    assert mnist.labels.dtype.kind == "i"
    assert mnist.image_shape == SHAPE
    assert np.array_equal(mnist.test, np.arange(N_TRAIN, N_TRAIN + N_TEST))


def test_validation_comes_from_the_official_training_file(tmp_path):
    write_idx_set(tmp_path)
    mnist = datasets.load("mnist", data=str(tmp_path))
    assert len(mnist.validation) == N_TRAIN // 12
    assert mnist.validation.max() < N_TRAIN
    held_out = datasets.load("mnist", data=tmp_path, validation=20, split_seed=1)
    assert list(np.bincount(held_out.labels[held_out.validation])) == [2] * 10
    together = np.concatenate([held_out.train, held_out.validation])
    assert np.array_equal(np.sort(together), np.arange(N_TRAIN))
    other = datasets.load("mnist", data=tmp_path, validation=20, split_seed=2)
    assert not np.array_equal(held_out.validation, other.validation)


@pytest.mark.parametrize("name", [name for name in idx_sets.SETS if "emnist" in name])
def test_emnist_stands_upright(tmp_path, name):
    idx_set = idx_sets.SETS[name]
    letters = name == "emnist-letters"
    images, labels = write_idx_set(
        tmp_path / "EMNIST" / "raw",
        files=[
            f"{name}-{part}"
            for part in (
                "train-images-idx3-ubyte",
                "train-labels-idx1-ubyte",
                "test-images-idx3-ubyte",
                "test-labels-idx1-ubyte",
            )
        ],
        first_label=int(letters),
        n_classes=idx_set.n_classes,
    )
    emnist = datasets.load(name, data=tmp_path)
    assert np.array_equal(emnist.images, images.transpose(0, 2, 1))
    assert emnist.images.flags.c_contiguous
    assert np.array_equal(emnist.labels, labels - int(letters))
    assert emnist.labels.min() == 0


# Bad idx files


def refused(folder, *parts, name="mnist"):
    """Message with which loading fails; it must name each of `parts`."""
    with pytest.raises(DatasetError) as caught:
        datasets.load(name, data=folder)
    for part in parts:
        assert str(part) in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("stem", idx_sets.MNIST_FILES)
@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("change", [-1, 1])
def test_wrong_length_is_refused(tmp_path, stem, compressed, change):
    write_idx_set(tmp_path)
    content = (tmp_path / stem).read_bytes()
    content = content[:-1] if change < 0 else content + b"\0"
    path = tmp_path / stem
    if compressed:
        path.unlink()
        path = tmp_path / f"{stem}.gz"
        content = gzip.compress(content)
    path.write_bytes(content)
    kind = "images" if "images" in stem else "labels"
    promised = N_TRAIN if "train" in stem else N_TEST
    promised *= 12 if kind == "images" else 1
    refused(
        tmp_path,
        path,
        f"holds {promised + change} bytes of {kind} but its header promises {promised}",
        "truncated" if change < 0 else "damaged",
    )


@pytest.mark.parametrize("length", [0, 3, 4, 15])
def test_cut_header_is_refused(tmp_path, length):
    write_idx_set(tmp_path)
    path = tmp_path / TEST_IMAGES
    path.write_bytes(path.read_bytes()[:length])
    refused(tmp_path, path, "truncated", f"holds {length} bytes")


def test_swapped_files_are_refused(tmp_path):
    write_idx_set(tmp_path)
    images, labels = tmp_path / TRAIN_IMAGES, tmp_path / TRAIN_LABELS
    images.rename(tmp_path / "aside")
    labels.rename(images)
    (tmp_path / "aside").rename(labels)
    refused(tmp_path, labels, "file of images (magic 2051)", "labels (magic 2049) are")
    shutil.copy(tmp_path / TEST_LABELS, labels)
    refused(tmp_path, images, "file of labels (magic 2049)", "were the two swapped?")


def test_foreign_file_is_refused(tmp_path):
    write_idx_set(tmp_path)
    (tmp_path / TRAIN_IMAGES).write_bytes(b"<!DOCTYPE html><title>404</title>")
    refused(tmp_path, tmp_path / TRAIN_IMAGES, "not an MNIST-format idx file")


def test_gzip_without_its_suffix_is_refused(tmp_path):
    write_idx_set(tmp_path)
    path = tmp_path / TRAIN_IMAGES
    path.write_bytes(gzip.compress(path.read_bytes()))
    refused(tmp_path, path, "is gzip-compressed", "end its name in .gz")


@pytest.mark.parametrize("stem", [TRAIN_IMAGES, TEST_LABELS])
def test_corrupt_gzip_is_refused(tmp_path, stem):
    write_idx_set(tmp_path, suffix=".gz")
    path = tmp_path / f"{stem}.gz"
    whole = path.read_bytes()
    damages = {
        "not a valid gzip file": (
            b"no gzip at all",
            whole[:-8] + bytes([whole[-8] ^ 1]) + whole[-7:],  # the checksum
            whole + b"trailing",
        ),
        "truncated": (whole[:-1], whole[:-12], whole[:12], b""),
    }
    for problem, contents in damages.items():
        for content in contents:
            path.write_bytes(content)
            refused(tmp_path, path, problem)


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_impossible_header_is_refused_before_memory_is_taken(tmp_path, suffix):
    write_idx_set(tmp_path, suffix=suffix)
    path = tmp_path / f"{TRAIN_IMAGES}{suffix}"
    content = np.array([2051, 2**32 - 1, 2**32 - 1, 2**32 - 1], ">u4").tobytes()
    path.write_bytes(gzip.compress(content) if suffix else content)
    refused(tmp_path, path, "header promises")


def test_empty_idx_file_is_refused(tmp_path):
    write_idx_set(tmp_path)
    (tmp_path / TEST_IMAGES).write_bytes(idx_bytes(np.zeros((0, *SHAPE), np.uint8)))
    refused(tmp_path, tmp_path / TEST_IMAGES, "holds no images")


def test_label_out_of_range_is_refused(tmp_path):
    _, labels = write_idx_set(tmp_path)
    labels[7] = 12
    (tmp_path / TRAIN_LABELS).write_bytes(idx_bytes(labels[:N_TRAIN]))
    refused(
        tmp_path,
        tmp_path / TRAIN_LABELS,
        "label 12 at item 7 is out of range for 10 classes (0 to 9)",
    )


def test_emnist_letters_start_at_one(tmp_path):
    name = "emnist-letters"
    files = idx_sets.SETS[name].files
    write_idx_set(tmp_path, files=files, first_label=0, n_classes=26)
    refused(tmp_path, files[1], "label 0 at item 0", "(1 to 26)", name=name)


def test_counts_must_agree(tmp_path):
    write_idx_set(tmp_path)
    shutil.copy(tmp_path / TEST_LABELS, tmp_path / TRAIN_LABELS)
    refused(
        tmp_path,
        f"{tmp_path / TRAIN_IMAGES} has {N_TRAIN} images but labels file {tmp_path / TRAIN_LABELS} has {N_TEST} labels",
    )


def test_image_sizes_must_agree(tmp_path):
    write_idx_set(tmp_path)
    (tmp_path / TEST_IMAGES).write_bytes(idx_bytes(np.zeros((N_TEST, 3, 4), np.uint8)))
    refused(tmp_path, tmp_path / TEST_IMAGES, "3 x 4 pixels", "4 x 3")


def test_data_sets_with_the_same_file_names_are_told_apart(mnist_folder):
    for name in ("fashion-mnist", "kmnist"):
        refused(mnist_folder, mnist_folder, "the labels of MNIST", name=name)


# Where files are found


def test_missing_data_set_lists_folders_and_options(tmp_path, bare_machine):
    with pytest.raises(DatasetError) as caught:
        datasets.load("fashion-mnist")
    for part in (
        "Fashion-MNIST",
        TRAIN_IMAGES,
        bare_machine / "work" / "data" / "FashionMNIST" / "raw",
        bare_machine / "data" / "FashionMNIST" / "raw",
        bare_machine / ".keras" / "datasets" / "fashion-mnist",
        tmp_path / "debian" / "fashion-mnist",
        tmp_path / "cache" / "fashion-mnist",
        "data DIR",
        "BRIANFF_DATA",
        "download",
    ):
        assert str(part) in str(caught.value)


def test_incomplete_folder_is_named_with_what_it_lacks(tmp_path):
    write_idx_set(tmp_path)
    (tmp_path / TEST_LABELS).unlink()
    refused(tmp_path, f"{tmp_path} (lacks {TEST_LABELS})", "data DIR")


def test_data_that_is_no_folder_is_refused(tmp_path):
    refused(tmp_path / "nowhere", tmp_path / "nowhere", "does not exist")


def test_only_the_given_folder_is_searched(tmp_path, bare_machine):
    write_idx_set(bare_machine / "data" / "MNIST" / "raw")
    (tmp_path / "empty").mkdir()
    message = refused(tmp_path / "empty", tmp_path / "empty")
    assert str(bare_machine / "data") not in message


@pytest.mark.parametrize(
    "name, place",
    [
        ("mnist", "work/data/MNIST/raw"),
        ("mnist", "data/MNIST/raw"),
        ("kmnist", "data/KMNIST/raw"),
        ("fashion-mnist", ".keras/datasets/fashion-mnist"),
        ("fashion-mnist", "../debian/fashion-mnist"),
        ("mnist", "../cache/mnist"),
    ],
)
def test_usual_folders_are_searched(bare_machine, name, place):
    images, _ = write_idx_set(bare_machine / place, suffix=".gz")
    assert np.array_equal(datasets.load(name).images, images)


def test_environment_variable_comes_first(tmp_path, bare_machine, monkeypatch):
    write_npz(bare_machine / ".keras" / "datasets" / "mnist.npz", x_train=None)
    with pytest.raises(DatasetError, match="x_train"):
        datasets.load("mnist")
    write_idx_set(tmp_path / "files")
    monkeypatch.setenv("BRIANFF_DATA", str(tmp_path / "files"))
    assert datasets.load("mnist").image_shape == SHAPE


def test_keras_archive_is_read(bare_machine, monkeypatch):
    images, labels = write_npz(bare_machine / ".keras" / "datasets" / "mnist.npz")
    mnist = datasets.load("mnist")
    assert np.array_equal(mnist.images, images)
    assert np.array_equal(mnist.labels, labels)
    assert np.array_equal(mnist.test, np.arange(N_TRAIN, N_TRAIN + N_TEST))
    (bare_machine / ".keras").rename(bare_machine / "elsewhere")
    monkeypatch.setenv("KERAS_HOME", str(bare_machine / "elsewhere"))
    assert np.array_equal(datasets.load("mnist").images, images)


@pytest.mark.parametrize(
    "changes, problem",
    [
        ({"y_test": None}, "lacks the array y_test"),
        ({"x_train": np.zeros((N_TRAIN, 4, 3))}, "x_train as a float64 array"),
        ({"x_train": np.zeros((N_TRAIN, 12), np.uint8)}, "with 3 dimensions"),
        ({"x_test": np.zeros((N_TEST, 5, 3), np.uint8)}, "(5, 3) for test"),
        ({"y_train": np.zeros(3, np.uint8)}, "60 images in x_train but 3 labels"),
        ({"y_train": np.full(N_TRAIN, 10, np.uint8)}, "label 10 at item 0"),
        ({"y_train": np.array([{}] * N_TRAIN)}, "not a valid npz file"),
    ],
)
def test_bad_keras_archive_is_refused(tmp_path, changes, problem):
    write_npz(tmp_path / "mnist.npz", **changes)
    refused(tmp_path, tmp_path / "mnist.npz", problem)


def test_damaged_keras_archive_is_refused(tmp_path):
    path = tmp_path / "mnist.npz"
    write_npz(path)
    whole = path.read_bytes()
    flipped = whole[:300] + bytes([whole[300] ^ 1]) + whole[301:]
    for content in (whole[:-30], b"no zip archive", b"", flipped):
        path.write_bytes(content)
        refused(tmp_path, path, "is not a valid npz file")


# Download


@pytest.fixture
def server(tmp_path):
    """Folder that a web server on this machine serves, and its address."""
    folder = tmp_path / "served"
    folder.mkdir()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(folder))

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever, args=[0.01])
        thread.start()
        yield folder, f"http://127.0.0.1:{httpd.server_port}/"
        httpd.shutdown()
        thread.join()


def md5(path):
    return "md5:" + hashlib.md5(path.read_bytes()).hexdigest()


def serve_as(monkeypatch, name, **changes):
    idx_set = dataclasses.replace(idx_sets.SETS[name], **changes)
    monkeypatch.setitem(idx_sets.SETS, name, idx_set)


def test_download_only_when_asked_and_only_once(server, tmp_path, monkeypatch):
    folder, address = server
    images, _ = write_idx_set(folder, suffix=".gz")
    checksums = {stem: md5(folder / f"{stem}.gz") for stem in idx_sets.MNIST_FILES}
    # The first mirror lacks the files.
    mirrors = (f"{address}gone/", address)
    serve_as(monkeypatch, "mnist", mirrors=mirrors, checksums=checksums)

    with pytest.raises(DatasetError, match="download"):
        datasets.load("mnist")
    assert np.array_equal(datasets.load("mnist", download=True).images, images)
    for path in folder.iterdir():
        path.unlink()
    assert np.array_equal(datasets.load("mnist", download=True).images, images)
    assert np.array_equal(datasets.load("mnist").images, images)


def test_damaged_download_is_fetched_again(server, tmp_path, monkeypatch):
    folder, address = server
    images, _ = write_idx_set(folder, suffix=".gz")
    checksums = {stem: md5(folder / f"{stem}.gz") for stem in idx_sets.MNIST_FILES}
    serve_as(monkeypatch, "mnist", mirrors=(address,), checksums=checksums)
    datasets.load("mnist", download=True)
    (tmp_path / "cache" / "mnist" / f"{TRAIN_IMAGES}.gz").write_bytes(b"damaged")
    with pytest.raises(DatasetError, match="valid gzip file"):
        datasets.load("mnist")
    assert np.array_equal(datasets.load("mnist", download=True).images, images)


def test_files_at_hand_are_not_downloaded(server, bare_machine, monkeypatch):
    _, address = server
    serve_as(monkeypatch, "mnist", mirrors=(address,))
    images, _ = write_idx_set(bare_machine / "data" / "MNIST" / "raw")
    assert np.array_equal(datasets.load("mnist", download=True).images, images)


def test_wrong_checksum_is_refused(server, tmp_path, monkeypatch):
    folder, address = server
    write_idx_set(folder, suffix=".gz")
    serve_as(monkeypatch, "mnist", mirrors=(address,))  # MNIST's own checksums
    with pytest.raises(DatasetError) as caught:
        datasets.load("mnist", download=True)
    for part in (f"{TRAIN_IMAGES}.gz", address, "hash", "data DIR"):
        assert part in str(caught.value)
    assert not list((tmp_path / "cache").rglob("*ubyte*"))


def test_emnist_comes_out_of_its_archive(server, tmp_path, monkeypatch):
    folder, address = server
    names = "emnist-digits", "emnist-mnist"
    with zipfile.ZipFile(folder / "gzip.zip", "w") as archive:
        for name in names:
            files = idx_sets.SETS[name].files
            images, _ = write_idx_set(tmp_path / "gzip", files=files, suffix=".gz")
            for stem in files:
                archive.write(tmp_path / "gzip" / f"{stem}.gz", f"gzip/{stem}.gz")
    packed = ("gzip.zip", md5(folder / "gzip.zip"))
    for name in names:
        serve_as(monkeypatch, name, mirrors=(address,), archive=packed)

    for name in names:
        downloaded = datasets.load(name, download=True)
        assert np.array_equal(downloaded.images, images.transpose(0, 2, 1))
        assert np.array_equal(datasets.load(name).images, downloaded.images)
        # One archive holds them all and is downloaded once.
        (folder / "gzip.zip").unlink(missing_ok=True)


def test_data_and_download_exclude_each_other(tmp_path):
    with pytest.raises(ValueError, match="data.*download"):
        datasets.load("mnist", data=tmp_path, download=True)


# The real thing


def test_real_mnist(mnist_folder):
    mnist = datasets.load("mnist", data=mnist_folder)
    assert mnist.images.shape == (70000, 28, 28)
    assert (len(mnist.train), len(mnist.validation), len(mnist.test)) == (
        55000,
        5000,
        10000,
    )
    assert list(mnist.labels[:3]) == [5, 0, 4]
    assert list(mnist.labels[60000:60003]) == [7, 2, 1]
    # The training images' mean grey level is widely published as 0.1307 of white.
    assert mnist.images[:60000].mean() / 255 == pytest.approx(0.1307, abs=5e-5)


def test_real_mnist_files_have_the_pinned_checksums(mnist_folder):
    for stem, checksum in idx_sets.SETS["mnist"].checksums.items():
        path = mnist_folder / f"{stem}.gz"
        if path.is_file():
            assert md5(path) == checksum
