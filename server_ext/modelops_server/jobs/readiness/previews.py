"""Asks the kernel's Python about datasets and tokenizers, in a process that is kept while it is asked.

A server never imports torch and never waits: the process loads what takes seconds once, ends by itself when nobody has
asked for two minutes, and dies with the server, whose end of the pipe it reads. What it counted stays in the state
home, by the digests of dataset and tokenizer and the length limit.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import subprocess
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate
from pathlib import Path
from typing import Any

from modelops.errors import InvalidInput, Unavailable
from modelops.files import write_atomic
from modelops.paths import StateHome
from modelops.registry import Artifact
from modelops.training.preview import MOST_ROWS, DatasetFacts, is_tokenizer_file
from modelops_server.jobs.running.kernels import kernel_defaults

_MODULE = "modelops.training.preview_worker"
_KEPT = 200
"""Answers that are kept on disk; the oldest go first."""

_FORMAT = 1
"""Raised when what is counted changes its meaning."""


class Previews:
    """Previews by one Python; threads may share it, and wait for each other."""

    def __init__(self, python: str) -> None:
        self._python = python
        self._process: subprocess.Popen[bytes] | None = None
        self._asking = threading.Lock()
        self._pool = ThreadPoolExecutor(1, "preview")
        self._begun: dict[Path, Future[dict[str, Any]]] = {}

    def facts(
        self, home: StateHome, dataset: Artifact, model: Artifact, max_length: int, patience: float | None
    ) -> DatasetFacts | None:
        """How a dataset fits a model's tokenizer and ``max_length``; ``None`` when that takes longer than ``patience``.

        It is then counted in the background, and there when it is asked for again; without any patience nothing is
        started. Raises what counting raises.
        """
        stored = home.cache / "previews" / f"{_key(dataset, model, max_length)}.json"
        with contextlib.suppress(OSError, ValueError, TypeError):
            os.utime(stored)
            return DatasetFacts(**json.loads(stored.read_bytes()))
        if patience == 0:
            return None
        counting = self._begun.get(stored)
        if counting is None:
            question = {"ask": "facts", **_about(home, dataset, model, max_length)}
            counting = self._begun[stored] = self._pool.submit(self._count, stored, question)
            counting.add_done_callback(lambda _: self._begun.pop(stored, None))
        try:
            return DatasetFacts(**counting.result(patience))
        except TooLate:
            return None

    def first_rows(
        self, home: StateHome, dataset: Artifact, model: Artifact, max_length: int, rows: int, most_tokens: int
    ) -> dict[str, Any]:
        """The first packed rows, token by token; waits for them."""
        about = _about(home, dataset, model, max_length)
        return self._ask({"ask": "first_rows", **about, "rows": rows, "most_tokens": most_tokens})

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
        self._pool.shutdown(cancel_futures=True)

    def _count(self, stored: Path, question: dict[str, Any]) -> dict[str, Any]:
        answer = self._ask(question)
        with contextlib.suppress(OSError):  # on a full disk it is counted again
            _store(stored, answer)
        return answer

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        line = json.dumps(question).encode() + b"\n"
        with self._asking:
            # The one that is there may have ended for want of questions, before it read this one.
            reply = self._exchange(line) or self._exchange(line)
        if not reply:
            raise Unavailable(
                "preview_failed",
                "The kernel's Python could not look at the dataset: its process ended.",
                f"See why: {self._python} -m {_MODULE}",
            )
        answer: dict[str, Any] = json.loads(reply)
        if "problem" in answer:
            problem: dict[str, Any] = answer["problem"]
            code, detail, hint = (problem.pop(name) for name in ("code", "detail", "hint"))
            raise InvalidInput(code, detail, hint, **problem)
        return dict(answer["answer"])

    def _exchange(self, line: bytes) -> bytes:
        process = self._running()
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the process was started without pipes")
        try:
            process.stdin.write(line)
            process.stdin.flush()
        except OSError:
            return b""
        return process.stdout.readline()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(
                [self._python, "-m", _MODULE],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=kernel_defaults(),
            )
        return self._process


_all: dict[str, Previews] = {}
_making = threading.Lock()


def previews(python: str) -> Previews:
    """The previews of this process by ``python``."""
    with _making:
        if python not in _all:
            _all[python] = Previews(python)
        return _all[python]


def close_previews() -> None:
    """End every process that was started for previews."""
    with _making:
        while _all:
            _all.popitem()[1].close()


def _about(home: StateHome, dataset: Artifact, model: Artifact, max_length: int) -> dict[str, Any]:
    return {"home": str(home.root), "dataset": dataset.ref, "model": model.ref, "max_length": max_length}


def _store(path: Path, answer: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_atomic(path, json.dumps(answer).encode())
    by_age = sorted(path.parent.glob("*.json"), key=lambda file: file.stat().st_mtime, reverse=True)
    for old in by_age[_KEPT:]:
        old.unlink(missing_ok=True)


def _key(dataset: Artifact, model: Artifact, max_length: int) -> str:
    tokenizer = sorted((file.path, file.sha256) for file in model.files if is_tokenizer_file(file.path))
    parts = [_FORMAT, MOST_ROWS, dataset.digest, tokenizer, max_length]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
