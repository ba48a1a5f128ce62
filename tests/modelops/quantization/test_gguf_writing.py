"""llama.cpp's tools as processes: followed, stopped, and believed only when they succeed."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from modelops.errors import InvalidInput, Unavailable
from modelops.models.gguf_files import read_gguf_header
from modelops.quantization import check_architecture, convert, converter_folder, quantize, supported_architectures


def test_a_model_is_converted_and_its_progress_is_told(
    converter: Path, tiny_model_folder: Path, tmp_path: Path
) -> None:
    told: list[tuple[float, float]] = []
    convert(tiny_model_folder, tmp_path / "tiny.gguf", "q8_0", lambda *done: told.append(done))

    assert read_gguf_header(tmp_path / "tiny.gguf").main_type == "Q8_0"
    assert told == [(10, 100), (60, 100), (100, 100)]


def test_outside_of_its_environment_the_way_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as refusal:
        converter_folder(tmp_path)
    assert refusal.value.code == "converter_missing"
    assert refusal.value.hint.endswith("modelops env create llamacpp")


def test_an_architecture_that_it_does_not_know_is_refused_with_those_it_knows(
    converter: Path, tiny_model_folder: Path, tmp_path: Path
) -> None:
    assert supported_architectures(converter) == ("LlamaForCausalLM", "MambaForCausalLM")
    assert check_architecture(tiny_model_folder / "config.json", converter) == "LlamaForCausalLM"
    (tmp_path / "config.json").write_text('{"architectures": ["WhisperForConditionalGeneration"]}')

    with pytest.raises(InvalidInput, match="Whisper") as refusal:
        check_architecture(tmp_path / "config.json", converter)

    assert refusal.value.code == "unsupported_architecture"
    assert refusal.value.hint == "It knows 2: LlamaForCausalLM, MambaForCausalLM."


@pytest.mark.parametrize(
    ("fault", "code", "said"),
    [("fails", "conversion_failed", "a tensor that nobody knows"), ("full", "disk_full", "The disk is full")],
)
def test_what_it_says_when_it_fails_is_passed_on_and_no_file_stays(
    converter: Path,
    tiny_model_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
    code: str,
    said: str,
) -> None:
    monkeypatch.setenv("FAULT", fault)
    with pytest.raises(Unavailable, match=said) as failure:
        convert(tiny_model_folder, tmp_path / "tiny.gguf", "f32")
    assert failure.value.code == code
    assert not (tmp_path / "tiny.gguf").exists()


def test_an_interrupt_ends_it_and_no_file_stays(
    converter: Path, tiny_model_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAULT", "hangs")
    target = tmp_path / "tiny.gguf"

    def interrupt() -> None:
        while not target.exists():
            time.sleep(0.01)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        convert(tiny_model_folder, target, "f32")

    assert not target.exists()
    assert subprocess.run(["pgrep", "-f", str(target)], capture_output=True, check=False).stdout == b""


def test_types_that_the_converter_cannot_write_are_not_asked_of_it(tiny_model_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="quantize"):
        convert(tiny_model_folder, tmp_path / "tiny.gguf", "q4_k_m")


def test_where_the_quantizer_is_not_compiled_its_environment_is_named(tiny_gguf: Path, tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as failure:
        quantize(tiny_gguf, tmp_path / "small.gguf", "q4_k_m")
    assert failure.value.code == "quantizer_missing"
    assert failure.value.details["environment"] == "llamacpp-kquants"
