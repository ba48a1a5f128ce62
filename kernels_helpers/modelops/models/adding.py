"""Adds models to the registry: fetched, converted, inspected, probed, and only then signed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import modelops
from modelops.errors import Conflict, NotFound
from modelops.files import regular_files
from modelops.models.embedders import is_embedder
from modelops.models.fetching import fetch
from modelops.models.finiteness import check_finite
from modelops.models.gguf_files import read_gguf_header
from modelops.models.inspection import ModelInfo, inspect_model
from modelops.models.licences import canonical_licence
from modelops.models.local import file_sha256
from modelops.models.probing import OnLoaded, ignored, probe_model
from modelops.models.rerankers import is_reranker
from modelops.models.sources import Fetched, Progress, Source, parse_source
from modelops.names import check_name
from modelops.registry import Artifact, Build, Dependency, Registry
from modelops.registry.scratch import ScratchFolder


@dataclass(frozen=True)
class Registered:
    """The artifact, and whether it is new or was there with the same files already."""

    artifact: Artifact
    new: bool


def quietly(line: str) -> None:
    """Progress that nobody follows."""


def add_model(source: str, *, name: str, registry: Registry, **options: Any) -> Artifact:
    """Add the model at ``source``; options and errors are those of :func:`import_model`."""
    return import_model(source, name=name, registry=registry, **options).artifact


def import_model(
    source: str,
    *,
    name: str,
    registry: Registry,
    revision: str | None = None,
    probe: bool = True,
    progress: Progress = quietly,
    then: OnLoaded = ignored,
) -> Registered:
    """Fetch, convert, check and register the model at ``source`` as the next version of ``name``.

    Identical files under the same name make no new version. ``probe=False`` skips loading the model and reading a text
    with it, and says so in the metadata; ``then`` is given the model that was probed. Nothing is left behind when
    anything fails. Raises ``InvalidInput`` for a model that is refused, ``NonFinite``, ``NotFound``, ``Unavailable``,
    and ``Conflict`` for a name in other use.
    """
    check_name(name, "artifact name")
    origin = parse_source(source, revision)
    newest = _newest(registry, name)
    started = datetime.now(UTC)
    with scratch_folder(registry) as scratch:
        fetched = fetch(origin, scratch, progress)
        if newest is not None and _is_known(fetched, newest.metadata) and (newest.metadata.get("probe") or not probe):
            return Registered(newest, new=False)
        folder = prepare(fetched, scratch, progress)
        info = inspect_model(folder)
        progress("Looking for NaN and infinity")
        check_finite(folder)
        progress("Hashing")
        same = newest is not None and _digests(folder) == {file.path: file.sha256 for file in newest.files}
        if newest is not None and same and (newest.metadata.get("probe") or not probe):
            return Registered(newest, new=False)
        reading = _probe(folder, info, progress, then) if probe else None
        if newest is not None and same:
            return Registered(newest, new=False)
        build = Build(
            build_type="import",
            parameters={"source": str(origin), "probe": probe},
            dependencies=_dependencies(fetched),
            started=started,
            finished=datetime.now(UTC),
        )
        progress("Storing and signing")
        metadata = _metadata(origin, fetched, info, reading)
        return Registered(registry.register(folder, name=name, kind="model", metadata=metadata, build=build), new=True)


def prepare(fetched: Fetched, scratch: Path, progress: Progress) -> Path:
    """The folder with a fetched model as safetensors, with the documents that came with it."""
    for name in fetched.left_out:
        progress(f"Left out: {name}")
    folder = fetched.weights
    if fetched.weights.is_file():
        from modelops.models.dequantization import dequantize

        folder = scratch / "model"
        folder.mkdir()
        dequantize(fetched.weights, folder, progress)
    for document in fetched.companions:
        if not (folder / document.name).exists():
            shutil.copyfile(document, folder / document.name)
    for _, path in regular_files(folder):
        path.chmod(0o644)  # safetensors are saved for their owner only
    return folder


@contextmanager
def scratch_folder(registry: Registry) -> Iterator[Path]:
    """A private folder on the registry's file system that is gone afterwards."""
    scratch = ScratchFolder(registry.home)
    try:
        yield scratch.path
    finally:
        scratch.remove()


def _newest(registry: Registry, name: str) -> Artifact | None:
    try:
        newest = registry.get(name)
    except NotFound:
        return None
    if newest.kind != "model":
        raise Conflict("name_taken", f"{name} is the name of a {newest.kind}.", "Choose another name.", ref=newest.ref)
    return newest


def _is_known(fetched: Fetched, metadata: dict[str, Any]) -> bool:
    """Whether a GGUF file was converted before, by the same software: its digest tells without doing it again."""
    return (
        fetched.weights.is_file()
        and fetched.sha256 == metadata.get("source_sha256")
        and metadata.get("converter") == _converter()
    )


def _probe(folder: Path, info: ModelInfo, progress: Progress, then: OnLoaded) -> dict[str, str]:
    if is_embedder(folder):
        from modelops.models.embedding_probe import probe_embedder

        progress("Probing: comparing the vectors of short sentences")
        return probe_embedder(folder).as_metadata()
    if is_reranker(info.architecture):
        from modelops.models.reranker_probe import probe_reranker

        progress("Probing: scoring passages for short questions")
        return probe_reranker(folder).as_metadata()
    progress("Probing: reading a short text with the model")
    return probe_model(folder, then).as_metadata()


def _digests(folder: Path) -> dict[str, str]:
    return {name: file_sha256(path) for name, path in regular_files(folder)}


def _dependencies(fetched: Fetched) -> tuple[Dependency, ...]:
    source = Dependency("source", fetched.uri, fetched.sha256)
    if not fetched.weights.is_file() or fetched.uri == f"file:{fetched.weights.name}":
        return (source,)
    return (source, Dependency("weights", f"file:{fetched.weights.name}", file_sha256(fetched.weights)))


def _metadata(origin: Source, fetched: Fetched, info: ModelInfo, reading: dict[str, str] | None) -> dict[str, Any]:
    facts = info.as_json()
    del facts["format"]
    metadata = {
        "source": str(origin),
        "source_sha256": fetched.sha256,
        "revision": fetched.revision,
        "licence": fetched.licence,
        **facts,
        "probe": reading,
    }
    if fetched.weights.is_file():
        header = read_gguf_header(fetched.weights)
        # The file's own word goes before that of the package around it.
        metadata["licence"] = canonical_licence(header.fields.get("general.license")) or fetched.licence
        metadata["dequantized_from"] = header.main_type if header.is_quantized else None
        metadata["converter"] = _converter()
    return metadata


def _converter() -> str:
    try:
        return f"modelops {modelops.__version__}, transformers {version('transformers')}"
    except PackageNotFoundError:
        return f"modelops {modelops.__version__}"
