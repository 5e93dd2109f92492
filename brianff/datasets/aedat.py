"""Reader of AEDAT 3.1 files: recordings of event cameras, in packets.

Lines of text that begin with ``#``, the first of them ``#!AER-DAT3.1``, come before packets. A packet has a header of
28 bytes (type, source, size of an event, offset of its time, overflow of the clock, capacity, number of events, number
of valid ones; little-endian) and then events. A polarity event (type 1) has 8 bytes: 15 bits each for x and y, one for
the polarity, one that marks it as valid, and a time in microseconds, to which every overflow adds 2^31.

Specification: docs.inivation.com, "AEDAT 3.1".
"""

import os
import struct
from pathlib import Path

import numpy as np

from .dataset import DatasetError, readable

__all__ = ["packets", "polarity_events"]

FIRST_LINE, LAST_LINE = b"#!AER-DAT3.1", b"#!END-HEADER"
HEADER = struct.Struct("<hhiiiiii")
POLARITY, TYPES = 1, 14  # type of polarity events; how many types there are
EVENT = np.dtype([("data", "<u4"), ("time", "<i4")])
PACKET = np.dtype([("offset", int), ("number", int), ("first", int), ("last", int)])
_AGAIN = "Replace it with the original file."


def packets(path):
    """Where the packets of polarity events are.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    (n_packets,) structured array
        ``offset`` of each in bytes, ``number`` of its events, and the times of the ``first`` and the ``last`` of them,
        in microseconds.

    Raises
    ------
    DatasetError
        If the file is unreadable, truncated, damaged or of another kind.
    """
    with readable(path):
        content = Path(path).read_bytes()
    return np.array([one[:4] for one in _walk(path, content, _start(path, content))], PACKET)


def polarity_events(path, start, stop, width, height):
    """The polarity events of a run of packets.

    Parameters
    ----------
    path : path-like
    start, stop : int
        Where the first packet begins, and the last one ends, in bytes.
    width, height : int

    Returns
    -------
    x, y, polarity, time : (n_events,) int arrays
        Microseconds; as they stand in the file.

    Raises
    ------
    DatasetError
        As of `packets`, or if an event lies outside of width and height.
    """
    with readable(path), open(path, "rb") as file:
        content = os.pread(file.fileno(), stop - start, start)
    found = [(np.zeros(0, np.uint32), np.zeros(0, np.int64))]
    for offset, number, _, _, overflow, valid in _walk(path, content, 0, start):
        events = np.frombuffer(content, EVENT, number, offset - start + HEADER.size)
        if valid < number:
            events = events[events["data"] & 1 == 1]
        if len(events) != valid:
            raise DatasetError(
                f"{path} is damaged: the packet at byte {offset} has {len(events)} valid events, and its header says "
                f"{valid}. {_AGAIN}"
            )
        found.append((events["data"], events["time"] + (np.int64(overflow) << 31)))
    data, time = (np.concatenate(part) for part in zip(*found, strict=True))
    x, y, polarity = ((data >> shift & mask).astype(np.int64) for shift, mask in ((17, 0x7FFF), (2, 0x7FFF), (1, 1)))
    if (bad := np.flatnonzero((x >= width) | (y >= height))).size:
        raise DatasetError(
            f"{path} is damaged: an event between the bytes {start} and {stop} is at x={x[bad[0]]}, y={y[bad[0]]}, "
            f"outside of {width} x {height} pixels. {_AGAIN}"
        )
    return x, y, polarity, time


def _start(path, content):
    """Where the packets begin."""
    if not content.startswith(FIRST_LINE):
        raise DatasetError(f"{path} is no AEDAT 3.1 file: it does not begin with {FIRST_LINE.decode()}. {_AGAIN}")
    place = 0
    while content[place : place + 1] == b"#":
        end = content.find(b"\n", place)
        if end < 0:
            raise DatasetError(f"{path} is truncated: its header has no end. {_AGAIN}")
        line, place = content[place:end], end + 1
        if line.startswith(LAST_LINE):
            break
    return place


def _walk(path, content, place, origin=0):
    """(offset, number of events, first and last time, overflow, valid events) of the packets of polarity events.

    `content` stands in the file from byte `origin` on.
    """
    while place < len(content):
        offset, held = origin + place, len(content) - place
        if held < HEADER.size:
            raise DatasetError(
                f"{path} is truncated: {held} bytes are left at byte {offset}, and the header of a packet has "
                f"{HEADER.size}. {_AGAIN}"
            )
        kind, _, size, of_time, overflow, capacity, number, valid = HEADER.unpack_from(content, place)
        sound = 0 <= kind < TYPES and size > 0 and 0 <= valid <= number <= capacity and overflow >= 0
        if not sound or (kind == POLARITY and (size, of_time) != (EVENT.itemsize, 4)):
            raise DatasetError(f"{path} is damaged: what stands at byte {offset} is no header of a packet. {_AGAIN}")
        place += HEADER.size
        if place + size * capacity > len(content):
            raise DatasetError(
                f"{path} is truncated: the packet at byte {offset} has {size * capacity} bytes of events, of which "
                f"{len(content) - place} are there. {_AGAIN}"
            )
        if kind == POLARITY and number:
            ends = (struct.unpack_from("<i", content, place + size * k + of_time)[0] for k in (0, number - 1))
            first, last = (time + (overflow << 31) for time in ends)
            yield offset, number, first, last, overflow, valid
        place += size * capacity
