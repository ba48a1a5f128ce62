"""The thread of an embedding model: takes requests as they come, and computes one after the other."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence

from modelops_server.endpoints.engines.transformers import problems
from modelops_server.endpoints.engines.transformers.decoding import WAITING, enough_memory
from modelops_server.endpoints.engines.transformers.embedding import Embedding
from modelops_server.endpoints.engines.transformers.encoder import Encoder


class Encoding:
    """Computes vectors. Any thread may :meth:`embed` and :meth:`cancel`; one thread calls :meth:`run`."""

    def __init__(self, model: Encoder, parallel: int) -> None:
        self.model = model
        self.parallel = 1
        self._room = WAITING * parallel
        self._wake = threading.Condition()
        self._waiting: deque[Embedding] = deque()

    def embed(self, embedding: Embedding) -> None:
        """Let vectors be computed; raises a :class:`Problem` (429, ``engine_busy``) where too many wait."""
        with self._wake:
            if len(self._waiting) >= self._room:
                raise problems.busy(len(self._waiting))
            self._waiting.append(embedding)
            self._wake.notify()

    def cancel(self, work: Sequence[Embedding]) -> None:
        """Nobody waits for these any more."""
        for one in work:
            one.cancelled = True

    def run(self) -> None:
        """Work for ever; whatever is raised is a fault of the model or of this program."""
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._waiting)
                embedding = self._waiting[0]
            done = True
            with enough_memory(embedding.deliver):
                done = embedding.cancelled or embedding.step(self.model)
            if done:
                with self._wake:
                    self._waiting.popleft()
