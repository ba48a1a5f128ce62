"""A folder of tasks for lm-evaluation-harness, read without it: what is wrong is named, what is there is known."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from modelops.errors import ModelOpsError
from modelops.evaluation import near_matches, open_tasks, read_task_folder

SHIPPED = Path(__file__).parents[3] / "notebooks" / "lm-eval-tasks"


def written(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)
    return folder


def test_the_shipped_tasks_are_found_with_their_data() -> None:
    found = read_task_folder(SHIPPED)

    assert sorted(found) == ["python_values", "stdlib_modules"]
    assert all(not task.missing and not task.is_group for task in found.values())


def test_every_shipped_question_has_its_answer_among_its_choices() -> None:
    rows = [json.loads(line) for line in (SHIPPED / "stdlib_modules.jsonl").read_text().splitlines()]
    assert len({row["question"] for row in rows}) == len(rows) == 24
    assert {row["answer"] for row in rows} == {0, 1, 2, 3}
    assert all(len(set(row["choices"])) == 4 for row in rows)


def test_every_shipped_value_is_what_python_gives() -> None:
    rows = [json.loads(line) for line in (SHIPPED / "python_values.jsonl").read_text().splitlines()]
    assert [repr(eval(row["expression"])) for row in rows] == [row["value"] for row in rows]


def test_tasks_groups_tags_includes_and_functions(tmp_path: Path) -> None:
    written(
        tmp_path,
        common="dataset_path: json\ndataset_kwargs: {data_files: {test: [here.jsonl, gone.jsonl]}}\n",
        one="include: common.yaml\ntask: one\ntag: [mine, short]\nprocess_docs: !function utils.clean\n",
        two="task: two\ndataset_path: someone/else\ndataset_kwargs: {data_files: gone.jsonl}\n",
        both="group: both\ntask: [one, two]\n",
    )
    (tmp_path / "here.jsonl").write_text("{}\n")
    (tmp_path / ".ipynb_checkpoints").mkdir()
    written(tmp_path / ".ipynb_checkpoints", old="task: [")

    found = read_task_folder(tmp_path)

    assert {name: (task.is_group, task.tags, task.missing) for name, task in found.items()} == {
        "one": (False, ("mine", "short"), ("gone.jsonl",)),
        "two": (False, (), ()),  # the files of a hub's repository
        "both": (True, (), ()),
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("task: [", "bad.yaml is not YAML: while parsing a flow node"),
        ("- task", "bad.yaml does not map names to values"),
        ("task: !!python/name:os.system", "bad.yaml is not YAML: could not determine a constructor"),
        ("include: none.yaml\ntask: x", r"none.yaml cannot be read \(included by bad.yaml\): No such file"),
        ("include: bad.yaml\ntask: x", "bad.yaml includes itself"),
    ],
)
def test_a_file_that_the_harness_would_pass_over_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ModelOpsError, match=said) as refusal:
        read_task_folder(written(tmp_path.resolve(), bad=text))
    assert refusal.value.code == "invalid_task_file"


def test_no_folder_and_no_task(tmp_path: Path) -> None:
    with pytest.raises(ModelOpsError, match="There is no folder") as refusal:
        read_task_folder(tmp_path / "none")
    assert refusal.value.code == "task_folder_not_found"
    with pytest.raises(ModelOpsError, match="No YAML file in") as refusal:
        read_task_folder(written(tmp_path, common="dataset_path: json\n"))
    assert refusal.value.code == "no_tasks"


def test_a_name_that_is_nearly_right_is_proposed() -> None:
    assert near_matches("arc_eazy", ["arc_easy", "hellaswag"]) == "Did you mean arc_easy?"
    assert "lm_eval ls tasks" in near_matches("zzz", ["arc_easy"])


def test_without_the_harness_its_environment_is_named() -> None:
    with pytest.raises(ModelOpsError, match="is not installed here") as refusal:
        open_tasks(["stdlib_modules"], SHIPPED)
    assert (refusal.value.code, "modelops env create lm-eval" in refusal.value.hint) == ("harness_not_installed", True)
