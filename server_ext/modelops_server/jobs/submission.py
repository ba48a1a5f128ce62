"""From a template and values to a queued job: checked, pinned, written down, and only then in the queue."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from modelops.errors import InvalidInput
from modelops.files import fsync_folder, out_of_space, write_atomic
from modelops.names import Reference, check_name
from modelops.paths import StateHome
from modelops.registry import Registry
from modelops.registry.blobs import disk_full
from modelops.templates import Catalog, Template
from modelops_server.jobs import preflight
from modelops_server.jobs.queue.queue import Queue
from modelops_server.jobs.records import Job, now
from modelops_server.jobs.resources import Request, declared
from modelops_server.jobs.spec import INPUT, JobOptions, JobSpec, Submitted

RETRIES_OF_RESUMABLE = 2
"""How often a job that can go on from a checkpoint is tried again, unless its options say otherwise."""


def submit(
    home: StateHome,
    template: Template,
    parameters: Mapping[str, Any],
    *,
    name: str | None = None,
    executor: str = "local",
    kernel: str | None = None,
    options: JobOptions | None = None,
    idempotency_key: str | None = None,
    working_directory: Path | None = None,
    priority: int = 0,
    resources: Mapping[str, Any] | None = None,
    after: Iterable[str] = (),
    retry_of: str | None = None,
    finish_of: str | None = None,
    prepare: Callable[[Path], None] = lambda _: None,
    queue: Queue | None = None,
) -> Job:
    """Queue a job that executes ``template`` with ``parameters``.

    It starts after the jobs ``after`` and those whose output it names (``job:ID``), and holds ``resources`` (``cpus``,
    ``gpus``, ``memory``; by default what the template declares) while it runs; a higher ``priority`` goes first.
    ``prepare`` may add to the job's folder before it is queued; ``queue`` is used instead of one that is opened.

    Raises ``InvalidInput`` with ``fields`` when parameters are wrong, ``NotFound`` for an unknown kernel, and
    ``Unavailable`` when the kernel lacks packages; then nothing is queued. The same ``idempotency_key`` again returns
    the first job.
    """
    preflight.check_executor(executor)
    preflight.refuse_sources(template, parameters)
    values = template.validate(parameters)
    queue = queue or Queue(home)
    references, deferred = preflight.pin_references(template, values, queue, Registry(home, queue.database))
    needed = {*(Reference.parse(item.ref).job for item in deferred), *after}
    needs = sorted(preflight.needed_job(queue, job_id).id for job_id in needed if job_id is not None)
    secrets = preflight.find_secrets(template, values)
    notebook = template.path.read_bytes()
    if hashlib.sha256(notebook).hexdigest() != template.sha256:
        raise InvalidInput("template_changed", f"{template.path.name} was changed a moment ago.", "Submit it again.")
    kernel_name, language = preflight.choose_kernel(template, values, kernel, home)
    preflight.check_packages(template.requires, kernel_name)

    options = options or JobOptions()
    if options.retries is None:
        options = replace(options, retries=RETRIES_OF_RESUMABLE if template.resumable else 0)
    request = Request.of(declared(template, values), {"memory": options.memory, **(resources or {})})
    submitted = Submitted(
        at=now(),
        name=check_name(name, "job name") if name else template.name,
        executor=executor,
        priority=priority,
        **request.as_json(),
        retry_of=retry_of,
        idempotency_key=idempotency_key,
        after=tuple(needs),
    )
    folder = _new_folder(queue, template.name[:40].strip("._-"))
    job_id = folder.name
    spec = JobSpec(
        id=job_id,
        template=template.name,
        template_uri=f"modelops:template/{template.name}",
        template_sha256=template.sha256,
        kernel=kernel_name,
        language=language,
        working_directory=str((working_directory or Path.cwd()).absolute()),
        parameters=values,
        references=references,
        deferred=deferred,
        secrets=secrets,
        requires=template.requires,
        resumable=template.resumable,
        notebook=_origin(template, queue, retry_of),
        finish_of=finish_of,
        options=options,
        submitted=submitted,
    )
    try:
        _write_folder(folder, spec, notebook)
        prepare(folder)
        job = queue.add(
            job_id,
            name=submitted.name,
            template=template.name,
            executor=executor,
            request_digest=spec.digest(),
            idempotency_key=idempotency_key,
            priority=priority,
            request=request,
            retries=options.retries or 0,
            retry_of=retry_of,
            after=needs,
            submitted=submitted.at,
        )
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, OSError) and out_of_space(error):
            raise disk_full(home.jobs, len(notebook)) from error
        raise
    if job.id != job_id:  # the key was used before: that job is the answer
        shutil.rmtree(folder)
    return job


def _origin(template: Template, queue: Queue, retry_of: str | None) -> str | None:
    if retry_of is not None:  # its notebook is the copy in the folder of the job that it repeats
        return JobSpec.find(queue.get(retry_of).folder).notebook
    return None if Catalog(queue.home).holds(template.path) else str(template.path.absolute())


def _new_folder(queue: Queue, name: str) -> Path:
    """A folder with a new id for its name; making it is what reserves the id, since others may draw the same one."""
    queue.home.jobs.mkdir(parents=True, exist_ok=True, mode=0o700)
    while True:
        folder = queue.home.jobs / queue.new_id(name)
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
            return folder


def _write_folder(folder: Path, spec: JobSpec, notebook: bytes) -> None:
    (folder / "outputs").mkdir()
    write_atomic(folder / INPUT, notebook)
    spec.write(folder)
    fsync_folder(folder.parent)
