"""What llama.cpp itself makes of a GGUF file: the likelihood of token sequences, as one JSON document.

``python llama_cpp_likelihood.py FILE.gguf SEQUENCES.json`` in the environment ``llamacpp-kquants``; each sequence is
``{"ids": […], "learned": [positions whose token is predicted]}``.
"""

from __future__ import annotations

import json
import math
import os
import sys
from typing import Any


def main(file: str, sequences: str) -> None:
    """Print ``nll`` (nats) and ``tokens``."""
    import llama_cpp
    import numpy as np

    threads = len(os.sched_getaffinity(0))
    model: Any = llama_cpp.Llama(
        file, n_ctx=1024, n_batch=1024, n_threads=threads, n_threads_batch=threads, logits_all=True, verbose=False
    )
    nll, tokens = 0.0, 0
    with open(sequences) as lines:
        rows = json.load(lines)
    for row in rows:
        model.reset()
        model.eval(row["ids"])
        logits = np.array(model.scores[: len(row["ids"])], dtype=np.float64)
        for position in row["learned"]:
            scores = logits[position - 1]
            highest = scores.max()
            nll += highest + math.log(np.exp(scores - highest).sum()) - scores[row["ids"][position]]
            tokens += 1
    print(json.dumps({"nll": nll, "tokens": tokens}))


if __name__ == "__main__":
    main(*sys.argv[1:])
