"""An artifact inside a notebook: what it is, whether it is what was signed, its files, and where it came from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from traitlets import Dict, List

from modelops.client import Artifact, Client
from modelops.units import human_bytes
from modelops.widgets.base import View

_MOST_NODES = 200
"""Nodes of a lineage that are shown; a base model may have thousands of dependents."""


class ArtifactView(View):
    """``ArtifactView("support-bot@3")``: an artifact, verified when one presses the button."""

    artifact = Dict().tag(sync=True)
    """Its record, its model card, and its aliases."""
    verification = Dict().tag(sync=True)
    """``verified`` with the signer, or with the problem; empty until it was asked for."""
    lineage: List[Any] = List().tag(sync=True)
    """Trees of what it was made from and what was made of it."""

    def __init__(self, ref: str | Artifact, client: Client | None = None) -> None:
        artifacts = (client or Client()).artifacts
        super().__init__(shows="artifact")
        self._artifact = artifacts.get(ref if isinstance(ref, str) else ref.ref)
        self.artifact = {
            **self._artifact.record,
            "size_in_words": human_bytes(self._artifact.record["size"]),
            "files": [{**file, "size_in_words": human_bytes(file["size"])} for file in self._artifact.files],
        }
        self._in_background(self._trace)

    def verify(self) -> dict[str, Any]:
        """Read every byte, compare it with what was signed, and show the result."""
        self.verification = self._artifact.verify()
        return dict(self.verification)

    def as_text(self) -> str:
        record = self.artifact
        said = {True: "✓ verified", False: "✗ not verified", None: "not verified yet"}[
            self.verification.get("verified")
        ]
        names = "".join(f" @{alias}" for alias in record["aliases"])
        return f"{record['ref']}{names}: {record['kind']}, {record['size_in_words']}, {said}"

    def _handlers(self) -> dict[str, Callable[[], None]]:
        return {"verify": self._verify}

    def _verify(self) -> None:
        self.verify()

    def _trace(self) -> None:
        graph = self._artifact.lineage()
        root = graph["digest"]
        trees = [
            {"title": "Made from", "children": _tree(graph, root, "product", "source")},
            {"title": "Used in", "children": _tree(graph, root, "source", "product")},
        ]
        self.lineage = [tree for tree in trees if tree["children"]]


def _tree(graph: dict[str, Any], root: str, here: str, there: str) -> list[dict[str, Any]]:
    """The nodes that one reaches from ``root`` along the edges, each with its children the first time it is met."""
    edges: dict[str, list[dict[str, Any]]] = {}
    for edge in graph["edges"]:
        edges.setdefault(edge[here], []).append(edge)
    top: list[dict[str, Any]] = []
    met = {root}
    pending = [(root, top)]
    room = _MOST_NODES
    while pending and room > 0:
        digest, children = pending.pop(0)
        for edge in edges.get(digest, ())[:room]:
            node = graph["nodes"][edge[there]]
            name = node["ref"] or node["uri"]
            child = {"role": edge["name"], "name": name, "kind": node["kind"] or "", "children": []}
            children.append(child)
            room -= 1
            if edge[there] not in met:
                met.add(edge[there])
                pending.append((edge[there], child["children"]))
    return top
