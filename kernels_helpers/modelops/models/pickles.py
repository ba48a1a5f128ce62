"""Tells pickles by name and by content: unpickling runs code, so no pickle is ever read or stored."""

from __future__ import annotations

from pathlib import Path

from modelops.errors import InvalidInput

SUFFIXES = frozenset({".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".joblib", ".npy", ".npz", ".dill"})
"""File names under which pickles travel (NumPy files may hold pickled objects)."""

_ZIP = b"PK\x03\x04"  # torch.save writes a zip with a pickle in it


def is_pickle(path: Path) -> bool:
    """Whether the content begins like a pickle of protocol 2 or later, or like a ``torch.save`` archive."""
    with path.open("rb") as stream:
        head = stream.read(9)
    if head.startswith(_ZIP):
        return True
    if head[:1] != b"\x80" or head[1:2] not in {b"\x02", b"\x03", b"\x04", b"\x05"}:
        return False
    # The header length of a sound safetensors file can begin with the same two bytes; its ninth byte is a brace.
    return head[8:] != b"{" or any(head[4:8])


def refuse_pickle(path: Path) -> None:
    """Raise ``InvalidInput`` with code ``pickle`` when the file is one, whatever it is called."""
    if is_pickle(path):
        raise pickle_refused(path.name)


def pickle_refused(name: str) -> InvalidInput:
    """The error for a pickle called ``name``."""
    return InvalidInput(
        "pickle",
        f"{name} is a pickle: loading it would run whatever code it contains.",
        "Save the model as safetensors: model.save_pretrained(folder) does, in a current transformers.",
        file=name,
    )
