"""Corruptions of images: the fifteen kinds of MNIST-C (Mu & Gilmer 2019, arXiv 1906.02337), and three more.

These are programs of brianff's own after the definitions and severities of MNIST-C, which are for images of 28 by 28
pixels; lengths grow in proportion with other images.  They are not the published files.  Motion blur follows the kernel
of ImageMagick, and edges those of scikit-image, which MNIST-C calls.

Every function takes images, (n, height, width), with intensities from 0 to 1, a strength, and a random generator, and
returns images of the same shape and range.  Strength 0 changes nothing.  Kinds of MNIST-C have the severities 1 to 5,
or one only (stripe, dotted line, zigzag, canny edges); strengths of occlusion, translation and rotation may be any
number.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from brianff.errors import OptionError

__all__ = ["CORRUPTIONS", "MNIST_C", "Corruption", "corrupted"]

PUBLISHED_SIDE = 28.0  # pixels, of the images for which MNIST-C gives lengths
FRACTAL = 256 / PUBLISHED_SIDE  # side of the fog's map relative to that of the image
PIECE = 64  # images whose fog is made at a time


def _scale(images):
    return min(images.shape[1:]) / PUBLISHED_SIDE


# -- noise -----------------------------------------------------------------------------------------------------------


def shot_noise(images, severity, rng):
    """Poisson noise: c photons for a white pixel, of which there are Poisson(c*intensity)."""
    photons = (60, 25, 12, 5, 3)[severity - 1]
    return rng.poisson(images * photons) / photons


def impulse_noise(images, severity, rng):
    """Salt and pepper: a part of the pixels is white or black, with equal probability."""
    share = (0.03, 0.06, 0.09, 0.17, 0.27)[severity - 1]
    hit, salt = rng.random(images.shape) < share, rng.random(images.shape) < 0.5
    return np.where(hit, salt, images)


# -- blur ------------------------------------------------------------------------------------------------------------


def _blurred(images, sigma):
    return ndimage.gaussian_filter(images, (0, sigma, sigma), mode="nearest")


def glass_blur(images, severity, rng):
    """A blur, pixels that change places with near ones with a probability of one half, and the blur again."""
    sigma, reach, rounds = ((0.7, 1, 2), (0.9, 2, 1), (1, 2, 3), (1.1, 3, 2), (1.5, 4, 2))[severity - 1]
    sigma, reach = sigma * _scale(images), max(1, round(reach * _scale(images)))
    out = _blurred(images, sigma)
    n, height, width = out.shape
    every = np.arange(n)
    for _ in range(rounds):
        for y in range(height - reach, reach, -1):
            for x in range(width - reach, reach, -1):
                moved = rng.random(n) < 0.5
                dy, dx = rng.integers(-reach, reach, size=(2, n)) * moved
                own, other = out[:, y, x].copy(), out[every, y + dy, x + dx]
                out[:, y, x], out[every, y + dy, x + dx] = other, own
    return _blurred(out, sigma)


def motion_blur(images, severity, rng):
    """The mean along a trail, whose weights are half of a normal curve, at an angle between -45 and 45 degrees."""
    radius, sigma = ((10, 3), (15, 5), (15, 8), (15, 12), (20, 15))[severity - 1]
    back = np.arange(round(2 * radius) + 1)
    weights = np.exp(-(back**2) / (2 * sigma**2))
    weights /= weights.sum()
    out = np.zeros_like(images)
    angles = rng.uniform(-np.pi / 4, np.pi / 4, len(images))
    steps = _scale(images) * np.stack([np.sin(angles), np.cos(angles)], axis=1)
    for k, weight in zip(back, weights, strict=True):
        for image, own, step in zip(images, out, steps, strict=True):
            own += weight * ndimage.shift(image, k * step, order=1, mode="nearest")
    return out


# -- geometry --------------------------------------------------------------------------------------------------------


def _transformed(images, matrices, offsets=None):
    """Images whose point p shows what was at matrix @ (p - centre) + centre + offset, (n, 2, 2) and (n, 2)."""
    centre = (np.array(images.shape[1:]) - 1) / 2
    offsets = np.zeros((len(images), 2)) if offsets is None else offsets
    each = zip(images, matrices, offsets, strict=True)
    return np.stack([ndimage.affine_transform(i, m, centre - m @ centre + o, order=1) for i, m, o in each])


def _signs(rng, n):
    return rng.choice((-1.0, 1.0), n)


def _turned(images, angles):
    cos, sin = np.cos(angles), np.sin(angles)
    return _transformed(images, np.moveaxis(np.array([[cos, sin], [-sin, cos]]), 2, 0))


def shear(images, severity, rng):
    """Sheared about the centre by an angle of 0.2 to 1 radian, in one direction or the other."""
    angles = (0.2, 0.4, 0.6, 0.8, 1.0)[severity - 1] * _signs(rng, len(images))
    one, none = np.ones(len(images)), np.zeros(len(images))
    # columns are sheared along rows: x_old = x - sin(angle)*y, y_old = cos(angle)*y
    return _transformed(images, np.moveaxis(np.array([[np.cos(angles), none], [-np.sin(angles), one]]), 2, 0))


def scale(images, severity, rng):
    """Shrunk about the centre to 0.9, 0.8, 0.7, 0.6 or half of the size."""
    factor = 1 / (0.9, 0.8, 0.7, 0.6, 0.5)[severity - 1]
    return _transformed(images, np.broadcast_to(factor * np.eye(2), (len(images), 2, 2)))


def rotate(images, severity, rng):
    """Turned about the centre by 0.2 to 1 radian, in one direction or the other."""
    return _turned(images, (0.2, 0.4, 0.6, 0.8, 1.0)[severity - 1] * _signs(rng, len(images)))


def translate(images, severity, rng):
    """Moved by 1 to 5 pixels of 28 to a corner."""
    return _moved(images, severity * _scale(images) * rng.choice((-1.0, 1.0), (len(images), 2)))


def _moved(images, by):
    return _transformed(images, np.broadcast_to(np.eye(2), (len(images), 2, 2)), -by)


# -- light and weather -----------------------------------------------------------------------------------------------


def brightness(images, severity, rng):
    """All pixels brighter by 0.1 to 0.5."""
    return images + (0.1, 0.2, 0.3, 0.4, 0.5)[severity - 1]


def stripe(images, severity, rng):
    """The left and the right quarter are inverted."""
    quarter, out = round(images.shape[2] / 4), images.copy()
    for part in (slice(None, quarter), slice(images.shape[2] - quarter, None)):
        out[:, :, part] = 1 - out[:, :, part]
    return out


def fog(images, severity, rng):
    """A fractal of clouds is added, and the contrast lowered by it."""
    amount, decay = ((1.5, 2), (2.0, 2), (2.5, 1.7), (2.5, 1.5), (3.0, 1.4))[severity - 1]
    side, out = max(images.shape[1:]), []
    for start in range(0, len(images), PIECE):
        piece = images[start : start + PIECE]
        clouds = _plasma(len(piece), 2 ** int(np.ceil(np.log2(FRACTAL * side))), decay, rng)
        clouds = clouds[:, : images.shape[1], : images.shape[2]]
        brightest = piece.max(axis=(1, 2), keepdims=True)
        out.append((piece + amount * clouds) * brightest / (brightest + amount))
    return np.concatenate(out) if out else images


def _plasma(n, size, decay, rng):
    """Fractal maps, (n, size, size) from 0 to 1, by the diamond-square algorithm on a torus."""
    out, step, wobble = np.zeros((n, size, size)), size, 100.0

    def mean(total):
        return total / 4 + wobble * rng.uniform(-wobble, wobble, total.shape)

    while step >= 2:
        half = step // 2
        corners = out[:, ::step, ::step]
        total = corners + np.roll(corners, -1, axis=1)
        out[:, half::step, half::step] = mean(total + np.roll(total, -1, axis=2))
        centres = out[:, half::step, half::step]
        across = corners + np.roll(corners, -1, axis=2)
        out[:, ::step, half::step] = mean(centres + np.roll(centres, 1, axis=1) + across)
        down = corners + np.roll(corners, -1, axis=1)
        out[:, half::step, ::step] = mean(centres + np.roll(centres, 1, axis=2) + down)
        step, wobble = half, wobble / decay
    out -= out.min(axis=(1, 2), keepdims=True)
    return out / np.maximum(out.max(axis=(1, 2), keepdims=True), 1e-12)


def spatter(images, severity, rng):
    """Opaque drops of mud, where smoothed noise is above a threshold."""
    mean, spread, smooth, level, edge = (
        (0.65, 0.3, 4, 0.69, 0.6), (0.65, 0.3, 3, 0.68, 0.6), (0.65, 0.3, 2, 0.68, 0.5), (0.65, 0.3, 1, 0.65, 1.5),
        (0.67, 0.4, 1, 0.65, 1.5),
    )[severity - 1]  # fmt: skip
    # Smoothed noise is the fainter the more pixels its smoothing covers: it is made as for 28 pixels, then sampled.
    n, (height, width) = len(images), images.shape[1:]
    side = int(PUBLISHED_SIDE)
    drops = _blurred(rng.normal(mean, spread, (n, side, side)), smooth) > level
    covered = _blurred(drops.astype(float), edge)
    covered = ndimage.zoom(covered, (1, height / side, width / side), order=1, grid_mode=True, mode="nearest")
    covered = np.where(covered < 0.8, 0, np.clip(covered, 0, 1))
    return images * (1 - covered) + 63 / 255 * covered


# -- lines -----------------------------------------------------------------------------------------------------------


def _line(shape, start, end):
    """Brightness of a line from `start` to `end`, each (n, 2) as (x, y) in pixels of 28: (n, height, width)."""
    unit = min(shape) / PUBLISHED_SIDE
    y, x = (np.arange(side) / unit for side in shape)
    (x0, y0), (x1, y1) = start.T, end.T
    flat = np.where(x1 == x0, 1.0, x1 - x0)
    at = y0[:, None] + ((y1 - y0) / flat)[:, None] * (x - x0[:, None])
    away = np.clip(np.abs(y[:, None] - at[:, None, :]), 0, 2.3 - 1e-10)
    bright = np.clip(np.log(1 - away / 2.3) + 1, 0, 1)
    within = (x >= np.floor(x0)[:, None]) & (x < np.ceil(x1)[:, None]) & (x1 != x0)[:, None]
    return bright * within[:, None, :]


def dotted_line(images, severity, rng):
    """A line from edge to edge, broken every two pixels of 28."""
    last, (low, high) = PUBLISHED_SIDE - 1, rng.integers(0, 27, size=(2, len(images)))
    line = _line(images.shape[1:], _points(np.zeros(len(images)), low), _points(np.full(len(images), last), high))
    columns = np.arange(images.shape[2]) / (images.shape[2] / PUBLISHED_SIDE)
    return images + line * (columns // 2 % 2 == 1)


def zigzag(images, severity, rng):
    """A zigzag line from left to right, two pixels of 28 high."""
    n, (left, right), size = len(images), (2.0, 25.0), 2.0
    begin = rng.integers(0, 27, n).astype(float)
    angle = np.arctan(rng.integers(-5, 5, n) / (right - left))
    length = (right - left) / np.cos(angle)
    cos, sin, out = np.cos(angle), np.sin(angle), images.copy()
    turns = int((length.max() - size) // (2 * size)) + 1
    along = np.minimum([0.0, *((2 * k + 1) * size for k in range(turns)), np.inf], length[:, None])
    across = np.array([0.0, *((-1) ** k * size for k in range(turns)), 0.0])
    across = np.where(along < length[:, None], across, 0.0)
    x, y = left + cos[:, None] * along - sin[:, None] * across, begin[:, None] + sin[:, None] * along
    y = y + cos[:, None] * across
    for k in range(turns + 1):
        out += _line(images.shape[1:], _points(x[:, k], y[:, k]), _points(x[:, k + 1], y[:, k + 1]))
        out = np.clip(out, 0, 1)
    return out


def _points(x, y):
    return np.stack([x, y], axis=1).astype(float)


def canny_edges(images, severity, rng):
    """Edges in white: where the slope of the image, blurred by a pixel of 28, is largest across them (Canny 1986).

    Slopes above 0.2 are edges, and slopes above 0.1 that hang together with such.
    """
    blurred, covered = (
        ndimage.gaussian_filter(one, (0, _scale(images), _scale(images)), mode="constant")
        for one in (images, np.ones_like(images))
    )
    up, right = (  # of Sobel's filter, which scipy's function would apply across images as well
        ndimage.correlate1d(ndimage.correlate1d(blurred / covered, (-1, 0, 1), axis), (1, 2, 1), 3 - axis)
        for axis in (1, 2)
    )
    slope, along_y, along_x = np.hypot(up, right), np.sign(up).astype(int), np.sign(right).astype(int)
    steep, longest = np.abs(up) >= np.abs(right), np.maximum(np.abs(up), np.abs(right))
    oblique = np.minimum(np.abs(up), np.abs(right)) / np.where(longest, longest, 1)
    n, y, x = np.indices(images.shape)
    around, edges = np.pad(slope, ((0, 0), (1, 1), (1, 1))), slope >= 0.1
    for way in (1, -1):  # up the slope, and down: between the next pixel straight on and the one across the corner
        straight = around[n, y + 1 + way * along_y * steep, x + 1 + way * along_x * ~steep]
        across = around[n, y + 1 + way * along_y, x + 1 + way * along_x]
        edges &= oblique * across + (1 - oblique) * straight <= slope
    edges[:, [0, -1]] = edges[:, :, [0, -1]] = False
    touching = np.zeros((3, 3, 3), bool)
    touching[1] = True
    parts, _ = ndimage.label(edges, touching)
    return (edges & np.isin(parts, parts[edges & (slope >= 0.2)])).astype(float)


# -- any strength ----------------------------------------------------------------------------------------------------


def occlusion(images, share, rng):
    """A black square, at random within the image, that covers this share of it, rounded to whole sides."""
    n, (height, width) = len(images), images.shape[1:]
    tall, wide = (min(side, round(np.sqrt(share) * side)) for side in (height, width))
    y, x = rng.integers(0, height - tall + 1, n), rng.integers(0, width - wide + 1, n)
    rows, columns = np.arange(height), np.arange(width)
    in_rows = (rows >= y[:, None]) & (rows < y[:, None] + tall)
    in_columns = (columns >= x[:, None]) & (columns < x[:, None] + wide)
    return np.where(in_rows[:, :, None] & in_columns[:, None, :], 0.0, images)


def translation(images, share, rng):
    """Moved by this share of its side in a random direction."""
    angle = rng.uniform(0, 2 * np.pi, len(images))
    return _moved(images, share * min(images.shape[1:]) * np.stack([np.sin(angle), np.cos(angle)], axis=1))


def rotation(images, degrees, rng):
    """Turned about the centre by so many degrees, to the left or to the right."""
    return _turned(images, np.deg2rad(degrees) * _signs(rng, len(images)))


@dataclass(frozen=True)
class Corruption:
    """A kind of corruption of images.

    Attributes
    ----------
    function : callable
        ``function(images, strength, rng)``, for a strength that is not 0.
    strengths : tuple of float
        Over which it is measured, beside 0.
    label : str
        What the strength is, for axes.
    whole : bool
        Whether the strength is one of the severities of MNIST-C.
    """

    function: object
    strengths: tuple
    label: str
    whole: bool = True


SEVERITIES = (1, 2, 3, 4, 5)
_LEVELLED = (
    shot_noise, impulse_noise, glass_blur, motion_blur, shear, scale, rotate, brightness, translate, fog, spatter,
)  # fmt: skip
MNIST_C = {f.__name__: Corruption(f, SEVERITIES, "severity") for f in _LEVELLED}
MNIST_C |= {f.__name__: Corruption(f, (1,), "severity") for f in (stripe, dotted_line, zigzag, canny_edges)}
CORRUPTIONS = MNIST_C | {
    "occlusion": Corruption(occlusion, (0.1, 0.2, 0.3, 0.4, 0.5), "part of the image covered", False),
    "translation": Corruption(translation, (0.05, 0.1, 0.15, 0.2, 0.25), "shift (part of the side)", False),
    "rotation": Corruption(rotation, (10, 20, 30, 45, 60), "rotation (degrees)", False),
}


def corrupted(images, kind, strength, rng):
    """Corrupted images, of the type of the given ones.

    Parameters
    ----------
    images : (n, height, width) array
        Of floats from 0 to 1, or of uint8, grey levels.
    kind : str
        One of `CORRUPTIONS`.
    strength : int or float
        0: unchanged.  Of the kinds of MNIST-C, one of their severities.
    rng : `numpy.random.Generator`

    Raises
    ------
    OptionError
        If there is no such kind or strength.
    """
    images = np.asarray(images)
    if kind not in CORRUPTIONS:
        raise OptionError(f"there is no corruption '{kind}': there are {', '.join(CORRUPTIONS)}.")
    found = CORRUPTIONS[kind]
    if images.ndim != 3 or not (images.dtype == np.uint8 or np.issubdtype(images.dtype, np.floating)):
        raise OptionError(f"images are (n, height, width) of float or uint8, not {images.shape} of {images.dtype}.")
    if found.whole and strength not in (0, *found.strengths):
        raise OptionError(f"{kind} has the severities 0 to {max(found.strengths)}, not {strength}.")
    if strength < 0 or not np.isfinite(strength):
        raise OptionError(f"the strength of {kind} is 0 or more, not {strength}.")
    if strength == 0 or not len(images):
        return images.copy()
    grey = images.dtype == np.uint8
    out = np.clip(found.function(images / 255.0 if grey else images.astype(float), strength, rng), 0, 1)
    return np.round(255 * out).astype(np.uint8) if grey else out.astype(images.dtype)
