"""An adapter as llama.cpp reads it: converted by llama.cpp's own converter, from its verified files."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from modelops.errors import Unavailable
from modelops.paths import StateHome
from modelops.registry import Registry
from modelops_server.environments import Environment, usable
from modelops_server.processes import die_with_parent

_CONVERTER = "convert_lora_to_gguf.py"
_ENVIRONMENT = "llamacpp"
_CONFIGURATION = ("config.json", "tokenizer", "vocab", "merges", "special_tokens", "spiece", "added_tokens")


def converter(home: StateHome) -> Environment:
    """The environment with the converter; raises ``Unavailable`` where there is none."""
    return usable(home, _ENVIRONMENT)


def convert_adapter(ref: str, folder: Path, target: Path, home: StateHome) -> None:
    """Write the adapter ``ref``, whose verified files are in ``folder``, to ``target``, in 16 bits.

    Its base's configuration is read from the registry, verified. Raises ``Unavailable`` with the converter's last
    words (``conversion_failed``).
    """
    environment, registry = converter(home), Registry(home)
    (base,) = registry.index.by_digest([str(registry.get(ref).metadata["base_digest"])])
    with registry.verified_open(base.ref, only=lambda path: path.startswith(_CONFIGURATION)) as configuration:
        tools = environment.share / "llama.cpp"
        command = [environment.python, tools / _CONVERTER, folder, "--base", configuration.path]
        done = subprocess.run(
            [*map(str, command), "--outfile", str(target), "--outtype", "f16"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
            preexec_fn=die_with_parent,
            env={**os.environ, "PYTHONPATH": str(tools / "gguf-py"), "CUDA_VISIBLE_DEVICES": ""},
        )
    if done.returncode:
        said = [line.strip() for line in done.stdout.splitlines() if line.strip()]
        raise Unavailable(
            "conversion_failed",
            f"llama.cpp cannot use the adapter {ref}: {(said or ['it gave no reason'])[-1][-300:]}",
            "Serve it on its base by transformers: --engine transformers",
        )
