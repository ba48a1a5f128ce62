"""What lm-evaluation-harness reports, as measures with intervals; the report is in the form of its version 0.4.13."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modelops.errors import NonFinite
from modelops.evaluation import Policy, TaskResults, judge


def question(task: str, number: int, kind: str = "none", **metrics: Any) -> dict[str, Any]:
    hashes = {name: f"{name} {task} {number}" for name in ("doc_hash", "prompt_hash", "target_hash")}
    return {"doc_id": number, "filter": kind, **hashes, **metrics}


def report() -> dict[str, Any]:
    """As ``simple_evaluate`` returns it, NumPy's numbers included."""
    choice = [question("choice", number, acc=float(number < 3), brier_score=np.ones(2)) for number in range(4)]
    written = [question("written", number, "strict", exact_match=1.0) for number in range(4)]
    rolling = [question("rolling", number, word_perplexity=[-3.0, 2]) for number in range(4)]
    return {
        "results": {
            "choice": {
                "name": "choice",
                "alias": "choice",
                "sample_len": 4,
                "acc,none": 0.75,
                "acc_stderr,none": 0.25,
                "brier_score,none": np.float64(0.1) * 3,
                "brier_score_stderr,none": "N/A",
            },
            "written": {
                "alias": "written",
                "sample_len": 4,
                "exact_match,strict": 1.0,
                "exact_match_stderr,strict": 0.0,
            },
            "rolling": {"alias": "rolling", "word_perplexity,none": 20.0, "word_perplexity_stderr,none": 0.5},
            "all": {"alias": "all", "sample_len": 8, "acc,none": 0.75, "acc_stderr,none": 0.125},
            "plain group": {"alias": "plain group"},
        },
        "versions": {"choice": 1.0, "written": 2.0, "rolling": 1.0},
        "configs": {
            name: {"task": name, "process": len, "metadata": {"version": 1.0, "config_source": "/somewhere"}}
            for name in ("choice", "written", "rolling")
        },
        "n-shot": {"choice": 0, "written": 2, "rolling": 0},
        "n-samples": {name: {"original": 9, "effective": 4} for name in ("choice", "written", "rolling")},
        "samples": {"choice": choice, "written": written, "rolling": rolling},
        "pretty_env_info": "about the machine",
    }


SETTINGS = {"lm_eval": "0.4.13", "limit": 4, "chat_template": False, "batch_size": 1}
RESULTS = TaskResults.of(report(), SETTINGS)


def test_each_metric_is_a_measure_under_the_name_of_its_task_and_filter() -> None:
    assert list(RESULTS.measures()) == [
        "lm-eval/choice/acc",
        "lm-eval/written/exact_match,strict",
        "lm-eval/rolling/word_perplexity",
        "lm-eval/all/acc",
    ]
    assert RESULTS.without_interval() == ["choice/brier_score"]


def test_values_are_the_harness_s_own_and_its_standard_error_makes_the_interval() -> None:
    measures = RESULTS.measures()
    perplexity, share = measures["lm-eval/rolling/word_perplexity"], measures["lm-eval/choice/acc"]
    assert (perplexity.value, perplexity.n) == (20.0, 4)
    assert (perplexity.low, perplexity.high) == pytest.approx((20 - 0.97998, 20 + 0.97998), abs=1e-5)
    assert (share.value, share.high) == (0.75, 1.0)  # a share is not more than all
    assert share.low == pytest.approx(0.75 - 1.959964 * 0.25, abs=1e-6)
    assert measures["lm-eval/all/acc"].n == 8


def test_all_right_is_not_certain() -> None:
    measure = RESULTS.measures()["lm-eval/written/exact_match,strict"]
    assert (measure.value, measure.high) == (1.0, 1.0)
    assert measure.low == pytest.approx(4 / (4 + 1.959964**2), abs=1e-6)
    assert "Wilson" in measure.method


def test_a_number_that_is_none_is_an_error() -> None:
    broken = report()
    broken["results"]["rolling"]["word_perplexity,none"] = math.inf
    with pytest.raises(NonFinite, match="lm-eval/rolling/word_perplexity is inf"):
        TaskResults.of(broken, SETTINGS).measures()


def test_the_gate_judges_such_a_measure() -> None:
    verdict = judge(Policy(min_score={"lm-eval/choice/acc": 0.2, "lm-eval/all/acc": 0.7}), RESULTS.measures())
    assert [ruling.outcome for ruling in verdict.rulings] == ["holds", "undecided"]


def test_the_record_says_what_was_asked_by_digests() -> None:
    record = RESULTS.record()
    assert {name: record[name] for name in SETTINGS} == SETTINGS
    choice = record["tasks"]["choice"]
    asked = "".join(f"doc_hash choice {n}prompt_hash choice {n}target_hash choice {n}" for n in range(4))
    assert choice["task_sha256"] == hashlib.sha256(asked.encode()).hexdigest()
    assert (choice["version"], choice["samples"], choice["samples_in_all"], choice["num_fewshot"]) == ("1.0", 4, 9, 0)

    elsewhere = report()
    elsewhere["configs"]["choice"]["metadata"]["config_source"] = "/elsewhere"
    elsewhere["configs"]["written"]["process"] = max
    digests = {name: task["config_sha256"] for name, task in TaskResults.of(elsewhere, {}).record()["tasks"].items()}
    same = {name: digests[name] == task["config_sha256"] for name, task in record["tasks"].items()}
    assert same == {"choice": True, "written": False, "rolling": True}


def test_what_the_harness_reports_is_kept_to_the_digit_and_nothing_of_the_machine(tmp_path: Path) -> None:
    whole, samples = RESULTS.write(tmp_path, "reference_")

    assert (whole.name, samples.name) == ("reference_lm_eval.json", "reference_lm_eval_samples.jsonl")
    written = json.loads(whole.read_text())
    assert written["results"]["choice"]["brier_score,none"] == 0.1 * 3
    assert "pretty_env_info" not in written
    lines = [json.loads(line) for line in samples.read_text().splitlines()]
    assert [line["task"] for line in lines] == ["choice"] * 4 + ["written"] * 4 + ["rolling"] * 4
    assert lines[0]["brier_score"] == [1.0, 1.0]
