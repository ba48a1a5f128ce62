"""Is an endpoint that serves what was evaluated told from one that does not? SmolLM2-135M-Instruct, and its adapter.

Sound pairs are golden prompts and an engine that serves the very same artifact: they must agree, however the engine
rounds. Then faults are planted, and each must be found. How far both are apart is measured, for the two tolerances must
lie between: ``NEAR_TIE`` above every shift of odds in sound pairs, ``MOST_KL`` above every divergence in sound pairs
and below that of coarser weights. Golden prompts are those that the templates record.

The models are made as jobs in one state home, with an environment (7 minutes, once); ``--home`` keeps it.
"""

from __future__ import annotations

import argparse
import json
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from common.workplace import MODEL, command, provide, state_home

from modelops.parity import (
    Golden,
    Parity,
    Reply,
    chat_request,
    compare,
    completion_request,
    find_golden,
    read_reply,
    record_golden,
)
from modelops.parity.closeness import NEAR_TIE
from modelops.parity.comparing import MOST_KL
from modelops.registry import Registry
from modelops_server.endpoints.engines.assignment import AdapterFolder, Assignment

TYPES = ("f16", "q8_0", "q4_k_m")
ADAPTER, STEPS = "parity-adapter", 30


class OnSocket(HTTPConnection):
    """A connection to a server on a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("engine")
        self._path = str(path)

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self._path)


class Engine:
    """An engine process that serves a model, asked directly."""

    def __init__(self, path: Path, key: str, model: str) -> None:
        self._path, self._key, self._model = path, key, model

    def chat(self, messages: Any, max_tokens: int) -> Reply:
        """The answer to a conversation."""
        return self._ask("chat/completions", chat_request(messages, max_tokens))

    def complete(self, prompt: str | Sequence[int], max_tokens: int) -> Reply:
        """What follows a text, or tokens."""
        return self._ask("completions", completion_request(prompt, max_tokens))

    def _ask(self, api: str, body: dict[str, Any]) -> Reply:
        connection = OnSocket(self._path)
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        connection.request("POST", f"/v1/{api}", json.dumps({**body, "model": self._model}), headers)
        answer = connection.getresponse()
        document = json.loads(answer.read())
        connection.close()
        if answer.status != 200:
            raise SystemExit(f"{api}: {document}")
        return read_reply(document)


def answers(path: Path) -> bool:
    """Whether an engine has loaded its model."""
    connection = OnSocket(path)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


@contextmanager
def serving(engine: str, model: Path, adapter: Path | None = None) -> Iterator[Engine]:
    """An engine of ours that serves a folder, or a GGUF file, with an adapter applied."""
    with tempfile.TemporaryDirectory() as folder:
        path, key = Path(folder) / "engine.sock", secrets.token_urlsafe()
        adapters = (AdapterFolder("adapter", str(adapter)),) if adapter else ()
        assignment = Assignment(str(model), "model", str(path), key, 2048, 1, 1, adapters)
        typed = [sys.executable, "-P", "-m", f"modelops_server.endpoints.engines.{engine}"]
        log = Path(folder) / "log"
        with (
            log.open("wb") as said,
            subprocess.Popen(typed, stdin=subprocess.PIPE, stderr=said, stdout=said) as process,
        ):
            try:
                assert process.stdin is not None
                process.stdin.write(assignment.line())
                process.stdin.close()
                while not answers(path):
                    if process.poll() is not None:
                        raise SystemExit(log.read_text()[-2000:])
                    time.sleep(0.2)
                yield Engine(path, key, "model/adapter" if adapter else "model")
            finally:
                process.kill()


def run(template: str, *options: str) -> None:
    """Run a template as a job."""
    print(f"running {template}", file=sys.stderr)
    command("run", template, *(part for option in options for part in ("-p", option)))


def made() -> dict[str, str]:
    """Run the templates; the references of what they made, by what it is."""
    there = {item["name"]: item["ref"] for item in command("artifacts", "list", "--limit", "1000")}
    if f"{MODEL}-{TYPES[-1]}" not in there:
        run("quantize-gguf", f"types={json.dumps(TYPES)}", "eval_rows=16", "measure_speed=false")
    if ADAPTER not in there:
        run("sft", f"adapter_name={ADAPTER}", f"max_steps={STEPS}", "eval_rows=16")
    if "parity-evaluation" not in there:
        run("evaluate", "evaluation_name=parity-evaluation", "rows=16", "answers=0", "worst=0")
    return {"model": MODEL, "adapter": ADAPTER, **{type: f"{MODEL}-{type}" for type in TYPES}}


def changed(folder: Path, to: Path, **files: tuple[str, str]) -> Path:
    """A copy of a model's folder in which a text is replaced, in files by their names without a suffix."""
    shutil.copytree(folder, to)
    for path in to.iterdir():
        if path.stem in files:
            old, new = files[path.stem]
            text = path.read_text()
            if old not in text:
                raise SystemExit(f"{path.name} does not hold {old!r}")
            path.write_text(text.replace(old, new))
    return to


def pairs(folders: dict[str, Path], golden: dict[str, Golden], scratch: Path) -> Iterator[tuple[str, str, Parity]]:
    """What kind of pair it is, what is served against what, and what the comparison found."""
    from modelops.models import load_for_inference

    wide = record_golden(*load_for_inference(folders["model"], "float32"))
    files = {type: next(folders[type].glob("*.gguf")) for type in TYPES}
    for type in TYPES:
        with serving("llamacpp", files[type]) as engine:
            yield "sound", f"{type} by llama.cpp", compare(golden[type], engine)
            if type == "f16":
                yield "sound", "f16 by llama.cpp, evaluated in the fast format", compare(golden["model"], engine)
            if type == "q8_0":
                yield "close", "q8_0 in place of f16", compare(golden["f16"], engine)
            if type == "q4_k_m":
                yield "fault", "q4_k_m in place of q8_0", compare(golden["q8_0"], engine)
                yield "fault", "q4_k_m in place of f16", compare(golden["f16"], engine)
    with serving("transformers", folders["model"]) as engine:
        yield "sound", "the model by transformers", compare(golden["model"], engine)
        yield "sound", "the model by transformers, evaluated in float32", compare(wide, engine)
        yield "fault", "the base in place of the adapter", compare(golden["adapter"], engine)
    with serving("transformers", folders["model"], folders["adapter"]) as engine:
        yield "sound", "the adapter by transformers", compare(golden["adapter"], engine)
        yield "fault", "the adapter in place of the base", compare(golden["model"], engine)
    planted = {
        "another system prompt": {"chat_template": ("assistant named SmolLM", "assistant called SmolLM")},
        "no line break before the answer": {"chat_template": ("<|im_start|>assistant\n'", "<|im_start|>assistant '")},
        "a begin token too many": {"chat_template": ("{% for message", "{{ '<|im_start|>' }}{% for message")},
        "another end token": {
            "config": ('"eos_token_id": 2', '"eos_token_id": 0'),
            "generation_config": ('"eos_token_id": 2', '"eos_token_id": 0'),
            "tokenizer_config": ('"eos_token": "<|im_end|>"', '"eos_token": "<|endoftext|>"'),
        },
    }
    for number, (fault, files_changed) in enumerate(planted.items()):
        with serving("transformers", changed(folders["model"], scratch / str(number), **files_changed)) as engine:
            yield "fault", fault, compare(golden["model"], engine)


def main() -> int:
    """Measure, print a line for each pair, and say whether all were told apart."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--home", type=Path, help="state home to use and keep")
    arguments.add_argument("--json", action="store_true", help="print one JSON document")
    asked = arguments.parse_args()
    rows = []
    with state_home(asked.home), tempfile.TemporaryDirectory() as scratch:
        provide(("llamacpp-kquants",))
        registry = Registry()
        refs = made()
        opened = {name: registry.verified_open(ref) for name, ref in refs.items()}
        golden = {name: found for name, ref in refs.items() if (found := find_golden(registry, ref))}
        for kind, name, parity in pairs({name: one.path for name, one in opened.items()}, golden, Path(scratch)):
            rows.append({"kind": kind, "pair": name, **parity.as_json()})
            if not asked.json:
                print(line(rows[-1]), flush=True)
        for one in opened.values():
            one.close()
    judged = targets(rows)
    if asked.json:
        print(json.dumps({"pairs": rows, "targets": judged}, indent=2))
    else:
        for name, target in judged.items():
            print(f"{name}: {target['value']} ({target['target']}), {'met' if target['met'] else 'MISSED'}")
    return 0 if all(target["met"] for target in judged.values()) else 1


def targets(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Nobody cries wolf, every fault is found, and both tolerances lie well beyond what rounding does."""
    sound, faults = ([row for row in rows if row["kind"] == kind] for kind in ("sound", "fault"))
    agreeing, found = sum(row["agrees"] for row in sound), sum(not row["agrees"] for row in faults)
    kl = max(row["kl_divergence"] for row in sound)
    shift = max(row["largest_shift"] or 0.0 for row in sound)
    return {
        "sound pairs that agree": {
            "value": f"{agreeing} of {len(sound)}",
            "target": "all",
            "met": agreeing == len(sound),
        },
        "faults that are found": {"value": f"{found} of {len(faults)}", "target": "all", "met": found == len(faults)},
        "KL divergence of sound pairs": {
            "value": f"{kl:.4f}",
            "target": f"at most {MOST_KL / 2:g}, half of what is tolerated",
            "met": kl <= MOST_KL / 2,
        },
        "shift of odds in sound pairs": {
            "value": f"{shift:.2f}",
            "target": f"at most {NEAR_TIE * 0.75:g}, three quarters of what is tolerated",
            "met": shift <= NEAR_TIE * 0.75,
        },
    }


def line(row: dict[str, Any]) -> str:
    """A pair as a line of a table, and what was found in words."""
    kl = "" if row["kl_divergence"] is None else f"{row['kl_divergence']:.4f}"
    shift = "" if row["largest_shift"] is None else f"{row['largest_shift']:.2f}"
    found = "agrees" if row["agrees"] else f"differs ({row['divergence']['reason']})"
    numbers = f"{kl:>8}{row['near_ties']:>4}{shift:>6}{row['tokens']:>5}"
    return f"{row['kind']:<6}{row['pair']:<52}{numbers}  {found}\n      {row['sentence']}"


if __name__ == "__main__":
    sys.exit(main())
