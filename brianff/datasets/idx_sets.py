"""Catalogue of the data sets kept in MNIST-format idx files."""

import hashlib
from dataclasses import dataclass

import numpy as np

from brianff.errors import OptionError

from .dataset import Dataset, DatasetError
from .idx import GET_AGAIN, read_idx
from .locate import download_files, find_files
from .npz import read_keras
from .splits import three_parts


@dataclass(frozen=True)
class IdxSet:
    """What there is to know about a data set before its files are read.

    Parameters
    ----------
    name, title : str
        Name for `brianff.datasets.load` and for people.
    files : tuple of str
        Training images, training labels, test images and test labels, without ``.gz``.
    folders : tuple of str
        Sub-folders in which the files are usually kept, torchvision's first.
    cache : str
        Sub-folder of the download cache.
    n_classes, first_label : int
        Number of classes, and the label of the first of them in the files.
    transposed : bool
        Whether the files store each image column by column.
    mirrors : tuple of str
        Addresses that serve the files, ending in a slash.
    checksums : dict
        Checksum of each file's ``.gz`` by file name, as pooch takes them.
    archive : tuple of str, optional
        Name and checksum of the zip archive that holds all the files in ``gzip/``.
    npz : str, optional
        Name of the archive in which Keras keeps the data set.
    label_digest : str, optional
        SHA-256 of the training and then the test labels, one byte each. It tells apart data sets whose files have the
        same names.
    """

    name: str
    title: str
    files: tuple
    folders: tuple
    cache: str
    n_classes: int
    mirrors: tuple
    checksums: dict | None = None
    first_label: int = 0
    transposed: bool = False
    archive: tuple | None = None
    npz: str | None = None
    label_digest: str | None = None


MNIST_FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


# MD5 sums and mirrors are those that torchvision.datasets publishes.
def _mnist_like(name, title, folder, mirrors, *md5, **more):
    checksums = {stem: f"md5:{digest}" for stem, digest in zip(MNIST_FILES, md5, strict=True)}
    folders = (f"{folder}/raw", folder, name)
    return IdxSet(name, title, MNIST_FILES, folders, name, 10, mirrors, checksums, **more)


_MNIST_LIKE = (
    _mnist_like(
        "mnist",
        "MNIST",
        "MNIST",
        ("https://ossci-datasets.s3.amazonaws.com/mnist/", "http://yann.lecun.com/exdb/mnist/"),
        "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "d53e105ee54ea40749a09fcbcd1e9432",
        "9fb629c4189551a2d022fa330f9573f3",
        "ec29112dd5afa0611ce80d1b7f02629c",
        npz="mnist.npz",
        label_digest="671ff9d70b4811116d55c3dd479efa7a981e2e62753ef7a6d5c15fea81e63d27",
    ),
    _mnist_like(
        "fashion-mnist",
        "Fashion-MNIST",
        "FashionMNIST",
        ("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",),
        "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "25c81989df183df01b3e8a0aad5dffbe",
        "bef4ecab320f06d8554ea6380940ec79",
        "bb300cfdad3c16e7a12a480ee83cd310",
        label_digest="8ab940a680640f36c0bf1d2549cb2f3b3d4068c12547116cc7b1161b1d26663d",
    ),
    _mnist_like(
        "kmnist",
        "KMNIST",
        "KMNIST",
        ("http://codh.rois.ac.jp/kmnist/dataset/kmnist/",),
        "bdb82020997e1d708af4cf47b453dcf7",
        "e144d726b3acfaa3e44228e80efcd344",
        "5c965bf0a639b31b8f53240b1b52f4d7",
        "7320c461ea6c1c855c0b718fb2a4b134",
    ),
)


def _emnist(split, n_classes, first_label=0):
    prefix = f"emnist-{split}"
    return IdxSet(
        name=prefix,
        title=f"EMNIST {split}",
        files=tuple(f"{prefix}-{stem.replace('t10k', 'test')}" for stem in MNIST_FILES),
        folders=("EMNIST/raw", "EMNIST", "emnist", prefix, "gzip"),
        cache="emnist",
        n_classes=n_classes,
        first_label=first_label,
        transposed=True,
        mirrors=("https://biometrics.nist.gov/cs_links/EMNIST/", "https://www.itl.nist.gov/iaui/vip/cs_links/EMNIST/"),
        archive=("gzip.zip", "md5:58c8d27c78d21e728a6bc7b3cc06412e"),
    )


_EMNIST = (
    _emnist("balanced", 47),
    _emnist("letters", 26, first_label=1),
    _emnist("digits", 10),
    _emnist("mnist", 10),
    _emnist("byclass", 62),
    _emnist("bymerge", 47),
)

SETS = {idx_set.name: idx_set for idx_set in _MNIST_LIKE + _EMNIST}


def load_idx_set(idx_set, data=None, download=False, validation=None, split_seed=0):
    """Load a data set from its idx files.

    Parameters
    ----------
    idx_set : IdxSet
        The data set, one of `SETS`.
    data, download, validation, split_seed
        As `brianff.datasets.load` takes them, with its errors.

    Returns
    -------
    Dataset
        The training file's images and then the test file's, upright. Labels start at 0: EMNIST letters, 1 to 26 in the
        files, are 0 to 25.
    """
    paths = _files(idx_set, data, download)
    if len(paths) == 1:
        images, labels = read_keras(paths[0])
        label_paths = paths * 2
    else:
        label_paths = paths[1::2]
        labels = [read_idx(path, "labels") for path in label_paths]
        images = [read_idx(path, "images") for path in paths[0::2]]
        _check_parts(paths, images, labels)
        if idx_set.transposed:
            images = [np.ascontiguousarray(part.transpose(0, 2, 1)) for part in images]
    for path, part in zip(label_paths, labels, strict=True):
        _check_label_range(path, part, idx_set)
    raw_labels = np.concatenate(labels)
    _check_identity(label_paths, raw_labels, idx_set)
    labels = raw_labels.astype(np.int64) - idx_set.first_label
    parts = three_parts(idx_set.name, labels, validation, split_seed, n_train=len(images[0]))
    return Dataset(idx_set.name, np.concatenate(images), labels, idx_set.n_classes, *parts)


def _files(idx_set, data, download):
    if not download:
        return find_files(idx_set, data)
    if data is not None:
        raise OptionError(
            f"data set {idx_set.name!r}: data={str(data)!r} (--data) names the files and download=True (--download) "
            "fetches them: give only one of the two"
        )
    try:
        return find_files(idx_set, cached=False)
    except DatasetError:
        return download_files(idx_set)


def _check_parts(paths, images, labels):
    for image_path, label_path, of_images, of_labels in zip(paths[0::2], paths[1::2], images, labels, strict=True):
        (height, width), (first_height, first_width) = of_images.shape[1:], images[0].shape[1:]
        if (height, width) != (first_height, first_width):
            raise DatasetError(
                f"{image_path} holds images of {height} x {width} pixels but {paths[0]} of {first_height} x "
                f"{first_width}: are they of two data sets? Put the files of one data set together."
            )
        if len(of_images) != len(of_labels):
            raise DatasetError(
                f"{image_path} has {len(of_images)} images but labels file {label_path} has {len(of_labels)} labels: "
                "are they of one data set? Put the files of one data set together."
            )


def _check_label_range(path, labels, idx_set):
    first, last = idx_set.first_label, idx_set.first_label + idx_set.n_classes - 1
    bad = np.flatnonzero((labels < first) | (labels > last))
    if bad.size:
        raise DatasetError(
            f"{path}: label {labels[bad[0]]} at item {bad[0]} is out of range for {idx_set.n_classes} classes ({first} "
            f"to {last}). {GET_AGAIN}"
        )


def _check_identity(paths, labels, idx_set):
    digest = hashlib.sha256(labels).hexdigest()
    for other in SETS.values():
        if other.label_digest == digest and other.name != idx_set.name:
            raise DatasetError(
                f"{paths[0]} holds the labels of {other.title}, not of {idx_set.title}, whose files have the same "
                f"names: load {other.name!r}, or name the folder of {idx_set.title} with --data DIR."
            )
