"""Finds a model's licence in what travels with it: model card, package metadata, licence file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

# First words of well-known licence texts.
_TEXTS = {
    "Apache-2.0": ("apache license", "version 2.0"),
    "MIT": ("mit license",),
    "BSD-3-Clause": ("bsd 3-clause",),
    "CC-BY-4.0": ("creative commons attribution 4.0",),
}


def find_licence(folder: Path) -> str | None:
    """The licence that a folder's model card or licence file states, as an SPDX expression where it is one."""
    return canonical_licence(_card_metadata(folder).get("license")) or _from_text(folder)


def canonical_licence(stated: object) -> str | None:
    """``stated`` in SPDX spelling (``apache-2.0`` becomes ``Apache-2.0``), otherwise its first line as it is."""
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    if not isinstance(stated, str) or not stated.strip() or stated.strip().lower() in {"unknown", "other"}:
        return None
    first = stated.strip().splitlines()[0][:200]
    try:
        return str(canonicalize_license_expression(first))
    except InvalidLicenseExpression:
        return first


def _card_metadata(folder: Path) -> dict[str, Any]:
    """The YAML front matter of a folder's README.md."""
    import yaml

    card = folder / "README.md"
    if not card.is_file():
        return {}
    with card.open(encoding="utf-8", errors="replace") as stream:
        head, separator, rest = stream.read(1 << 16).partition("---\n")
    front, end, _ = rest.partition("\n---")
    if head.strip() or not separator or not end:
        return {}
    try:
        metadata = yaml.safe_load(front)
    except yaml.YAMLError:
        return {}  # a card for people; what it fails to say is not known
    return metadata if isinstance(metadata, dict) else {}


def _from_text(folder: Path) -> str | None:
    for path in sorted(folder.rglob("LICEN[SC]E*")):
        text = " ".join(path.read_text("utf-8", "replace")[:2000].lower().split())
        for licence, words in _TEXTS.items():
            if all(word in text for word in words):
                return licence
    return None
