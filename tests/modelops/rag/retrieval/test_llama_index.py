"""An index in llama-index's own query engines."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from llama_index.core.llms import MockLLM
from llama_index.core.query_engine import CitationQueryEngine, RetrieverQueryEngine
from rag_index import cut

from modelops.rag import as_retriever
from modelops.rag.index import Index
from modelops.rag.retrieval import SearchSettings, search

QUESTION = "What is bread baked with?"
BREAD = "Bread is baked with flour and yeast."


@pytest.fixture
def index(make_index: Callable[..., Index]) -> Index:
    return make_index([cut("bread.md", f"# Food\n\n{BREAD}", headings=("Food",)), cut("sea.txt", "Water flows down.")])


def test_nodes_are_the_hits_in_their_order(index: Index) -> None:
    settings = SearchSettings(top_k=3, method="dense")
    hits = search(index, QUESTION, settings)
    nodes = as_retriever(index, settings).retrieve(QUESTION)
    assert [(node.text, node.score) for node in nodes] == [(hit.chunk.text, hit.score) for hit in hits]
    assert nodes[0].metadata == {
        "source": "bread.md",
        "title": "",
        "page": None,
        "headings": ["Food"],
        "start": 8,
        "end": 8 + len(BREAD),
    }
    document = index.by_source["bread.md"].text
    assert document[nodes[0].metadata["start"] : nodes[0].metadata["end"]] == nodes[0].text == BREAD
    assert len({node.node_id for node in nodes}) == len(nodes)
    assert as_retriever(index, settings).retrieve(QUESTION)[0].node_id == nodes[0].node_id


def test_a_query_engine_answers_from_it(index: Index) -> None:
    engine = RetrieverQueryEngine.from_args(as_retriever(index, SearchSettings(top_k=1)), llm=MockLLM())
    answer = engine.query(QUESTION)
    assert BREAD in str(answer)  # the mock says its prompt again
    assert "source: bread.md" in str(answer)
    assert "start" not in str(answer)
    assert [node.metadata["source"] for node in answer.source_nodes] == ["bread.md"]


def test_its_engine_of_citations_numbers_the_passages(index: Index) -> None:
    engine = CitationQueryEngine.from_args(
        index=None, retriever=as_retriever(index, SearchSettings(top_k=2)), llm=MockLLM()
    )
    answer = engine.query(QUESTION)
    assert f"Source 1:\n{BREAD}" in str(answer)
    assert answer.source_nodes[0].metadata["source"] == "bread.md"
