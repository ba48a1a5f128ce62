"""A stranger verifies an export with the page's own commands, or with other people's tools, without our package."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from nacl.signing import SigningKey

from modelops.registry import Artifact, PublicKey, Registry
from modelops.registry.log import merkle
from modelops.registry.log.checkpoints import sign_checkpoint
from modelops.registry.log.proofs import LogProof, check_proof, write_proof

STEPS = re.compile(r"```(sh|python)\n(.*?)```", re.DOTALL)

OTHER_TOOLS = """
import json, pathlib, sys
import google.protobuf.json_format as json_format
import in_toto_attestation.predicates.provenance.v1.provenance_pb2 as provenance_pb2
import in_toto_attestation.v1.statement_pb2 as statement_pb2
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from in_toto_attestation.v1.statement import Statement
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey

folder = pathlib.Path(sys.argv[1])
envelope = Envelope.from_dict(json.loads((folder / "attestation.json").read_text()))
public_key = load_pem_public_key((folder / "signer.pem").read_bytes())
key = SSlibKey.from_crypto(public_key, keyid=next(iter(envelope.signatures)))
envelope.verify([key], 1)
message = json_format.Parse(envelope.payload, statement_pb2.Statement())
Statement.copy_from_pb(message).validate()
predicate = json_format.MessageToDict(message.predicate)
provenance = json_format.ParseDict(predicate, provenance_pb2.Provenance(), ignore_unknown_fields=True)
assert not [name for name in sys.modules if name.split(".")[0] in ("modelops", "modelops_server")]
print(provenance.build_definition.build_type, len(message.subject), provenance.run_details.metadata.invocation_id)
"""


@pytest.fixture
def exported(registry: Registry, register: Callable[..., Artifact], tmp_path: Path) -> Path:
    register(invocation="job-7", metadata={"answer": "é ☃ \U0001f916"})
    target = tmp_path / "support-bot"
    registry.export("support-bot", target)
    return target


@pytest.fixture
def steps(pytestconfig: pytest.Config) -> list[tuple[str, str]]:
    """The code of the page, in order, with its language, up to what is about another tool."""
    page = (pytestconfig.rootpath / "docs/verify-without-us.md").read_text(encoding="utf-8")
    return STEPS.findall(page.split("\n## With OpenSSF Model Signing")[0])


def follow(steps: list[tuple[str, str]], folder: Path) -> list[subprocess.CompletedProcess[str]]:
    """Do what the page says, in the folder, until a step fails."""
    # -I and -S: only the standard library, no site-packages, no environment.
    shells = {"sh": ["sh", "-ec"], "python": [sys.executable, "-I", "-S", "-c"]}
    done: list[subprocess.CompletedProcess[str]] = []
    for language, code in steps:
        command = [*shells[language], code]
        done.append(
            subprocess.run(
                command, cwd=folder, capture_output=True, text=True, encoding="utf-8", env={"PATH": "/usr/bin:/bin"}
            )
        )
        if done[-1].returncode != 0:
            break
    return done


def test_the_strangers_python_has_nothing_of_ours() -> None:
    probe = [sys.executable, "-I", "-S", "-c", "import modelops"]
    assert b"No module named 'modelops'" in subprocess.run(probe, capture_output=True).stderr


def test_the_pages_steps_accept_an_export_and_show_the_fingerprint(
    registry: Registry, exported: Path, steps: list[tuple[str, str]]
) -> None:
    done = follow(steps, exported)
    assert [step.returncode for step in done] == [0] * 6, done[-1].stderr
    assert registry.keys.own().fingerprint in done[0].stdout
    assert "Signature Verified Successfully" in done[2].stdout
    assert "Signature Verified Successfully" in done[5].stdout


class ManyEntries:
    """A log in memory."""

    def __init__(self, size: int) -> None:
        self.envelopes = [f"envelope {number}".encode() for number in range(size)]
        self.nodes: dict[tuple[int, int], bytes] = {}
        for index, envelope in enumerate(self.envelopes):
            leaf = merkle.leaf_hash(hashlib.sha256(envelope).digest())
            for level, digest in enumerate(merkle.completed(leaf, index, self.subtree)):
                self.nodes[level, index >> level] = digest

    def subtree(self, level: int, position: int) -> bytes:
        return self.nodes[level, position]

    def proof(self, index: int, size: int, key: SigningKey) -> LogProof:
        note = sign_checkpoint(size, merkle.root(self.subtree, size), key)
        return LogProof(note, index, size, tuple(merkle.inclusion_path(self.subtree, index, size)))


def _in_process(code: str, folder: Path) -> bool:
    """Whether a step of the page accepts that needs no more than Python; a process for each would take long."""
    with contextlib.chdir(folder):
        try:
            exec(code, {})
        except SystemExit:
            return False
    return True


def test_the_pages_steps_find_every_entry_of_logs_of_many_sizes_and_no_other(
    steps: list[tuple[str, str]], tmp_path: Path
) -> None:
    key, log = SigningKey.generate(), ManyEntries(9)
    for size in range(1, 10):
        for index in range(size):
            proof, envelope = log.proof(index, size, key), log.envelopes[index]
            (tmp_path / "attestation.json").write_bytes(envelope)
            (tmp_path / "log-proof.json").write_bytes(write_proof(proof))
            assert _in_process(steps[4][1], tmp_path)
            assert check_proof(write_proof(proof), envelope, [PublicKey(bytes(key.verify_key))]) == proof
            (tmp_path / "attestation.json").write_bytes(envelope + b"x")
            assert not _in_process(steps[4][1], tmp_path)


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _flip_weights(folder: Path) -> None:
    _flip(folder / "files/adapter_model.safetensors")


def _extra_file(folder: Path) -> None:
    (folder / "files/docs/extra.py").write_text("import os")


def _missing_file(folder: Path) -> None:
    (folder / "files/docs/card.md").unlink()


def _swapped_files(folder: Path) -> None:
    card, settings = folder / "files/docs/card.md", folder / "files/adapter_config.json"
    content = card.read_bytes()
    card.write_bytes(settings.read_bytes())
    settings.write_bytes(content)


def _link(folder: Path) -> None:
    card = folder / "files/docs/card.md"
    card.symlink_to(card.rename(folder / "card.md"))


def _linked_folder(folder: Path) -> None:
    docs = folder / "files/docs"
    docs.symlink_to(docs.rename(folder / "docs"))


def _payload(folder: Path) -> None:
    attestation = folder / "attestation.json"
    envelope = json.loads(attestation.read_text())
    payload = base64.b64decode(envelope["payload"]).replace(b'"name":"support-bot"', b'"name":"official-bot"')
    envelope["payload"] = base64.b64encode(payload).decode()
    attestation.write_text(json.dumps(envelope))


def _payload_type(folder: Path) -> None:
    attestation = folder / "attestation.json"
    attestation.write_text(attestation.read_text().replace("vnd.in-toto+json", "json"))


def _log_path(folder: Path) -> None:
    proof = json.loads((folder / "log-proof.json").read_text(encoding="utf-8"))
    (folder / "log-proof.json").write_text(json.dumps({**proof, "path": ["0" * 64]}))


def _log_root(folder: Path) -> None:
    """The proof of another log, whose checkpoint the signer did not sign."""
    envelope = (folder / "attestation.json").read_bytes()
    root = merkle.leaf_hash(hashlib.sha256(envelope).digest())
    proof = LogProof(sign_checkpoint(1, root, SigningKey.generate()), 0, 1, ())
    (folder / "log-proof.json").write_bytes(write_proof(proof))


def _other_key(folder: Path) -> None:
    subprocess.run(
        "openssl genpkey -algorithm ed25519 | openssl pkey -pubout -out signer.pem", cwd=folder, shell=True, check=True
    )


@pytest.mark.parametrize(
    ("tamper", "fails_at"),
    [
        (_flip_weights, 4),
        (_extra_file, 4),
        (_missing_file, 4),
        (_swapped_files, 4),
        (_link, 4),
        (_linked_folder, 4),
        (_payload, 3),
        (_payload_type, 2),
        (_log_path, 5),
        (_log_root, 6),
        (_other_key, 3),
    ],
    ids=lambda value: value.__name__.strip("_") if callable(value) else None,
)
def test_the_pages_steps_refuse_what_was_tampered_with(
    exported: Path, steps: list[tuple[str, str]], tamper: Callable[[Path], None], fails_at: int
) -> None:
    tamper(exported)
    done = follow(steps, exported)
    assert (len(done), done[-1].returncode != 0) == (fails_at, True)


def other_tools(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", "-c", OTHER_TOOLS, str(folder)], capture_output=True, text=True, encoding="utf-8"
    )


def test_securesystemslib_and_in_toto_attestation_accept_an_export(exported: Path) -> None:
    result = other_tools(exported)
    assert result.stdout.split() == ["modelops:build/job/v1", "3", "job-7"], result.stderr


@pytest.mark.parametrize("tamper", [_payload, _other_key], ids=["payload", "other_key"])
def test_securesystemslib_refuses_what_was_tampered_with(exported: Path, tamper: Callable[[Path], None]) -> None:
    tamper(exported)
    result = other_tools(exported)
    assert result.returncode != 0
    assert "VerificationError" in result.stderr


def test_what_an_export_says_about_its_source_is_that_sources_own_statement(
    registry: Registry, register: Callable[..., Artifact], tmp_path: Path, steps: list[tuple[str, str]]
) -> None:
    model = register(name="smollm2", kind="model")
    merged = register(name="merged", kind="model", dependencies=(model.as_dependency("base_model"),))
    for artifact in (model, merged):
        registry.export(artifact.ref, tmp_path / artifact.name)
        follow(steps, tmp_path / artifact.name)
    said = (tmp_path / "merged/statement.json").read_text(encoding="utf-8")
    assert hashlib.sha256((tmp_path / "smollm2/statement.json").read_bytes()).hexdigest() in said
