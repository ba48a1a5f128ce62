"""Fills ``$MODELOPS_HOME`` with an embedding model: ``python tests/ui/searchable.py NAME``.

It is the tests' tiny one, with which a few documents become an index within seconds.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from modelops.registry import Build, Dependency, Registry

sys.path.insert(0, str(Path(__file__).parents[1]))
from tiny_embedder import write_tiny_embedder


def main() -> None:
    build = Build("import", {"source": "test"}, (Dependency("source", "file:test", "0" * 64),))
    facts = {"embedding": {"max_tokens": 64}}
    with tempfile.TemporaryDirectory() as folder:
        embedder = Path(folder, "embedder")
        write_tiny_embedder(embedder)
        Registry().register(embedder, name=sys.argv[1], kind="model", metadata=facts, build=build)


if __name__ == "__main__":
    main()
