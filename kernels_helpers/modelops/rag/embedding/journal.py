"""Keeps vectors as they are computed, so that a run that is cut off computes none of them again.

The file begins with a line of JSON that says whose vectors these are. Behind it stand records of one size: the SHA-256
of a text, its vector as little-endian float32, and the CRC-32 of both.
"""

from __future__ import annotations

import hashlib
import json
import os
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from modelops.files import fsync_folder
from modelops.rag.embedding.embedder import Vectors

_DIGEST = 32
_CHECK = 4


def text_digest(text: str) -> bytes:
    """The SHA-256 of a text as UTF-8, under which its vector is kept."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


class VectorJournal:
    """The vectors of one embedder in a folder that outlives a run. What was appended is on disk when it returns.

    Records that were cut off or damaged are dropped with all that follow them when the file is opened again.
    """

    def __init__(self, folder: Path, *, digest: str, dimension: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"vectors-{digest[:16]}.bin"
        head = json.dumps({"format": 1, "embedder": digest, "dimension": dimension}, sort_keys=True).encode() + b"\n"
        self._dimension = dimension
        self.vectors: dict[bytes, Vectors] = {}
        """What is known, by the digest of the text."""
        content = self._path.read_bytes() if self._path.exists() else b""
        whole = 0
        if content.startswith(head):
            whole = len(head)
            for text, vector in self._records(content[whole:]):
                self.vectors[text] = vector
                whole += self._size
        with self._path.open("ab") as stream:
            stream.truncate(whole)
            if not whole:
                stream.write(head)
            stream.flush()
            os.fsync(stream.fileno())
        fsync_folder(folder)

    def append(self, texts: Sequence[bytes], vectors: Vectors) -> None:
        """Keep the vectors of texts with these digests."""
        rows = np.ascontiguousarray(vectors, "<f4")
        records = [text + row.tobytes() for text, row in zip(texts, rows, strict=True)]
        with self._path.open("ab") as stream:
            stream.write(b"".join(record + zlib.crc32(record).to_bytes(_CHECK, "little") for record in records))
            stream.flush()
            os.fsync(stream.fileno())
        self.vectors.update(zip(texts, rows.astype(np.float32, copy=False), strict=True))

    @property
    def _size(self) -> int:
        return _DIGEST + 4 * self._dimension + _CHECK

    def _records(self, content: bytes) -> Iterator[tuple[bytes, Vectors]]:
        for start in range(0, len(content) - self._size + 1, self._size):
            record = content[start : start + self._size - _CHECK]
            check = content[start + self._size - _CHECK : start + self._size]
            if zlib.crc32(record) != int.from_bytes(check, "little"):
                return
            yield record[:_DIGEST], np.frombuffer(record[_DIGEST:], "<f4").astype(np.float32)
