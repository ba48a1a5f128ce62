"""Which jobs have yet to use something that is to be removed."""

from __future__ import annotations

from collections.abc import Iterator

from modelops.errors import Conflict, NotFound
from modelops_server.environments import Environment
from modelops_server.jobs.queue.table import JobTable
from modelops_server.jobs.spec import JobSpec
from modelops_server.jobs.states import State


def refuse_in_use(environment: Environment, queue: JobTable) -> None:
    """Raise ``Conflict`` with code ``environment_in_use`` while jobs that have not ended run, or will run, in it."""
    users = list(_users(environment.definition.kernel, queue))
    if users:
        raise Conflict(
            "environment_in_use",
            f"The environment {environment.name!r} is used by {', '.join(users[:5])}.",
            f"Wait for its end, or cancel it: modelops jobs cancel {users[0]}",
            jobs=users,
        )


def _users(kernel: str, queue: JobTable) -> Iterator[str]:
    for job in queue.list(states=[state for state in State if not state.terminal], limit=100_000):
        try:
            if JobSpec.find(job.folder).kernel == kernel:
                yield job.id
        except NotFound:
            continue  # nothing can run that is not there
