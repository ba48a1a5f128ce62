"""GGUF headers are read within bounds."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import pytest

from modelops.errors import InvalidInput
from modelops.models.gguf_files import read_gguf_header


def refused(path: Path) -> str:
    with pytest.raises(InvalidInput) as refusal:
        read_gguf_header(path)
    return refusal.value.code


def test_the_header_agrees_with_the_gguf_package(tiny_gguf: Path) -> None:
    from gguf import GGUFReader

    reference, header = GGUFReader(tiny_gguf), read_gguf_header(tiny_gguf)
    fields = {key: field.contents() for key, field in reference.fields.items() if not key.startswith("GGUF.")}
    assert header.fields == fields
    assert {tensor.name: tensor.shape for tensor in header.tensors} == {
        tensor.name: tuple(map(int, tensor.shape)) for tensor in reference.tensors
    }


def test_the_real_model_is_described(smollm2_gguf: Path) -> None:
    header = read_gguf_header(smollm2_gguf)
    assert (header.architecture, header.parameter_count, header.main_type) == ("llama", 134_515_008, "Q4_1")
    assert header.is_quantized


@pytest.mark.parametrize("share", [0.0001, 0.01, 0.1, 0.5, 0.99])
def test_a_truncated_file_is_refused(tiny_gguf: Path, tmp_path: Path, share: float) -> None:
    content = tiny_gguf.read_bytes()
    path = tmp_path / "cut.gguf"
    path.write_bytes(content[: int(len(content) * share)])
    assert refused(path) == "gguf_truncated"


def test_a_file_that_lacks_its_last_byte_is_refused(tiny_gguf: Path, tmp_path: Path) -> None:
    header = read_gguf_header(tiny_gguf)
    assert header.tensors
    path = tmp_path / "cut.gguf"
    path.write_bytes(tiny_gguf.read_bytes().rstrip(b"\0")[:-33])  # past the padding at the end
    assert refused(path) == "gguf_truncated"


def test_absurd_counts_are_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "absurd.gguf"
    for tensors, fields in ((1 << 63, 0), (0, 1 << 63), (1 << 40, 1 << 40)):
        path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, tensors, fields) + bytes(100))
        assert refused(path) == "gguf_truncated"


def test_other_files_and_versions_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.gguf"
    path.write_bytes(b"GGML" + bytes(100))
    assert refused(path) == "gguf_invalid"
    path.write_bytes(b"GGUF" + struct.pack("<I", 99) + bytes(100))
    assert refused(path) == "gguf_invalid"


def test_a_pickle_renamed_to_gguf_is_refused(tmp_path: Path) -> None:
    import pickle

    path = tmp_path / "model.gguf"
    path.write_bytes(pickle.dumps(["weights"] * 100))
    assert refused(path) == "pickle"


def test_a_field_that_occurs_twice_is_refused(tiny_gguf: Path, tmp_path: Path) -> None:
    path = tmp_path / "twice.gguf"
    content = tiny_gguf.read_bytes()
    path.write_bytes(content.replace(b"tokenizer.ggml.eos_token_id", b"tokenizer.ggml.bos_token_id"))
    assert refused(path) == "gguf_invalid"


def test_one_part_of_several_is_refused(tmp_path: Path) -> None:
    import gguf
    import numpy as np

    path = tmp_path / "part.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_uint16("split.count", 3)
    writer.add_tensor("token_embd.weight", np.zeros((4, 32), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    assert refused(path) == "gguf_split"


def test_damage_anywhere_in_the_header_is_refused_or_harmless(tiny_gguf: Path, tmp_path: Path) -> None:
    """Never anything but a header or ``InvalidInput``: no crash, no endless loop, no memory without bound."""
    content = bytearray(tiny_gguf.read_bytes())
    header = bytes(content).index(b"token_embd.weight") + 2000
    choose = random.Random(0)
    path = tmp_path / "damaged.gguf"
    refusals = 0
    for _ in range(150):
        damaged = bytearray(content)
        for _ in range(choose.randint(1, 4)):
            damaged[choose.randrange(header)] = choose.randrange(256)
        path.write_bytes(damaged)
        try:
            read_gguf_header(path)
        except InvalidInput:
            refusals += 1
    assert refusals > 10
