"""What is to be served: a model and adapters that were trained on it, or an index; known before it is verified."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from modelops.errors import InvalidInput, VerificationError
from modelops.models.rerankers import is_reranker
from modelops.registry import Artifact, Registry
from modelops.registry.rejection import refuse_rejected
from modelops_server.endpoints.served_index import embedder_of, reranker_of
from modelops_server.endpoints.spec import Task

_OFFERED = 500
"""So many adapters are looked at for those that fit; the others can be named."""


@dataclass(frozen=True)
class Servable:
    """A model whose weights are loaded, or an index, and what is put beside it."""

    model: Artifact
    adapters: tuple[Artifact, ...] = ()
    default: Artifact | None = None
    """The adapter that is applied where a request names the endpoint alone."""
    embedder: Artifact | None = None
    """Of an index: the model that its vectors were made with."""
    reranker: Artifact | None = None
    """Of an index: the model that has the last word on what was found."""

    @property
    def task(self) -> Task:
        """What it is served for."""
        if self.model.kind == "index":
            return "search"
        return "embed" if any(file.path == "modules.json" for file in self.model.files) else "generate"

    @property
    def target(self) -> Artifact:
        """What a request gets that names the endpoint alone."""
        return self.default or self.model

    @property
    def gguf(self) -> bool:
        """Whether the model's weights are a GGUF file."""
        suffixes = {Path(file.path).suffix for file in self.model.files}
        return ".gguf" in suffixes and ".safetensors" not in suffixes


def find_servable(
    registry: Registry,
    ref: str,
    adapters: Sequence[str] = (),
    reranker: str | None = None,
    *,
    allow_rejected: bool = False,
) -> Servable:
    """What these references name; of an adapter, the model that it was trained on with it applied.

    Raises ``InvalidInput`` (``not_servable``, ``not_an_adapter``, ``adapter_given_twice``, ``not_a_reranker``,
    ``reranker_not_used`` with anything but an index), ``VerificationError``
    (``base_model_differs``) for an adapter of another model, ``Conflict`` (``rejected``) for what did not pass its
    gate, unless ``allow_rejected``, what finding the embedder of an index raises, and what the registry raises.
    """
    target = registry.get(ref)
    if target.kind not in {"model", "adapter", "index"}:
        raise InvalidInput(
            "not_servable",
            f"{target.ref} is of kind {target.kind}.",
            "Choose a model, an adapter or an index to serve.",
        )
    if is_reranker(target.metadata.get("architecture")):
        raise InvalidInput(
            "not_servable",
            f"{target.ref} scores a question and a passage: it is no model to talk to.",
            f"Serve an index with it: modelops endpoints start INDEX --reranker {target.ref}",
        )
    default = target if target.kind == "adapter" else None
    model = _base(registry, target) if default else target
    chosen = [*([default] if default else []), *(registry.get(adapter) for adapter in adapters)]
    names = [adapter.name for adapter in chosen]
    for adapter in chosen:
        if names.count(adapter.name) > 1:
            raise InvalidInput(
                "adapter_given_twice",
                f"There are two adapters called {adapter.name!r}; requests choose them by their name.",
                "Serve two versions of an adapter as two endpoints.",
            )
        _check_fits(registry, adapter, model)
    scorer = reranker_of(registry, model, reranker) if reranker else None
    for artifact in (model, *chosen, *([scorer] if scorer else [])):
        if not allow_rejected:
            refuse_rejected(artifact)
    embedder = embedder_of(registry, model) if model.kind == "index" else None
    return Servable(model, tuple(chosen), default, embedder, scorer)


def fitting_adapters(registry: Registry, ref: str) -> list[str]:
    """The newest adapters that were trained on what ``ref`` names, or on what that is a rounded form of.

    Those of an adapter's base where it names an adapter. Raises what :func:`find_servable` raises.
    """
    model = find_servable(registry, ref, allow_rejected=True).model
    same = _same_weights(registry, model)
    adapters = registry.list(kind="adapter", limit=_OFFERED)
    return [adapter.ref for adapter in adapters if adapter.metadata.get("base_digest") in same]


def _base(registry: Registry, adapter: Artifact) -> Artifact:
    """The model that an adapter was trained on."""
    digest = adapter.metadata.get("base_digest")
    found = registry.index.by_digest([digest]) if isinstance(digest, str) else []
    if not found:
        raise InvalidInput(
            "base_unknown",
            f"The model that {adapter.ref} was trained on is not in this registry.",
            f"Import {adapter.metadata.get('base_model', 'it')} first: modelops artifacts import FILE",
        )
    return found[0]


def _check_fits(registry: Registry, adapter: Artifact, model: Artifact) -> None:
    if adapter.kind != "adapter":
        raise InvalidInput("not_an_adapter", f"{adapter.ref} is of kind {adapter.kind}.", "Choose an adapter.")
    if adapter.metadata.get("base_digest") not in _same_weights(registry, model):
        raise VerificationError(
            "base_model_differs",
            f"{adapter.ref} was trained on {adapter.metadata.get('base_model', 'another model')}, "
            f"which is not {model.ref}.",
            "Serve it with the model that it was trained on.",
            expected=adapter.metadata.get("base_digest"),
            found=model.digest,
        )


def _same_weights(registry: Registry, model: Artifact) -> set[str]:
    """The digests of a model, and of those that it is a rounded form of: an adapter of theirs fits it, too."""
    digests = {model.digest}
    while "quantization" in model.metadata and model.metadata.get("adapter_digest") is None:
        base = model.metadata.get("base_digest")
        found = registry.index.by_digest([base]) if isinstance(base, str) and base not in digests else []
        if not found:
            break
        model = found[0]
        digests.add(model.digest)
    return digests
