"""Preflight: can this job run here, with these parameters, and what will the model see?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelops_server.handlers.answers import preflight as answers
from modelops_server.handlers.base import ModelOpsHandler
from modelops_server.handlers.jobs import template_of
from modelops_server.handlers.operation import operation
from modelops_server.handlers.requests import Submission
from modelops_server.jobs import JobOptions, Queue

if TYPE_CHECKING:
    from modelops_server.jobs.readiness import Asked


class PreflightHandler(ModelOpsHandler):
    """``preflight``."""

    @operation("checkReadiness", "read", "preflight", body=Submission, answer=answers.Readiness)
    async def post(self, body: Submission) -> dict[str, Any]:
        """Whether a job can run here, why not, what would help, and what it will take; nothing is queued.

        The body is that of a submission. The rows of a dataset that nobody has asked about before are counted in the
        background: the check `dataset` is `unknown` then, and known a few seconds later. Problems with parameters are
        `fields` of the answer, not errors.
        """
        from modelops_server.jobs.readiness import check_readiness

        root, inventory = self.settings["server_root_dir"], self.settings["modelops_inventory"]

        def work(queue: Queue) -> answers.Readiness:
            return check_readiness(_asked(body, root, queue), queue, inventory=inventory)

        return (await self.with_queue(work)).model_dump()


class FirstBatchHandler(ModelOpsHandler):
    """``preflight/batch``."""

    @operation("readFirstBatch", "read", "preflight", body=Submission, answer=answers.FirstBatch)
    async def post(self, body: Submission) -> dict[str, Any]:
        """The first rows of a training as the model sees them, token by token: read, or learned.

        At most two packed rows of 1,024 tokens. The first time it takes seconds, in which the tokenizer is loaded.
        """
        from modelops_server.jobs.readiness import first_batch

        root = self.settings["server_root_dir"]
        batch = await self.with_queue(lambda queue: first_batch(_asked(body, root, queue), queue))
        return batch.model_dump()


def _asked(body: Submission, root: str, queue: Queue) -> Asked:
    from modelops.templates import find_template
    from modelops_server.jobs.readiness import Asked

    return Asked(
        find_template(template_of(body.template, root), queue.home),
        body.parameters,
        name=body.name,
        executor=body.executor,
        kernel=body.kernel,
        options=JobOptions(**body.options.model_dump()),
        priority=body.priority,
        resources=body.resources.model_dump(),
        after=tuple(body.after),
        folder=Path(root).expanduser(),
        written_as=body.template,
    )
