"""How vLLM is asked to serve a model."""

from __future__ import annotations

import json
from pathlib import Path

from modelops.errors import InvalidInput, NotFound, Unavailable
from modelops.machine.gpus import gpus
from modelops.paths import StateHome
from modelops_server.endpoints.engines.assignment import Assignment
from modelops_server.endpoints.engines.engine import Engine, Launch
from modelops_server.endpoints.engines.threads import ROUNDS, SPIN_COUNT
from modelops_server.endpoints.engines.vllm.command import arguments, cached_tokens, number_bytes
from modelops_server.endpoints.memory import Shape
from modelops_server.endpoints.servable import Servable
from modelops_server.environments import Environment, environment

_OVERHEAD = 2_100 * 10**6
"""Bytes of its processes and of buffers for computing."""

_CPU_HEADS = (32, 48, 64, 80, 96, 112, 128, 160, 192, 224, 256, 512)
"""Widths of heads for which vLLM 0.32 has attention compiled for processors.

Its ``CPUAttentionBackend.get_supported_head_sizes`` leaves out 48, but nobody asks it on a processor: another width
fails at the first question, in the midst of computing.
"""

_PROCESS = Path(__file__).with_name("process.py")
"""Never imported: who does is bound to die with its parent."""

_SETTINGS = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
    "PYTHONNOUSERSITE": "1",
    "VLLM_WORKER_MULTIPROC_METHOD": "spawn",
}


class Vllm(Engine):
    """Serves models of the transformers library; its environment is its own."""

    name = "vllm"
    title = "vLLM"

    def require(self, home: StateHome, *, adapters: bool) -> None:
        """Raise ``Unavailable`` without its environment: ``vllm`` where there is a GPU, else ``vllm-cpu``."""
        _environment(home).require()

    def refuse(self, servable: Servable) -> None:
        """Raise ``InvalidInput`` for GGUF files, and for models that embed."""
        if servable.gguf:
            raise InvalidInput(
                "engine_cannot_serve",
                f"vLLM serves models of the transformers library; {servable.model.ref} is a GGUF file.",
                "Serve it by llama.cpp: --engine llamacpp",
            )
        if any(file.path == "modules.json" for file in servable.model.files):
            raise InvalidInput(
                "engine_cannot_serve",
                f"vLLM is asked for text here, and {servable.model.ref} embeds.",
                "Serve it by transformers: --engine transformers",
            )

    def refuse_shape(self, ref: str, shape: Shape) -> None:
        """Raise ``InvalidInput`` for heads of a width for which it has no attention on a processor."""
        if gpus() or shape.head_width is None or shape.head_width in _CPU_HEADS:
            return
        raise InvalidInput(
            "engine_cannot_serve",
            f"The attention heads of {ref} have {shape.head_width} numbers; on a processor vLLM computes those of "
            f"{', '.join(map(str, _CPU_HEADS[:-1]))} or {_CPU_HEADS[-1]}.",
            "Serve it by transformers: --engine transformers",
        )

    def memory(self, shape: Shape, context: int, parallel: int) -> dict[str, int]:
        """Weights and caches in the number format that is computed in, in whole blocks, and what the process takes."""
        number = number_bytes()
        return {
            "weights": shape.weights if shape.quantized else max(shape.parameters * number, shape.weights),
            "adapters": shape.adapters,
            "cache": number * shape.cache_values(cached_tokens(context, parallel), 1),
            "process": _OVERHEAD,
        }

    def launch(self, assignment: Assignment, home: StateHome) -> Launch:
        """Its own server, started by a small script that reads the key."""
        threads = str(assignment.threads)
        # Bound to cores by itself, it would keep one of them free, and take no notice of other processes.
        computing = {"VLLM_CPU_OMP_THREADS_BIND": "nobind", "OMP_NUM_THREADS": threads, SPIN_COUNT: ROUNDS}
        asked = {"arguments": arguments(assignment), "key": assignment.key}
        command = [str(_environment(home).python), "-P", str(_PROCESS)]
        return Launch(command, json.dumps(asked).encode() + b"\n", {**_SETTINGS, **computing})


def _environment(home: StateHome) -> Environment:
    name = "vllm" if gpus() else "vllm-cpu"
    try:
        return environment(home, name)
    except NotFound as error:
        raise Unavailable(
            "engine_missing",
            "vLLM on a GPU runs in an environment called vllm, for which no lock file is there.",
            "Write one into the folder locks of the state home: see docs/environments.md",
        ) from error
