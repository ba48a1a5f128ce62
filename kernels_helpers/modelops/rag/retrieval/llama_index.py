"""An index in llama-index: a retriever that its query engines, chat engines and agents take as one of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelops.errors import Unavailable
from modelops.rag.index import Index
from modelops.rag.retrieval.hits import Hit
from modelops.rag.retrieval.reranking import Reranker
from modelops.rag.retrieval.searching import search
from modelops.rag.retrieval.settings import SearchSettings

if TYPE_CHECKING:
    from llama_index.core.retrievers import BaseRetriever
    from llama_index.core.schema import NodeWithScore, QueryBundle


def as_retriever(
    index: Index, settings: SearchSettings | None = None, *, reranker: Reranker | None = None
) -> BaseRetriever:
    """A llama-index retriever of what :func:`~modelops.rag.retrieval.search` finds, in its order.

    Each node's ``metadata`` has ``source``, ``title``, ``page``, ``headings``, ``start`` and ``end``; of these a model
    is told source, page and headings, and none is embedded. The same passage has the same id each time. Raises
    ``Unavailable`` (``rag_not_installed``).
    """
    try:
        from llama_index.core.retrievers import BaseRetriever
    except ImportError as error:
        raise Unavailable(
            "rag_not_installed",
            "llama-index is not installed in this environment.",
            "Install it with: pip install 'jupyterlab-modelops[rag]'",
        ) from error

    class IndexRetriever(BaseRetriever):
        def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
            return [_node(hit) for hit in search(index, query_bundle.query_str, settings, reranker=reranker)]

    return IndexRetriever()


def _node(hit: Hit) -> NodeWithScore:
    from llama_index.core.schema import NodeRelationship, NodeWithScore, RelatedNodeInfo, TextNode

    chunk = hit.chunk
    metadata = {
        "source": chunk.source,
        "title": hit.document.title,
        "page": chunk.page,
        "headings": list(chunk.headings),
        "start": chunk.start,
        "end": chunk.end,
    }
    node = TextNode(
        id_=f"{hit.document.digest}:{chunk.start}-{chunk.end}",
        text=chunk.text,
        start_char_idx=chunk.start,
        end_char_idx=chunk.end,
        metadata=metadata,
        excluded_embed_metadata_keys=list(metadata),
        excluded_llm_metadata_keys=["title", "start", "end", *(key for key, value in metadata.items() if not value)],
        relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=chunk.source)},
    )
    return NodeWithScore(node=node, score=hit.score)
