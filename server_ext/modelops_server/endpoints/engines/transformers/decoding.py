"""The thread of the model: takes requests as they come, and lets all that run get their next token together."""

from __future__ import annotations

import gc
import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch

from modelops_server.endpoints.engines.transformers import problems
from modelops_server.endpoints.engines.transformers.alone import answer_alone
from modelops_server.endpoints.engines.transformers.batches import Batch, Prefill
from modelops_server.endpoints.engines.transformers.embedding import Embedding
from modelops_server.endpoints.engines.transformers.replies import Reply
from modelops_server.endpoints.engines.transformers.served import Served
from modelops_server.endpoints.engines.transformers.trials import can_batch, can_mix

_log = logging.getLogger("modelops.engine")

WAITING = 4
"""Requests that may wait, for each that may be answered at the same time."""

_ALONE, _BESIDE = 512, 128
"""Tokens of a prompt that are read in one step: where nothing else runs, and beside answers that are being written."""


class Decoder:
    """Answers requests with a model. Any thread may :meth:`submit` and :meth:`cancel`; one thread calls :meth:`run`."""

    def __init__(self, served: Served, parallel: int) -> None:
        self.model = served
        self._together = can_batch(served)
        self._mixed = self._together and bool(served.adapters) and can_mix(served)
        self.parallel = parallel if self._together else 1
        self._room = WAITING * parallel
        if not self._together:
            _log.info("This model's answers cannot be computed together: it answers one request at a time.")
        elif served.adapters and not self._mixed:
            _log.info("These adapters cannot be mixed: answers of each are computed after those of the others.")
        self._wake = threading.Condition()
        self._waiting: deque[Reply] = deque()
        self._embeddings: deque[Embedding] = deque()
        self._prefill: Prefill | None = None
        self._batches: dict[str | None, Batch] = {}

    def submit(self, replies: Sequence[Reply]) -> None:
        """Let answers be computed; raises a :class:`Problem` (429, ``engine_busy``) where too many wait."""
        with self._wake:
            self._require_room(len(replies))
            self._waiting.extend(replies)
            self._wake.notify()

    def embed(self, embedding: Embedding) -> None:
        """Let vectors be computed; raises a :class:`Problem` (429, ``engine_busy``) where too many wait."""
        with self._wake:
            self._require_room(1)
            self._embeddings.append(embedding)
            self._wake.notify()

    def cancel(self, work: Sequence[Reply] | Sequence[Embedding]) -> None:
        """Nobody waits for these any more."""
        with self._wake:
            for one in work:
                one.cancelled = True
            self._wake.notify()

    def run(self) -> None:
        """Work for ever; whatever is raised is a fault of the model or of this program."""
        while True:
            with self._wake:
                self._wake.wait_for(self._has_work)
            self._forget_cancelled()
            self._embed()
            if self._together:
                self._read()
                for batch in self._batches.values():
                    if batch.rows:
                        self._write(batch)
            elif (reply := self._next()) is not None:
                self._answer_alone(reply)

    def _has_work(self) -> bool:
        running = any(batch.rows for batch in self._batches.values())
        return running or bool(self._waiting or self._embeddings or self._prefill)

    def _require_room(self, more: int) -> None:
        waiting = len(self._waiting) + len(self._embeddings)
        if waiting + more > self._room:
            raise problems.busy(waiting)

    def _next(self) -> Reply | None:
        with self._wake:
            return self._waiting.popleft() if self._waiting else None

    def _forget_cancelled(self) -> None:
        with self._wake:
            self._waiting = deque(reply for reply in self._waiting if not reply.cancelled)
            self._embeddings = deque(embedding for embedding in self._embeddings if not embedding.cancelled)
        if self._prefill is not None and self._prefill.reply.cancelled:
            self._prefill = None
        for batch in self._batches.values():
            _forget(batch)

    def _embed(self) -> None:
        if not self._embeddings:
            return
        embedding = self._embeddings[0]
        done = True
        with enough_memory(embedding.deliver):
            done = embedding.step(self.model)
        if done:
            with self._wake:
                self._embeddings.popleft()

    def _read(self) -> None:
        """Read a piece of the next prompt; behind its last one the answer begins."""
        running = sum(len(batch.rows) for batch in self._batches.values())
        if self._prefill is None:
            if running >= self.parallel or (reply := self._next()) is None:
                return
            reply.begin()
            self._prefill = Prefill(self.model, reply)
        prefill, reply = self._prefill, self._prefill.reply
        logits: torch.Tensor | None = None
        with enough_memory(reply.fail):
            logits = prefill.read(_BESIDE if running else _ALONE)
            if logits is not None:
                _advance([reply], logits)
        if reply.ended or logits is not None:
            self._prefill = None
        if logits is not None and not reply.ended:
            lane = None if self._mixed else reply.adapter
            batch = self._batches.setdefault(lane, Batch(self.model))
            with enough_memory(lambda problem: _fail_all(batch, reply, problem)):
                batch.join(reply, prefill.cache)

    def _write(self, batch: Batch) -> None:
        """One token more for every answer of a batch."""
        with enough_memory(lambda problem: _fail_all(batch, None, problem)):
            _advance(batch.rows, batch.step())
            _forget(batch)

    def _answer_alone(self, reply: Reply) -> None:
        with enough_memory(reply.fail):
            answer_alone(self.model, reply, lambda: reply.cancelled)


def _advance(rows: Sequence[Reply], logits: torch.Tensor) -> None:
    highest, likeliest = logits.max(dim=-1)
    for row, row_logits, high, token in zip(rows, logits, highest.tolist(), likeliest.tolist(), strict=True):
        row.advance(row_logits, token, high)


def _forget(batch: Batch) -> None:
    """Let go of answers that have ended, or that nobody waits for."""
    batch.keep([place for place, row in enumerate(batch.rows) if not (row.ended or row.cancelled)])


def _fail_all(batch: Batch, another: Reply | None, problem: problems.Problem) -> None:
    """A batch whose step was broken off is no batch any more: some layers are a token ahead of others."""
    for row in [*batch.rows, *([another] if another else [])]:
        if not row.ended:
            row.fail(problem)
    batch.keep([])


@contextmanager
def enough_memory(fail: Callable[[problems.Problem], object]) -> Iterator[None]:
    """Answers with a problem where memory runs out, and goes on; other errors pass."""
    try:
        yield
        return
    except (MemoryError, torch.OutOfMemoryError) as error:
        _log.warning("out of memory: %s", " ".join(str(error).split())[:300])
    except RuntimeError as error:
        if "can't allocate memory" not in str(error):  # what torch says of memory that is not a GPU's
            raise
        _log.warning("out of memory: %s", " ".join(str(error).split())[:300])
    fail(problems.out_of_memory())
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
