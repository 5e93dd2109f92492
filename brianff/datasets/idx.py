"""Reader of MNIST-format idx files, plain or gzip-compressed.

An idx file starts with a big-endian 32-bit magic number, 2051 for images and 2049 for labels, and the size of each
dimension (count, height, width or just count); the values follow, one unsigned byte each, the last dimension fastest.
"""

import gzip
import math
import zlib
from contextlib import contextmanager

import numpy as np

from .dataset import DatasetError

MAGIC = {"images": 2051, "labels": 2049}
N_DIMENSIONS = {"images": 3, "labels": 1}

GET_AGAIN = "Replace it with the original file, or delete it and fetch the data set with --download."
OTHER_FOLDER = "Make it a readable file, or name another folder with --data DIR."

# Deflate cannot compress more than this (zlib's technical notes): a header that promises more is wrong, and is refused
# before memory is set aside for it.
MAX_GZIP_RATIO = 1032


def read_idx(path, kind):
    """Read a file of images or labels; a name that ends in ``.gz`` is decompressed.

    Parameters
    ----------
    path : pathlib.Path
    kind : {"images", "labels"}

    Returns
    -------
    ndarray of uint8, shape (n_samples, height, width) or (n_samples,)

    Raises
    ------
    DatasetError
        If the file is unreadable, damaged, truncated or not of this kind.
    """
    n_header, compressed = 4 * (1 + N_DIMENSIONS[kind]), path.suffix == ".gz"
    with _reading(path) as file:
        header, size = file.read(n_header), path.stat().st_size
        if len(header) >= 4:
            _check_magic(path, header, kind)
        if len(header) < n_header:
            raise DatasetError(
                f"{path} is truncated: it holds {len(header)} bytes, fewer than the {n_header} of a header for {kind}. "
                f"{GET_AGAIN}"
            )
        shape = tuple(int(n) for n in np.frombuffer(header[4:], dtype=">u4"))
        promised = math.prod(shape)
        if not promised:
            raise DatasetError(f"{path} holds no {kind}: its header gives the shape {shape}. {GET_AGAIN}")
        if compressed and promised > size * MAX_GZIP_RATIO:
            raise DatasetError(
                f"{path} is a gzip file of {size} bytes, too few for the {promised} bytes of {kind} that its header "
                f"promises. {GET_AGAIN}"
            )
        # Reading on past the values also makes gzip compare its checksum.
        values = file.read(promised if compressed else min(promised, size))
        held = len(values) + len(file.read())
    if held != promised:
        state = "truncated" if held < promised else "damaged"
        raise DatasetError(
            f"{path} is {state}: it holds {held} bytes of {kind} but its header promises {promised}. {GET_AGAIN}"
        )
    return np.frombuffer(values, np.uint8).reshape(shape)


@contextmanager
def _reading(path):
    """Open a file, decompressed, with every failure to read it a `DatasetError`."""
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rb") as file:
            yield file
    except EOFError:
        raise DatasetError(f"{path} is truncated: its gzip stream has no end. {GET_AGAIN}") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DatasetError(f"{path} is not a valid gzip file ({error}). {GET_AGAIN}") from error
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror or error}. {OTHER_FOLDER}") from error


def _check_magic(path, header, kind):
    magic = int.from_bytes(header[:4], "big")
    if magic == MAGIC[kind]:
        return
    expected = f"where {kind} (magic {MAGIC[kind]}) are expected"
    for other, other_magic in MAGIC.items():
        if magic == other_magic:
            raise DatasetError(
                f"{path} is a file of {other} (magic {magic}) {expected}: were the two swapped? Give each file its own "
                "name back."
            )
    if header[:2] == b"\x1f\x8b":
        raise DatasetError(f"{path} is gzip-compressed {expected}: end its name in .gz, or decompress it.")
    raise DatasetError(f"{path} is not an MNIST-format idx file (magic {magic}) {expected}. {GET_AGAIN}")
