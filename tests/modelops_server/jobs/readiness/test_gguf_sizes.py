"""The sizes that are told before a quantization, beside those of the files that llama.cpp then writes."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any, get_args

import pytest

from modelops.paths import StateHome
from modelops.quantization.gguf_types import GGUFType
from modelops.registry import Artifact, Build, Dependency, Registry
from modelops.templates import load_template
from modelops_server.environments import environment
from modelops_server.environments.creation import create
from modelops_server.jobs.readiness import Asked, check_readiness

TEMPLATE = load_template(Path(__file__).parents[4] / "templates" / "quantize-gguf.ipynb")
UNITS = {"kB": 1e3, "MB": 1e6, "GB": 1e9}

WRITE = """
import sys
from pathlib import Path
from modelops.quantization import CONVERTED, convert, quantize
model, folder, *types = sys.argv[1:]
convert(Path(model), Path(folder) / "bf16.gguf", "bf16")
for type in types:
    target = Path(folder) / f"{type}.gguf"
    if type in CONVERTED:
        convert(Path(model), target, type)
    else:
        quantize(Path(folder) / "bf16.gguf", target, type)
"""


@pytest.mark.full
@pytest.mark.timeout(3600)
def test_every_type_is_told_within_two_percent(
    jobs: Any,
    home: StateHome,
    registry: Registry,
    smollm2_folder: Path,
    chats: Artifact,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(home.root / "jupyter"))
    made = environment(home, "llamacpp-kquants")
    create(made, lambda _: None)
    build = Build("import", {}, (Dependency("source", "file:smollm2", "0" * 64),))
    registry.register(smollm2_folder, name="smollm2", kind="model", metadata={}, build=build)
    types = get_args(GGUFType)

    asked = Asked(TEMPLATE, {"model": "smollm2", "dataset": "chats", "types": [*types]})
    [size] = [check.sentence for check in check_readiness(asked, jobs.queue).checks if check.name == "size"]
    told = {type: float(n) * UNITS[unit] for type, n, unit in re.findall(r"(\w+) ([\d.]+) (kB|MB|GB)[,.]", size)}
    subprocess.run([made.python, "-c", WRITE, smollm2_folder, tmp_path, *types], check=True)
    real = {type: (tmp_path / f"{type}.gguf").stat().st_size for type in types}

    assert told.keys() == real.keys()
    off = {type: told[type] / real[type] - 1 for type in types}
    with capsys.disabled():
        print("\n| type | told | file | off |\n|---|---|---|---|")
        for type in types:
            print(f"| `{type}` | {told[type] / 1e6:.3g} MB | {real[type] / 1e6:.1f} MB | {off[type]:+.2%} |")
    assert max(map(abs, off.values())) < 0.02
