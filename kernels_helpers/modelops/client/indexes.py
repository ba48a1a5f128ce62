"""Indexes as the server searches them: found, asked, read."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from typing import Any
from urllib.parse import quote

from modelops.client.connection import Connection
from modelops.client.streamed import Streamed, broken_off
from modelops.errors import InvalidInput

_PATIENCE = 600.0
"""Seconds that a search may take: what serves the index may have to be started first."""


class CitedReply(Streamed):
    """An answer from an index; iterating gives its text piece by piece, once.

    ``hits`` and ``passages`` are known before its first piece, ``citations``, ``checks`` and ``record``, which is all
    that the server says of it, when it has ended. Breaking off the iteration frees the engine, and so does
    :meth:`stop`.
    """

    def __init__(self, connection: Connection, path: str, body: Mapping[str, Any]) -> None:
        super().__init__(connection, path, body)
        self.hits: list[dict[str, Any]] = []
        self.passages: list[dict[str, Any]] = []
        """Of the hits those that the model was given; the first is ``[1]``."""
        self.citations: list[dict[str, Any]] = []
        self.record: dict[str, Any] = {}

    @property
    def checks(self) -> dict[str, Any]:
        """What can be said of the answer without a judge."""
        return dict(self.record.get("checks") or {})

    @property
    def refused(self) -> bool:
        """Whether it says that the documents hold no answer."""
        return bool(self.record.get("refused"))

    def _pieces(self) -> Generator[str]:
        with self._asked() as messages:
            for block in messages:
                if self.stopped:
                    return
                said: dict[str, Any] = json.loads(block.data)
                match block.name:
                    case "hits":
                        self.hits, self.passages = said["hits"], said["passages"]
                    case "delta":
                        self.text += said["text"]
                        yield said["text"]
                    case "citation":
                        self.citations.append(said)
                    case "answer":
                        self.record, self.text, self.citations = said, said["text"], said["citations"]
                    case "problem":
                        raise self._connection.error_of(said)
        if not self.record and not self.stopped:
            raise broken_off()


class Index:
    """One version of an index; ``record`` is what the server says of the artifact."""

    def __init__(self, connection: Connection, streams: Connection, record: dict[str, Any]) -> None:
        self._connection = connection
        self._streams = streams
        self.record = record

    def __repr__(self) -> str:
        return f"<Index {self.ref}>"

    @property
    def ref(self) -> str:
        """Name and version: an alias that is moved later changes nothing here."""
        return str(self.record["ref"])

    def search(self, question: str, **settings: Any) -> list[dict[str, Any]]:
        """The passages that answer a question, best first; waits while what serves the index is started.

        ``settings``: ``method top_k sources headings per_source`` …, as :class:`modelops.rag.retrieval.SearchSettings`
        has them.
        """
        hits: list[dict[str, Any]] = self._ask("POST", "search", json={"question": question, "settings": settings})[
            "hits"
        ]
        return hits

    def ask(
        self, question: str, *, model: str | None = None, search: Mapping[str, Any] | None = None, **settings: Any
    ) -> CitedReply:
        """An answer with citations, piece by piece: iterate over it. It is asked for when iteration begins.

        ``model`` names the endpoint that answers, where there are several; ``search`` are the settings of
        :meth:`search`; ``settings``: ``language style max_tokens`` …, as
        :class:`modelops.rag.answering.AnswerSettings` has them.
        """
        body = {"question": question, "model": model, "settings": dict(search or {}), "answer": settings}
        return CitedReply(self._streams, f"{self._path}/ask", body)

    def documents(self) -> dict[str, Any]:
        """The ``documents`` that are in it, and those that were ``skipped``, with the reason."""
        return self._ask("GET", "documents")

    def document(self, source: str) -> dict[str, Any]:
        """A document's text, with where its pages and chunks are; raises ``NotFound``."""
        return self._ask("GET", "document", params={"source": source})

    def _ask(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self._connection.request(
            method, f"{self._path}/{path}", timeout=_PATIENCE, **options
        ).json()
        return answer

    @property
    def _path(self) -> str:
        return f"indexes/{quote(self.ref, safe='')}"


class Indexes:
    """What can be searched: ``client.indexes["handbook@production"]``."""

    def __init__(self, connection: Connection, streams: Connection) -> None:
        self._connection = connection
        self._streams = streams

    def __repr__(self) -> str:
        return f"<indexes of {self._connection.server.url}>"

    def __getitem__(self, ref: str) -> Index:
        return self.get(ref)

    def get(self, ref: str) -> Index:
        """The index that ``name``, ``name@3`` or ``name@alias`` means; raises ``NotFound`` or ``InvalidInput``."""
        record = self._connection.get(f"artifacts/{quote(ref, safe='')}")
        if record["kind"] != "index":
            raise InvalidInput("not_an_index", f"{record['ref']} is of kind {record['kind']}.", "Choose an index.")
        return Index(self._connection, self._streams, record)

    def list(self) -> list[Index]:
        """The newest version of each index, newest first; 1,000 at most."""
        found = self._connection.get("artifacts", kind="index", latest="true", limit=1000)["artifacts"]
        return [Index(self._connection, self._streams, record) for record in found]
