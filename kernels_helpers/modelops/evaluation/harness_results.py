"""What lm-evaluation-harness found: its own numbers, the measures that they are here, and what was asked."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist
from typing import Any

from modelops.errors import NonFinite
from modelops.intervals import CONFIDENCE, Measure, wilson_interval

_KEPT = ("results", "groups", "group_subtasks", "configs", "versions", "n-shot", "higher_is_better", "n-samples")
"""What the harness says of tasks; the rest is about the machine."""

BY_STANDARD_ERROR = "the harness's standard error, times 1.96"
BY_WILSON = "Wilson's interval over questions; the harness's standard error is 0"


@dataclass(frozen=True)
class TaskResults:
    """The results of a run, as JSON."""

    document: dict[str, Any]
    """What the harness reports, unchanged: ``results`` by task, ``versions``, ``configs``, ``n-samples`` …"""
    samples: dict[str, list[dict[str, Any]]]
    """By task, each question with what was asked and answered."""
    settings: dict[str, Any]
    """The version of ``lm_eval``, ``limit``, ``chat_template`` and ``batch_size``."""

    @classmethod
    def of(cls, found: Mapping[str, Any], settings: Mapping[str, Any]) -> TaskResults:
        """From what ``simple_evaluate`` returns."""
        kept = _as_json({name: found[name] for name in _KEPT if name in found})
        return cls(kept, _as_json(found["samples"]), dict(settings))

    def measures(self) -> dict[str, Measure]:
        """``lm-eval/TASK/METRIC`` for each metric of each task and group; ``METRIC,FILTER`` where it has a filter.

        The value is the harness's. Its standard error becomes an interval, as if errors were normally distributed; a
        share of questions stays between 0 and 1, and has Wilson's interval where all were right, or all wrong. A
        metric without a standard error has no interval, and is in ``document`` only. Raises ``NonFinite``.
        """
        found = {}
        for task, metric, kind, value, error in self._metrics():
            name = _name(task, metric, kind)
            if not math.isfinite(value):
                raise NonFinite(f"{name} is {value}.", "The model's weights may be damaged.", metric=name)
            if isinstance(error, float | int) and math.isfinite(error):
                found[name] = self._measure(task, metric, kind, value, error)
        return found

    def without_interval(self) -> list[str]:
        """``TASK/METRIC`` of metrics that are no measures, because the harness knows no standard error of them."""
        measured = self.measures()
        found = [(task, metric, kind) for task, metric, kind, _, _ in self._metrics()]
        return [f"{task}/{metric}" for task, metric, kind in found if _name(task, metric, kind) not in measured]

    def write(self, folder: Path, prefix: str = "") -> list[Path]:
        """Write ``lm_eval.json`` and ``lm_eval_samples.jsonl``, a line for each question and filter."""
        files = [folder / f"{prefix}lm_eval.json", folder / f"{prefix}lm_eval_samples.jsonl"]
        files[0].write_text(json.dumps({**self.document, "settings": self.settings}, indent=2, ensure_ascii=False))
        with files[1].open("w") as lines:
            for task, samples in self.samples.items():
                lines.writelines(json.dumps({"task": task, **one}, ensure_ascii=False) + "\n" for one in samples)
        return files

    def record(self) -> dict[str, Any]:
        """What a statement says of the run: the version of the harness, and of each task what it was, by digests.

        ``task_sha256`` is what ``lm_eval --log_samples`` writes as ``task_hashes``: of all questions, prompts and
        targets. ``config_sha256`` is that of the task's configuration as sorted JSON, without the place of its file.
        """
        tasks = {}
        for name, samples in self.samples.items():
            asked = "".join(one["doc_hash"] + one["prompt_hash"] + one["target_hash"] for one in samples)
            tasks[name] = {
                "version": str(self.document["versions"].get(name)),
                "samples": self.document["n-samples"][name]["effective"],
                "samples_in_all": self.document["n-samples"][name]["original"],
                "num_fewshot": self.document["n-shot"][name],
                "config_sha256": _sha256(json.dumps(_without_place(self.document["configs"][name]), sort_keys=True)),
                "task_sha256": _sha256(asked),
            }
        return {**self.settings, "tasks": tasks}

    def _metrics(self) -> Iterator[tuple[str, str, str, float, Any]]:
        """Task or group, metric, filter, value and standard error of each number."""
        for task, values in self.document["results"].items():
            for key, value in values.items():
                metric, comma, kind = key.partition(",")
                if comma and not metric.endswith("_stderr") and isinstance(value, float | int):
                    yield task, metric, kind, float(value), values.get(f"{metric}_stderr,{kind}")

    def _measure(self, task: str, metric: str, kind: str, value: float, error: float) -> Measure:
        each = [one.get(metric) for one in self.samples.get(task, []) if one.get("filter") == kind]
        count = len(each) or int(self.document["results"][task].get("sample_len") or 0)
        margin = NormalDist().inv_cdf(1 - (1 - CONFIDENCE) / 2) * error
        if not _is_share(value, each):
            return Measure(value, value - margin, value + margin, "", count, BY_STANDARD_ERROR)
        if error == 0:
            return Measure(value, *wilson_interval(value * count, count), "", count, BY_WILSON)
        return Measure(value, max(0.0, value - margin), min(1.0, value + margin), "", count, BY_STANDARD_ERROR)


def _name(task: str, metric: str, kind: str) -> str:
    return f"lm-eval/{task}/{metric}" + ("" if kind == "none" else f",{kind}")


def _without_place(config: dict[str, Any]) -> dict[str, Any]:
    metadata = config.get("metadata") or {}
    return config | {"metadata": {name: value for name, value in metadata.items() if name != "config_source"}}


def _is_share(value: float, each: list[Any]) -> bool:
    """Whether a value is the mean of numbers between 0 and 1, one of each question."""
    if not each or not all(isinstance(one, float | int) and 0 <= one <= 1 for one in each):
        return False
    return math.isclose(value, sum(each) / len(each), abs_tol=1e-9)


def _as_json(value: Any) -> Any:
    return json.loads(json.dumps(value, default=_plain))


def _plain(value: Any) -> Any:
    """NumPy's numbers and arrays as Python's, exactly; what JSON has no word for, such as a function, as text."""
    as_list = getattr(value, "tolist", None)
    return as_list() if callable(as_list) else sorted(value) if isinstance(value, set) else str(value)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
