"""The tutorials run from the first cell to the last, against a running server, with a tiny model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest

from modelops.registry import Build, Dependency, Registry

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
IMPORTED = Build("import", {"source": "test"}, (Dependency("source", "file:test", "0" * 64),))
CHAT = '{{"messages": [{{"role": "user", "content": "Say {n}!"}}, {{"role": "assistant", "content": "ok {n}"}}]}}\n'


@pytest.fixture
def stocked(running_server: Any, tiny_model_folder: Path, tmp_path: Path) -> Any:
    """A server whose registry has a tiny model and a few conversations."""
    registry = Registry(running_server.home)
    registry.register(tiny_model_folder, name="tiny", kind="model", metadata={}, build=IMPORTED)
    (tmp_path / "data").mkdir()
    for split, numbers in {"train": range(40), "test": range(40, 48)}.items():
        (tmp_path / "data" / f"{split}.jsonl").write_text("".join(CHAT.format(n=n) for n in numbers))
    metadata = {"format": "messages", "rows": 48}
    registry.register(tmp_path, name="chats", kind="dataset", metadata=metadata, build=IMPORTED)
    return running_server


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_train_in_a_notebook(stocked: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import papermill

    for name in ("JUPYTER_RUNTIME_DIR", "MODELOPS_HOME"):
        monkeypatch.setenv(name, stocked.environment[name])
    settings = {"max_steps": 2, "max_length": 64, "eval_rows": 4}
    parameters = {"base_model": "tiny", "dataset": "chats", "settings": settings}

    papermill.execute_notebook(
        NOTEBOOKS / "train-in-a-notebook.ipynb", tmp_path / "out.ipynb", parameters, progress_bar=False, cwd=tmp_path
    )

    last = nbformat.read(tmp_path / "out.ipynb", as_version=4).cells[-1].outputs[-1].data["text/plain"]
    assert last.startswith("my-first-adapter@1: adapter")
    assert last.endswith("✓ verified")


def test_they_are_kept_without_outputs() -> None:
    for path in NOTEBOOKS.glob("*.ipynb"):
        cells = nbformat.read(path, as_version=4).cells
        assert not any(cell.get("outputs") or cell.get("execution_count") for cell in cells)
