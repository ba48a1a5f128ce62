"""The Jupyter Server extension: configuration and wiring."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jupyter_server.extension.application import ExtensionApp
from traitlets import Bool, Dict, Enum, Float, Int, Unicode

import modelops
from modelops.paths import StateHome
from modelops_server.endpoints.answering import Answering
from modelops_server.endpoints.gateway import Gateway, Limits
from modelops_server.endpoints.gateway.remotes import Misconfigured, configured
from modelops_server.endpoints.indexes import Indexes
from modelops_server.endpoints.reviver import Reviver
from modelops_server.handlers import HANDLERS
from modelops_server.handlers.openai.routes import HANDLERS as OPENAI_HANDLERS
from modelops_server.jobs.details import job_details
from modelops_server.jobs.following.follower import Follower
from modelops_server.jobs.queue.changes import Glimpse
from modelops_server.jobs.readiness import close_previews
from modelops_server.jobs.resources import Inventory
from modelops_server.jobs.supervision.service import SchedulerThread
from modelops_server.tasks import TaskManager

_EVENT_SCHEMA = Path(__file__).with_name("event_schemas") / "job" / "v1.yaml"
JOB_EVENT = "https://events.jupyterlab-modelops.org/job/v1"
"""Schema of the events that tell on Jupyter's event bus which jobs have moved on."""


class ModelOpsApp(ExtensionApp):
    """Serves ModelOps' REST API below ``modelops/api/v1/``, and runs the jobs that are queued."""

    name = "modelops"
    description = "Train, evaluate, quantize, index and serve language models in notebooks."
    load_other_extensions = True

    state_home = Unicode(
        "",
        help="""The folder with all state: registry, keys, jobs and templates.

        Empty means $MODELOPS_HOME, or the folder `modelops` in Jupyter's data folder. When set, the server's kernels
        and job runners use the same folder.""",
    ).tag(config=True)
    schedule = Bool(
        True,
        help="""Whether this server runs queued jobs. Of several processes that would, on one state home, one does at
        a time. Switch it off where `modelops worker` is to do it.""",
    ).tag(config=True)
    on_stop = Enum(
        ["keep", "interrupt"],
        "keep",
        help="""What happens to running jobs when the server is stopped: `keep` lets them go on, and the server that
        comes back follows them again; `interrupt` ends them, after which those that can resume wait in the queue.""",
    ).tag(config=True)
    cpus = Float(0.0, help="Processor cores that jobs may hold together; 0 means all of the machine.").tag(config=True)
    gpus = Int(-1, help="GPUs that jobs may hold together; -1 means all that are found.").tag(config=True)
    memory = Int(0, help="Bytes of memory that jobs may hold together; 0 means all of the machine.").tag(config=True)
    max_running = Int(0, help="Jobs that run at once, however much is free; 0 means no limit.").tag(config=True)
    standby = Int(
        1,
        help="""Runners that are kept ready, so that jobs start at once. One takes about 150 MB, and what the packages
        take that the last template requires; it is given up while less than 15 % of the memory is free.""",
    ).tag(config=True)

    requests_per_minute = Int(
        600, help="Requests that one user, or one key, may send to endpoints in a minute; 0 means no limit."
    ).tag(config=True)
    requests_waiting = Int(
        64, help="Requests that wait for their turn at one endpoint; those beyond are answered with 429."
    ).tag(config=True)
    request_timeout = Float(
        600.0, help="Seconds that an endpoint's engine may be silent before a request is given up."
    ).tag(config=True)
    remotes = Dict(
        help="""OpenAI-compatible servers elsewhere that requests may name: by name, `{"url", "model", "key_env",
        "parallel"}`, the key being in an environment variable. Nothing else can be reached through this server."""
    ).tag(config=True)

    rag_endpoint = Unicode(
        "",
        help="""The endpoint, or remote model, that answers questions to an index where a request names none. Empty
        means the only one that is ready.""",
    ).tag(config=True)

    _scheduler: SchedulerThread | None = None
    _follower: Follower | None = None
    _tasks: TaskManager | None = None
    _gateway: Gateway | None = None
    _reviver: Reviver | None = None

    def initialize_settings(self) -> None:
        """Resolve the state home and hand it to the handlers; nothing is created."""
        if self.state_home:
            os.environ["MODELOPS_HOME"] = str(Path(self.state_home).expanduser().absolute())
        home = StateHome.default()
        self.settings["modelops_home"] = home
        self.log.info("ModelOps %s keeps its state in %s", modelops.__version__, home.root)
        self.settings["modelops_inventory"] = inventory = Inventory.of_machine(
            cpus=self.cpus or None, gpus=None if self.gpus < 0 else self.gpus, memory=self.memory or None
        )
        self._start_follower(home)
        self._tasks = TaskManager(home, self._note_activity)
        self.settings["modelops_tasks"] = self._tasks
        self.settings["modelops_gateway"] = self._gateway = self._make_gateway(home)
        self.settings["modelops_indexes"] = indexes = Indexes(home, self._gateway)
        self.settings["modelops_answering"] = Answering(home, indexes, self._gateway, self.rag_endpoint)
        self._reviver = Reviver(home)
        self._reviver.start()
        if self.schedule:
            self._start_scheduler(home, inventory)

    def initialize_handlers(self) -> None:
        """Mount the REST API and the OpenAI API; Jupyter prefixes its base URL."""
        self.handlers.extend([*HANDLERS, *OPENAI_HANDLERS])

    async def stop_extension(self) -> None:
        """Called when the server is stopped."""
        await asyncio.to_thread(close_previews)
        if self._follower is not None:
            await asyncio.to_thread(self._follower.stop)
        if self._reviver is not None:
            await asyncio.to_thread(self._reviver.stop)
        if self._gateway is not None:
            await self._gateway.close()
        if self._tasks is not None:
            await self._tasks.stop()
        if self._scheduler is not None:
            await asyncio.to_thread(self._scheduler.stop, interrupt=self.on_stop == "interrupt")

    def _make_gateway(self, home: StateHome) -> Gateway:
        remotes = configured(self.remotes)
        for remote in remotes.values():
            if isinstance(remote, Misconfigured):
                self.log.error("%s", remote.refusal().message)
        limits = Limits(
            waiting=self.requests_waiting, timeout=self.request_timeout, per_minute=self.requests_per_minute
        )
        return Gateway(home, limits, remotes)

    def _start_scheduler(self, home: StateHome, inventory: Inventory) -> None:
        self._scheduler = SchedulerThread(
            home,
            inventory=inventory,
            max_running=self.max_running or None,
            standby=self.standby,
        )
        self._scheduler.start()

    def _start_follower(self, home: StateHome) -> None:
        server: Any = self.serverapp
        server.event_logger.register_event_schema(_EVENT_SCHEMA)
        self._follower = Follower(
            home,
            server.io_loop.asyncio_loop,
            describe=job_details,
            on_moved=self._tell_what_moved,
            on_active=self._note_activity,
        )
        self.settings["modelops_follower"] = self._follower
        self._follower.start()

    def _tell_what_moved(self, jobs: Sequence[Glimpse]) -> None:
        server: Any = self.serverapp
        for job in jobs:
            server.event_logger.emit(schema_id=JOB_EVENT, data=job.as_json())

    def _note_activity(self) -> None:
        # Jupyter counts every setting of such a name when it looks whether a server is idle: one that is culled takes
        # the following of its jobs along.
        server: Any = self.serverapp
        server.web_app.settings["modelops_jobs_last_activity"] = datetime.now(UTC)
