"""A converter in the place of llama.cpp's, for tests: it writes the tiny model, and does what FAULT says."""

from __future__ import annotations

import json
import venv
from pathlib import Path

_CONVERTER = """
import argparse, os, sys, time
sys.path.insert(0, {tests!r})
from pathlib import Path
from tiny_gguf import write_gguf
parser = argparse.ArgumentParser()
parser.add_argument("model")
parser.add_argument("--outtype")
parser.add_argument("--outfile")
asked = parser.parse_args()
fault = os.environ.get("FAULT", "")
for percent in (10, 60):
    print(f"\\rWriting:  {{percent}}%|####", end="", file=sys.stderr, flush=True)
if fault == "full":
    raise OSError(28, "No space left on device")
if fault == "hangs":
    Path(asked.outfile).write_bytes(b"half")
    time.sleep(600)
if fault == "fails":
    Path(asked.outfile).write_bytes(b"half")
    raise KeyError("a tensor that nobody knows")
write_gguf(Path(asked.model), Path(asked.outfile), asked.outtype, fault=fault)
print("\\rWriting: 100%|####", file=sys.stderr)
"""

_CONVERSION = """
TEXT_MODEL_MAP: dict[str, str] = {"MambaForCausalLM": "mamba", "LlamaForCausalLM": "llama"}
raise RuntimeError("nothing of this is executed")
"""


def write_converter(prefix: Path) -> Path:
    """Write the converter where an environment keeps it; returns its folder."""
    folder = prefix / "share" / "llama.cpp"
    (folder / "conversion").mkdir(parents=True)
    (folder / "conversion" / "__init__.py").write_text(_CONVERSION)
    (folder / "convert_hf_to_gguf.py").write_text(_CONVERTER.format(tests=str(Path(__file__).parent)))
    return folder


def write_environment(prefix: Path, kernels: Path, name: str) -> None:
    """Make an environment with that converter, on top of this process's packages, and its kernelspec in ``kernels``."""
    import sysconfig

    venv.create(prefix, symlinks=True, with_pip=False)
    write_converter(prefix)
    site = Path(sysconfig.get_path("purelib", "venv", vars={"base": str(prefix), "platbase": str(prefix)}))
    (site / "host.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")
    (kernels / name).mkdir(parents=True)
    spec = {
        "argv": [str(prefix / "bin/python"), "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": name,
        "language": "python",
    }
    (kernels / name / "kernel.json").write_text(json.dumps(spec))
