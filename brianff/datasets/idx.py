"""Reader of MNIST-format idx files, plain or gzip-compressed.

An idx file starts with a big-endian 32-bit magic number, 2051 for images and 2049
for labels, and the size of each dimension (count, height, width or just count);
the values follow, one unsigned byte each, the last dimension fastest.
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

# Bytes decompressed at a time: enough to be fast, little beside the images.
CHUNK_SIZE = 1 << 20

# Deflate cannot compress more than this (zlib's technical notes), so a header that
# promises more is wrong, and is refused before memory is set aside for it.
MAX_GZIP_RATIO = 1032


def read_images(paths, transposed=False):
    """Read images files into one array.

    Parameters
    ----------
    paths : sequence of pathlib.Path
        Files to read in turn; names that end in ``.gz`` are decompressed.
    transposed : bool
        Whether the files store each image column by column, as EMNIST's do.

    Returns
    -------
    images : ndarray of uint8, shape (n_samples, height, width)
        Upright images of all the files, in order.
    counts : list of int
        Number of images of each file.

    Raises
    ------
    DatasetError
        If a file is unreadable, damaged, truncated or not an images file, or if the
        files' images differ in size.
    """
    shapes = [_read_shape(path, "images") for path in paths]
    for path, shape in zip(paths, shapes, strict=True):
        if shape[1:] != shapes[0][1:]:
            raise DatasetError(
                f"{path} holds images of {shape[1]} x {shape[2]} pixels but {paths[0]} "
                f"of {shapes[0][1]} x {shapes[0][2]}: are they of two data sets? Put "
                "the files of one data set together."
            )
    counts = [shape[0] for shape in shapes]
    height, width = shapes[0][1:]
    if transposed:
        height, width = width, height
    images = np.empty((sum(counts), height, width), dtype=np.uint8)
    start = 0
    for path, shape in zip(paths, shapes, strict=True):
        _fill_images(images[start : start + shape[0]], path, shape, transposed)
        start += shape[0]
    return images, counts


def read_labels(path):
    """Read a labels file.

    Parameters
    ----------
    path : pathlib.Path
        File to read; a name that ends in ``.gz`` is decompressed.

    Returns
    -------
    ndarray of uint8, shape (n_samples,)

    Raises
    ------
    DatasetError
        If the file is unreadable, damaged, truncated or not a labels file.
    """
    (n_labels,) = _read_shape(path, "labels")
    with _reading(path) as file:
        file.read(_header_size("labels"))
        held = file.read(n_labels)
        _check_end(file, path, "labels", len(held), n_labels)
    return np.frombuffer(held, dtype=np.uint8)


def _header_size(kind):
    return 4 * (1 + N_DIMENSIONS[kind])


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
        raise DatasetError(
            f"{path} cannot be read: {error.strerror or error}. Make it a readable "
            "file, or name another folder with --data DIR."
        ) from error


def _read_shape(path, kind):
    with _reading(path) as file:
        header = file.read(_header_size(kind))
        size = path.stat().st_size
    if len(header) >= 4:
        _check_magic(path, header, kind)
    if len(header) < _header_size(kind):
        raise DatasetError(
            f"{path} is truncated: it holds {len(header)} bytes, fewer than the "
            f"{_header_size(kind)} of a header for {kind}. {GET_AGAIN}"
        )
    shape = tuple(int(n) for n in np.frombuffer(header[4:], dtype=">u4"))
    promised = math.prod(shape)
    if not promised:
        raise DatasetError(f"{path} holds no {kind}: its header gives the shape {shape}. {GET_AGAIN}")
    if path.suffix != ".gz":
        held = size - _header_size(kind)
        if held != promised:
            raise _wrong_size(path, kind, held, promised)
    elif promised > size * MAX_GZIP_RATIO:
        raise DatasetError(
            f"{path} is a gzip file of {size} bytes, too few for the {promised} bytes "
            f"of {kind} that its header promises. {GET_AGAIN}"
        )
    return shape


def _check_magic(path, header, kind):
    magic = int.from_bytes(header[:4], "big")
    if magic == MAGIC[kind]:
        return
    expected = f"where {kind} (magic {MAGIC[kind]}) are expected"
    for other, other_magic in MAGIC.items():
        if magic == other_magic:
            raise DatasetError(
                f"{path} is a file of {other} (magic {magic}) {expected}: were the two "
                "swapped? Give each file its own name back."
            )
    if header[:2] == b"\x1f\x8b":
        raise DatasetError(f"{path} is gzip-compressed {expected}: end its name in .gz, or decompress it.")
    raise DatasetError(f"{path} is not an MNIST-format idx file (magic {magic}) {expected}. {GET_AGAIN}")


def _fill_images(out, path, shape, transposed):
    n_images, height, width = shape
    promised = math.prod(shape)
    step = min(n_images, max(1, CHUNK_SIZE // (height * width)))
    buffer = np.empty((step, height, width), dtype=np.uint8)
    held = 0
    with _reading(path) as file:
        file.read(_header_size("images"))
        for start in range(0, n_images, step):
            chunk = buffer[: n_images - start]
            n_read = file.readinto(chunk)
            held += n_read
            if n_read < chunk.size:
                break
            out[start : start + len(chunk)] = chunk.transpose(0, 2, 1) if transposed else chunk
        _check_end(file, path, "images", held, promised)


def _check_end(file, path, kind, held, promised):
    # Reading on past the values also makes gzip compare its checksum.
    while rest := file.read(CHUNK_SIZE):
        held += len(rest)
    if held != promised:
        raise _wrong_size(path, kind, held, promised)


def _wrong_size(path, kind, held, promised):
    state = "truncated" if held < promised else "damaged"
    return DatasetError(
        f"{path} is {state}: it holds {held} bytes of {kind} but its header promises {promised}. {GET_AGAIN}"
    )
