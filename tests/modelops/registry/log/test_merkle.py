"""Trees and proofs are those of RFC 6962: by its own test vectors, and by another implementation."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymerkle import InmemoryTree, verify_inclusion
from pymerkle.proof import InclusionProof

from modelops.registry.log import merkle

# The entries and roots with which certificate transparency logs test themselves (RFC 6962, section 2.1).
ENTRIES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
MOST = 70


class Tree:
    """A tree that keeps the hash of every complete subtree, as the database does."""

    def __init__(self, entries: list[bytes]) -> None:
        self.nodes: dict[tuple[int, int], bytes] = {}
        self.read: set[tuple[int, int]] = set()
        for index, entry in enumerate(entries):
            for level, digest in enumerate(merkle.completed(merkle.leaf_hash(entry), index, self.subtree)):
                self.nodes[level, index >> level] = digest

    def subtree(self, level: int, position: int) -> bytes:
        self.read.add((level, position))
        return self.nodes[level, position]


def entries(count: int) -> list[bytes]:
    return [f"entry {index}".encode() for index in range(count)]


TREE = Tree(entries(MOST))
OTHER = InmemoryTree()
OTHER.append_entries(entries(MOST))

sizes = st.integers(1, MOST)
many = settings(max_examples=300, deadline=None)


def test_roots_are_those_of_the_certificate_transparency_test_vectors() -> None:
    tree = Tree([bytes.fromhex(entry) for entry in ENTRIES])
    assert [merkle.root(tree.subtree, size + 1).hex() for size in range(len(ROOTS))] == ROOTS


def test_the_empty_tree_has_the_hash_of_nothing_as_its_root() -> None:
    assert merkle.root(TREE.subtree, 0).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize("size", range(1, MOST + 1))
def test_roots_are_those_of_another_implementation(size: int) -> None:
    assert merkle.root(TREE.subtree, size) == OTHER.get_root(size)


@many
@given(size=sizes, data=st.data())
def test_inclusion_paths_are_those_of_another_implementation(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    leaf = merkle.leaf_hash(entries(MOST)[index])
    path = merkle.inclusion_path(TREE.subtree, index, size)
    theirs = OTHER.prove_inclusion(index + 1, size)
    assert [leaf, *path] == theirs.path
    ours = InclusionProof("sha256", True, size, index + 1, theirs.rule, [leaf, *path])
    verify_inclusion(leaf, OTHER.get_root(size), ours)
    assert merkle.root_of_path(leaf, index, size, path) == OTHER.get_root(size)


@many
@given(size=sizes, data=st.data())
def test_a_path_that_is_longer_shorter_changed_or_for_another_leaf_leads_elsewhere(
    size: int, data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(-2, size + 2).filter(lambda number: number != index))
    leaf = merkle.leaf_hash(entries(MOST)[index])
    path = merkle.inclusion_path(TREE.subtree, index, size)
    root = merkle.root(TREE.subtree, size)
    assert merkle.root_of_path(leaf, index, size, [*path, leaf]) != root
    assert merkle.root_of_path(leaf, other, size, path) != root
    assert merkle.root_of_path(bytes(32), index, size, path) != root
    for position in range(len(path)):
        assert merkle.root_of_path(leaf, index, size, path[:position] + path[position + 1 :]) != root
        assert merkle.root_of_path(leaf, index, size, [*path[:position], bytes(32), *path[position + 1 :]]) != root


def subproof(old: int, begin: int, end: int, whole: bool) -> list[bytes]:
    """SUBPROOF, word for word as RFC 6962 (section 2.1.2) defines it. pymerkle's consistency proofs are others."""
    if old == end - begin:
        return [] if whole else [mth(begin, end)]
    k = max(power for power in (1, 2, 4, 8, 16, 32, 64) if power < end - begin)
    if old <= k:
        return [*subproof(old, begin, begin + k, whole), mth(begin + k, end)]
    return [*subproof(old - k, begin + k, end, False), mth(begin, begin + k)]


def mth(begin: int, end: int) -> bytes:
    tree = InmemoryTree()
    tree.append_entries(entries(MOST)[begin:end])
    return bytes(tree.get_root())


@settings(max_examples=100, deadline=None)
@given(new=sizes, data=st.data())
def test_consistency_paths_are_those_of_the_specification(new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, new))
    path = merkle.consistency_path(TREE.subtree, old, new)
    assert path == subproof(old, 0, new, True)
    assert merkle.is_consistent(old, new, OTHER.get_root(old), OTHER.get_root(new), path)


@many
@given(new=sizes, data=st.data())
def test_a_tree_that_did_not_only_grow_is_not_consistent(new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, new))
    old_root, new_root = OTHER.get_root(old), OTHER.get_root(new)
    path = merkle.consistency_path(TREE.subtree, old, new)
    assert not merkle.is_consistent(old, new, bytes(32), new_root, path)
    assert not merkle.is_consistent(old, new, old_root, bytes(32), path)
    assert not merkle.is_consistent(old, new, old_root, new_root, [*path, bytes(32)])
    assert not merkle.is_consistent(new + 1, old, old_root, new_root, path)
    if path:
        assert not merkle.is_consistent(old, new, old_root, new_root, path[:-1])
        assert not merkle.is_consistent(old, new, old_root, new_root, [bytes(32), *path[1:]])


def test_appending_and_proving_read_few_subtrees() -> None:
    tree = Tree(entries(1000))
    tree.read.clear()
    merkle.completed(merkle.leaf_hash(b"next"), 1000, tree.subtree)
    merkle.root(tree.subtree, 1000)
    assert len(tree.read) <= 10
    tree.read.clear()
    merkle.inclusion_path(tree.subtree, 3, 1000)
    assert len(tree.read) <= 20
