"""``ArtifactView``: the record, the verification and its reason, and the lineage as trees."""

from __future__ import annotations

from typing import Any

import pytest

from modelops import Client
from modelops.widgets import ArtifactView


@pytest.fixture
def view(client: Client, finished: Any, front_end: Any) -> Any:
    view = ArtifactView(finished.record["artifacts"][0], client)
    view._worker.submit(lambda: None).result(30)
    yield view
    view.close()


def test_it_shows_what_the_artifact_is(view: ArtifactView, finished: Any) -> None:
    assert view.artifact["ref"] == finished.record["artifacts"][0]
    assert [(file["path"], file["size_in_words"]) for file in view.artifact["files"]] == [("report.md", "4 B")]


def test_it_is_verified_when_one_asks(view: ArtifactView, front_end: Any) -> None:
    assert view.verification == {}
    assert "not verified yet" in view.as_text()

    front_end.say(view, kind="verify")

    assert view.verification["verified"] is True
    assert "✓ verified" in view.as_text()


def test_it_says_why_it_is_not_what_was_signed(client: Client, tiny: Any, running_server: Any, front_end: Any) -> None:
    job = client.run(tiny, {"report": "tampered"}).wait(progress=False)
    view = ArtifactView(job.artifacts[0], client)
    digest = view.artifact["files"][0]["sha256"]
    blob = next(file for file in running_server.home.blobs.rglob("*") if file.name.endswith(digest[2:]))
    blob.chmod(0o644)
    blob.write_text("FINE")

    assert view.verify()["verified"] is False
    assert view.verification["problem"]["detail"]

    blob.write_text("fine")


def test_its_lineage_begins_with_what_it_was_made_from(view: ArtifactView) -> None:
    assert view.lineage[0]["title"] == "Made from"
    roles = [child["role"] for child in view.lineage[0]["children"]]
    assert "template" in roles
