"""Writes GGUF files with llama.cpp's own tools, as processes that can be followed and stopped."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator
from io import BufferedReader
from pathlib import Path
from typing import cast

from modelops.errors import InvalidInput, ModelOpsError, Unavailable
from modelops.models.inspection import read_json
from modelops.quantization.gguf_types import CONVERTED

Progress = Callable[[float, float], None]
"""Called with what is done and of how much: percent where a file is converted, tensors where one is quantized."""

_CONVERTER = "convert_hf_to_gguf.py"
_PERCENT = re.compile(r"Writing:\s+([0-9]+)%")
_TENSOR = re.compile(r"\[\s*([0-9]+)/\s*([0-9]+)\]")


def converter_folder(prefix: Path | None = None) -> Path:
    """The folder with llama.cpp's converter, in the environment whose ``prefix`` it is, by default this process's.

    Raises ``Unavailable`` in any other.
    """
    folder = (prefix or Path(sys.prefix)) / "share" / "llama.cpp"
    if not (folder / _CONVERTER).is_file():
        raise Unavailable(
            "converter_missing",
            "llama.cpp's converter is not in this environment.",
            "Make the environment and run the notebook in its kernel: modelops env create llamacpp",
            environment="llamacpp",
        )
    return folder


def supported_architectures(folder: Path) -> tuple[str, ...]:
    """The architectures that the converter in ``folder`` knows, in order of their names; nothing of it is executed."""
    tree = ast.parse((folder / "conversion" / "__init__.py").read_text("utf-8"))
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == "TEXT_MODEL_MAP":
            return tuple(sorted(ast.literal_eval(node.value or ast.Dict([], []))))
    raise Unavailable("converter_unknown", "llama.cpp's converter does not list what it supports.", "")


def check_architecture(config: Path, folder: Path) -> str:
    """The architecture that a model's ``config.json`` names; raises ``InvalidInput`` where the converter in ``folder``
    does not know it, with those that it knows.
    """
    names = read_json(config).get("architectures") or ["unknown"]
    supported = supported_architectures(folder)
    if names[0] not in supported:
        raise InvalidInput(
            "unsupported_architecture",
            f"llama.cpp's converter does not know the architecture {str(names[0])[:80]}.",
            f"It knows {len(supported)}: {', '.join(supported)}.",
            architecture=str(names[0])[:80],
            supported=list(supported),
        )
    return str(names[0])


def convert(model: Path, target: Path, type: str, on_progress: Progress = lambda *_: None) -> None:
    """Write the safetensors model in a folder as a GGUF file of a type in ``CONVERTED``.

    Raises ``Unavailable`` with the converter's last lines when it fails; then there is no file.
    """
    if type not in CONVERTED:
        raise ValueError(f"{type} takes quantize()")
    folder = converter_folder()
    command = [sys.executable, str(folder / _CONVERTER), str(model), "--outtype", type, "--outfile", str(target)]
    paths = os.pathsep.join(filter(None, [str(folder / "gguf-py"), os.environ.get("PYTHONPATH")]))
    _follow(command, target, _PERCENT, lambda found: on_progress(float(found[1]), 100), {"PYTHONPATH": paths})


def quantize(
    source: Path,
    target: Path,
    type: str,
    on_progress: Progress = lambda *_: None,
    importance: Path | None = None,
) -> None:
    """Write a GGUF file of 16 or 32 bits as one of another type, with llama.cpp's quantizer.

    ``importance`` is a file of :func:`~modelops.quantization.importance.save_importance`.
    Raises ``Unavailable`` with its last lines when it fails, and with code ``quantizer_missing`` where it is not
    compiled; then there is no file.
    """
    command = [sys.executable, "-m", "modelops.quantization.llama_quantizer", str(source), str(target), type]
    command += [str(importance)] if importance else []
    _follow(command, target, _TENSOR, lambda found: on_progress(float(found[1]), float(found[2])), {})


def _follow(
    command: list[str],
    target: Path,
    pattern: re.Pattern[str],
    on_match: Callable[[re.Match[str]], None],
    environment: dict[str, str],
) -> None:
    last: deque[str] = deque(maxlen=8)
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, **environment},
    ) as process:
        try:
            for line in _lines(process):
                if found := pattern.search(line):
                    on_match(found)
                elif line.strip():
                    last.append(line.strip()[:300])
            if process.wait():
                raise _failure(process.returncode, last, target)
        except BaseException:
            process.kill()
            target.unlink(missing_ok=True)
            raise


def _failure(status: int, last: deque[str], target: Path) -> ModelOpsError:
    text = " | ".join(last)
    if "No module named 'llama_cpp'" in text:
        return Unavailable(
            "quantizer_missing",
            "llama.cpp's quantizer is not in this environment.",
            "Make the environment that has it and run the notebook in its kernel: modelops env create llamacpp-kquants",
            environment="llamacpp-kquants",
        )
    if "No space left on device" in text:
        free = shutil.disk_usage(target.parent).free
        return Unavailable("disk_full", f"The disk is full ({free:,} bytes are free).", "Free some space; try again.")
    return Unavailable(
        "conversion_failed", f"llama.cpp could not write {target.name} (exit status {status}): {text[-1000:]}", ""
    )


def _lines(process: subprocess.Popen[bytes]) -> Iterator[str]:
    """What a process prints, also the lines of a bar that begin anew without a line break."""
    output, rest = cast("BufferedReader", process.stdout), b""
    while piece := output.read1(1 << 16):
        *lines, rest = re.split(rb"[\r\n]", rest + piece)
        yield from (line.decode(errors="replace") for line in lines)
    yield rest.decode(errors="replace")
