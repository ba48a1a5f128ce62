"""Repeating a job: as it was, with changes, from its checkpoint, or only the part that found no space."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from modelops.errors import Conflict
from modelops.paths import StateHome
from modelops.templates import load_template
from modelops_server.jobs.queue.queue import Queue
from modelops_server.jobs.records import Job
from modelops_server.jobs.running.environment import FILE as ENVIRONMENT
from modelops_server.jobs.running.finishing import RESULT
from modelops_server.jobs.spec import INPUT, OUTPUT, JobSpec
from modelops_server.jobs.states import ReasonCode
from modelops_server.jobs.submission import submit

CHECKPOINTS = "checkpoints"


def retry(
    home: StateHome,
    job_id: str,
    changes: Mapping[str, Any] | None = None,
    *,
    limits: Mapping[str, Any] | None = None,
    queue: Queue | None = None,
) -> Job:
    """Queue a new job that repeats an ended one, with ``changes`` to its parameters and other ``limits``.

    ``limits`` are fields of :class:`JobOptions`; ``None`` leaves one as it was.

    What ended stays as it ended. A template that can resume goes on from the old job's last checkpoint, if its
    parameters still fit. A job whose outputs found no space is only finished: its notebook, which ran to its end, is
    not run again unless something is changed.

    Raises ``Conflict`` with code ``job_not_ended``, and what :func:`submit` raises.
    """
    queue = queue or Queue(home)
    job = queue.get(job_id)
    if not job.state.terminal:
        raise Conflict(
            "job_not_ended",
            f"Job {job.id} is still {job.state}.",
            f"Wait for it, or cancel it first: modelops jobs cancel {job.id}",
        )
    spec = JobSpec.find(job.folder)
    changed = {name: value for name, value in (limits or {}).items() if value is not None}
    unfinished = _unfinished(job, spec) if not changes else None
    template = replace(load_template(job.folder / INPUT), name=spec.template)
    return submit(
        home,
        template,
        {**spec.parameters, **(changes or {})},
        name=job.name,
        executor=job.executor,
        kernel=spec.kernel,
        options=replace(spec.options, **changed),
        working_directory=Path(spec.working_directory),
        priority=job.priority,
        resources={**job.request.as_json(), **({"memory": changed["memory"]} if "memory" in changed else {})},
        retry_of=job.id,
        queue=queue,
        finish_of=unfinished,
        prepare=_hand_over(job.folder, (OUTPUT, ENVIRONMENT) if unfinished else (CHECKPOINTS,)),
    )


def _unfinished(job: Job, spec: JobSpec) -> str | None:
    """The job whose notebook ran to its end and whose outputs are not stored for want of space."""
    origin = spec.finish_of or job.id
    no_space = job.reason is not None and job.reason.code == ReasonCode.DISK_FULL
    return origin if no_space and (job.folder.parent / origin / RESULT).exists() else None


def _hand_over(source: Path, names: tuple[str, ...]) -> Callable[[Path], None]:
    """Gives a new job's folder these files and folders of an old one, as links: no byte is copied."""

    def prepare(target: Path) -> None:
        for name in names:
            if (source / name).is_dir():
                # Checkpoints are written anew and never changed in place, so both jobs may use one copy.
                shutil.copytree(source / name, target / name, copy_function=os.link)
            elif (source / name).exists():
                os.link(source / name, target / name)

    return prepare
