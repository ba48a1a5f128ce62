"""Where an artifact came from and what was made of it: a graph over digests."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from modelops.registry.index import ArtifactIndex, Edge
from modelops.registry.records import Artifact


@dataclass(frozen=True)
class LineageNode:
    """An artifact, or an input that is none, such as a template; ``artifact`` is ``None`` for the latter."""

    digest: str
    uri: str
    artifact: Artifact | None


@dataclass(frozen=True)
class LineageEdge:
    """``product`` was made from ``source`` (both digests), which it used in the role ``name``."""

    product: str
    source: str
    name: str


@dataclass(frozen=True)
class Lineage:
    """All sources of one artifact and all its dependents, as the database knows them."""

    artifact: Artifact
    nodes: dict[str, LineageNode]
    edges: tuple[LineageEdge, ...]

    def sources(self, digest: str) -> list[tuple[LineageEdge, LineageNode]]:
        """What ``digest`` was made from."""
        return [(edge, self.nodes[edge.source]) for edge in self._by_product.get(digest, ())]

    def dependents(self, digest: str) -> list[tuple[LineageEdge, LineageNode]]:
        """What was made from ``digest``."""
        return [(edge, self.nodes[edge.product]) for edge in self._by_source.get(digest, ())]

    @cached_property
    def _by_product(self) -> dict[str, list[LineageEdge]]:
        return _grouped(self.edges, lambda edge: edge.product)

    @cached_property
    def _by_source(self) -> dict[str, list[LineageEdge]]:
        return _grouped(self.edges, lambda edge: edge.source)

    def as_json(self) -> dict[str, Any]:
        """The graph as a JSON object; ``nodes`` are keyed by the digests that ``edges`` speak of."""
        return {
            "ref": self.artifact.ref,
            "digest": self.artifact.digest,
            "nodes": {
                node.digest: {
                    "uri": node.uri,
                    "ref": node.artifact.ref if node.artifact else None,
                    "kind": node.artifact.kind if node.artifact else None,
                    "job": node.artifact.job if node.artifact else None,
                }
                for node in self.nodes.values()
            },
            "edges": [{"product": edge.product, "source": edge.source, "name": edge.name} for edge in self.edges],
        }


def trace(index: ArtifactIndex, artifact: Artifact) -> Lineage:
    """Follow an artifact's inputs up to the sources and its uses down to the last dependent."""
    upwards = _walk(index.inputs, lambda edge: edge[1].sha256, artifact.digest)
    downwards = _walk(index.uses, lambda edge: edge[0], artifact.digest)
    edges = [*upwards, *downwards]
    uris = {dependency.sha256: dependency.uri for _, dependency in edges}
    known = {item.digest: item for item in index.by_digest({artifact.digest, *uris, *(digest for digest, _ in edges)})}
    nodes = {
        digest: LineageNode(digest, known[digest].uri if digest in known else uris[digest], known.get(digest))
        for digest in {**dict.fromkeys(known), **uris}
    }
    return Lineage(artifact, nodes, tuple(LineageEdge(product, item.sha256, item.name) for product, item in edges))


def _grouped(edges: Iterable[LineageEdge], key: Callable[[LineageEdge], str]) -> dict[str, list[LineageEdge]]:
    groups: dict[str, list[LineageEdge]] = {}
    for edge in edges:
        groups.setdefault(key(edge), []).append(edge)
    return groups


def _walk(step: Callable[[Iterable[str]], list[Edge]], end: Callable[[Edge], str], start: str) -> list[Edge]:
    """Breadth first, one query a generation; every digest is visited once, so a forged cycle ends too."""
    found: list[Edge] = []
    seen, frontier = {start}, {start}
    while frontier:
        edges = step(frontier)
        found.extend(edges)
        frontier = {end(edge) for edge in edges} - seen
        seen |= frontier
    return found
