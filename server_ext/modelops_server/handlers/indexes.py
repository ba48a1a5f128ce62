"""Indexes: searched, and read, by the endpoint that serves the version that is meant."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from modelops.rag.retrieval import SearchSettings
from modelops_server.endpoints.indexes import Indexes
from modelops_server.handlers.answers import indexes as answers
from modelops_server.handlers.base import ModelOpsHandler
from modelops_server.handlers.operation import operation

MOST_CHARACTERS = 20_000
"""Of a question: no embedding model reads more."""


class HowToSearch(SearchSettings):
    """What is searched, how the results are joined and varied, and what is left out."""

    model_config = ConfigDict(extra="forbid", strict=True)


class SearchRequest(BaseModel):
    """What is looked for, and how."""

    model_config = ConfigDict(extra="forbid", strict=True)

    question: str = Field(min_length=1, max_length=MOST_CHARACTERS)
    settings: HowToSearch = HowToSearch()


class DocumentQuery(BaseModel):
    """Which document."""

    model_config = ConfigDict(extra="forbid")

    source: str = Field(min_length=1, max_length=10_000, description="As hits and the list of documents name it.")


class IndexHandler(ModelOpsHandler):
    """What every handler of indexes shares."""

    @property
    def indexes(self) -> Indexes:
        """The way to the indexes."""
        indexes: Indexes = self.settings["modelops_indexes"]
        return indexes

    async def asked(self, ref: str, path: str, body: Any = None, query: dict[str, str] | None = None) -> dict[str, Any]:
        """What the endpoint of the index ``ref`` answers."""
        self.indexes.gateway.count(self.caller)
        return await self.indexes.asked(await self.indexes.find(ref), path, body, query)


class SearchHandler(IndexHandler):
    """``indexes/{ref}/search``."""

    @operation("searchIndex", "execute", "indexes", body=SearchRequest, answer=answers.Hits)
    async def post(self, ref: str, body: SearchRequest) -> dict[str, Any]:
        """Find the passages that answer a question, best first.

        Where no endpoint serves this version of the index, one is started and waited for; it stops by itself when
        nobody has asked for 15 minutes. The same holds for the other addresses of an index.
        """
        return await self.asked(ref, "search", body.model_dump())


class DocumentsHandler(IndexHandler):
    """``indexes/{ref}/documents``."""

    @operation("listIndexDocuments", "execute", "indexes", answer=answers.Documents)
    async def get(self, ref: str) -> dict[str, Any]:
        """List the documents of an index, and those that were left out, with the reason."""
        return await self.asked(ref, "documents")


class DocumentHandler(IndexHandler):
    """``indexes/{ref}/document``."""

    @operation("getIndexDocument", "execute", "indexes", query=DocumentQuery, answer=answers.Document)
    async def get(self, ref: str, query: DocumentQuery) -> dict[str, Any]:
        """A document's text as it was cut and is cited, with where its pages and chunks are."""
        return await self.asked(ref, "documents/text", query={"source": query.source})
