"""What can be known to fail before anything is queued: references, secrets, the kernel and its packages."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from modelops.errors import InvalidInput, ModelOpsError, NotFound, Unavailable
from modelops.names import Reference
from modelops.paths import StateHome
from modelops.registry import Registry
from modelops.templates import Parameter, Template
from modelops_server.environments import usable
from modelops_server.jobs.executors import executor_names
from modelops_server.jobs.queue.table import JobTable
from modelops_server.jobs.records import Job
from modelops_server.jobs.running.kernels import find_kernel, kernel_python
from modelops_server.jobs.spec import DeferredReference, PinnedReference, SecretReference
from modelops_server.jobs.states import State

_SOURCE = re.compile(r"(hf:|pypi:|\.{0,2}/|~)|.*\.(gguf|safetensors|jsonl?|csv|parquet)$", re.IGNORECASE)
_ADD_COMMAND = {
    "Model": "modelops models add {source} --name NAME",
    "Dataset": "modelops datasets add {source} --name NAME",
}
_KIND = {"Model": "model", "Dataset": "dataset", "Adapter": "adapter", "Index": "index"}

# Distribution to install where its name is not the import's.
_DISTRIBUTIONS = {"PIL": "pillow", "sklearn": "scikit-learn", "yaml": "pyyaml", "faiss": "faiss-cpu"}

_PROBE = (
    "import importlib.util, json, sys\n"
    "print(json.dumps([name for name in sys.argv[1:] if importlib.util.find_spec(name) is None]))"
)


def field_error(name: str, code: str, message: str, hint: str = "") -> InvalidInput:
    """One parameter's value cannot be used."""
    return InvalidInput(
        "invalid_parameters",
        f"{name}: {message}",
        hint,
        fields=[{"name": name, "code": code, "message": message}],
    )


def refuse_sources(template: Template, values: Mapping[str, Any]) -> None:
    """Raise ``InvalidInput`` where a parameter names a source (``hf:…``, a path) instead of an artifact."""
    for parameter in template.parameters:
        for value in _texts(values.get(parameter.name)):
            if parameter.reference in _KIND and _SOURCE.match(value):
                raise field_error(
                    parameter.name,
                    "not_registered",
                    f"{value!r} is a source; jobs read registered artifacts, which were checked and signed.",
                    f"Add it first, then give the name: {_command(parameter, value)}",
                )


def pin_references(
    template: Template, values: dict[str, Any], queue: JobTable, registry: Registry
) -> tuple[tuple[PinnedReference, ...], tuple[DeferredReference, ...]]:
    """Replace each reference in ``values`` by the exact ``name@version`` it means now; raises ``InvalidInput``.

    What a job has yet to make is deferred, and stays in ``values`` as it was written.
    """
    pinned: list[PinnedReference] = []
    deferred: list[DeferredReference] = []
    for parameter in template.parameters:
        kind, value = _KIND.get(parameter.reference or ""), values[parameter.name]
        if kind is None:
            continue
        exact = []
        for text in _texts(value):
            if _job_at_work(parameter, text, queue):
                deferred.append(DeferredReference(parameter.name, text, kind))
                exact.append(text)
            else:
                reference = pin(parameter.name, kind, text, registry, _command(parameter, text))
                pinned.append(reference)
                exact.append(reference.ref)
        if isinstance(value, list):
            values[parameter.name] = exact
        elif exact:
            values[parameter.name] = exact[0]
    return tuple(pinned), tuple(deferred)


def pin(parameter: str, kind: str, text: str, registry: Registry, command: str = "") -> PinnedReference:
    """The exact artifact that ``text`` means now; raises ``InvalidInput`` where there is none of this kind."""
    try:
        artifact = registry.get(text)
    except ModelOpsError as error:
        hint = error.hint
        if Path(text).exists():
            hint = f"There is a file of that name; add it first: {command}"
        raise field_error(parameter, error.code, error.message, hint) from error
    if artifact.kind != kind:
        raise field_error(
            parameter,
            "wrong_kind",
            f"{artifact.ref} is of kind {artifact.kind}, not {kind}.",
            f"List what fits: modelops artifacts list --kind {kind}",
        )
    return PinnedReference(parameter, artifact.ref, artifact.digest)


def needed_job(queue: JobTable, job_id: str) -> Job:
    """The job that another one is to come after; raises ``NotFound``, or ``InvalidInput`` when it did not succeed."""
    job = queue.get(job_id)
    if job.state.terminal and job.state is not State.SUCCEEDED:
        raise InvalidInput(
            "dependency_failed",
            f"Job {job.id} has {job.state}, so it will never make what this one needs.",
            f"Try it again, and give the new id: modelops jobs retry {job.id}",
            job=job.id,
        )
    return job


def _job_at_work(parameter: Parameter, text: str, queue: JobTable) -> bool:
    job_id = Reference.parse(text).job
    if job_id is None:
        return False
    try:
        return not needed_job(queue, job_id).state.terminal
    except ModelOpsError as error:
        raise field_error(parameter.name, error.code, error.message, error.hint) from error


def find_secrets(template: Template, values: Mapping[str, Any]) -> tuple[SecretReference, ...]:
    """The secrets that the job will need; raises ``InvalidInput`` where one is not set."""
    secrets = []
    for parameter in template.parameters:
        for variable in _texts(values[parameter.name]) if parameter.reference == "Secret" else ():
            if variable not in os.environ:
                raise field_error(
                    parameter.name,
                    "secret_not_set",
                    f"The environment variable {variable} is not set.",
                    f"Set it where the job is submitted: export {variable}=…",
                )
            secrets.append(SecretReference(parameter.name, variable))
    return tuple(secrets)


def _texts(value: Any) -> list[str]:
    """The references that a parameter's value holds: none, one, or a list of them."""
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, str)]


def _command(parameter: Parameter, source: str) -> str:
    return _ADD_COMMAND.get(parameter.reference or "", "modelops artifacts list").format(source=source)


def check_executor(name: str) -> None:
    """Raise ``NotFound`` with the executors there are."""
    if name not in executor_names():
        raise NotFound(
            "unknown_executor", f"There is no executor {name!r}.", f"Choose one of: {', '.join(executor_names())}."
        )


def choose_kernel(
    template: Template, values: Mapping[str, Any], kernel: str | None, home: StateHome
) -> tuple[str, str]:
    """The name and language of the kernel to use: the one asked for, else that of the environment that the template
    names for these values, else the notebook's.

    Raises ``NotFound``, and ``Unavailable`` with code ``environment_missing`` where the environment was not made.
    """
    if kernel is None and (environment := template.environment_for(values)) is not None:
        kernel = usable(home, environment).definition.kernel
    metadata = json.loads(template.path.read_bytes()).get("metadata", {})
    name = kernel or metadata.get("kernelspec", {}).get("name") or "python3"
    return name, find_kernel(name).language


def check_packages(requires: Sequence[str], kernel: str) -> None:
    """Raise ``Unavailable`` with the command to run when the kernel's Python lacks a package."""
    python = kernel_python(find_kernel(kernel))
    if python is None or not requires:
        return
    missing = missing_packages(requires, python)
    if missing:
        names = " ".join(sorted({_DISTRIBUTIONS.get(name, name) for name in missing}))
        raise Unavailable(
            "missing_packages",
            f"The kernel {kernel!r} lacks what the notebook needs: {', '.join(missing)}.",
            f"Install it: {python} -m pip install {names}",
            missing=missing,
            kernel=kernel,
        )


def missing_packages(requires: Sequence[str], python: str) -> list[str]:
    """The import names that ``python`` cannot find."""
    # Environments made from one Python link to the same program; what they have installed is in their own folders.
    here = Path(sys.executable)
    if Path(python).samefile(here) and Path(python).parent.samefile(here.parent):
        return [name for name in requires if find_spec(name) is None]
    return list(_missing_elsewhere(tuple(requires), python, _last_installation(python)))


@lru_cache(maxsize=64)
def _missing_elsewhere(requires: tuple[str, ...], python: str, _installed: int) -> tuple[str, ...]:
    """Asked of a process of its own, which takes a tenth of a second: once, until something is installed there."""
    answer = subprocess.run([python, "-c", _PROBE, *requires], capture_output=True, text=True, timeout=60, check=True)
    return tuple(json.loads(answer.stdout))


def _last_installation(python: str) -> int:
    """When the folder of an environment's packages last changed, in nanoseconds; installing and removing do that."""
    folders = Path(python).parent.parent.glob("lib*/python*/site-packages")
    return max((folder.stat().st_mtime_ns for folder in folders), default=time.monotonic_ns())
