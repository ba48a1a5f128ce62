"""What every resource does: it checks the key, and says what went wrong as OpenAI does."""

from __future__ import annotations

import hmac
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from tornado.iostream import StreamClosedError
from tornado.web import HTTPError, RequestHandler

from modelops_server.endpoints.engines.transformers.decoding import Decoder
from modelops_server.endpoints.engines.transformers.encoder import Encoder
from modelops_server.endpoints.engines.transformers.encoding import Encoding
from modelops_server.endpoints.engines.transformers.problems import Problem
from modelops_server.endpoints.engines.transformers.served import Served

_log = logging.getLogger("modelops.engine")

MOST_BYTES = 8 << 20
"""Of a body: text of some hundred thousand tokens."""


@dataclass(frozen=True)
class Service:
    """What the handlers work with."""

    worker: Decoder | Encoding
    key: str
    readers: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "reader"))
    """Tokenizes: long texts take seconds, in which others must be answered."""

    @property
    def model(self) -> Served | Encoder:
        """What is served, and makes vectors."""
        return self.worker.model

    @property
    def decoder(self) -> Decoder:
        """What writes answers; raises a :class:`Problem` (400, ``not_supported``) where the model writes none."""
        if isinstance(self.worker, Encoding):
            raise Problem(
                400, "not_supported", f"{self.worker.model.name} makes vectors of texts: ask it for embeddings."
            )
        return self.worker

    @property
    def served(self) -> Served:
        """What writes answers; raises as :attr:`decoder` does."""
        return self.decoder.model


class Base(RequestHandler):
    """Checks the key, and says what went wrong as OpenAI does."""

    service: Service

    def initialize(self, service: Service) -> None:
        self.service = service

    def prepare(self) -> None:
        key = self.request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(key.encode(), self.service.key.encode()):
            raise Problem(401, "invalid_api_key", "The key is missing or wrong.")
        if len(self.request.body) > MOST_BYTES:
            raise Problem(413, "body_too_large", f"A body has {MOST_BYTES >> 20} MiB at most.")

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        error = kwargs.get("exc_info", (None, None, None))[1]
        if not isinstance(error, Problem):
            code = HTTPStatus(status_code).name.lower()
            error = Problem(status_code, code, f"{HTTPStatus(status_code).phrase}: {self.request.path}")
        self.set_status(error.status)
        self.finish(error.as_json())

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        if not isinstance(value, (Problem, HTTPError, StreamClosedError)):
            _log.error("unexpected", exc_info=(typ, value, tb))

    def _handle_request_exception(self, e: BaseException) -> None:
        # tornado knows the status of its own errors only
        if isinstance(e, Problem) and not self._finished and not self._headers_written:
            self.send_error(e.status, exc_info=(type(e), e, e.__traceback__))
        else:
            super()._handle_request_exception(e)
