"""How llama.cpp is asked to serve a GGUF file."""

from __future__ import annotations

import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from modelops.errors import InvalidInput, Unavailable
from modelops.paths import StateHome
from modelops_server.endpoints.engines.assignment import AdapterFolder, Assignment
from modelops_server.endpoints.engines.engine import Engine, Launch, Progress
from modelops_server.endpoints.engines.llamacpp.adapters import convert_adapter, converter
from modelops_server.endpoints.memory import Shape
from modelops_server.endpoints.servable import Servable
from modelops_server.endpoints.spec import EndpointSpec

PROMPT_CACHE = 128 * 2**20
"""Bytes in which llama.cpp may keep the caches of earlier prompts, where there are no adapters."""

_OVERHEAD = 170 * 10**6
"""Bytes of Python, xllamacpp and buffers for computing."""


class LlamaCpp(Engine):
    """Serves GGUF files; adapters are converted to its own form when the endpoint starts."""

    name = "llamacpp"
    title = "llama.cpp"
    gpus = 0  # xllamacpp's wheels on PyPI compute on the processor; whoever has others asks for GPUs

    def require(self, home: StateHome, *, adapters: bool) -> None:
        """Raise ``Unavailable`` without xllamacpp, and without the converter where there are adapters."""
        if find_spec("xllamacpp") is None:
            raise Unavailable(
                "engine_missing",
                "GGUF files are served by llama.cpp, which is not installed.",
                "pip install 'jupyterlab-modelops[serve]'",
            )
        if adapters:
            converter(home)

    def refuse(self, servable: Servable) -> None:
        """Raise ``InvalidInput`` for what is no GGUF file."""
        if not servable.gguf:
            raise InvalidInput(
                "engine_cannot_serve",
                f"llama.cpp serves GGUF files; {servable.model.ref} is not one.",
                f"Make one: modelops run quantize-gguf -p model={servable.model.ref}",
            )

    def memory(self, shape: Shape, context: int, parallel: int) -> dict[str, int]:
        """Weights as they are in the file, a cache of 16-bit numbers, and what the process takes."""
        return {
            "weights": shape.weights,
            "adapters": shape.adapters,
            "cache": 2 * shape.cache_values(context, parallel),
            "process": _OVERHEAD + (0 if shape.adapters else PROMPT_CACHE),
        }

    def prepare(
        self, assignment: Assignment, spec: EndpointSpec, home: StateHome, scratch: Path, progress: Progress
    ) -> Assignment:
        """The model's folder becomes its file, and each adapter's one that llama.cpp reads."""
        (file,) = Path(assignment.model).glob("*.gguf")
        adapters = []
        for served, adapter in zip(spec.adapters, assignment.adapters, strict=True):
            target = scratch / f"{served.digest}.gguf"
            if not target.exists():
                progress(f"Converting the adapter {served.ref}")
                convert_adapter(served.ref, Path(adapter.folder), target, home)
            adapters.append(AdapterFolder(adapter.name, str(target)))
        return replace(assignment, model=str(file), adapters=tuple(adapters))

    def launch(self, assignment: Assignment, home: StateHome) -> Launch:
        """Our own process around xllamacpp."""
        return Launch([sys.executable, "-P", "-m", "modelops_server.endpoints.engines.llamacpp"], assignment.line())

    def request(self, body: dict[str, Any], spec: EndpointSpec, adapter: str | None) -> dict[str, Any]:
        """Adapters are switched on by number, for each request; where there are none, nothing is to be said."""
        body = {name: value for name, value in body.items() if name not in _NOT_FOR_CLIENTS}
        if not spec.adapters:
            return body
        scales = [{"id": number, "scale": float(one.name == adapter)} for number, one in enumerate(spec.adapters)]
        return {**body, "lora": scales}


_NOT_FOR_CLIENTS = frozenset({"lora", "id_slot"})
"""Fields of a request by which a client could reach for what is not its own."""
