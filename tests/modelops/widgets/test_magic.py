"""``%%chat`` in a shell: one conversation of several cells, streamed into their outputs, and errors in a sentence."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook
from scripted_endpoint import ScriptedEndpoint
from tiny_endpoint import register_gguf, serving
from tiny_gguf import tiny_gguf
from traitlets.config import Config

from modelops import Client

__all__ = ["tiny_gguf"]


class Shell:
    """A shell with the magic, whose outputs are kept; ``shown`` are the Markdown texts of the last cell."""

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self._shell.run_line_magic("load_ext", "modelops")

    def run(self, source: str) -> Any:
        """Execute a cell, and return its result."""
        self._shell.display_pub = self.published = CapturingDisplayPublisher()
        return self._shell.run_cell(source)

    @property
    def shown(self) -> list[str]:
        texts = [output["data"]["text/markdown"] for output in self.published.outputs]
        return [text.partition("\n\n")[2].rpartition("\n\n")[0] for text in texts]  # within the frame


@pytest.fixture
def shell(scripted: ScriptedEndpoint, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Shell]:
    monkeypatch.setenv("MODELOPS_URL", scripted.url)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    scripted.pause = 0
    config = Config()
    config.HistoryManager.enabled = False
    instance = InteractiveShell.instance(config=config, colors="nocolor")
    yield Shell(instance)
    InteractiveShell.clear_instance()


def test_a_cell_is_answered_in_one_output_as_it_comes(shell: Shell, scripted: ScriptedEndpoint) -> None:
    scripted.pause = 0.15
    result = shell.run("%%chat scripted --temperature 0 --max-tokens 9\nTell me\na tale.")

    assert result.success
    assert shell.shown[:3] == [
        "*waiting for the first token …*",
        "Once \n\n*answering …*",
        "Once upon \n\n*answering …*",
    ]
    assert shell.shown[-1].startswith("Once upon a time …\n\n*first after 0\\.")
    assert [output["update"] for output in shell.published.outputs] == [False] + [True] * (len(shell.shown) - 1)
    asked = scripted.asked[0]
    assert asked["messages"] == [{"role": "user", "content": "Tell me\na tale."}]
    assert (asked["temperature"], asked["max_tokens"]) == (0, 9)


def test_cells_go_on_with_one_conversation_until_a_new_one(shell: Shell, scripted: ScriptedEndpoint) -> None:
    shell.run('%%chat --system "Be short."\none')
    shell.run("%%chat\ntwo")
    shell.run("%%chat scripted --new\nthree")

    said = [[(message["role"], message["content"]) for message in asked["messages"]] for asked in scripted.asked]
    answer = "Once upon a time …"
    assert said[0] == [("system", "Be short."), ("user", "one")]
    assert said[1] == [*said[0], ("assistant", answer), ("user", "two")]
    assert said[2] == [("user", "three")]


def test_an_adapter_is_named_with_model(shell: Shell, scripted: ScriptedEndpoint) -> None:
    shell.run("%%chat --model scripted/legal\nhi")

    assert scripted.asked[0]["model"] == "scripted/legal"


def test_what_a_model_says_is_no_markup(shell: Shell, scripted: ScriptedEndpoint) -> None:
    scripted.pieces = ["<script>x</script> ![](http://evil) **bold** `a<b`"]
    shell.run("%%chat\nhi")

    expected = "\\<script\\>x\\<\\/script\\> \\!\\[\\]\\(http\\:\\/\\/evil\\) **bold** `a<b`"
    assert shell.shown[-1].startswith(expected)
    assert shell.published.outputs[-1]["data"]["text/plain"].startswith(scripted.pieces[0])


@pytest.mark.parametrize(
    ("names", "line", "sentence", "hint"),
    [
        ([], "", "No endpoint is ready.", "Start one: modelops endpoints start MODEL"),
        (["one", "two"], "", "These endpoints are ready: one, two.", "Name one: %%chat one"),
        (["one"], "three", "No endpoint three.", ""),
    ],
)
def test_an_error_is_a_sentence_and_a_hint(
    shell: Shell, scripted: ScriptedEndpoint, capsys: Any, names: list[str], line: str, sentence: str, hint: str
) -> None:
    scripted.names = names
    capsys.readouterr()
    result = shell.run(f"%%chat {line}\nhi")

    assert not result.success
    assert capsys.readouterr().out.strip() == f"{sentence}\n{hint}".strip()
    assert shell.shown == []


def test_an_interrupt_frees_the_engine_and_keeps_what_has_come(
    shell: Shell, scripted: ScriptedEndpoint, capsys: Any
) -> None:
    scripted.pause = 0.2
    threading.Timer(0.5, signal.pthread_kill, [threading.main_thread().ident, signal.SIGINT]).start()
    result = shell.run("%%chat\nTell me a tale.")

    assert isinstance(result.error_in_exec, KeyboardInterrupt)
    assert "Interrupted: the engine is free" in capsys.readouterr().out
    assert shell.shown[-1].startswith("Once")
    assert "stopped before its end" in shell.shown[-1]
    assert scripted.hung_up.wait(10)

    scripted.pause = 0
    shell.run("%%chat\nGo on.")

    assert [message["role"] for message in scripted.asked[1]["messages"]] == ["user", "assistant", "user"]


def test_a_notebook_talks_to_a_real_endpoint(
    client: Client, running_server: Any, tiny_gguf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELOPS_URL", running_server.url)
    monkeypatch.setenv("MODELOPS_TOKEN", running_server.token)
    register_gguf(running_server.home, tiny_gguf, "of-cells")
    sources = ["%load_ext modelops", "%%chat --max-tokens 5\nhi", f"%%chat\n{'word ' * 2000}"]
    notebook = new_notebook(cells=[new_code_cell(source) for source in sources])

    with serving(client, "of-cells"):
        NotebookClient(notebook, kernel_name="python3", allow_errors=True).execute()

    nbformat.validate(notebook)
    answered, too_long = (cell.outputs for cell in notebook.cells[1:])
    assert [output.output_type for output in answered] == ["display_data"]
    assert "first after" in answered[0].data["text/markdown"]
    assert [output.output_type for output in too_long] == ["display_data", "error"]
    assert too_long[1].ename == "InvalidInput"
    assert len(too_long[1].traceback) == 2
    assert "--context" in too_long[1].traceback[1]
    assert "Traceback" not in json.dumps(notebook)
