"""The registry against its physical limits: a model's commit and verification, and long lists of artifacts and jobs.

Commit and verification take turns with hashing alone and writing alone, on the same bytes in the same folder; lists are
set beside the bare query of the same rows.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelops.paths import StateHome
from modelops.registry import Build, Dependency, FileEntry, Registry
from modelops.registry.copying import clone
from modelops.registry.database import transaction
from modelops.registry.statements import Statement
from modelops_server.jobs import Queue

MODEL_BYTES = 269_000_000
"""SmolLM2-135M in bfloat16."""
ARTIFACTS, FILES_EACH = 10_000, 6
JOBS = 100_000
PAGE = 100
MOST_MILLISECONDS = 50


@dataclass(frozen=True)
class Figure:
    """A measured value, what it is compared with, and how much of that physical limit it reaches."""

    name: str
    value: float
    unit: str
    limit: str
    share: float


def timed(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def take_turns(rounds: int, works: dict[str, Callable[[], float]]) -> list[dict[str, float]]:
    """The seconds of each in each round; they take turns, so that load falls on all alike, after a round to warm up."""
    return [{name: work() for name, work in works.items()} for _ in range(rounds + 1)][1:]


def medians(rounds: list[dict[str, float]]) -> dict[str, float]:
    return {name: statistics.median(seconds[name] for seconds in rounds) for name in rounds[0]}


def model_seconds(folder: Path, size: int, rounds: int) -> list[dict[str, float]]:
    """Rounds of seconds of hashing, writing, committing and verifying random bytes: in one file, and in four."""
    outputs, home, parts = folder / "outputs", folder / "home", folder / "parts"
    outputs.mkdir()
    parts.mkdir()
    weights = outputs / "model.safetensors"
    content = os.urandom(size)
    weights.write_bytes(content)
    for part in range(4):
        (parts / f"part-{part}.safetensors").write_bytes(content[part * size // 4 : (part + 1) * size // 4])
    build = Build("job", {}, ())
    in_parts = Registry(StateHome(folder / "home-parts"))
    in_parts.register(parts, name="model", kind="model", metadata={}, build=build)

    def hash_alone() -> None:
        with weights.open("rb") as stream:
            hashlib.file_digest(stream, "sha256")

    def write_alone() -> float:
        target = folder / "written"
        with target.open("xb") as stream:

            def write_and_sync() -> None:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())

            seconds = timed(write_and_sync)
        target.unlink()
        return seconds

    def commit() -> float:
        shutil.rmtree(home, ignore_errors=True)
        registry = Registry(StateHome(home))
        registry.keys.signing_key()
        return timed(lambda: registry.register(outputs, name="model", kind="model", metadata={}, build=build))

    return take_turns(
        rounds,
        {
            "hash": lambda: timed(hash_alone),
            "write": write_alone,
            "commit": commit,
            "verify": lambda: timed(lambda: Registry(StateHome(home)).verify("model")),
            "verify_parts": lambda: timed(lambda: in_parts.verify("model")),
        },
    )


def can_clone(folder: Path) -> bool:
    with (folder / "a").open("w+b") as source, (folder / "b").open("w+b") as target:
        source.write(b"x" * 4096)
        source.flush()
        return clone(source, target)


def fill_registry(registry: Registry) -> None:
    """Rows of artifacts that were never made: listing reads nothing else."""
    with transaction(registry.database):
        for number in range(ARTIFACTS):
            digest = hashlib.sha256(str(number).encode()).hexdigest()
            files = tuple(FileEntry(f"part-{part}.safetensors", digest, number) for part in range(FILES_EACH))
            sources = tuple(Dependency(name, f"t:{name}", digest) for name in ("template", "dataset", "base_model"))
            registry.index.insert(
                Statement(
                    document={},
                    digest=digest,
                    name=f"adapter-{number // 10}",
                    version=number % 10 + 1,
                    kind="adapter",
                    created="2026-11-24T12:00:00.000Z",
                    metadata={"method": "lora", "eval_loss": "2.25"},
                    job=f"sft-{number}",
                    files=files,
                    dependencies=sources,
                    byproducts=(),
                ),
                digest,
            )


def list_seconds(home: StateHome, rounds: int) -> dict[str, float]:
    """Seconds of listing a page and all of many artifacts, beside fetching the same rows without doing anything."""
    registry = Registry(home)
    fill_registry(registry)

    def fetch(limit: int) -> None:
        page = "SELECT id FROM artifacts ORDER BY id DESC LIMIT ?"
        columns = "id, name, version, kind, created, digest, job, metadata"
        for query in (
            f"SELECT {columns} FROM artifacts WHERE id IN ({page})",
            f"SELECT artifact, path, sha256, size FROM artifact_files WHERE artifact IN ({page}) AND role = 'file'",
        ):
            registry.database.execute(query, [limit]).fetchall()

    return medians(
        take_turns(
            rounds,
            {
                "page": lambda: timed(lambda: registry.list(limit=PAGE)),
                "page_rows": lambda: timed(lambda: fetch(PAGE)),
                "last_page": lambda: timed(lambda: registry.list(limit=PAGE, offset=ARTIFACTS - PAGE)),
                "kind": lambda: timed(lambda: registry.list(kind="adapter", limit=PAGE, offset=ARTIFACTS - PAGE)),
                "all": lambda: timed(lambda: registry.list(limit=ARTIFACTS)),
                "all_rows": lambda: timed(lambda: fetch(ARTIFACTS)),
            },
        )
    )


def fill_queue(queue: Queue) -> None:
    states = ("succeeded", "succeeded", "succeeded", "failed", "cancelled", "queued")
    moment = "2026-11-24T12:00:00.000Z"
    with transaction(queue.database):
        queue.database.conn.executemany(
            "INSERT INTO jobs (id, name, template, executor, state, epoch, artifacts, request_digest, submitted)"
            " VALUES (?, 'bot', 'sft', 'local', ?, 1, '[\"bot@1\"]', '', ?)",
            ((f"sft-{number:07}", states[number % len(states)], moment) for number in range(JOBS)),
        )
        queue.database.conn.executemany(
            "INSERT INTO attempts (job, epoch, heartbeat, started, finished) VALUES (?, 1, 0, ?, ?)",
            ((f"sft-{number:07}", moment, moment) for number in range(JOBS)),
        )


def job_seconds(home: StateHome, rounds: int) -> dict[str, float]:
    """Seconds of a page of jobs: the first, one in the middle, the last, and the last of one state."""
    from modelops_server.jobs import State

    queue = Queue(home)
    fill_queue(queue)

    def page(offset: int, *states: State) -> float:
        return timed(lambda: queue.list(states=states or None, limit=PAGE, offset=offset))

    def rows() -> None:
        queue.database.execute(
            "SELECT * FROM jobs JOIN attempts ON attempts.job = jobs.id WHERE number <= ? ORDER BY number DESC", [PAGE]
        ).fetchall()

    return medians(
        take_turns(
            rounds,
            {
                "first": lambda: page(0),
                "middle": lambda: page(JOBS // 2),
                "last": lambda: page(JOBS - PAGE),
                "succeeded": lambda: page(JOBS // 2 - PAGE, State.SUCCEEDED),
                "rows": lambda: timed(rows),
            },
        )
    )


def listed(what: str, name: str, seconds: dict[str, float], rows: str) -> Figure:
    share = seconds[rows] / seconds[name]
    return Figure(f"{what}: {name}", 1000 * seconds[name], "ms", "the bare query of its rows", share)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--rounds", type=int, default=11, help="rounds of each measurement (default 11)")
    parser.add_argument("--bytes", type=int, default=MODEL_BYTES, help="size of the model's file")
    parser.add_argument("--folder", type=Path, default=Path.cwd(), help="where to write; its disk is what is measured")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix=".registry-", dir=options.folder) as scratch:
        folder = Path(scratch)
        clones = can_clone(folder)
        model_rounds = model_seconds(folder, options.bytes, options.rounds)
        artifacts = list_seconds(StateHome(folder / "artifacts"), options.rounds)
        jobs = job_seconds(StateHome(folder / "jobs"), options.rounds)

    model = medians(model_rounds)
    # Within a round, so that what the machine does meanwhile slows both sides.
    commit = statistics.median(each["commit"] / max(each["hash"], each["write"]) for each in model_rounds)
    verify = statistics.median(each["hash"] / each["verify"] for each in model_rounds)
    values = {
        "commit_over_slower": (commit, "<=", 1.3),
        "verify_over_hash_speed": (verify, ">=", 0.85),
        "artifact_page_ms": (1000 * max(artifacts["page"], artifacts["last_page"], artifacts["kind"]), "<=", 50),
        "job_page_ms": (1000 * max(jobs[page] for page in ("first", "middle", "last", "succeeded")), "<=", 50),
    }
    targets = {
        name: {
            "value": round(value, 3),
            "target": f"{sign} {bound}",
            "met": value <= bound if sign == "<=" else value >= bound,
        }
        for name, (value, sign, bound) in values.items()
    }
    figures = [
        Figure("hash alone", model["hash"], "s", "", 1),
        Figure("write and fsync alone", model["write"], "s", "", 1),
        Figure("commit", model["commit"], "s", "the slower of hash and write", 1 / commit),
        Figure("verify", model["verify"], "s", "hash alone", verify),
        Figure("verify in four files", model["verify_parts"], "s", "hash alone", model["hash"] / model["verify_parts"]),
        *(listed("artifacts", name, artifacts, "page_rows") for name in ("page", "last_page", "kind")),
        listed("artifacts", "all", artifacts, "all_rows"),
        *(listed("jobs", name, jobs, "rows") for name in ("first", "middle", "last", "succeeded")),
    ]
    if options.json:
        document = {"rounds": options.rounds, "bytes": options.bytes, "file_system_clones": clones}
        shown = [vars(figure) for figure in figures]
        print(json.dumps({**document, "figures": shown, "targets": targets}, indent=2))
        return
    print(f"{options.bytes / 1e6:.0f} MB, {ARTIFACTS} artifacts, {JOBS} jobs, pages of {PAGE}; clones: {clones}")
    for figure in figures:
        share = f"{figure.share:6.0%} of {figure.limit}" if figure.limit else ""
        print(f"{figure.name:<22} {figure.value:8.3f} {figure.unit:<2} {share}")
    for name, target in targets.items():
        print(f"{name} {target['value']} {target['target']}: {'met' if target['met'] else 'missed'}")


if __name__ == "__main__":
    main()
