"""The queue: jobs and their attempts in SQLite, where every move is one compare-and-swap on (state, epoch)."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from modelops.errors import Conflict
from modelops.registry.database import transaction
from modelops_server.gpu_claims import claim, claiming, claims
from modelops_server.jobs.queue.table import JobTable, json_list
from modelops_server.jobs.records import Job, now
from modelops_server.jobs.resources import UNLIMITED, Inventory, Request, Waiting, next_to_start
from modelops_server.jobs.states import ACTIVE, Reason, State, check_move
from modelops_server.processes import Identity

_MOST_WAITING = 1000
"""How many queued jobs are looked at for one that fits."""

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no letters that look like digits
_ID_EPOCH = datetime(2026, 1, 1, tzinfo=UTC).timestamp()


class Queue(JobTable):
    """The jobs of one state home, with everything that changes them."""

    # --- adding ---

    def add(
        self,
        job_id: str,
        *,
        name: str,
        template: str,
        executor: str,
        request_digest: str,
        idempotency_key: str | None = None,
        priority: int = 0,
        request: Request | None = None,
        retries: int = 0,
        retry_of: str | None = None,
        after: Iterable[str] = (),
        submitted: str | None = None,
    ) -> Job:
        """Queue a job whose folder is complete; with a key that was used before, return the job made then.

        It waits for the jobs ``after`` which it comes. Raises ``Conflict`` with code ``idempotency_conflict`` when the
        key belongs to another request.
        """
        request = request or Request()
        with transaction(self.database):
            if idempotency_key is not None:
                earlier = self.database.execute(
                    "SELECT id, request_digest FROM jobs WHERE idempotency_key = ?", [idempotency_key]
                ).fetchone()
                if earlier is not None:
                    if earlier[1] != request_digest:
                        raise Conflict(
                            "idempotency_conflict",
                            f"The idempotency key was used before, by job {earlier[0]}, for another request.",
                            "Use a new key for a new request.",
                            job=earlier[0],
                        )
                    return self.get(earlier[0])
            self.database.execute(
                "INSERT INTO jobs (id, name, template, executor, state, request_digest, idempotency_key, submitted,"
                " priority, cpus, gpus, memory, retries_left, retry_of)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    *(
                        job_id,
                        name,
                        template,
                        executor,
                        State.QUEUED,
                        request_digest,
                        idempotency_key,
                        submitted or now(),
                    ),
                    *(priority, request.cpus, request.gpus, request.memory, retries, retry_of),
                ],
            )
            self.database.conn.executemany(
                "INSERT INTO dependencies (job, needs) VALUES (?, ?)", [(job_id, needed) for needed in set(after)]
            )
        return self.get(job_id)

    def new_id(self, name: str) -> str:
        """A free id, such as ``sft-0mv3k2q9``: what runs, and when, in a form that sorts; short enough to type."""
        while True:
            seconds = max(0, int(time.time() - _ID_EPOCH))
            digits = "".join(_ALPHABET[seconds >> shift & 31] for shift in range(25, -1, -5))
            job_id = f"{name}-{digits}{secrets.choice(_ALPHABET)}{secrets.choice(_ALPHABET)}"
            if not (self.home.jobs / job_id).exists():
                return job_id

    # --- moving ---

    def claim(
        self,
        scheduler: Identity,
        inventory: Inventory = UNLIMITED,
        *,
        max_running: int | None = None,
        only: str | None = None,
    ) -> Job | None:
        """Take the queued job whose turn it is (or ``only`` that one) for a new attempt; ``None`` when none may start.

        ``inventory`` and ``max_running`` bound what the active jobs of the whole state home hold, whoever claimed them.
        """
        # Looked up without the write lock first: mostly there is nothing to claim.
        if self._next(inventory, max_running, only) is None:
            return None
        if not inventory.gpus:
            return self._claim(scheduler, inventory, max_running, only)
        with claiming(self.home):
            job = self._claim(scheduler, inventory, max_running, only)
            if job is not None and job.attempt is not None and job.attempt.gpus:
                # Where this fails, the job is tried again when its lease has run out.
                claim(self.home, job.attempt.gpus, "job", job.id, scheduler)
        return job

    def _claim(
        self, scheduler: Identity, inventory: Inventory, max_running: int | None, only: str | None
    ) -> Job | None:
        with transaction(self.database):
            chosen = self._next(inventory, max_running, only)
            if chosen is None:
                return None
            share = inventory.share(chosen.request)
            gpus = inventory.free_gpus(self.usage(), share.gpus or 0)
            self.database.execute(
                # Never before the submission, whatever the clock has done since; the texts sort as the times do.
                "UPDATE jobs SET state = ?, epoch = epoch + 1, started = coalesce(started, max(?, submitted))"
                " WHERE id = ?",
                [State.STARTING, now(), chosen.id],
            )
            self.database.execute(
                "INSERT INTO attempts (job, epoch, scheduler, heartbeat, started, cpus, gpus, memory)"
                " SELECT id, epoch, ?, ?, ?, ?, ?, ? FROM jobs WHERE id = ?",
                [
                    *(json.dumps(scheduler.as_json()), time.monotonic(), now()),
                    *(share.cpus, json.dumps(gpus), share.memory, chosen.id),
                ],
            )
            return self.get(chosen.id)

    def adopt(self, job_id: str, epoch: int, runner: Identity) -> bool:
        """Enter the runner of an attempt; false when the attempt is no longer the one to run."""
        attempt = self.get(job_id).attempt
        if attempt is None or not attempt.gpus:
            return self._adopt(job_id, epoch, runner)
        with claiming(self.home):
            attempt, held = self.get(job_id).attempt, claims(self.home)
            if attempt is None or attempt.epoch != epoch or attempt.runner is not None:
                return False
            # What its scheduler claimed for it may be an endpoint's where that scheduler died.
            if any(held[gpu].kind == "endpoint" for gpu in attempt.gpus if gpu in held):
                return False
            claim(self.home, attempt.gpus, "job", job_id, runner)
            return self._adopt(job_id, epoch, runner)

    def _adopt(self, job_id: str, epoch: int, runner: Identity) -> bool:
        with transaction(self.database):
            if not self._is_at(job_id, epoch, [State.STARTING]):
                return False
            self.database.execute(
                "UPDATE attempts SET runner = ?, heartbeat = ? WHERE job = ? AND epoch = ? AND runner IS NULL",
                [json.dumps(runner.as_json()), time.monotonic(), job_id, epoch],
            )
            return self._changed() == 1

    def heartbeat(self, job_id: str, epoch: int, peak_memory: int) -> bool:
        """Renew an attempt's lease; false when the attempt has been fenced off."""
        with transaction(self.database):
            if not self._is_at(job_id, epoch, ACTIVE):
                return False
            self.database.execute(
                "UPDATE attempts SET heartbeat = ?, peak_memory = max(coalesce(peak_memory, 0), ?)"
                " WHERE job = ? AND epoch = ?",
                [time.monotonic(), peak_memory, job_id, epoch],
            )
            return True

    def move(
        self,
        job_id: str,
        epoch: int,
        before: State | Sequence[State],
        after: State,
        reason: Reason | None = None,
        artifacts: Sequence[str] = (),
    ) -> bool:
        """Move a job if it still is in one of ``before`` at ``epoch``; false when it is not, and nothing happened."""
        with transaction(self.database):
            return self.move_within(job_id, epoch, before, after, reason, artifacts)

    def move_within(
        self,
        job_id: str,
        epoch: int,
        before: State | Sequence[State],
        after: State,
        reason: Reason | None = None,
        artifacts: Sequence[str] = (),
    ) -> bool:
        """:meth:`move` inside a transaction of the caller, so that other rows stand or fall with it."""
        states = [before] if isinstance(before, State) else list(before)
        for state in states:
            check_move(state, after)
        self.database.execute(
            "UPDATE jobs SET state = ?, reason = ?, artifacts = ?, finished = max(?, coalesce(started, submitted))"
            " WHERE id = ? AND epoch = ? AND state IN (SELECT value FROM json_each(?))"
            # Who asked for a cancel before the end is told the truth: the job neither succeeds nor starts again.
            " AND (cancel_requested IS NULL OR ? NOT IN ('succeeded', 'queued'))",
            [
                after,
                _reason_text(reason),
                json.dumps(list(artifacts)),
                now() if after.terminal else None,
                job_id,
                epoch,
                json_list(states),
                after,
            ],
        )
        moved = self._changed() == 1
        if moved and (after.terminal or after is State.QUEUED):
            self._end_attempt(job_id, epoch, after, reason)
        return moved

    def may_succeed(self, job_id: str, epoch: int) -> bool:
        """Whether the attempt finalizes its job, and nobody wants that cancelled."""
        return self._is_at(job_id, epoch, [State.FINALIZING]) and not self.cancel_requested(job_id)

    def try_again(self, job_id: str, epoch: int, before: Sequence[State], outcome: State, reason: Reason) -> bool:
        """End an attempt as ``outcome`` and put its job back into the queue; false when no retry is left for it."""
        with transaction(self.database):
            for state in before:
                check_move(state, State.QUEUED)
            self.database.execute(
                "UPDATE jobs SET state = 'queued', retries_left = retries_left - 1 WHERE id = ? AND epoch = ?"
                " AND state IN (SELECT value FROM json_each(?)) AND retries_left > 0 AND cancel_requested IS NULL",
                [job_id, epoch, json_list(before)],
            )
            moved = self._changed() == 1
            if moved:
                self._end_attempt(job_id, epoch, outcome, reason)
            return moved

    def release(self, job_id: str) -> None:
        """Let a queued job start: what it waited for is there."""
        with transaction(self.database):
            self.database.execute("DELETE FROM dependencies WHERE job = ?", [job_id])

    def request_cancel(self, job_id: str) -> Job:
        """End a queued job now, and ask the runner of an active one to end it; returns the job as it is then.

        Raises ``Conflict`` with code ``job_ended`` when it ended in another way already.
        """
        with transaction(self.database):
            job = self.get(job_id)
            if job.state is State.QUEUED:
                reason = Reason("cancelled", "Cancelled before it started.")
                self.move_within(job.id, job.epoch, State.QUEUED, State.CANCELLED, reason)
            elif not job.state.terminal:
                self.database.execute(
                    "UPDATE jobs SET cancel_requested = coalesce(cancel_requested, ?) WHERE id = ?", [now(), job.id]
                )
            elif job.state is not State.CANCELLED:
                raise Conflict("job_ended", f"Job {job.id} has already ended: {job.state}.", job=job.id)
            return self.get(job_id)

    # --- inside ---

    def _next(self, inventory: Inventory, max_running: int | None, only: str | None) -> Waiting | None:
        rows = self.database.execute(
            "SELECT id, cpus, gpus, memory FROM jobs WHERE state = 'queued' AND (? IS NULL OR id = ?)"
            " AND NOT EXISTS (SELECT 1 FROM dependencies WHERE dependencies.job = jobs.id)"
            " ORDER BY priority DESC, number LIMIT ?",
            [only, only, _MOST_WAITING],
        ).fetchall()
        if not rows:
            return None
        usage = self.usage()
        if max_running is not None and usage.jobs >= max_running:
            return None
        return next_to_start((Waiting(row[0], Request(*row[1:])) for row in rows), inventory, usage)

    def _end_attempt(self, job_id: str, epoch: int, outcome: State, reason: Reason | None) -> None:
        self.database.execute(
            "UPDATE attempts SET finished = max(?, started), outcome = ?, reason = ? WHERE job = ? AND epoch = ?",
            [now(), outcome, _reason_text(reason), job_id, epoch],
        )

    def _is_at(self, job_id: str, epoch: int, states: Iterable[State]) -> bool:
        row = self.database.execute("SELECT state FROM jobs WHERE id = ? AND epoch = ?", [job_id, epoch]).fetchone()
        return row is not None and State(row[0]) in states

    def _changed(self) -> int:
        return int(self.database.execute("SELECT changes()").fetchone()[0])


def _reason_text(reason: Reason | None) -> str | None:
    return json.dumps(reason.as_json()) if reason else None
