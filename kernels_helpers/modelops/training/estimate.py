"""What fine-tuning with ``templates/sft.ipynb`` takes, before anything is loaded: memory by its parts, and arithmetic.

The form of each part follows from what PyTorch keeps for the backward pass; the constants of :data:`MEASURED` stretch
it to what was measured. A GPU is estimated with the same formula, which was not measured there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from modelops.training.shapes import ModelShape

Method = Literal["lora", "qlora", "full"]


@dataclass(frozen=True)
class Constants:
    """What is fitted, and how well the estimate then agrees with measurements that it was not fitted to."""

    framework: float
    """Bytes of a kernel with torch, transformers, peft and trl, and of what the allocator keeps."""
    activations: float
    """Factor on the bytes that follow from the shapes."""
    activations_4bit: float
    """The same beside a 4-bit model, whose norms and residual stream are float32."""
    logit: float
    """Bytes for each logit: itself, in float32, its log-softmax and their gradients."""
    logit_4bit: float
    """The same beside a 4-bit model, whose head is float32."""
    error: float
    """The worst relative error that was measured where nothing was fitted: 0.054 on other configurations, in jobs of
    two steps as those that were fitted to, and 0.14 in one of 13 steps, which kept memory for each new shape.
    """


# Made by `python benchmarks/memory_estimate.py --fit`, which prints them, with the error of each configuration.
MEASURED = Constants(framework=6.05e8, activations=1.37, activations_4bit=1.82, logit=16.4, logit_4bit=23.6, error=0.15)

_4BIT = 0.516
"""Bytes of a weight in NF4 with double quantization, scales included."""
_LEARNED = 0.8
"""Share of a row's tokens that are learned, where the dataset is not known."""


@dataclass(frozen=True)
class Plan:
    """Those parameters of a training on which memory and time depend."""

    max_length: int
    method: Method = "lora"
    rank: int = 16
    target_modules: tuple[str, ...] = ("all-linear",)
    rows_per_batch: int = 1
    gradient_accumulation_steps: int = 1
    gradient_checkpointing: bool = False

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Plan | None:
        """The plan in a template's parameters; ``None`` where they do not say how long a row is, or name a method
        that is not known here.
        """
        if type(values.get("max_length")) is not int or values.get("method", "lora") not in get_args(Method):
            return None
        given = {name: values[name] for name in cls.__dataclass_fields__ if values.get(name) is not None}
        if isinstance(given.get("target_modules"), list):
            given["target_modules"] = tuple(given["target_modules"])
        return cls(**given)


@dataclass(frozen=True)
class RowLoad:
    """What a packed row holds: tokens on average, and learned tokens in a row that has many of them."""

    tokens: float
    learned: float

    @classmethod
    def unknown(cls, max_length: int) -> RowLoad:
        """A full row, for a dataset that was not looked at."""
        return cls(max_length, _LEARNED * max_length)

    def scaled(self, factor: float) -> RowLoad:
        """The same for rows that are shorter or longer by ``factor``."""
        return RowLoad(self.tokens * factor, self.learned * factor)


def usual_learning_rate(method: str | None) -> float | None:
    """The rate that the template takes where none is given; ``None`` for a method that is not known here."""
    return {"lora": 1e-3, "qlora": 1e-3, "full": 5e-5}.get(method or "")


def trained_weights(shape: ModelShape, plan: Plan) -> int:
    """How many weights are trained, in float32."""
    return shape.parameters if plan.method == "full" else shape.adapted(plan.target_modules, plan.rank)


def memory_parts(
    shape: ModelShape, plan: Plan, row: RowLoad, *, bf16: bool, constants: Constants = MEASURED
) -> dict[str, int]:
    """Bytes of memory at the peak of a training step, by what they are for; ``bf16`` is the compute type.

    The peak is where the backward pass begins: activations and logits are there, and so are the gradients of the
    accumulation before and the moments of the step before.
    """
    width = 2 if bf16 else 4
    tokens, learned = plan.rows_per_batch * row.tokens, plan.rows_per_batch * row.learned
    trained = trained_weights(shape, plan)
    four_bit = plan.method == "qlora"
    outside = shape.parameters - shape.in_matrices
    weights = {
        "lora": width * shape.parameters,
        # peft keeps what is not quantized, such as the embedding, in float32.
        "qlora": _4BIT * shape.in_matrices + 4 * outside,
        "full": 4 * shape.parameters,
    }[plan.method]
    # Beside float32 weights, autocast keeps a copy of them in bfloat16 for the length of a pass.
    copies = 2 * trained if bf16 else 0
    layers = 1 if plan.gradient_checkpointing else shape.layers
    activations = layers * tokens * _bytes_of_a_layer(shape, width)
    inputs_of_layers = width * shape.layers * tokens * shape.hidden if plan.gradient_checkpointing else 0
    parts = {
        "framework": constants.framework,
        "weights": weights,
        "trained": (0 if plan.method == "full" else 4 * trained) + copies,
        "gradients": 4 * trained,
        "optimizer": 8 * trained,
        "activations": (constants.activations_4bit if four_bit else constants.activations) * activations
        + inputs_of_layers,
        "logits": (constants.logit_4bit if four_bit else constants.logit) * learned * shape.vocabulary,
    }
    return {name: round(size) for name, size in parts.items()}


def flops_per_token(shape: ModelShape, plan: Plan, row: RowLoad) -> float:
    """Floating-point operations that a training step needs for a token; attention itself is left out.

    Two for each weight forward, two for the gradient of its input, two for its own where it is trained, and the forward
    ones again with gradient checkpointing.
    """
    trained = trained_weights(shape, plan)
    passes = 4 + (2 if plan.gradient_checkpointing else 0)
    head = shape.vocabulary * shape.hidden * row.learned / max(row.tokens, 1)
    own = shape.in_matrices + head if plan.method == "full" else 3 * trained
    return passes * (shape.in_matrices + head) + 2 * own


def checkpoint_bytes(shape: ModelShape, plan: Plan) -> int:
    """Bytes of one checkpoint: the trained weights in float32 and Adam's two moments of each."""
    return 12 * trained_weights(shape, plan)


def output_bytes(shape: ModelShape, plan: Plan) -> int:
    """Bytes of the weights that come out."""
    return 4 * trained_weights(shape, plan)


def _bytes_of_a_layer(shape: ModelShape, width: int) -> float:
    """What one token leaves behind in a layer for the backward pass, in bytes.

    Of each of two norms its input and its product in float32; queries, keys, values and output of the attention, the
    inputs of its four matrices and of the two that widen; the gate, its activation, the wide product, and the input of
    the matrix that narrows.
    """
    return 16 * shape.hidden + width * (10 * shape.hidden + 4 * shape.intermediate)
