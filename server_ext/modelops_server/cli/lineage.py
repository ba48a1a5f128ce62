"""An artifact's lineage as a tree in the terminal."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from rich.text import Text
from rich.tree import Tree

from modelops_server.cli.output import console, printable

if TYPE_CHECKING:
    from modelops.registry import Lineage
    from modelops.registry.lineage import LineageEdge, LineageNode

    Step = Callable[[str], list[tuple[LineageEdge, LineageNode]]]

MOST_BRANCHES = 30
"""Branches shown at one node; a base model may have thousands of dependents."""


def print_lineage(lineage: Lineage) -> None:
    """Print what the artifact was made from, and what was made from it."""
    digest = lineage.artifact.digest
    tree = Tree(_label(lineage.nodes[digest], ""), guide_style="dim")
    _grow(tree, "made from", digest, lineage.sources, lambda edge: f"{edge.name}  ")
    _grow(tree, "used in", digest, lineage.dependents, lambda edge: f"as {edge.name}  ")
    console().print(tree)


def _grow(tree: Tree, title: str, digest: str, step: Step, role: Callable[[LineageEdge], str]) -> None:
    if not step(digest):
        return
    shown = {digest}
    # A list instead of recursion: a chain of adapters may be longer than the stack.
    pending = [(tree.add(Text(title, style="dim")), digest)]
    while pending:
        branch, parent = pending.pop()
        found = step(parent)
        for edge, node in found[:MOST_BRANCHES]:
            label = _label(node, role(edge))
            if node.digest in shown:
                branch.add(label.append("  shown above" if step(node.digest) else "", style="dim"))
            else:
                shown.add(node.digest)
                pending.append((branch.add(label), node.digest))
        if len(found) > MOST_BRANCHES:
            branch.add(Text(f"… and {len(found) - MOST_BRANCHES} more; --json has them all", style="dim"))


def _label(node: LineageNode, role: str) -> Text:
    known = (node.artifact.ref, "bold") if node.artifact else printable(node.uri)
    kind = f"  {node.artifact.kind}" if node.artifact else f"  {node.digest[:12]}"
    return Text.assemble((printable(role), "cyan"), known, (kind, "dim"))
