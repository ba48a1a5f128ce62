"""A folder of tasks for lm-evaluation-harness: which tasks its files define, read without the harness."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from modelops.errors import InvalidInput, NotFound

_IGNORED = frozenset({"__pycache__", ".ipynb_checkpoints"})
_LOADERS = frozenset({"json", "csv", "text", "parquet", "arrow"})
"""What ``dataset_path`` says where the data are files."""
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*://")

OFFLINE = (
    "Keep its questions in a file beside the task, in task_folder: `dataset_path: json` and "
    "`dataset_kwargs: {data_files: {test: questions.jsonl}}` in its YAML file."
)
"""How a task needs no hub."""

_LIST = "List those there are with the Python of the environment lm-eval: python -m lm_eval ls tasks"


@dataclass(frozen=True)
class TaskFile:
    """One YAML file that defines a task, or a group of tasks."""

    path: Path
    name: str
    is_group: bool
    tags: tuple[str, ...]
    """Names that it shares with other tasks."""
    missing: tuple[str, ...]
    """Data files that it names and that are not there; relative ones are looked up in the task folder."""


def read_task_folder(folder: str | Path) -> dict[str, TaskFile]:
    """By name, the tasks and groups that the YAML files below ``folder`` define, with what they include.

    The harness passes over a file that it cannot read without a word. Here that raises ``InvalidInput``
    (``invalid_task_file``) with the file and the reason; ``NotFound`` (``task_folder_not_found``) without the folder,
    and ``InvalidInput`` (``no_tasks``) where it defines none.
    """
    root = Path(folder).expanduser()
    if not root.is_dir():
        raise NotFound(
            "task_folder_not_found", f"There is no folder {root}.", "Give the path of a folder of YAML files."
        )
    found: dict[str, TaskFile] = {}
    for path in sorted(root.glob("**/*.yaml"), key=lambda path: path.as_posix()):
        if _IGNORED.isdisjoint(path.parts) and (task := _task(path, root)) is not None:
            found.setdefault(task.name, task)  # as the harness does
    if not found:
        raise InvalidInput(
            "no_tasks",
            f"No YAML file in {root} defines a task.",
            "Give each a name in a line such as `task: my_task`, in a file that ends in .yaml.",
        )
    return found


def near_matches(name: str, known: Iterable[str]) -> str:
    """A hint with the names most like ``name``."""
    alike = get_close_matches(name, list(known), n=5, cutoff=0.6)
    return f"Did you mean {' or '.join(alike)}?" if alike else _LIST


def _task(path: Path, root: Path) -> TaskFile | None:
    content = _read(path, ())
    group, name, tag = content.get("group"), content.get("task"), content.get("tag") or []
    called = group if group is not None else name
    if not isinstance(called, str):
        return None  # a part that others include
    tags = [tag] if isinstance(tag, str) else tag
    return TaskFile(path, called, group is not None, tuple(map(str, tags)), tuple(_missing(content, root)))


def _read(path: Path, including: tuple[Path, ...]) -> dict[str, Any]:
    """The document of a file over those that it includes."""
    import yaml

    if path in including:
        raise _invalid(path, "includes itself")
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=_loader())  # noqa: S506 - built on SafeLoader
    except OSError as error:
        by = f" (included by {including[-1].name})" if including else ""
        raise _invalid(path, f"cannot be read{by}: {error.strerror}") from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise _invalid(path, " ".join(f"is not YAML: {error}".split())[:300]) from None
    if not isinstance(document, dict):
        raise _invalid(path, "does not map names to values")
    included = document.pop("include", None) or []
    content: dict[str, Any] = {}
    for name in included if isinstance(included, list) else [included]:
        content |= _read((path.parent / str(name)).resolve(), (*including, path))
    return content | document


def _missing(content: Mapping[str, Any], root: Path) -> Iterator[str]:
    options = content.get("dataset_kwargs")
    if content.get("dataset_path") not in _LOADERS or not isinstance(options, dict):
        return
    files = options.get("data_files") or []
    for part in files.values() if isinstance(files, dict) else [files]:
        for name in part if isinstance(part, list) else [part]:
            pattern = str(name)
            if not _ELSEWHERE.match(pattern) and not glob.glob(str(root / pattern)):  # noqa: PTH207 - may be absolute
                yield pattern


def _loader() -> Any:
    import yaml

    class Loader(yaml.SafeLoader):
        """YAML's safe loader; a function that a task names with ``!function`` stays a text."""

    def text(loader: yaml.SafeLoader, node: Any) -> str:
        return str(loader.construct_scalar(node))

    Loader.add_constructor("!function", text)
    return Loader


def _invalid(path: Path, reason: str) -> InvalidInput:
    return InvalidInput(
        "invalid_task_file",
        f"{path.name} {reason}.",
        "See https://github.com/EleutherAI/lm-evaluation-harness/blob/main/docs/task_guide.md for what a task is.",
        file=str(path),
    )
