"""What is added is signed with where it came from; what is refused changes nothing."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelops.errors import Conflict, InvalidInput, ModelOpsError, NonFinite
from modelops.models import add_model, import_model, inspect_model, load_model
from modelops.models.local import file_sha256
from modelops.registry import Artifact, Build, Registry


def leftovers(registry: Registry) -> list[Path]:
    return [path for path in registry.home.scratch.glob("*") if path.name != ".sweep"]


def definition(registry: Registry, artifact: Artifact) -> dict[str, Any]:
    """The build definition in an artifact's signed statement."""
    envelope = json.loads(registry.attestation(artifact.ref))
    statement = json.loads(base64.b64decode(envelope["payload"]))
    return dict(statement["predicate"]["buildDefinition"])


def test_a_folder_becomes_a_signed_model(registry: Registry, tiny_model_folder: Path) -> None:
    artifact = add_model(str(tiny_model_folder), name="tiny", registry=registry, probe=False)
    assert (artifact.ref, artifact.kind) == ("tiny@1", "model")
    info = inspect_model(tiny_model_folder)
    assert artifact.metadata["source"] == f"file:{tiny_model_folder.name}"
    assert artifact.metadata["architecture"] == "LlamaForCausalLM"
    assert artifact.metadata["parameter_count"] == info.parameter_count
    assert artifact.metadata["chat_template"] == info.chat_template
    with registry.verified_open("tiny@1") as verified:
        assert load_model(verified.path).num_parameters() == info.parameter_count
    assert not leftovers(registry)


def test_a_skipped_probe_is_on_record(registry: Registry, tiny_model_folder: Path) -> None:
    artifact = add_model(str(tiny_model_folder), name="tiny", registry=registry, probe=False)
    assert artifact.metadata["probe"] is None
    assert definition(registry, artifact)["externalParameters"]["probe"] is False


def test_the_probe_is_on_by_default_and_its_losses_are_signed(registry: Registry, smollm2_folder: Path) -> None:
    artifact = add_model(str(smollm2_folder), name="smollm2", registry=registry)
    assert float(artifact.metadata["probe"]["loss"]) < 2.5
    assert float(artifact.metadata["probe"]["chance"]) > 10


def test_an_implausible_model_is_not_registered(registry: Registry, tiny_model_folder: Path) -> None:
    with pytest.raises(InvalidInput) as refusal:
        add_model(str(tiny_model_folder), name="tiny", registry=registry)
    assert refusal.value.code == "implausible_model"
    assert registry.list() == []
    assert not leftovers(registry)


def test_the_same_model_again_makes_no_new_version(registry: Registry, tiny_model_folder: Path) -> None:
    first = import_model(str(tiny_model_folder), name="tiny", registry=registry, probe=False)
    again = import_model(str(tiny_model_folder), name="tiny", registry=registry, probe=False)
    assert (first.new, again.new) == (True, False)
    assert again.artifact == first.artifact


def test_another_content_makes_a_new_version(registry: Registry, model: Path) -> None:
    add_model(str(model), name="tiny", registry=registry, probe=False)
    (model / "README.md").write_text("---\nlicense: mit\n---\n")
    second = add_model(str(model), name="tiny", registry=registry, probe=False)
    assert (second.version, second.metadata["licence"]) == (2, "MIT")


def test_a_gguf_file_is_recorded_by_digest_and_converted_once(registry: Registry, tiny_gguf: Path) -> None:
    lines: list[str] = []
    first = import_model(str(tiny_gguf), name="tiny", registry=registry, probe=False, progress=lines.append)
    assert any("Dequantizing F32" in line for line in lines)
    assert first.artifact.metadata["licence"] == "MIT"
    (source,) = definition(registry, first.artifact)["resolvedDependencies"]
    assert source["digest"]["sha256"] == file_sha256(tiny_gguf)
    lines.clear()
    again = import_model(str(tiny_gguf), name="tiny", registry=registry, probe=False, progress=lines.append)
    assert not again.new
    assert not any("Dequantizing" in line for line in lines)


def test_code_and_pickles_beside_the_weights_stay_behind_and_are_named(registry: Registry, model: Path) -> None:
    (model / "training_args.bin").write_bytes(b"\x80\x04.")
    (model / "modeling.py").write_text("raise SystemExit")
    lines: list[str] = []
    artifact = add_model(str(model), name="tiny", registry=registry, probe=False, progress=lines.append)
    assert {"Left out: training_args.bin", "Left out: modeling.py"} <= set(lines)
    assert not {"training_args.bin", "modeling.py"} & {file.path for file in artifact.files}


def test_a_name_of_a_dataset_is_refused(registry: Registry, tiny_model_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train.jsonl").write_text("{}")
    registry.register(
        tmp_path / "data", name="taken", kind="dataset", metadata={}, build=Build("import", {}, dependencies=())
    )
    with pytest.raises(Conflict) as refusal:
        add_model(str(tiny_model_folder), name="taken", registry=registry, probe=False)
    assert refusal.value.code == "name_taken"


def only_pickles(model: Path) -> None:
    (model / "model.safetensors").rename(model / "pytorch_model.bin")


def renamed_pickle(model: Path) -> None:
    import torch

    torch.save({"weight": torch.zeros(3)}, model / "model.safetensors")


def cut_off(model: Path) -> None:
    path = model / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def remote_code(model: Path) -> None:
    config = json.loads((model / "config.json").read_text())
    (model / "config.json").write_text(json.dumps(config | {"auto_map": {"AutoModel": "x.Y"}}))


def without_tokenizer(model: Path) -> None:
    (model / "tokenizer.json").unlink()


def linked(model: Path) -> None:
    (model / "extra.txt").symlink_to("/etc/hostname")


def with_nan(model: Path) -> None:
    import numpy as np
    from safetensors.numpy import load_file, save_file

    weights = load_file(model / "model.safetensors")
    weights["model.norm.weight"][3] = np.nan
    save_file(weights, model / "model.safetensors", metadata={"format": "pt"})


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (only_pickles, "pickle"),
        (renamed_pickle, "pickle"),
        (cut_off, "safetensors_out_of_bounds"),
        (remote_code, "remote_code"),
        (without_tokenizer, "missing_tokenizer"),
        (linked, "not_a_regular_file"),
        (with_nan, "non_finite"),
        (shutil.rmtree, "model_not_found"),
    ],
)
def test_a_refused_model_changes_nothing(
    registry: Registry, model: Path, damage: Callable[[Path], None], code: str
) -> None:
    damage(model)
    with pytest.raises(ModelOpsError) as refusal:
        add_model(str(model), name="tiny", registry=registry, probe=False)
    assert refusal.value.code == code
    assert refusal.value.hint
    assert isinstance(refusal.value, InvalidInput | NonFinite)
    assert registry.list() == []
    assert not leftovers(registry)
    assert not [path for path in registry.home.blobs.rglob("*") if path.is_file()]
