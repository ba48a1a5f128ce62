"""How fast a GGUF file reads and writes here, by llama.cpp."""

from __future__ import annotations

import os
import secrets
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from modelops.errors import InvalidInput, Unavailable
from modelops.evaluation.measuring import Measure
from modelops.evaluation.progress import OnProgress, quietly
from modelops.evaluation.speeds import TEXT, speed_measures

_MOST_TOKENS_A_SENTENCE = len(TEXT)


def gguf_speed(
    file: Path,
    *,
    prompt_tokens: int = 256,
    new_tokens: int = 32,
    repetitions: int = 6,
    on_progress: OnProgress = quietly,
) -> dict[str, Measure]:
    """``prefill_speed`` and ``decode_speed`` in tokens/s, as :func:`speed` has them, of a file run by llama.cpp.

    ``prompt_tokens`` is about how many are read. All cores that this process may use work on one sequence. Raises
    ``Unavailable`` (``engine_missing``) where xllamacpp is not installed, ``InvalidInput`` (``gguf_not_loaded``) for a
    file that llama.cpp refuses.
    """
    if find_spec("xllamacpp") is None:
        raise Unavailable(
            "engine_missing",
            "The speed of a GGUF file is measured by llama.cpp, which is not installed.",
            "pip install 'jupyterlab-modelops[serve]'",
        )
    # A sentence is about 18 tokens; a tokenizer that knows no words makes more of it.
    sentences = max(1, prompt_tokens // 18)
    server = _load(file, context=sentences * _MOST_TOKENS_A_SENTENCE + new_tokens)
    reading, writing = [], []
    on_progress(0, repetitions)
    _complete(server, TEXT, 4)  # memory is taken the first time
    for repetition in range(repetitions):
        timings = _complete(server, TEXT * sentences, new_tokens)
        reading.append(float(timings["prompt_per_second"]))
        writing.append(float(timings["predicted_per_second"]))
        on_progress(repetition + 1, repetitions)
    return speed_measures(reading, writing, f"llama.cpp (xllamacpp {version('xllamacpp')})")


def _load(file: Path, context: int) -> Any:
    import xllamacpp

    asked = xllamacpp.CommonParams()
    asked.model.path = str(file)
    asked.n_ctx, asked.n_parallel = context, 1
    asked.cpuparams.n_threads = asked.cpuparams_batch.n_threads = len(os.sched_getaffinity(0))
    asked.warmup, asked.verbosity = False, -1
    # It listens on loopback, too: for nobody but this process.
    asked.api_keys = [secrets.token_urlsafe()]
    try:
        return xllamacpp.Server(asked)
    except RuntimeError as error:
        raise InvalidInput(
            "gguf_not_loaded",
            f"llama.cpp does not load {file.name}.",
            "Its architecture may be newer than this llama.cpp, or the file is damaged: verify it.",
        ) from error


def _complete(server: Any, prompt: str, new_tokens: int) -> dict[str, float]:
    """The timings of reading a prompt from its beginning and of writing so many tokens after it, the likeliest ones."""
    answer = server.handle_completions(
        {"prompt": prompt, "n_predict": new_tokens, "cache_prompt": False, "ignore_eos": True, "temperature": 0}
    )
    if "timings" not in answer:
        raise InvalidInput(
            "gguf_not_run", f"llama.cpp does not run it: {answer}.", "Look at the file's context length."
        )
    timings: dict[str, float] = answer["timings"]
    return timings
