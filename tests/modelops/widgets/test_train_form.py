"""``TrainForm``: the template's schema, choices from the registry, readiness while one types, and Run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from modelops import Client
from modelops.errors import NotFound
from modelops.widgets import TrainForm


@pytest.fixture
def form(client: Client, tiny: Path, front_end: Any) -> Any:
    form = TrainForm(tiny, client=client)
    form._worker.submit(lambda: None).result(30)
    yield form
    form.close()


def test_it_has_the_schema_of_the_template(form: TrainForm) -> None:
    assert form.template["title"] == "A tiny run"
    assert list(form.template["schema"]["properties"]) == ["steps", "report", "data", "fail"]


def test_it_is_checked_at_once(form: TrainForm) -> None:
    assert form.readiness["ready"] is True
    assert form.readiness["values"] == {}
    assert form.trouble == {}


def test_a_change_is_checked_field_by_field(form: TrainForm, front_end: Any) -> None:
    front_end.change(form, values={"steps": 0})

    assert form.readiness["ready"] is False
    assert [field["name"] for field in form.readiness["fields"]] == ["steps"]

    front_end.change(form, values={"steps": 5})

    assert form.readiness["ready"] is True


def test_values_can_be_set_from_python(form: TrainForm) -> None:
    form.values = {"steps": "many"}
    form._worker.submit(lambda: None).result(30)

    assert form.readiness["ready"] is False


def test_references_are_chosen_from_the_registry(form: TrainForm) -> None:
    assert form.choices == {"data": []}


def test_run_turns_it_into_its_job_and_back(form: TrainForm, front_end: Any) -> None:
    front_end.change(form, values={"steps": 3, "report": "from-a-form"})

    front_end.say(form, kind="run")
    form.wait(60)

    assert form.job["state"] == "succeeded"
    assert form.job["artifacts"] == ["from-a-form@1"]
    assert form.last_job.id == form.job["id"]

    front_end.say(form, kind="back")

    assert form.job == {}
    assert form.values == {"steps": 3, "report": "from-a-form"}


def test_a_double_click_queues_one_job(form: TrainForm, client: Client, front_end: Any) -> None:
    before = len(client.jobs.list())

    front_end.say(form, kind="run")
    front_end.say(form, kind="run")
    form.wait(60)

    assert len(client.jobs.list()) == before + 1


def test_run_with_wrong_values_queues_nothing_and_names_the_fields(
    form: TrainForm, client: Client, front_end: Any
) -> None:
    before = len(client.jobs.list())
    front_end.change(form, values={"steps": 0})

    front_end.say(form, kind="run")

    assert form.job == {}
    assert form.readiness["fields"][0]["name"] == "steps"
    assert len(client.jobs.list()) == before


def test_the_templates_that_are_shipped_have_a_form(client: Client, front_end: Any) -> None:
    form = TrainForm("sft", client=client)
    form._worker.submit(lambda: None).result(60)

    assert "base_model" in form.choices
    assert form.readiness["ready"] is False


def test_an_unknown_template_is_an_error(client: Client, front_end: Any) -> None:
    with pytest.raises(NotFound):
        TrainForm("no-such-template", client=client)


def test_its_text_names_the_template(form: TrainForm) -> None:
    assert "A tiny run" in form._repr_mimebundle_()[0]["text/markdown"]
