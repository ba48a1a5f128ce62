"""Endpoints as the server tells of them: started, talked to, stopped."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from modelops.client.connection import OPENAI, Connection
from modelops.client.replies import Messages, Reply
from modelops.errors import Unavailable

_POLL = 0.5
"""Seconds between two looks at an endpoint that is waited for."""


class Endpoint:
    """A model that is served; ``record`` is what the server said of it last."""

    def __init__(self, connection: Connection, openai: Connection, record: dict[str, Any]) -> None:
        self._connection = connection
        self._openai = openai
        self.record = record

    def __repr__(self) -> str:
        return f"<Endpoint {self.name} ({self.record['ref']}, {self.record['state']})>"

    @property
    def name(self) -> str:
        return str(self.record["name"])

    @property
    def ready(self) -> bool:
        """Whether it answers now."""
        return bool(self.refresh().record["state"] == "ready")

    @property
    def models(self) -> list[str]:
        """What a request may name: the endpoint, and each of its adapters as ``endpoint/adapter``."""
        return list(self.record["model_names"])

    @property
    def openai(self) -> dict[str, str]:
        """Where OpenAI's client finds it: ``openai.OpenAI(**endpoint.openai)``."""
        server = self._connection.server
        return {"base_url": server.url + OPENAI, "api_key": server.token}

    def refresh(self) -> Endpoint:
        """Ask for the record again, and return this endpoint."""
        self.record = self._connection.get(self._path)
        return self

    def wait(self, timeout: float = 600.0) -> Endpoint:
        """Return when it is ready. Raises ``Unavailable`` when it fails, with the reason, or after ``timeout`` s."""
        deadline = time.monotonic() + timeout
        while not self.ready:
            reason = self.record["reason"] or {}
            if self.record["state"] in {"failed", "stopped"}:
                message = reason.get("detail") or f"The endpoint {self.name} is {self.record['state']}."
                raise Unavailable(reason.get("code") or "not_ready", message, reason.get("hint", ""))
            if time.monotonic() >= deadline:
                message = f"The endpoint {self.name} was not ready in {timeout:g} s."
                raise Unavailable("not_ready", message, "Wait again, or look at its log: endpoint.log().")
            time.sleep(_POLL)
        return self

    def chat(self, messages: Messages, *, model: str | None = None, **options: Any) -> Reply:
        """The whole answer to a question or a conversation.

        ``messages`` is what the user says, or a list of ``{"role": …, "content": …}``; ``model`` is one of
        :attr:`models`; ``options`` are those of OpenAI's chat completions: ``temperature``, ``max_tokens``, ``seed`` …
        Raises ``NotFound``, ``InvalidInput`` or ``Unavailable`` with what the endpoint says.
        """
        return self.stream(messages, model=model, **options).read()

    def stream(self, messages: Messages, *, model: str | None = None, **options: Any) -> Reply:
        """The answer piece by piece: iterate over it. It is asked for when iteration begins; else as :meth:`chat`."""
        return Reply(self._openai, {**options, "model": model or self.name}, messages)

    def embed(self, texts: Sequence[str | list[int]], *, model: str | None = None) -> list[list[float]]:
        """The vectors of some texts, or of their token ids, in their order; raises as :meth:`chat` does."""
        answer = self._openai.post("embeddings", {"model": model or self.name, "input": list(texts)})
        return [item["embedding"] for item in sorted(answer["data"], key=lambda item: item["index"])]

    def log(self, tail: int | None = None) -> str:
        """The end of what its keeper and its engine wrote: the last megabyte, or the last ``tail`` lines."""
        return self._connection.text(f"{self._path}/log", tail=tail)

    def stop(self) -> Endpoint:
        """Stop it; returns when nothing of it runs."""
        self.record = self._connection.post(f"{self._path}/stop")
        return self

    def restart(self) -> Endpoint:
        """Start it as it was asked for, after stopping it where it runs; :meth:`wait` returns when it is ready."""
        self.record = self._connection.post(f"{self._path}/restart")
        return self

    def remove(self) -> None:
        """Stop it and forget it, with its log."""
        self._connection.delete(self._path)

    @property
    def _path(self) -> str:
        return f"endpoints/{quote(self.name, safe='')}"


class Endpoints:
    """What is served: ``client.endpoints["support-bot"]``, ``client.endpoints.start("support-bot@3")``."""

    def __init__(self, connection: Connection, openai: Connection) -> None:
        self._connection = connection
        self._openai = openai

    def __repr__(self) -> str:
        return f"<endpoints of {self._connection.server.url}>"

    def __getitem__(self, name: str) -> Endpoint:
        return self.get(name)

    def get(self, name: str) -> Endpoint:
        """The endpoint with this name; raises ``NotFound``."""
        return self._endpoint(self._connection.get(f"endpoints/{quote(name, safe='')}"))

    def list(self) -> list[Endpoint]:
        """Endpoints: those that run, and those that ran."""
        return [self._endpoint(record) for record in self._connection.get("endpoints")["endpoints"]]

    def start(
        self,
        ref: str,
        name: str | None = None,
        *,
        engine: str = "auto",
        adapters: Sequence[str] = (),
        reranker: str | None = None,
        wait: bool = True,
        **options: Any,
    ) -> Endpoint:
        """Serve a model, an adapter or an index, and with ``wait`` return when it is ready.

        ``reranker`` is a model that orders what is found in an index.
        ``options``: ``context parallel max_memory parity`` …, as the REST API takes them.
        """
        asked: Mapping[str, Any] = {
            "ref": ref,
            "engine": engine,
            "adapters": list(adapters),
            "options": options,
            **({"name": name} if name else {}),
            **({"reranker": reranker} if reranker else {}),
        }
        endpoint = self._endpoint(self._connection.post("endpoints", asked))
        return endpoint.wait() if wait else endpoint

    def _endpoint(self, record: dict[str, Any]) -> Endpoint:
        return Endpoint(self._connection, self._openai, record)
