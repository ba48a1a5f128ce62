"""Fills ``$MODELOPS_HOME`` with a model that can be served: ``python tests/ui/servable.py NAME``.

The model is the tests' tiny one as a GGUF file, so that an endpoint of it is ready within seconds.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from modelops.registry import Build, Dependency, Registry

sys.path.insert(0, str(Path(__file__).parents[1]))
from conftest import write_tiny_model
from tiny_gguf import write_gguf


def main() -> None:
    name = sys.argv[1]
    build = Build("import", {"source": "test"}, (Dependency("source", "file:test", "0" * 64),))
    with tempfile.TemporaryDirectory() as folder:
        weights, served = Path(folder, "weights"), Path(folder, "served")
        write_tiny_model(weights)
        served.mkdir()
        write_gguf(weights, served / f"{name}.gguf")
        Registry().register(served, name=name, kind="model", metadata={}, build=build)


if __name__ == "__main__":
    main()
