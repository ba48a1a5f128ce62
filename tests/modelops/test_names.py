"""Names, references and member paths: what is let in, and what is kept out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelops.errors import InvalidInput
from modelops.names import Reference, check_member_path, check_name, collision_key, in_words

HOSTILE = [
    "../x",
    "..%2fx",
    "..\\x",
    "/etc/passwd",
    "C:/x",
    "C:\\x",
    "file:///etc/passwd",
    "a\0b",
    "a" * 256,
    "safe\u202egpj.exe",
    "CON",
    "con.txt",
    ".git",
    "",
    ".",
    "..",
    "x ",
    "x.",
    "a\nb",
    "\ud800",
]


@pytest.mark.parametrize("name", ["a", "smollm2-135m-instruct", "qwen2.5-0.5b", "stdlib_qa", "3b"])
def test_ordinary_names_are_accepted(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize("name", [*HOSTILE, "Upper", "a..b", "-a", "a-", "a b", "a/b", "ü", "a@1"])
def test_hostile_and_ambiguous_names_are_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match="not a valid") as refusal:
        check_name(name)
    assert refusal.value.code == "invalid_name"
    assert refusal.value.hint


@pytest.mark.parametrize("path", ["model.safetensors", "data/train.jsonl", "a b.txt", "größe.md", ".gitattributes"])
def test_ordinary_member_paths_are_accepted(path: str) -> None:
    assert check_member_path(path) == path


@pytest.mark.parametrize("path", [*HOSTILE, "a//b", "a/../b", "a/./b", "a/.GIT/config", "a/NUL", "a/com1.txt", "a/"])
def test_hostile_member_paths_are_refused(path: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        check_member_path(path)
    assert refusal.value.code == "invalid_path"


@given(st.text(max_size=40))
def test_an_accepted_member_path_stays_below_its_folder(path: str) -> None:
    try:
        check_member_path(path)
    except InvalidInput:
        return
    assert not path.startswith("/")
    assert ".." not in path.split("/")
    assert "\0" not in path


@pytest.mark.parametrize(("one", "other"), [("README.md", "readme.MD"), ("é", "e\u0301"), ("ﬁle", "file"), ("ß", "SS")])
def test_paths_that_one_file_system_could_merge_share_a_collision_key(one: str, other: str) -> None:
    assert collision_key(one) == collision_key(other)


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("bot", Reference("bot")),
        ("bot@3", Reference("bot", version=3)),
        ("bot@production", Reference("bot", alias="production")),
    ],
)
def test_references_parse_and_print(text: str, reference: Reference) -> None:
    assert Reference.parse(text) == reference
    assert str(reference) == text


@pytest.mark.parametrize("text", ["", "@1", "bot@", "bot@0", "bot@01", "bot@-1", "bot@1@2", "bot@9999999999", "Bot@1"])
def test_malformed_references_are_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        Reference.parse(text)


def test_a_reference_may_name_what_a_job_makes() -> None:
    assert Reference.parse("job:sft-0tvnekde") == Reference("", job="sft-0tvnekde")
    assert Reference.parse("job:sft-0tvnekde/chats") == Reference("chats", job="sft-0tvnekde")
    for text in ("job:sft-0tvnekde", "job:sft-0tvnekde/chats"):
        assert str(Reference.parse(text)) == text
    for text in ("job:", "job:../x", "job:a/", "job:a/b@1"):
        with pytest.raises(InvalidInput):
            Reference.parse(text)


@pytest.mark.parametrize(
    ("measure", "said"),
    [("top1_agreement", "top1 agreement"), ("lm-eval/stdlib_modules/acc_norm", "lm-eval/stdlib_modules/acc_norm")],
)
def test_measures_are_said_in_words_and_the_names_of_tasks_as_they_are(measure: str, said: str) -> None:
    assert in_words(measure) == said
