"""Served as evaluated: an engine's answers compared with those of the evaluation, before anybody is let in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx

from modelops.errors import ModelOpsError, Unavailable
from modelops.parity import Parity, chat_request, compare, completion_request, find_golden, read_reply
from modelops.parity.prompts import Messages
from modelops.parity.replies import Reply
from modelops.paths import StateHome
from modelops.registry import Artifact, Registry
from modelops_server.endpoints.engines import load_engine
from modelops_server.endpoints.sockets import engine_api
from modelops_server.endpoints.spec import EndpointSpec, ServedArtifact

_TIMEOUT = 300.0
"""Seconds that an engine may take for one short answer."""


class Diverged(ModelOpsError):
    """What is served is not what was evaluated."""

    http_status = 409

    def __init__(self, name: str, artifact: ServedArtifact, parity: Parity) -> None:
        super().__init__(
            "parity_diverged",
            f"{name} ({artifact.ref}) is {parity.sentence[0].lower()}{parity.sentence[1:]}",
            "Serve it by the engine that evaluated it (--engine transformers), evaluate it as it is served, "
            "or start it all the same: --parity warn",
            parity={"name": name, "ref": artifact.ref, "digest": artifact.digest, **parity.as_json()},
        )


class Asked:
    """One name of an endpoint, asked as the gateway asks it."""

    def __init__(self, spec: EndpointSpec, name: str, socket: Path) -> None:
        self._spec = spec
        self._name = name
        transport = httpx.HTTPTransport(uds=str(socket))
        self._client = httpx.Client(transport=transport, timeout=_TIMEOUT, **engine_api(socket))

    def chat(self, messages: Messages, max_tokens: int) -> Reply:
        """The answer to a conversation."""
        return self._ask("chat/completions", chat_request(messages, max_tokens))

    def complete(self, prompt: str | Sequence[int], max_tokens: int) -> Reply:
        """What follows a text, or tokens."""
        return self._ask("completions", completion_request(prompt, max_tokens))

    def close(self) -> None:
        """End the connection."""
        self._client.close()

    def _ask(self, api: str, request: dict[str, Any]) -> Reply:
        adapter = self._name.partition("/")[2] or self._spec.default_adapter
        body = load_engine(self._spec.engine).request({**request, "model": self._name}, self._spec, adapter)
        try:
            answer = self._client.post(api, json=body)
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise Unavailable(
                "parity_not_checked", f"The engine could not answer the golden prompts: {str(error)[:300]}", ""
            ) from error
        return read_reply(answer.json())


def check(
    home: StateHome, spec: EndpointSpec, socket: Path, known: Sequence[dict[str, Any]], say: Callable[[str], None]
) -> tuple[dict[str, Any], ...]:
    """Compare every name of an endpoint with the evaluation of what it serves; what is ``known`` is not asked again.

    Each is said as JSON, also that there was nothing to compare with. Raises ``Diverged`` where the endpoint's policy
    is to refuse, and ``Unavailable`` (``parity_not_checked``, ``no_logprobs``).
    """
    found = []
    for name, artifact in spec.model_names.items():
        before = next((one for one in known if (one["name"], one["digest"]) == (name, artifact.digest)), None)
        found.append(before or _check_one(home, spec, name, artifact, socket, say))
    return tuple(found)


def _check_one(
    home: StateHome,
    spec: EndpointSpec,
    name: str,
    artifact: ServedArtifact,
    socket: Path,
    say: Callable[[str], None],
) -> dict[str, Any]:
    said: dict[str, Any] = {"name": name, "ref": artifact.ref, "digest": artifact.digest}
    if spec.options.parity == "off":
        return {**said, "agrees": None, "sentence": "Not compared with its evaluation: that was switched off."}
    registry = Registry(home)
    if registry.get(artifact.ref).metadata.get("embedding"):
        return {**said, "agrees": None, "sentence": "It makes vectors, which no evaluation has answers of."}
    golden = find_golden(registry, artifact.ref)
    if golden is None:
        sentence = f"Nothing to compare with: {_why_none(registry.get(artifact.ref))}"
        return {**said, "agrees": None, "sentence": sentence}
    asked = Asked(spec, name, socket)

    def tell(done: int, total: int) -> None:
        say(f"Comparing {name} with its evaluation, {done} of {total} answers")

    try:
        parity = compare(golden, asked, on_progress=tell)
    finally:
        asked.close()
    if not parity.agrees and spec.options.parity == "refuse":
        raise Diverged(name, artifact, parity)
    return {**said, **parity.as_json()}


def _why_none(artifact: Artifact) -> str:
    """Why there is nothing to compare with, and what helps."""
    parameter = "adapter" if artifact.kind == "adapter" else "model"
    mend = f"evaluate it first (modelops run evaluate -p {parameter}={artifact.ref})."
    if artifact.metadata.get("method") == "qlora":
        return f"it was trained on a 4-bit model, and answers otherwise on the one that serves it; {mend}"
    if "probe" in artifact.metadata and not artifact.metadata["probe"]:
        return f"it was added without a probe; {mend}"
    return mend
