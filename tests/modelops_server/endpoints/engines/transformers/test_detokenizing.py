"""Text from tokens: nothing lost, nothing broken, nothing said too early."""

from __future__ import annotations

import random

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from modelops.models import load_tokenizer
from modelops.models.token_bytes import TokenBytes
from modelops_server.endpoints.engines.transformers.detokenizing import Detokenizer, Stops


@pytest.fixture(scope="module")
def byte_level(tiny_model_folder: object) -> PreTrainedTokenizerBase:
    return load_tokenizer(str(tiny_model_folder))


@pytest.fixture(scope="module")
def sentence_piece() -> PreTrainedTokenizerBase:
    """A tokenizer as Llama 2 has it: words begin with a mark, and other bytes have tokens of their own."""
    words = ["<unk>", "<s>", *(f"<0x{byte:02X}>" for byte in range(256)), "▁the", "▁sky", "s", "▁"]
    model = models.BPE(
        {word: number for number, word in enumerate(words)}, [], unk_token="<unk>", byte_fallback=True, fuse_unk=True
    )
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", unk_token="<unk>")


def pieces(tokenizer: PreTrainedTokenizerBase, ids: list[int], before: list[int] | None = None) -> list[str]:
    text = Detokenizer(tokenizer, before or [])
    return [*(text.add(token) for token in ids), text.rest()]


@pytest.mark.parametrize(
    "text", ["Grüße aus 東京 😀!", "é" * 40, "👩‍👩‍👧 family", "plain", "\ufffd is a character", "a\ufffd"]
)
def test_pieces_are_whole_characters_and_together_the_text(byte_level: PreTrainedTokenizerBase, text: str) -> None:
    said = pieces(byte_level, byte_level(text)["input_ids"])

    assert "".join(said) == text
    assert all(piece.replace("\ufffd", "") == piece for piece in said) or "\ufffd" in text


def test_any_tokens_give_what_decoding_them_at_once_gives(byte_level: PreTrainedTokenizerBase) -> None:
    chance = random.Random(0)
    for _ in range(200):
        ids = [chance.randrange(259) for _ in range(chance.randrange(60))]
        assert "".join(pieces(byte_level, ids)) == byte_level.decode(ids, skip_special_tokens=True)


def test_spaces_in_front_of_words_stay(sentence_piece: PreTrainedTokenizerBase) -> None:
    the, sky, s, _ = range(258, 262)

    assert pieces(sentence_piece, [the, sky, s]) == ["the", " sky", "s", ""]
    assert pieces(sentence_piece, [sky, s], before=[1, the]) == [" sky", "s", ""]
    assert "".join(pieces(sentence_piece, [the, sky] * 30)) == " ".join(["the sky"] * 30)


def test_characters_of_byte_tokens_come_whole(sentence_piece: PreTrainedTokenizerBase) -> None:
    ids = [2 + byte for byte in "東😀".encode()]

    assert [piece for piece in pieces(sentence_piece, [258, *ids]) if piece] == ["the", "東", "😀"]


def test_each_token_stands_for_its_bytes(
    byte_level: PreTrainedTokenizerBase, sentence_piece: PreTrainedTokenizerBase
) -> None:
    ids = byte_level("ü €<|im_end|>")["input_ids"]

    assert b"".join(map(TokenBytes(byte_level), ids)) == "ü €<|im_end|>".encode()
    assert [TokenBytes(sentence_piece)(token) for token in (1, 2 + 0xE2, 259)] == [b"<s>", b"\xe2", b" sky"]
    assert TokenBytes(byte_level)(300) == b""  # models have more rows than tokenizers have tokens


@pytest.mark.parametrize(
    ("texts", "parts", "said"),
    [
        (["END"], ["a E", "N", "D b"], ["a ", "", ""]),
        (["END"], ["a E", "N", "X"], ["a ", "", "ENX"]),
        (["aab"], ["aaa", "b"], ["a", ""]),
        (["b", "abc"], ["xab"], ["xa"]),
        (["abc", "b"], ["xabc"], ["x"]),
        ([], ["x"], ["x"]),
    ],
)
def test_what_may_end_the_answer_is_held_back(texts: list[str], parts: list[str], said: list[str]) -> None:
    stops = Stops(texts)

    assert [stops.add(part) for part in parts] == said


def test_what_was_held_back_is_said_at_the_end() -> None:
    stops = Stops(["END"])

    assert stops.add("the EN") == "the "
    assert (stops.rest(), stops.found) == ("EN", False)
