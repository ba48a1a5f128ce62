"""``modelops datasets``: what it prints for a person and for a program."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from modelops.paths import StateHome
from modelops.registry import Build, Registry
from modelops_server.cli.main import main

MODELOPS = str(Path(sys.executable).with_name("modelops"))
CHAT = {"messages": [{"role": "user", "content": "2 + 2?"}, {"role": "assistant", "content": "4, of course"}]}


def modelops(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of a command."""
    with pytest.raises(SystemExit) as ended:
        main(["datasets", *map(str, arguments)])
    printed = capsys.readouterr()
    return int(ended.value.code or 0), printed.out, printed.err


def write(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def chats(home: StateHome, tmp_path: Path) -> Path:
    """Fifty chats, one of them twice."""
    rows = [
        {"messages": [{"role": "user", "content": f"{n} + 1?"}, {"role": "assistant", "content": "word " * (n + 1)}]}
        for n in range(49)
    ]
    return write(tmp_path / "chats.jsonl", [*rows, rows[0]])


@pytest.fixture
def tokenizer(tmp_path: Path) -> Path:
    """A real tokenizer in a folder: one token for each word, however it is spelled."""
    folder = tmp_path / "tokenizer"
    folder.mkdir()
    words = Tokenizer(models.WordLevel({"<unk>": 0}, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    words.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "PreTrainedTokenizerFast"}')
    return folder


def test_add_says_what_was_registered(capsys: pytest.CaptureFixture[str], chats: Path) -> None:
    code, out, _ = modelops(capsys, "add", chats, "--name", "chats")

    assert code == 0
    assert "chats@1 registered and signed" in out
    assert "50  (50 train)" in out
    assert "1 (2.0%)" in out  # duplicates
    assert "modelops datasets inspect chats@1" in out


def test_adding_the_same_again_says_that_there_is_no_new_version(
    capsys: pytest.CaptureFixture[str], chats: Path
) -> None:
    modelops(capsys, "add", chats, "--name", "chats")

    code, out, _ = modelops(capsys, "add", chats, "--name", "chats")

    assert code == 0
    assert "chats@1 holds these rows already: no new version" in out


def test_add_with_json_prints_the_artifact_and_its_datasheet(capsys: pytest.CaptureFixture[str], chats: Path) -> None:
    _, out, _ = modelops(capsys, "add", chats, "--name", "chats", "--test-fraction", "0.2", "--json")

    document = json.loads(out)
    assert (document["ref"], document["new"], document["datasheet"]["duplicates"]) == ("chats@1", True, 1)
    assert set(document["metadata"]["splits"]) == {"train", "test"}


class TestBadRows:
    @pytest.fixture
    def broken(self, home: StateHome, tmp_path: Path) -> Path:
        return write(tmp_path / "chats.jsonl", [CHAT, *[{"messages": CHAT["messages"][:1]}] * 23, ["a list"], CHAT])

    def test_add_names_the_first_of_them_counts_all_and_registers_nothing(
        self, capsys: pytest.CaptureFixture[str], broken: Path
    ) -> None:
        code, out, err = modelops(capsys, "add", broken, "--name", "chats")

        assert code == 2
        assert out == ""
        assert "chats.jsonl:2" in err
        assert "chats.jsonl:21" in err
        assert "chats.jsonl:22" not in err
        assert "… and 4 more. 24 of 26 rows cannot be used: 23 no_answer, 1 not_an_object" in err
        assert "add --skip-bad-rows" in err
        assert json.loads(modelops(capsys, "list", "--json")[1]) == []

    def test_add_with_json_reports_them_as_data(self, capsys: pytest.CaptureFixture[str], broken: Path) -> None:
        code, out, _ = modelops(capsys, "add", broken, "--name", "chats", "--json")

        error = json.loads(out)
        assert (code, error["code"], error["bad_row_count"]) == (2, "bad_rows", 24)
        assert error["bad_rows"][0] == {
            "file": "chats.jsonl",
            "line": 2,
            "field": "messages",
            "code": "no_answer",
            "message": "There is no assistant turn, so there is nothing to learn.",
        }

    def test_skipping_says_how_many_were_left_out(self, capsys: pytest.CaptureFixture[str], broken: Path) -> None:
        code, out, _ = modelops(capsys, "add", broken, "--name", "chats", "--skip-bad-rows")

        assert code == 0
        assert "24 bad rows skipped: 23 no_answer, 1 not_an_object" in out

    def test_inspect_lists_them_without_refusing_the_rest(
        self, capsys: pytest.CaptureFixture[str], broken: Path
    ) -> None:
        code, out, _ = modelops(capsys, "inspect", broken)

        assert code == 0
        assert "4, of course" in out
        assert "24 of 26 rows cannot be used" in out


def test_inspect_shows_rows_as_chats_statistics_and_a_histogram(
    capsys: pytest.CaptureFixture[str], chats: Path
) -> None:
    modelops(capsys, "add", chats, "--name", "chats")

    code, out, _ = modelops(capsys, "inspect", "chats@1", "--rows", 1)

    assert code == 0
    assert out.startswith("chats@1 (verified)")
    lines = [line.rstrip() for line in out.splitlines()]
    assert "── row 1, train ──" in lines
    assert "user       0 + 1?" in lines
    assert "assistant  word" in lines
    assert "words per row" in lines
    assert any("█" in line and line.endswith(" 5") for line in lines)
    assert any(line.startswith("min 4   p50 27   p90 47") for line in lines)


def test_inspect_counts_tokens_and_the_rows_over_a_context(
    capsys: pytest.CaptureFixture[str], chats: Path, tokenizer: Path
) -> None:
    code, out, _ = modelops(capsys, "inspect", chats, "--tokenizer", tokenizer, "--context", 42)

    assert code == 0
    assert "tokens per row" in out
    assert "10 of 50 rows are over 42 tokens" in out


def test_the_tokenizer_of_a_registered_model_is_verified_and_used(
    capsys: pytest.CaptureFixture[str], chats: Path, tokenizer: Path, home: StateHome
) -> None:
    Registry(home).register(tokenizer, name="words", kind="model", metadata={}, build=Build("import", {}, ()))

    _, out, _ = modelops(capsys, "add", chats, "--name", "chats", "--tokenizer", "words@1", "--json")

    metadata = json.loads(out)["metadata"]
    assert metadata["tokenizer"] == "words@1"
    assert metadata["lengths"] == {"unit": "tokens", "p50": 27, "p95": 50, "max": 52, "total": 1376}


def test_without_a_tokenizer_the_rows_over_a_context_are_a_lower_bound(
    capsys: pytest.CaptureFixture[str], chats: Path
) -> None:
    _, out, _ = modelops(capsys, "inspect", chats, "--context", 42)

    assert "At least 10 of 50 rows are over 42 tokens" in out
    assert "--tokenizer" in out


def test_inspect_with_json_says_the_same(capsys: pytest.CaptureFixture[str], chats: Path, tokenizer: Path) -> None:
    _, out, _ = modelops(capsys, "inspect", chats, "--tokenizer", tokenizer, "--context", 42, "--json")

    document = json.loads(out)
    assert document["over_context"] == {"limit": 42, "unit": "tokens", "rows": 10}
    assert sum(each["rows"] for each in document["tokens"]["histogram"]) == document["rows"] == 50
    assert document["bad_row_count"] == 0


def test_what_a_dataset_says_cannot_drive_the_terminal(
    capsys: pytest.CaptureFixture[str], home: StateHome, tmp_path: Path
) -> None:
    evil = "\x1b]0;owned\x07 \x1b[2J [bold]not bold[/bold] \u202egpj.exe"
    rows = [{"messages": [{"role": "user", "content": evil}, CHAT["messages"][1]]}, {"messages": evil, "\x1b[1m": 1}]
    path = write(tmp_path / "chats.jsonl", rows)

    _, out, err = modelops(capsys, "inspect", path)
    _, _, refused = modelops(capsys, "add", path, "--name", "chats")

    assert not {"\x1b", "\x07", "\u202e"} & set(out + err + refused)
    assert "[bold]not bold[/bold]" in out


def test_a_full_disk_is_told_and_leaves_nothing(home: StateHome, tmp_path: Path) -> None:
    path = write(tmp_path / "chats.jsonl", [{"text": f"{number} {'x' * 1000}"} for number in range(10_000)])
    home.root.mkdir()
    # A real small disk, in a mount namespace of its own, so that it needs no rights and leaves no trace.
    in_a_small_disk = 'mount -t tmpfs -o size=4m tmpfs "$MODELOPS_HOME"; "$@"'
    unshare = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", in_a_small_disk, "sh"]
    add = [MODELOPS, "datasets", "add", str(path), "--name", "chats", "--json"]

    result = subprocess.run([*unshare, *add], capture_output=True, text=True)

    assert json.loads(result.stdout)["code"] == "disk_full", result.stderr


def test_an_artifact_of_another_kind_is_not_inspected(
    capsys: pytest.CaptureFixture[str], home: StateHome, tmp_path: Path
) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}")
    Registry(home).register(tmp_path / "model", name="tiny", kind="model", metadata={}, build=Build("import", {}, ()))

    code, _, err = modelops(capsys, "inspect", "tiny@1")

    assert code == 2
    assert "tiny@1 is a model, not a dataset." in err


def test_a_folder_without_a_tokenizer_is_said_so(
    capsys: pytest.CaptureFixture[str], chats: Path, tmp_path: Path
) -> None:
    (tmp_path / "nothing").mkdir()

    code, _, err = modelops(capsys, "inspect", chats, "--tokenizer", tmp_path / "nothing")

    assert code == 2
    assert "[no_tokenizer]" in err


def test_make_pydoc_registers_question_and_answer_rows(capsys: pytest.CaptureFixture[str], home: StateHome) -> None:
    code, out, _ = modelops(capsys, "make-pydoc", "--rows", 50)

    assert code == 0
    assert "stdlib-qa@1 registered and signed" in out
    assert "50  (45 train, 5 test)" in out


def test_list_teaches_when_there_is_nothing_and_shows_rows_otherwise(
    capsys: pytest.CaptureFixture[str], chats: Path
) -> None:
    assert "make-pydoc" in modelops(capsys, "list")[1]

    modelops(capsys, "add", chats, "--name", "chats")

    assert "50 train" in modelops(capsys, "list")[1]
