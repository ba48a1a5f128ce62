"""Whether a quantization can run here: what the model is, how large it becomes, and what to take instead."""

from __future__ import annotations

import importlib.util
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from tiny_gguf import write_gguf
from tiny_llamacpp import write_environment
from transformers import BitsAndBytesConfig

from modelops.models import load_model
from modelops.models.safetensors_files import read_header
from modelops.registry import Artifact, Build, Dependency, Registry
from modelops.templates import load_template
from modelops_server.jobs.readiness import Asked, Check, check_readiness
from modelops_server.jobs.resources import Inventory

TEMPLATES = Path(__file__).parents[4] / "templates"
MACHINE = Inventory(cpus=4, gpus=(), memory=16 * 10**9)
KERNEL = "played-llamacpp"

NF4 = {"quant_method": "bitsandbytes", "load_in_4bit": True, "bnb_4bit_quant_type": "nf4"}
CALIBRATED: dict[str, dict[str, Any]] = {name: {"calibration_rows": 8} for name in ("quantize-gptq", "quantize-awq")}

Look = Callable[..., dict[str, Check]]


@pytest.fixture
def look(jobs: Any, tiny_model: Artifact, chats: Artifact, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Look:
    """Asks for the checks of a quantization of the tiny model with these parameters, by their names."""
    write_environment(tmp_path / "environment", tmp_path / "jupyter" / "kernels", KERNEL)
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))

    def checks(template: str = "quantize-gguf", inventory: Inventory = MACHINE, **parameters: Any) -> dict[str, Check]:
        asked = Asked(load_template(TEMPLATES / f"{template}.ipynb"), {"dataset": "chats", **parameters}, kernel=KERNEL)
        return {check.name: check for check in check_readiness(asked, jobs.queue, inventory=inventory).checks}

    return checks


@pytest.fixture
def store(registry: Registry, tiny_model_folder: Path, tmp_path: Path) -> Callable[..., Artifact]:
    """Registers the tiny model with another configuration, or as a GGUF file."""

    def register(
        name: str, *, gguf: bool = False, kind: str = "model", metadata: dict[str, Any] | None = None, **config: Any
    ) -> Artifact:
        folder = tmp_path / name
        if gguf:
            folder.mkdir()
            write_gguf(tiny_model_folder, folder / "tiny.gguf", "q8_0")
        else:
            shutil.copytree(tiny_model_folder, folder)
            written = json.loads((folder / "config.json").read_text())
            (folder / "config.json").write_text(json.dumps({**written, **config}))
        build = Build("job", {}, ())
        return registry.register(folder, name=name, kind=kind, metadata=metadata or {}, build=build)

    return register


@pytest.fixture
def rows(registry: Registry, tmp_path: Path) -> Callable[..., Artifact]:
    """Registers a dataset with so many rows in each of its splits."""

    def register(name: str, **splits: int) -> Artifact:
        (tmp_path / name / "data").mkdir(parents=True)
        for split, count in splits.items():
            (tmp_path / name / "data" / f"{split}.jsonl").write_text('{"text": "Once"}\n' * count)
        build = Build("import", {}, (Dependency("source", f"file:{name}", "0" * 64),))
        return registry.register(tmp_path / name, name=name, kind="dataset", metadata={}, build=build)

    return register


def test_sizes_are_told_before_anything_is_written(
    look: Look, tiny_model: Artifact, tiny_model_folder: Path, tmp_path: Path
) -> None:
    checks = look(model="tiny", types=["bf16", "q8_0"])

    assert {check.status for check in checks.values()} == {"ok"}
    said = checks["size"].sentence
    told = {part.split()[0]: float(part.split()[1]) for part in said.partition("about: ")[2].rstrip(".").split(", ")}
    for type, kilobytes in told.items():
        write_gguf(tiny_model_folder, tmp_path / f"{type}.gguf", type)
        # Of so small a file the fields and the names of the tensors are a few percent.
        assert 0.9 < kilobytes * 1000 / (tmp_path / f"{type}.gguf").stat().st_size < 1.01
    assert "in float32 take" in checks["memory"].sentence


@pytest.fixture
def foresee(jobs: Any, look: Look) -> Callable[..., dict[str, Any]]:
    """Asks what would come out of each choice."""

    def outlook(template: str, **parameters: Any) -> dict[str, Any]:
        asked = Asked(
            load_template(TEMPLATES / f"{template}.ipynb"), {"dataset": "chats", "model": "tiny", **parameters}
        )
        return {one.choice: one for one in check_readiness(asked, jobs.queue, inventory=MACHINE).outlook}

    return outlook


def test_the_size_of_each_choice_is_told_also_of_those_that_are_not_chosen(
    foresee: Callable[..., dict[str, Any]], tiny_model: Artifact, tiny_model_folder: Path, tmp_path: Path
) -> None:
    types = foresee("quantize-gguf", types=["q8_0"])
    assert {"f32", "bf16", "q8_0", "q4_k_m"} < set(types)
    assert types["f32"].bytes > types["bf16"].bytes > types["q8_0"].bytes > types["q4_0"].bytes

    schemes = foresee("quantize-bnb")
    config = BitsAndBytesConfig(load_in_8bit=True)
    load_model(tiny_model_folder, dtype="auto", quantization_config=config).save_pretrained(tmp_path / "int8")
    stored = sum(tensor.end - tensor.start for tensor in read_header(tmp_path / "int8" / "model.safetensors"))
    assert schemes["int8"].bytes == pytest.approx(stored, rel=0.001)
    assert schemes["nf4"].bytes < schemes["int8"].bytes
    assert not any(one.measured for one in schemes.values())


def test_what_was_measured_before_of_the_same_model_is_told(
    foresee: Callable[..., dict[str, Any]], registry: Registry, tiny_model: Artifact, tmp_path: Path
) -> None:
    def made(name: str, quantization: str, ratio: float, **metadata: Any) -> Artifact:
        (tmp_path / "made").mkdir(exist_ok=True)
        (tmp_path / "made" / "weights").write_text(f"{name}{ratio}")
        facts = {
            "base_digest": tiny_model.digest,
            "quantization": quantization,
            "perplexity_ratio": ratio,
            "intervals": {"perplexity_ratio": f"{ratio - 0.1:.4g} to {ratio + 0.1:.4g}"},
            **metadata,
        }
        build = Build("job", {}, (tiny_model.as_dependency("model"),))
        return registry.register(tmp_path / "made", name=name, kind="model", metadata=facts, build=build)

    made("four", "gptq-w4a16", 1.3)
    made("four", "gptq-w4a16", 1.2, gate={"verdict": "rejected", "reasons": ["It is worse."], "rulings": []})
    made("other", "gptq-w8a8", 1.01, base_digest="0" * 64)
    made("adapted", "gptq-w8a8", 1.02, adapter_digest="1" * 64)

    before = foresee("quantize-gptq")["W4A16"].measured
    assert (before.ref, before.perplexity_ratio, before.interval, before.rejected) == ("four@2", 1.2, (1.1, 1.3), True)
    assert foresee("quantize-gptq")["W8A8"].measured is None
    assert foresee("quantize-awq")["W4A16"].measured is None


def test_an_architecture_that_the_converter_does_not_know_is_told_with_those_it_knows(
    look: Look, store: Callable[..., Artifact]
) -> None:
    store("ears", architectures=["WhisperForConditionalGeneration"])
    check = look(model="ears")["model"]

    assert check.status == "blocked"
    assert "WhisperForConditionalGeneration" in check.sentence
    assert check.mend is not None
    assert "LlamaForCausalLM" in check.mend.sentence


@pytest.mark.parametrize("template", ["quantize-gguf", "quantize-bnb", "sft"])
def test_a_gguf_file_is_refused_with_the_model_it_was_made_from(
    look: Look, store: Callable[..., Artifact], template: str
) -> None:
    store("small", gguf=True, metadata={"base_model": "tiny@1"})
    parameter = "base_model" if template == "sft" else "model"
    check = look(template, **{parameter: "small"})["model"]

    assert check.status == "blocked"
    assert ("is a GGUF file" if template == "sft" else "quantized already (q8_0)") in check.sentence
    assert check.mend is not None
    assert check.mend.parameters == {parameter: "tiny@1"}


def test_rounded_weights_are_not_trained_only_an_adapter_beside_them(
    look: Look, store: Callable[..., Artifact]
) -> None:
    store("nf4", quantization_config=NF4)
    check = look("sft", base_model="nf4", method="full")["model"]

    assert (check.status, "rounded weights cannot be trained" in check.sentence) == ("blocked", True)
    assert check.mend is not None
    assert check.mend.parameters == {"method": "lora"}
    assert "model" not in look("sft", base_model="nf4", method="qlora")


def test_a_model_that_is_quantized_already_is_refused(look: Look, store: Callable[..., Artifact]) -> None:
    store("nf4", quantization_config=NF4)
    check = look(model="nf4")["model"]

    assert check.status == "blocked"
    assert (
        "quantized already (bitsandbytes nf4): what rounding most of its weights to 4 bits took away" in check.sentence
    )
    assert check.mend is not None
    assert check.mend.parameters == {"force_requantize": True}


@pytest.mark.parametrize("template", ["quantize-gguf", "quantize-bnb", "quantize-gptq", "quantize-awq"])
def test_a_quantized_model_that_is_forced_is_a_warning_of_what_is_lost(
    look: Look, store: Callable[..., Artifact], tiny_model: Artifact, template: str
) -> None:
    store("small", gguf=True, metadata={"base_model": tiny_model.ref})
    store("nf4", quantization_config=NF4, metadata={"base_model": tiny_model.ref, "base_digest": tiny_model.digest})
    for model, method in (("small", "q8_0"), ("nf4", "bitsandbytes nf4")):
        checks = look(template, model=model, force_requantize=True, **CALIBRATED.get(template, {}))

        check = checks["model"]
        assert check.status == "warning"
        assert f"{model}@1 is quantized already ({method})" in check.sentence
        assert "can only be worse than tiny@1 quantized directly" in check.sentence
        # What is known of the whole model is still told.
        assert checks["memory"].status == "ok"
        if template in CALIBRATED:
            assert "64 weights of a row share a scale" in checks["group_size"].sentence
        if template == "quantize-gguf":
            assert "q8_0" in checks["size"].sentence


def test_a_model_that_nothing_reads_back_is_refused_by_name_also_when_forced(
    look: Look, store: Callable[..., Artifact]
) -> None:
    store("gptq", quantization_config={"quant_method": "gptq", "bits": 4})
    check = look(model="gptq", force_requantize=True)["model"]
    assert (check.status, check.sentence) == ("blocked", "gptq@1 is stored as gptq, which cannot be read back here.")
    refused = look(model="gptq")["model"]
    assert refused.mend is not None
    assert refused.mend.parameters is None


def test_a_forced_model_whose_package_the_kernel_lacks_is_told(look: Look, store: Callable[..., Artifact]) -> None:
    store("w4", quantization_config={"quant_method": "compressed-tensors", "format": "pack-quantized"})
    check = look(model="w4", force_requantize=True)["model"]
    if importlib.util.find_spec("compressed_tensors") is None:
        assert check.status == "blocked"
        assert "read back with compressed-tensors, which the kernel lacks" in check.sentence
    else:
        assert check.status == "warning"


def test_two_models_that_do_not_fit_side_by_side_are_told(look: Look) -> None:
    check = look(model="tiny", inventory=Inventory(cpus=4, gpus=(), memory=100_000))["memory"]
    assert check.status == "blocked"


def test_a_model_that_was_rejected_is_told(look: Look, store: Callable[..., Artifact]) -> None:
    store("bad", metadata={"gate": {"verdict": "rejected", "reasons": ["It is worse."]}})
    check = look("sft", base_model="bad")["references"]
    assert (check.status, check.sentence) == ("warning", "bad@1 did not pass its gate: It is worse.")


@pytest.mark.parametrize("template", ["quantize-gguf", "quantize-bnb", "quantize-gptq", "quantize-awq"])
def test_an_adapter_of_another_model_is_blocked_and_the_right_one_proposed(
    look: Look, store: Callable[..., Artifact], template: str
) -> None:
    other = store("other", hidden_act="gelu")
    store("bot", kind="adapter", metadata={"base_model": other.ref, "base_digest": other.digest})

    check = look(template, model="tiny", adapter="bot")["adapter"]

    assert (check.status, check.sentence) == ("blocked", "bot@1 was trained on other@1, which is not tiny@1.")
    assert check.mend is not None
    assert check.mend.parameters == {"model": "other@1"}
    assert look(template, adapter="bot", **check.mend.parameters)["adapter"].status == "ok"
    assert "adapter" not in look(template, model="tiny")


def test_an_adapter_whose_model_is_not_registered_is_blocked(look: Look, store: Callable[..., Artifact]) -> None:
    store("bot", kind="adapter", metadata={"base_model": "tiny@1", "base_digest": "12ab" * 16})
    check = look(model="tiny", adapter="bot")["adapter"]
    assert check.status == "blocked"
    assert check.sentence == "bot@1 was trained on tiny@1 (sha256:12ab12ab12ab12ab…), which is not registered here."


@pytest.mark.parametrize("template", ["quantize-gptq", "quantize-awq"])
def test_a_group_size_that_does_not_divide_is_refused_by_the_kinds_of_layers_and_one_that_does_proposed(
    look: Look, store: Callable[..., Artifact], template: str
) -> None:
    check = look(template, model="tiny", calibration_rows=8, group_size=128)["group_size"]

    assert check.status == "blocked"
    assert "12 layers have columns that groups of 128 do not divide" in check.sentence
    assert "(64 columns: " in check.sentence
    assert "self_attn.q_proj" in check.sentence
    assert "down_proj" not in check.sentence
    assert check.mend is not None
    assert check.mend.sentence == "Choose 64 or 32, or leave group_size empty."
    assert check.mend.parameters == {"group_size": 64}


def test_the_group_size_that_is_chosen_is_told_beforehand(look: Look) -> None:
    check = look("quantize-gptq", model="tiny", calibration_rows=8)["group_size"]
    assert check.status == "ok"
    assert check.sentence == (
        "64 weights of a row share a scale, the largest size that fits every layer (of 64 and 128 columns)."
    )
    assert look("quantize-gptq", model="tiny", group_size=48, scheme="W8A8")["group_size"].status == "warning"
    assert "group_size" not in look("quantize-bnb", model="tiny")


@pytest.mark.parametrize(
    ("splits", "said", "parameters"),
    [
        ({"train": 20, "test": 4}, "20 training rows to calibrate with; 32 are asked for", {"calibration_rows": 20}),
        # Without a test split a tenth of the training rows judges.
        ({"train": 20}, "18 training rows to calibrate with; 32 are asked for", {"calibration_rows": 18}),
        ({"test": 20}, "no training rows to calibrate with", None),
        ({"train": 1}, "no training rows to calibrate with", None),
        ({"train": 0}, "no training rows to calibrate with", None),
    ],
)
@pytest.mark.parametrize(
    ("template", "asked"),
    [
        ("quantize-gptq", {"calibration_rows": 32}),
        ("quantize-awq", {"calibration_rows": 32}),
        ("quantize-gguf", {"types": ["q4_k_m"], "importance_rows": 32}),
    ],
)
def test_a_dataset_with_too_little_to_calibrate_with_is_refused_with_both_numbers(
    look: Look,
    rows: Callable[..., Artifact],
    template: str,
    asked: dict[str, Any],
    splits: dict[str, int],
    said: str,
    parameters: dict[str, int] | None,
) -> None:
    rows("small", **splits)

    checks = look(template, model="tiny", dataset="small", **asked)

    check = checks["calibration"]
    assert (check.status, said in check.sentence) == ("blocked", True)
    assert check.mend is not None
    changed = parameters and {next(name for name in asked if name.endswith("_rows")): parameters["calibration_rows"]}
    assert check.mend.parameters == changed
    assert checks["judging"].status == ("ok" if sum(splits.values()) else "blocked")
    if changed:
        assert look(template, model="tiny", dataset="small", **asked | changed)["calibration"].status == "ok"


def test_rows_that_cannot_be_long_enough_are_refused_with_both_numbers(look: Look) -> None:
    check = look("quantize-gptq", model="tiny", calibration_rows=1, max_length=100)["calibration"]
    assert check.status == "blocked"
    assert "have at most 100 tokens; 128 are needed" in check.sentence
    assert check.mend is not None
    assert check.mend.parameters == {"calibration_rows": 2}


def test_what_needs_no_calibration_is_not_asked_for_it(look: Look, rows: Callable[..., Artifact]) -> None:
    rows("small", test=20)
    for parameters in ({"types": ["q8_0"], "importance_rows": 32}, {"types": ["q4_k_m"]}):
        assert "calibration" not in look(model="tiny", dataset="small", **parameters)
    assert "calibration" not in look("quantize-bnb", model="tiny", dataset="small")


# The model of `merge` is what its adapter says, and `rag-evaluate` takes an index.
@pytest.mark.parametrize("name", sorted({path.stem for path in TEMPLATES.glob("*.ipynb")} - {"merge", "rag-evaluate"}))
def test_what_a_template_accepts_is_what_its_readiness_does_not_refuse(
    look: Look, store: Callable[..., Artifact], tiny_model: Artifact, name: str
) -> None:
    template = load_template(TEMPLATES / f"{name}.ipynb")
    parameter = next(item for item in template.parameters if item.reference == "Model")
    store("small", gguf=True, metadata={"base_model": tiny_model.ref})
    store("nf4", quantization_config=NF4)
    store("encoder", metadata={"embedding": {"max_tokens": 512}})
    forms = {"safetensors": "tiny", "quantized": "nf4", "gguf": "small", "embedder": "encoder"}
    for form, model in forms.items():
        checks = look(name, **{parameter.name: model})
        refused = "model" in checks and checks["model"].status == "blocked"
        assert refused == (template.accepts is not None and form not in template.accepts), form


def test_a_notebook_of_any_kind_is_refused_a_model_in_a_form_that_it_does_not_take(
    jobs: Any, store: Callable[..., Artifact], tmp_path: Path
) -> None:
    source = "from modelops.templates import Model\nmodel: Model"
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source, metadata={"tags": ["parameters"]})],
        metadata={"modelops": {"kind": "look", "accepts": ["gguf"]}},
    )
    nbformat.write(notebook, tmp_path / "look.ipynb")
    template = load_template(tmp_path / "look.ipynb")
    store("small", gguf=True)

    def found(model: str) -> list[str]:
        checks = check_readiness(Asked(template, {"model": model}), jobs.queue).checks
        return [check.sentence for check in checks if check.name == "model"]

    assert found("small") == []
    store("whole")
    assert found("whole") == ["whole@1 is not quantized, which 'look' does not take."]
