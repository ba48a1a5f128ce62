"""Tasks of EleutherAI's lm-evaluation-harness, run by its own code on a model that is loaded already.

https://github.com/EleutherAI/lm-evaluation-harness; the package ``lm_eval`` is in the environment ``lm-eval``.
"""

from __future__ import annotations

import copy
import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import chdir, contextmanager, nullcontext
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelops.errors import InvalidInput, NotFound, Unavailable
from modelops.evaluation.harness_results import TaskResults
from modelops.evaluation.progress import OnProgress, quietly
from modelops.evaluation.task_files import OFFLINE, near_matches, read_task_folder

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_SAYING_LITTLE = (AssertionError, AttributeError, FileNotFoundError, KeyError, TypeError, ValueError)
"""What the harness raises for a task that is not as it should be, such as one without a metric."""


@dataclass(frozen=True)
class Tasks:
    """Tasks that can be made: known, with their data at hand."""

    names: tuple[str, ...]
    folder: Path | None
    """Where relative data files are looked up."""
    manager: Any
    """The harness's index of tasks."""


def open_tasks(names: Sequence[str], folder: str | Path | None = None) -> Tasks:
    """Find tasks and groups by their names, those of the files in ``folder`` first, and load their data.

    Raises what :func:`~modelops.evaluation.task_files.read_task_folder` raises; ``Unavailable``
    (``harness_not_installed``, ``task_package_missing``, ``task_data_unreachable``), ``NotFound`` (``unknown_task``)
    with near matches, and ``InvalidInput`` (``invalid_task``, ``unsafe_task``).
    """
    root = Path(folder).expanduser().absolute() if folder else None
    own = read_task_folder(root) if root else {}
    manager = _manager(names, root, {name for name, task in own.items() if not task.is_group})
    for name in names:
        if name not in manager.all_tasks:
            raise NotFound(
                "unknown_task", f"lm-evaluation-harness has no task {name!r}.", near_matches(name, manager.all_tasks)
            )
        if name in own and own[name].missing:
            raise NotFound(
                "task_data_not_found",
                f"The task {name!r} takes its questions from {own[name].missing[0]}, which is not in {root}.",
                "Relative data_files are looked up in task_folder.",
            )
    with _inside(root):
        for name in names:
            with _explained(name):
                loaded = manager.load([name])["tasks"]
            _refuse_unsafe(loaded)
    return Tasks(tuple(names), root, manager)


def run_tasks(
    tasks: Tasks,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    *,
    limit: int = 0,
    num_fewshot: int | None = None,
    chat_template: bool = False,
    batch_size: int = 1,
    on_progress: OnProgress = quietly,
) -> TaskResults:
    """Run the tasks as ``lm_eval run`` does, with its defaults for all that is not said here.

    ``limit`` is the number of questions of each task, 0 for all. ``num_fewshot`` examples stand before each question,
    by default as many as the task says. ``on_progress`` is told the requests that are answered, of each kind: a
    question with four choices is four. Raises ``InvalidInput`` (``invalid_task``) where a task cannot be run.
    """
    from lm_eval import simple_evaluate

    with _inside(tasks.folder), _explained(", ".join(tasks.names)):
        found = simple_evaluate(
            model=_language_model(model, tokenizer, batch_size, on_progress),
            tasks=list(tasks.names),
            task_manager=tasks.manager,
            num_fewshot=num_fewshot,
            limit=limit or None,
            apply_chat_template=chat_template,
            fewshot_as_multiturn=chat_template,
        )
    settings = {"limit": limit, "chat_template": chat_template, "batch_size": batch_size}
    return TaskResults.of(found, {"lm_eval": version("lm_eval"), **settings})


def _manager(names: Sequence[str], root: Path | None, own: set[str]) -> Any:
    try:
        from lm_eval.tasks import TaskManager
    except ImportError as error:
        raise Unavailable(
            "harness_not_installed",
            f"lm-evaluation-harness is not installed here: {error}.",
            "Run in its environment: modelops env create lm-eval",
        ) from error
    # Reading the 14,000 tasks that the harness brings takes longer than many a task.
    return TaskManager(include_path=str(root) if root else None, include_defaults=not own.issuperset(names))


def _refuse_unsafe(loaded: dict[str, Any]) -> None:
    for name, task in loaded.items():
        if getattr(task, "UNSAFE_CODE", False):
            raise InvalidInput(
                "unsafe_task",
                f"The task {name!r} executes code that the model writes.",
                "Run it by hand where it can do no harm: lm_eval run --confirm_run_unsafe_code",
            )


def _inside(folder: Path | None) -> Any:
    """Relative data files of a task mean those of its folder, wherever the job runs."""
    return chdir(folder) if folder else nullcontext()


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """What the harness and ``datasets`` raise, said so that it helps."""
    from datasets.exceptions import DatasetNotFoundError, DatasetsError
    from jinja2 import TemplateError

    try:
        yield
    except ModuleNotFoundError as error:
        raise Unavailable(
            "task_package_missing",
            f"The task {name!r} needs the package {error.name}, which is not installed here.",
            f"Install it: {sys.executable} -m pip install {error.name}",
        ) from error
    except (ConnectionError, DatasetNotFoundError) as error:
        raise Unavailable(
            "task_data_unreachable",
            f"The task {name!r} takes its questions from a hub that cannot be reached, or has no such data: {error}.",
            OFFLINE,
        ) from error
    except (*_SAYING_LITTLE, DatasetsError, TemplateError) as error:
        raise InvalidInput(
            "invalid_task",
            f"lm-evaluation-harness cannot run the task {name!r}: {type(error).__name__}: {str(error)[:500]}",
            "Look at its YAML file: `python -m lm_eval validate --tasks NAME --include_path FOLDER` may say more.",
        ) from error


def _language_model(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, batch_size: int, on_progress: OnProgress
) -> Any:
    """The model as the harness asks it, telling how far it is."""
    from lm_eval.models.huggingface import HFLM

    class Told(HFLM):  # type: ignore[misc]  # the harness has no types
        """Counts answers by the hook that the harness has for a cache of them; bars are for a terminal."""

        def loglikelihood(self, requests: Any, disable_tqdm: bool = False) -> Any:
            self.set_cache_hook(_Count(len(requests), on_progress))
            return super().loglikelihood(requests, disable_tqdm=True)

        def loglikelihood_rolling(self, requests: Any, disable_tqdm: bool = False) -> Any:
            self.set_cache_hook(_Count(len(requests), on_progress))
            return super().loglikelihood_rolling(requests, disable_tqdm=True)

        def generate_until(self, requests: Any, disable_tqdm: bool = False) -> Any:
            self.set_cache_hook(_Count(len(requests), on_progress))
            return super().generate_until(requests, disable_tqdm=True)

    logger = logging.getLogger("lm_eval.models.huggingface")
    level = logger.level
    logger.setLevel(logging.ERROR)  # warns that it was given a model instead of a name
    try:
        # A copy, for it may be given another padding token.
        return Told(pretrained=model, tokenizer=copy.deepcopy(tokenizer), batch_size=batch_size)
    finally:
        logger.setLevel(level)


class _Count:
    """What the harness calls with each answer."""

    def __init__(self, total: int, on_progress: OnProgress) -> None:
        self._done, self._total, self._on_progress = 0, total, on_progress
        on_progress(0, total)

    def add_partial(self, kind: str, request: Any, answer: Any) -> None:
        self._done += 1
        self._on_progress(self._done, self._total)
