"""Models and adapters of other kinds: computed together where that is right, and otherwise one after the other."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import torch
from engine_process import Engine
from peft import LoraConfig, PromptTuningConfig, get_peft_model
from tiny_answers import NEXT, QUESTIONS, learn
from tiny_gguf import write_gguf
from transformers import Lfm2Config, Lfm2ForCausalLM, MistralConfig, MistralForCausalLM

from modelops.evaluation.answers import greedy_answer
from modelops.models import load_model, load_tokenizer
from modelops.models.inference import load_for_inference

ONE_AT_A_TIME = "it answers one request at a time"


def ask_all(engine: Engine, **body: Any) -> dict[str, str]:
    """The answers to all questions, asked at the same time."""
    with ThreadPoolExecutor(len(QUESTIONS)) as clients:
        said = clients.map(lambda question: engine.say(question, **body), QUESTIONS)
        return dict(zip(QUESTIONS, said, strict=True))


def test_a_sliding_window_slides_in_a_batch_too(
    start: Callable[..., Engine], learned_model: Path, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    model = MistralForCausalLM(
        MistralConfig(
            vocab_size=320,
            hidden_size=64,
            intermediate_size=128,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            sliding_window=24,
            tie_word_embeddings=True,
            bos_token_id=1,
            eos_token_id=2,
        )
    )
    tokenizer = load_tokenizer(learned_model)
    learn(model, tokenizer, QUESTIONS, rate=5e-3)
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    engine = start(tmp_path, parallel=8)

    assert ask_all(engine) == QUESTIONS
    assert ONE_AT_A_TIME not in engine.log.read_text()


def test_a_model_with_states_answers_one_at_a_time(
    start: Callable[..., Engine], learned_model: Path, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    config = Lfm2Config(
        vocab_size=320,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        layer_types=["conv", "full_attention"],
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=2,
    )
    Lfm2ForCausalLM(config).save_pretrained(tmp_path)
    load_tokenizer(learned_model).save_pretrained(tmp_path)
    engine = start(tmp_path, parallel=8)

    said = ask_all(engine, max_tokens=20)

    model, tokenizer = load_for_inference(tmp_path)
    assert said == {
        question: greedy_answer(model, tokenizer, [{"role": "user", "content": question}], 20) for question in QUESTIONS
    }
    assert ONE_AT_A_TIME in engine.log.read_text()
    body = {"prompt": "a", "seed": 3, "max_tokens": 10, "logprobs": 2}
    streamed = "".join(
        chunk["choices"][0]["text"] for chunk in engine.stream("completions", **body) if chunk["choices"]
    )
    choice = engine.post("completions", **body).json()["choices"][0]
    assert (streamed, len(choice["logprobs"]["content"])) == (choice["text"], 10)


def test_adapters_that_cannot_be_mixed_take_turns(
    start: Callable[..., Engine], learned_model: Path, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    dora = LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM", use_dora=True)
    adapted = get_peft_model(load_model(learned_model, "float32"), dora)
    learn(adapted, load_tokenizer(learned_model), NEXT, rate=1e-2)
    adapted.save_pretrained(str(tmp_path), save_embedding_layers=False)
    engine = start(learned_model, parallel=8, adapters=[{"name": "dora", "folder": str(tmp_path)}])

    with ThreadPoolExecutor(2) as clients:
        plain, other = clients.map(lambda model: ask_all(engine, model=model), ["tiny", "tiny/dora"])

    assert (plain, other) == (QUESTIONS, NEXT)
    assert "These adapters cannot be mixed" in engine.log.read_text()


def test_an_adapter_of_learned_prompts_is_refused(
    start: Callable[..., Engine], learned_model: Path, tmp_path: Path
) -> None:
    prompts = PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=2)
    get_peft_model(load_model(learned_model, "float32"), prompts).save_pretrained(str(tmp_path))

    try:
        start(learned_model, adapters=[{"name": "soft", "folder": str(tmp_path)}])
    except AssertionError as ended:
        last = str(ended).split("\n")
        assert any(line.startswith("error: The adapter soft puts learned tokens") for line in last)
    else:
        raise AssertionError("it was served")


def test_a_gguf_file_is_served_as_it_is_evaluated(
    start: Callable[..., Engine], learned_model: Path, tmp_path: Path
) -> None:
    write_gguf(learned_model, tmp_path / "learned.gguf")
    engine = start(tmp_path)

    model, tokenizer = load_for_inference(tmp_path)
    wanted = greedy_answer(model, tokenizer, [{"role": "user", "content": "Sum"}], 20)
    assert engine.say("Sum", max_tokens=20) == wanted == QUESTIONS["Sum"]
