"""Hashes by which a document or a file is known again."""

import dataclasses
import hashlib
import json

import numpy as np

__all__ = ["data_digest", "digest_of", "file_digest"]


def digest_of(document):
    """SHA-256 of what JSON can hold, however it is laid out."""
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def file_digest(path):
    """SHA-256 of a file."""
    with open(path, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


def data_digest(data):
    """SHA-256 of everything that a data set holds: images or spikes, labels, splits."""
    found = hashlib.sha256()
    for field in dataclasses.fields(data):
        value = getattr(data, field.name)
        if isinstance(value, np.ndarray):
            found.update(f"{field.name} {value.dtype.str} {value.shape}\n".encode())
            found.update(np.ascontiguousarray(value).data)
        elif hasattr(value, "identity"):  # a source of spike trains
            found.update(f"{field.name} ".encode())
            for part in value.identity():
                found.update(part)
        else:
            found.update(f"{field.name} {value}\n".encode())
    return found.hexdigest()
