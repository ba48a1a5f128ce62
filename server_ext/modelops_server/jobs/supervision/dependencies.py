"""Jobs that wait for other jobs: released with what those made, or failed with them."""

from __future__ import annotations

from dataclasses import replace

from modelops.errors import ModelOpsError, Unavailable
from modelops.registry import Registry
from modelops_server.jobs import preflight
from modelops_server.jobs.ending import fail_queued
from modelops_server.jobs.queue.queue import Queue
from modelops_server.jobs.spec import JobSpec
from modelops_server.jobs.states import Reason, ReasonCode


def release_settled(queue: Queue) -> None:
    """Let the jobs start whose needed jobs have all succeeded, and fail those of which one did not."""
    for job_id, failed in queue.settled().items():
        if failed:
            reason = Reason(
                ReasonCode.DEPENDENCY_FAILED,
                f"It needed the output of {', '.join(failed)}, which did not succeed.",
                f"Look at what happened there, and try both again: modelops jobs show {failed[0]}",
                {"jobs": list(failed)},
            )
            fail_queued(queue, job_id, reason)
            continue
        try:
            _pin_outputs(queue, job_id)
        except Unavailable:
            raise  # a locked database or a full disk: later
        except ModelOpsError as error:
            reason = Reason(ReasonCode.DEPENDENCY_FAILED, error.message, error.hint, error.details)
            fail_queued(queue, job_id, reason)
        except FileNotFoundError as error:
            fail_queued(queue, job_id, Reason(ReasonCode.PREFLIGHT, f"The job's folder is gone: {error.filename}"))
        else:
            queue.release(job_id)


def _pin_outputs(queue: Queue, job_id: str) -> None:
    """Put the artifacts that were made into the job's parameters, as if they had been named at its submission."""
    folder = queue.get(job_id).folder
    spec = JobSpec.read(folder)
    if not spec.deferred:
        return
    registry = Registry(queue.home, queue.database)
    pinned = [preflight.pin(item.parameter, item.kind, item.ref, registry) for item in spec.deferred]
    parameters = dict(spec.parameters)
    for item, reference in zip(spec.deferred, pinned, strict=True):
        value = parameters[item.parameter]
        if isinstance(value, list):
            parameters[item.parameter] = [reference.ref if text == item.ref else text for text in value]
        else:
            parameters[item.parameter] = reference.ref
    replace(spec, parameters=parameters, references=(*spec.references, *pinned), deferred=()).write(folder)
