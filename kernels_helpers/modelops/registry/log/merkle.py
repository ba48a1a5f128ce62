"""Merkle trees as certificate transparency has them: roots, inclusion proofs, consistency proofs.

Specifications: RFC 6962, section 2.1, for hashes and proofs; RFC 9162, sections 2.1.3.2 and 2.1.4.2, for checking them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

Subtrees = Callable[[int, int], bytes]
"""The hash of a complete subtree: of the ``2**level`` leaves (first argument) that begin at ``position * 2**level``."""

EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """The hash of one entry as a leaf."""
    return hashlib.sha256(b"\0" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of a node with two children."""
    return hashlib.sha256(b"\1" + left + right).digest()


def root(subtrees: Subtrees, size: int) -> bytes:
    """The root of the first ``size`` leaves, from at most log2(size) + 1 subtrees."""
    return _range(subtrees, 0, size) if size else EMPTY_ROOT


def completed(leaf: bytes, index: int, subtrees: Subtrees) -> list[bytes]:
    """The hashes of the complete subtrees that leaf number ``index`` ends, from level 0 (the leaf itself) upwards."""
    hashes = [leaf]
    while index >> (len(hashes) - 1) & 1:
        level = len(hashes) - 1
        hashes.append(node_hash(subtrees(level, (index >> level) - 1), hashes[-1]))
    return hashes


def inclusion_path(subtrees: Subtrees, index: int, size: int) -> list[bytes]:
    """The hashes that lead from leaf ``index`` to the root of ``size`` leaves, from the bottom to the top."""
    path: list[bytes] = []
    begin, end = 0, size
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            path.append(_range(subtrees, middle, end))
            end = middle
        else:
            path.append(_range(subtrees, begin, middle))
            begin = middle
    return path[::-1]


def root_of_path(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The root that a path leads to from a leaf; ``None`` for a path that fits no such leaf."""
    if not 0 <= index < size:
        return None
    node, last, result = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return None
        if node & 1 or node == last:
            result = node_hash(sibling, result)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            result = node_hash(result, sibling)
        node, last = node >> 1, last >> 1
    return result if last == 0 else None


def consistency_path(subtrees: Subtrees, old: int, new: int) -> list[bytes]:
    """The hashes that show the tree of ``old`` leaves to be the beginning of the tree of ``new`` leaves."""
    path: list[bytes] = []
    begin, end, whole = 0, new, True
    while old < end:
        middle = begin + _split(end - begin)
        if old <= middle:
            path.append(_range(subtrees, middle, end))
            end = middle
        else:
            path.append(_range(subtrees, begin, middle))
            begin, whole = middle, False
    if not whole:
        path.append(_range(subtrees, begin, end))
    return path[::-1]


def is_consistent(old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]) -> bool:
    """Whether a path shows that the tree of ``new`` leaves only added to that of ``old`` leaves."""
    if not 0 <= old <= new:
        return False
    if old in {0, new}:
        return not path and (old_root == new_root if old == new else old_root == EMPTY_ROOT)
    hashes = [old_root, *path] if old & (old - 1) == 0 else list(path)
    if not hashes:
        return False
    node, last = old - 1, new - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    older = newer = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            older, newer = node_hash(sibling, older), node_hash(sibling, newer)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            newer = node_hash(newer, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and (older, newer) == (old_root, new_root)


def _split(width: int) -> int:
    """How many of ``width`` leaves stand on the left: the largest power of two below it."""
    return 1 << (width - 1).bit_length() - 1


def _range(subtrees: Subtrees, begin: int, end: int) -> bytes:
    width = end - begin
    if width & (width - 1) == 0:
        level = width.bit_length() - 1
        return subtrees(level, begin >> level)
    middle = begin + _split(width)
    return node_hash(_range(subtrees, begin, middle), _range(subtrees, middle, end))
