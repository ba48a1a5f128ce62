"""How long a question takes, of which how much is embedding it, and what memory an opened index holds."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from modelops.rag.chunks import Chunk
from modelops.rag.documents import Document
from modelops.rag.embedding import Embedder, LocalEmbedder, OnProgress, Vectors
from modelops.rag.index import build_index, open_index
from modelops.rag.retrieval import SearchSettings, search
from modelops_server.endpoints.engines.threads import ROUNDS, SPIN_COUNT

ASKED = 100


@dataclass(frozen=True)
class Latency:
    """One way of searching one index."""

    method: str
    chunks: int
    p50_ms: float
    p95_ms: float
    embedding_share: float
    """Of the median: embedding the question."""
    memory_megabytes: float
    """What the process grew by when the index was opened."""
    open_seconds: float


class _Given:
    """An embedder whose vectors of passages are known, in their order, so that none of them is computed."""

    def __init__(self, embedder: LocalEmbedder, vectors: Vectors, texts: Sequence[str]) -> None:
        self.name, self.digest, self.dimension = embedder.name, embedder.digest, embedder.dimension
        self.max_tokens, self.count, self.embed_queries = embedder.max_tokens, embedder.count, embedder.embed_queries
        self._known = dict(zip(texts, vectors, strict=True))

    def embed_documents(self, texts: Sequence[str], on_progress: OnProgress | None = None) -> Vectors:
        return np.stack([self._known[text] for text in texts])


def measure_latency(
    embedder: LocalEmbedder, texts: Sequence[str], vectors: Vectors, questions: Sequence[str], model: str
) -> list[Latency]:
    """Latencies of an index whose chunks are ``texts`` with these vectors; it has its own process, as when served."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "index"
        rows = []
        for number, text in enumerate(texts):
            source = f"{number:06}.txt"
            rows.append((Document(source, f"sha256:{number}", "text/plain", text), [Chunk(source, 0, len(text), text)]))
        given: Embedder = _Given(embedder, vectors, texts)
        build_index(rows, given, folder, chunker={})
        code = "import sys; from common.retrieval_latency import ask; ask(sys.argv[1], sys.argv[2])"
        done = subprocess.run(
            [sys.executable, "-c", code, str(folder), model],
            input=json.dumps(list(questions[:ASKED])),
            capture_output=True,
            text=True,
            check=False,
            cwd=Path(__file__).parents[1],
            env={**os.environ, SPIN_COUNT: ROUNDS},  # as the engine that serves an index has it
        )
        if done.returncode:
            raise SystemExit(done.stderr[-2000:])
        return [Latency(**row) for row in json.loads(done.stdout.splitlines()[-1])]


def more_texts(real: Sequence[str], count: int) -> list[str]:
    """So many different texts: the real ones, then the words of two of them in turn, which keeps their frequencies."""
    chance = random.Random(0)
    found = list(real[:count])
    while len(found) < count:
        one, other = chance.choice(real).split(), chance.choice(real).split()
        found.append(" ".join([*one[: len(one) // 2], *other[len(other) // 2 :], str(len(found))]))
    return found


def ask(folder: str, model: str) -> None:
    """Ask each way, and print what it took; reads the questions from standard input."""
    import psutil

    from modelops.rag.embedding import open_embedder

    questions = json.load(sys.stdin)
    embedder = open_embedder(model)
    embedder.embed_queries(questions[:5])
    process = psutil.Process()
    before, began = process.memory_info().rss, time.perf_counter()
    index = open_index(Path(folder), embedder)
    search(index, questions[0], SearchSettings())
    opened, grown = time.perf_counter() - began, process.memory_info().rss - before
    embedding = [_seconds(partial(embedder.embed_queries, [question])) for question in questions]
    found = []
    for method in ("bm25", "dense", "hybrid"):
        settings = SearchSettings(method=method)
        taken = [_seconds(partial(search, index, question, settings)) for question in questions]
        p50, p95 = 1000 * np.quantile(taken, [0.5, 0.95])
        share = 0.0 if method == "bm25" else float(1000 * np.median(embedding) / p50)
        found.append(asdict(Latency(method, len(index.chunks), float(p50), float(p95), share, grown / 1e6, opened)))
    print(json.dumps(found))


def _seconds(call: Any) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def latency_targets(rows: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """A question is answered before a person notices, also in the largest index."""
    slowest = max(row["p95_ms"] for row in rows)
    return {"query_p95_ms": {"value": round(slowest, 1), "target": "<= 200", "met": slowest <= 200}}


def show_latency(rows: Sequence[dict[str, Any]]) -> None:
    """Print a line for each way and size."""
    print(f"\n{'':<8}{'chunks':>8}{'p50 ms':>8}{'p95 ms':>8}{'embedding':>11}{'MB':>8}{'open s':>8}")
    for row in rows:
        print(
            f"{row['method']:<8}{row['chunks']:>8}{row['p50_ms']:>8.1f}{row['p95_ms']:>8.1f}"
            f"{row['embedding_share']:>11.0%}{row['memory_megabytes']:>8.0f}{row['open_seconds']:>8.1f}"
        )
