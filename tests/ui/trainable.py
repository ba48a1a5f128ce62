"""Fills ``$MODELOPS_HOME`` with what the set-up form's defaults name: ``python tests/ui/trainable.py FOLDER``.

The model is the tests' tiny one, so that a browser test can train it within seconds; its files stay in ``FOLDER``.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from modelops.datasets import import_dataset
from modelops.registry import Build, Dependency, Registry

sys.path.insert(0, str(Path(__file__).parents[1]))
from conftest import write_tiny_model


def main() -> None:
    registry = Registry()
    with tempfile.TemporaryDirectory() as folder:
        model = Path(sys.argv[1])
        write_tiny_model(model)
        build = Build("import", {"source": "test"}, (Dependency("source", "file:test", "0" * 64),))
        registry.register(model, name="smollm2-135m-instruct", kind="model", metadata={}, build=build)
        chats = Path(folder, "chats.jsonl")
        chats.write_text("".join(json.dumps(row) + "\n" for row in rows()))
        import_dataset(chats, name="stdlib-qa", registry=registry, test_fraction=0.2)


def rows() -> list[dict[str, object]]:
    """Chats whose answers follow a rule, so that a few steps are enough to learn something."""
    return [
        {
            "messages": [
                {"role": "user", "content": f"Say {number}!"},
                {"role": "assistant", "content": f"ok {number} " + "yes " * (number % 9)},
            ]
        }
        for number in range(60)
    ]


if __name__ == "__main__":
    main()
