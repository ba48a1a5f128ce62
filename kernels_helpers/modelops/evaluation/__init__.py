"""How good a language model is: likelihood of held-out answers, distance from a reference, answers, speed.

Every number comes with the interval that it may well lie in. What needs torch is loaded on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelops.evaluation.answers import Answer, answer_measures, answer_rows, exact_match, token_f1
    from modelops.evaluation.choices import Choice, choice_measures, read_choices
    from modelops.evaluation.gate import Policy, Verdict, judge
    from modelops.evaluation.gguf_speeds import gguf_speed
    from modelops.evaluation.harness import Tasks, open_tasks, run_tasks
    from modelops.evaluation.harness_results import TaskResults
    from modelops.evaluation.measuring import measures
    from modelops.evaluation.scoring import Scores, require_same_tokens, score_rows
    from modelops.evaluation.speeds import speed
    from modelops.evaluation.statements import descriptor, test_result
    from modelops.evaluation.task_files import TaskFile, near_matches, read_task_folder

_HOMES = {
    "Answer": "answers",
    "Choice": "choices",
    "Policy": "gate",
    "Scores": "scoring",
    "TaskFile": "task_files",
    "TaskResults": "harness_results",
    "Tasks": "harness",
    "Verdict": "gate",
    "answer_measures": "answers",
    "answer_rows": "answers",
    "choice_measures": "choices",
    "descriptor": "statements",
    "exact_match": "answers",
    "gguf_speed": "gguf_speeds",
    "judge": "gate",
    "measures": "measuring",
    "near_matches": "task_files",
    "open_tasks": "harness",
    "read_choices": "choices",
    "read_task_folder": "task_files",
    "require_same_tokens": "scoring",
    "run_tasks": "harness",
    "score_rows": "scoring",
    "speed": "speeds",
    "test_result": "statements",
    "token_f1": "answers",
}

__all__ = [
    "Answer",
    "Choice",
    "Policy",
    "Scores",
    "TaskFile",
    "TaskResults",
    "Tasks",
    "Verdict",
    "answer_measures",
    "answer_rows",
    "choice_measures",
    "descriptor",
    "exact_match",
    "gguf_speed",
    "judge",
    "measures",
    "near_matches",
    "open_tasks",
    "read_choices",
    "read_task_folder",
    "require_same_tokens",
    "run_tasks",
    "score_rows",
    "speed",
    "test_result",
    "token_f1",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
