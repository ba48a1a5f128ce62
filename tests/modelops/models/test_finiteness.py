"""NaN and infinity are found in every number format, wherever they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelops.errors import NonFinite
from modelops.models import check_finite
from modelops.models.finiteness import CHUNK

DTYPES = ["float64", "float32", "float16", "bfloat16", "complex64", "float8_e5m2", "float8_e4m3fn"]


def save(folder: Path, dtype: str, values: list[float]) -> None:
    import torch
    from safetensors.torch import save_file

    save_file({"weight": torch.tensor(values, dtype=torch.float32).to(getattr(torch, dtype))}, folder / "m.safetensors")


@pytest.mark.parametrize("dtype", DTYPES)
def test_finite_values_pass_up_to_the_largest(tmp_path: Path, dtype: str) -> None:
    import torch
    from safetensors.torch import save_file

    kind = getattr(torch, dtype)
    limits = torch.finfo(kind if not kind.is_complex else torch.float32)
    values = torch.tensor([0.0, -0.0, 1.0, limits.max, limits.min, limits.tiny], dtype=torch.float64).to(kind)
    save_file({"weight": values}, tmp_path / "m.safetensors")
    check_finite(tmp_path)


@pytest.mark.parametrize("dtype", DTYPES)
def test_nan_is_found(tmp_path: Path, dtype: str) -> None:
    save(tmp_path, dtype, [1.0, float("nan"), 2.0])
    with pytest.raises(NonFinite) as found:
        check_finite(tmp_path)
    assert found.value.code == "non_finite"
    assert found.value.details == {"file": "m.safetensors", "tensor": "weight", "values": 1}


@pytest.mark.parametrize("dtype", [dtype for dtype in DTYPES if dtype != "float8_e4m3fn"])  # it has no infinity
@pytest.mark.parametrize("value", [float("inf"), float("-inf")])
def test_infinity_is_found(tmp_path: Path, dtype: str, value: float) -> None:
    save(tmp_path, dtype, [0.5, value])
    with pytest.raises(NonFinite):
        check_finite(tmp_path)


@pytest.mark.parametrize("dtype", ["float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu"])
def test_the_one_nan_of_other_small_formats_is_found(tmp_path: Path, dtype: str) -> None:
    save(tmp_path, dtype, [1.0, 2.0])
    check_finite(tmp_path)
    save(tmp_path, dtype, [1.0, float("nan")])
    with pytest.raises(NonFinite):
        check_finite(tmp_path)


def test_the_last_value_of_the_last_chunk_is_looked_at(tmp_path: Path) -> None:
    import numpy as np
    from safetensors.numpy import save_file

    values = np.zeros(CHUNK // 4 * 2 + 3, np.float32)
    values[-1] = np.nan
    save_file({"first": np.zeros(3, np.uint8), "weight": values}, tmp_path / "m.safetensors")
    with pytest.raises(NonFinite, match="1 of"):
        check_finite(tmp_path)


def test_integers_that_look_like_nan_pass(tmp_path: Path) -> None:
    import numpy as np
    from safetensors.numpy import save_file

    save_file({"ids": np.full(8, 0x7FC00000, np.int32)}, tmp_path / "m.safetensors")
    check_finite(tmp_path)


def test_every_file_below_the_folder_is_looked_at(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    save(tmp_path, "float32", [1.0])
    save(tmp_path / "deep", "float32", [float("nan")])
    with pytest.raises(NonFinite, match=r"deep/m\.safetensors"):
        check_finite(tmp_path)
