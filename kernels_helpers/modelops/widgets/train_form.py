"""A template's form inside a notebook: filled in, checked while one types, run, and followed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from traitlets import Dict

from modelops.client import Client, Job
from modelops.errors import ModelOpsError
from modelops.widgets.base import told
from modelops.widgets.job_view import JobShowing

_MOST_CHOICES = 1000
_LOOK_AGAIN = 2.0
"""Seconds after which the server is asked again, where it does not know everything yet."""
_LOOKS = 10


class TrainForm(JobShowing):
    """``TrainForm("sft")``: the form of a template or of any notebook with a parameters cell.

    ``form.values`` are the parameters as they stand; they can be set from Python, too. After Run, ``form.last_job`` is
    the job's handle.
    """

    template = Dict().tag(sync=True)
    """The template with the JSON Schema of its parameters."""
    values = Dict().tag(sync=True)
    """The parameters that differ from the template's defaults, by name."""
    choices = Dict().tag(sync=True)
    """References that a parameter can take, by its name."""
    readiness = Dict().tag(sync=True)
    """What the server's preflight says, and of which ``values``; empty until the first answer."""

    def __init__(
        self,
        template: str | Path = "sft",
        parameters: Mapping[str, Any] | None = None,
        client: Client | None = None,
        **options: Any,
    ) -> None:
        """``parameters`` fill the form in; ``options`` (``name kernel resources`` …) go with the submission."""
        self._client = client or Client()
        super().__init__(shows="form", values=dict(parameters or {}))
        self.last_job: Job | None = None
        self._name = template
        self._options = options
        self._asked = 0
        self.template = self._client.templates.get(template)
        self._in_background(self._list_choices)
        self._check()
        self.observe(lambda _: self._check(), "values")

    def run(self) -> Job:
        """Submit the form as it stands, as its button does, and return the job."""
        job = self._client.run(self._name, self.values, **self._options)
        self.last_job = job
        self._unfollow()
        self._follow(job)
        return job

    def as_text(self) -> str:
        if self.job:
            return self._job_as_text()
        given = "".join(f"\n{name} = {value!r}" for name, value in self.values.items())
        return f"{self.template['title']}: a form that this front end does not draw{given}"

    def _handlers(self) -> dict[str, Callable[[], None]]:
        return {**super()._handlers(), "run": self._submit, "back": self._back}

    def _check(self, again: int = _LOOKS) -> None:
        """Ask the server about the values as they are when their turn comes: while one types, only the last count.

        The rows of a dataset are counted while one waits; it is asked ``again`` until they are.
        """
        self._asked += 1
        asked = self._asked

        def check() -> None:
            if asked != self._asked:
                return
            values = dict(self.values)
            answer = self._client.preflight(self._name, values, **self._options)
            self.readiness = {**answer, "values": values}
            if again and any(check["status"] == "unknown" for check in answer["checks"]):
                later = threading.Timer(_LOOK_AGAIN, look_again)
                later.daemon = True
                later.start()

        def look_again() -> None:
            if asked == self._asked:
                self._check(again - 1)

        self._in_background(check)

    def _list_choices(self) -> None:
        """Artifacts of each kind that a parameter refers to, by name: the latest version is what a name means."""
        found: dict[str, list[str]] = {}
        choices = {}
        for name, schema in self.template["schema"]["properties"].items():
            kind = schema.get("x-reference")
            if kind not in (None, "name", "file", "secret"):
                if kind not in found:
                    listed = self._client.artifacts.list(kind, latest=True, limit=_MOST_CHOICES)
                    found[kind] = [artifact.record["name"] for artifact in listed]
                choices[name] = found[kind]
        self.choices = choices

    def _submit(self) -> None:
        if self.job:  # a double click: one job is meant
            return
        try:
            self.run()
        except ModelOpsError as error:
            fields = error.details.get("fields")
            if not fields:
                raise
            self.readiness = {**self.readiness, "ready": False, "fields": fields, "error": told(error)}

    def _back(self) -> None:
        self._unfollow()
        self.job = {}
        self._check()
