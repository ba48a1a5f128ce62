"""How fast a GGUF file reads and writes here, by llama.cpp.

llama.cpp ends the process that gives it a file of which it has other ideas. Therefore it runs in one of its own:
``python -m modelops.evaluation.gguf_speeds FILE PROMPT_TOKENS NEW_TOKENS REPETITIONS`` prints a line with a JSON
object for each repetition.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from modelops.errors import InvalidInput, Unavailable
from modelops.evaluation.progress import OnProgress, quietly
from modelops.evaluation.speeds import speed_measures
from modelops.intervals import Measure

_FOUND = "timings: "


def gguf_speed(
    file: Path,
    *,
    prompt_tokens: int = 256,
    new_tokens: int = 32,
    repetitions: int = 6,
    on_progress: OnProgress = quietly,
) -> dict[str, Measure]:
    """``prefill_speed`` and ``decode_speed`` in tokens/s, as :func:`speed` has them, of a file run by llama.cpp.

    What is read are any tokens, for all of them take the same time. All cores that this process may use work on one
    sequence. Raises ``Unavailable`` (``engine_missing``) where xllamacpp is not installed, ``InvalidInput``
    (``gguf_not_run``) for a file that llama.cpp does not load or run.
    """
    if find_spec("xllamacpp") is None:
        raise Unavailable(
            "engine_missing",
            "The speed of a GGUF file is measured by llama.cpp, which is not installed.",
            "pip install 'jupyterlab-modelops[serve]'",
        )
    typed = [sys.executable, "-m", __name__, str(file), *map(str, (prompt_tokens, new_tokens, repetitions))]
    reading, writing = [], []
    on_progress(0, repetitions)
    said = []
    with subprocess.Popen(
        typed, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        try:
            for line in process.stdout or ():
                if not line.startswith(_FOUND):
                    said.append(line)
                    continue
                timings = json.loads(line.removeprefix(_FOUND))
                reading.append(float(timings["prompt_per_second"]))
                writing.append(float(timings["predicted_per_second"]))
                on_progress(len(reading), repetitions)
        finally:
            process.kill()
    if len(reading) < repetitions:
        raise InvalidInput(
            "gguf_not_run",
            f"llama.cpp does not run {file.name}: {_why(said)}",
            "Its architecture may be newer than this llama.cpp, or the file is damaged.",
        )
    return speed_measures(reading, writing, f"llama.cpp (xllamacpp {version('xllamacpp')})")


def _why(said: list[str]) -> str:
    """What the process said last of an error."""
    lines = [line.strip() for line in said if "error" in line.lower() or "ASSERT" in line]
    return (lines or ["it ended without a word."])[-1][-300:]


def _timings(file: Path, prompt_tokens: int, new_tokens: int, repetitions: int) -> Iterator[dict[str, Any]]:
    """llama.cpp's timings of reading a prompt from its beginning and of writing after it, the likeliest tokens."""
    import xllamacpp

    asked = xllamacpp.CommonParams()
    asked.model.path = str(file)
    asked.n_ctx, asked.n_parallel = prompt_tokens + new_tokens, 1
    asked.cpuparams.n_threads = asked.cpuparams_batch.n_threads = len(os.sched_getaffinity(0))
    asked.warmup, asked.verbosity = False, 0
    # It listens on loopback, too: for nobody but this process.
    asked.api_keys = [secrets.token_urlsafe()]
    server = xllamacpp.Server(asked)
    prompt = [10 + place % 100 for place in range(prompt_tokens)]
    for repetition in range(repetitions + 1):
        answer = server.handle_completions(
            {
                "prompt": prompt,
                "n_predict": new_tokens if repetition else 1,
                "cache_prompt": False,
                "ignore_eos": True,
                "temperature": 0,
            }
        )
        if "timings" not in answer:
            raise SystemExit(f"error: {answer.get('error', answer)}")
        if repetition:  # memory is taken the first time
            yield answer["timings"]


if __name__ == "__main__":
    for _found in _timings(Path(sys.argv[1]), *map(int, sys.argv[2:5])):
        sys.stdout.write(f"{_FOUND}{json.dumps(_found)}\n")
        sys.stdout.flush()
