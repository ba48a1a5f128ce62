"""Answers that an endpoint writes: several prompts at a time, waiting for one that is busy, restarts, or is away."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator, Sequence
from queue import Empty, Queue
from typing import Any

from modelops.errors import InvalidInput, ModelOpsError, NotFound, Unavailable
from modelops.generation.answers import Answer, OnProgress, Outcome, Refusal, Settings
from modelops.generation.journal import Journal
from modelops.generation.prompts import Prompt
from modelops.generation.sources import Served, require_same

_GATHER = 1.0
"""Seconds in which answers gather before they are kept; each time the endpoint is asked whether it is the same."""
_PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds to the next try after the first failure in a row, the second …"""
_TRIES = 6
"""How often a prompt is asked whose answer broke off: it may be what the engine dies of."""
_BUSY = frozenset({"too_many_requests", "rate_limit_exceeded"})
_AWAY = frozenset({"endpoint_not_running", "endpoint_not_ready", "engine_unavailable", "unreachable"})
_FINAL = frozenset({"forbidden", "closed", "not_installed"})


def ask_endpoint(
    served: Served,
    prompts: Sequence[Prompt],
    settings: Settings,
    journal: Journal,
    *,
    concurrency: int,
    patience: float,
    on_progress: OnProgress,
) -> None:
    """Ask what the journal does not know yet, ``concurrency`` prompts at a time, and append it as it comes.

    What the endpoint refuses is kept with the reason. One that is busy is asked again when it says so; one that does
    not answer is waited for. Raises ``Unavailable`` (``endpoint_gone``) when that takes longer than ``patience``
    seconds, ``VerificationError`` (``digest_differs``) when it serves something else than it did, and what it says
    that no waiting mends. What was answered until then is kept.
    """
    missing = journal.missing(prompts)
    asking = _Asking(served, missing, settings, patience)
    on_progress(len(journal.outcomes), len(prompts))
    left = len(missing)
    try:
        asking.start(concurrency)
        while left:
            found, error = asking.gather(left)
            if found:
                require_same(served.digest, asking.record())
                journal.append(found)
                left -= len(found)
                on_progress(len(journal.outcomes), len(prompts))
            if error is not None:
                raise error
    finally:
        asking.stopped.set()


class _Stopped(Exception):
    """Nobody waits for the answer any more."""


class _Asking:
    """The threads that ask, and what they bring."""

    def __init__(self, served: Served, prompts: Sequence[Prompt], settings: Settings, patience: float) -> None:
        self.stopped = threading.Event()
        self._served = served
        self._settings = settings
        self._patience = patience
        self._todo: Iterator[Prompt] = iter(prompts)
        self._lock = threading.Lock()
        self._results: Queue[Outcome | Exception] = Queue()
        self._away_since: float | None = None
        """When the first request failed of those since which none was answered."""

    def start(self, concurrency: int) -> None:
        for _ in range(concurrency):
            # A thread that waits for an answer must not keep a kernel alive that was told to end.
            threading.Thread(target=self._work, daemon=True).start()

    def gather(self, most: int) -> tuple[list[Outcome], Exception | None]:
        """What came in about a second, at least one; and the error that ends it all."""
        found: list[Outcome] = []
        until = None
        while len(found) < most:
            try:
                result = self._results.get(timeout=None if until is None else max(0.0, until - time.monotonic()))
            except Empty:
                break
            if isinstance(result, Exception):
                return found, result
            found.append(result)
            until = until or time.monotonic() + _GATHER
        return found, None

    def record(self) -> dict[str, Any]:
        """What the server says of the endpoint now, waited for as an answer is."""
        failures = 0
        while True:
            try:
                return self._served.endpoint.refresh().record
            except ModelOpsError as error:
                self._wait(error, failures)
                failures += 1

    def _work(self) -> None:
        try:
            while not self.stopped.is_set():
                with self._lock:
                    prompt = next(self._todo, None)
                if prompt is None:
                    return
                self._results.put(self._ask(prompt))
        except _Stopped:
            return
        except Exception as error:  # noqa: BLE001 -- raised where the answers are waited for
            self._results.put(error)

    def _ask(self, prompt: Prompt) -> Outcome:
        failures = broken = 0
        while True:
            try:
                return self._answer(prompt)
            except InvalidInput as error:
                return Refusal(*prompt.key, error.code, error.message)
            except ModelOpsError as error:
                broken += error.code not in _BUSY | _AWAY
                if broken == _TRIES:
                    return Refusal(*prompt.key, error.code, f"{error.message} It was asked {_TRIES} times.")
                self._wait(error, failures)
                failures += 1

    def _answer(self, prompt: Prompt) -> Answer:
        settings = self._settings
        reply = self._served.endpoint.stream(
            [dict(turn) for turn in prompt.messages],
            model=self._served.model_name,
            max_tokens=settings.max_tokens,
            temperature=settings.temperature,
            top_p=settings.top_p,
            # Each of a row's samples from a seed of its own.
            seed=(settings.seed + prompt.sample) % 2**31,
        )
        for _ in reply:
            if self.stopped.is_set():
                raise _Stopped
            self._away_since = None
        self._away_since = None
        return Answer(*prompt.key, reply.text, reply.finish_reason or "stop", reply.tokens, reply.prompt_tokens)

    def _wait(self, error: ModelOpsError, failures: int) -> None:
        """Wait before the next try; raise where that would not help, or took too long."""
        if error.code in _FINAL or isinstance(error, NotFound):
            raise error
        now = time.monotonic()
        if error.code in _BUSY:
            self._away_since = None
        elif self._away_since is None:
            self._away_since = now
        elif now - self._away_since > self._patience:
            raise Unavailable(
                "endpoint_gone",
                f"The endpoint {self._served.endpoint.name} has not answered for {now - self._away_since:.0f} s: "
                f"{error.message}",
                "Start it again, then retry the job: it goes on with the prompts that have no answer.",
            ) from error
        pause = max(_PAUSES[min(failures, len(_PAUSES) - 1)], float(error.details.get("retry_after", 0)))
        # Not all at the same moment.
        if self.stopped.wait(pause * random.uniform(1, 1.25)):  # noqa: S311
            raise _Stopped
