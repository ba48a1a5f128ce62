"""Checkpoints are signed notes as C2SP specifies them, and nothing else is read as one."""

from __future__ import annotations

import base64

import pytest
from nacl.signing import SigningKey

from modelops.errors import VerificationError
from modelops.registry import PublicKey
from modelops.registry.log.checkpoints import key_id, origin, read_checkpoint, sign_checkpoint, signs

KEY = SigningKey(bytes(range(32)))
PUBLIC = PublicKey(bytes(KEY.verify_key))
ROOT = bytes(range(100, 132))
NOTE = sign_checkpoint(12, ROOT, KEY)


def test_a_checkpoint_says_whose_log_has_which_size_and_root() -> None:
    checkpoint = read_checkpoint(NOTE, [PUBLIC])
    assert (checkpoint.origin, checkpoint.size, checkpoint.root) == (f"modelops/{PUBLIC.fingerprint}", 12, ROOT)


def test_a_checkpoint_has_the_lines_of_the_specification() -> None:
    name, size, root, blank, signature, end = NOTE.split("\n")
    assert (name, size, root, blank, end) == (origin(PUBLIC), "12", base64.b64encode(ROOT).decode(), "", "")
    assert signature.startswith(f"— {origin(PUBLIC)} ")


def test_the_note_of_gos_documentation_is_read_as_go_reads_it() -> None:
    key = PublicKey(base64.b64decode("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")[1:])
    text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
    signature = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
    assert key_id("PeterNeumann", key).hex() == "c74f20a3"
    assert signs(text, signature, "PeterNeumann", key)
    assert not signs(text + "\n", signature, "PeterNeumann", key)
    assert not signs(text, signature, "EnochRoot", key)


def test_signatures_of_others_are_passed_over() -> None:
    witness = f"— witness.example {base64.b64encode(bytes(76)).decode()}\n"
    assert read_checkpoint(NOTE + witness, [PUBLIC]).size == 12


STRANGER = SigningKey(bytes(32))
HEAD, _, SIGNATURE = NOTE.partition("\n\n")


@pytest.mark.parametrize(
    "note",
    [
        NOTE.replace("\n12\n", "\n11\n"),
        NOTE.replace("\n12\n", "\n012\n"),
        NOTE.replace("\n12\n", "\n-12\n"),
        NOTE.replace(base64.b64encode(ROOT).decode(), base64.b64encode(bytes(32)).decode()),
        sign_checkpoint(12, ROOT, STRANGER),
        sign_checkpoint(12, ROOT, STRANGER).replace(origin(PublicKey(bytes(STRANGER.verify_key))), origin(PUBLIC)),
        f"{HEAD}\n\n",
        f"{HEAD}\n",
        f"{HEAD}\nextension\n\n{SIGNATURE}",
        NOTE[:-1],
        NOTE + "\n",
        NOTE.replace("—", "-"),
        NOTE.replace("\n", "\r\n"),
        NOTE * 2,
        "",
        "{}",
        NOTE + NOTE.splitlines()[-1] * 10_000,
    ],
)
def test_everything_else_is_refused(note: str) -> None:
    with pytest.raises(VerificationError) as caught:
        read_checkpoint(note, [PUBLIC])
    assert caught.value.code == "checkpoint_forged"


def test_a_checkpoint_of_a_key_that_is_not_trusted_is_refused() -> None:
    with pytest.raises(VerificationError):
        read_checkpoint(NOTE, [])
