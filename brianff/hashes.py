"""Hashes by which a document or a file is known again."""

import hashlib
import json

__all__ = ["digest_of", "file_digest"]


def digest_of(document):
    """SHA-256 of what JSON can hold, however it is laid out."""
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def file_digest(path):
    """SHA-256 of a file."""
    with open(path, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()
