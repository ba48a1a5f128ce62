"""Messages of a kernel that are too large to be read whole."""

from __future__ import annotations

import json

import pytest

from modelops_server.jobs.running import messages


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits that a test can reach."""
    monkeypatch.setattr(messages, "_WHOLE", 100)
    monkeypatch.setattr(messages, "_KEPT", 30)


@pytest.mark.parametrize("text", ["x", "\\", "\n", "é", "a\\\n", "\\n\n", "\u2028\x01", '"', "\U0001f600"])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_a_long_text_keeps_its_beginning_and_its_last_lines_and_nothing_is_torn(text: str, ascii_only: bool) -> None:
    for shift in range(8):
        whole = "p" * shift + text * 300
        raw = json.dumps({"name": "stdout", "text": whole}, ensure_ascii=ascii_only).encode()

        kept = messages.unpack(raw)["text"]

        beginning, _, rest = kept.partition("\n[… ")
        # A character outside of the Basic Multilingual Plane is two escapes; half of it may stay.
        assert whole.startswith(beginning.encode("utf-16", "surrogatepass").decode("utf-16", "ignore"))
        assert whole.endswith(rest.partition(" bytes left out …]\n")[2])


def test_a_long_picture_is_replaced_by_its_size_and_the_rest_stays() -> None:
    content = {"data": {"image/png": "A" * 500, "text/plain": "<Figure>"}, "metadata": {}}

    data = messages.unpack(json.dumps(content).encode())["data"]

    assert data == {"image/png": f"{messages.LEFT_OUT}502", "text/plain": "<Figure>"}


def test_a_message_of_ordinary_size_is_read_as_it_is() -> None:
    assert messages.unpack(b'{"text": "a\\nb"}') == {"text": "a\nb"}
