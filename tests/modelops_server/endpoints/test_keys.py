"""Keys that open one endpoint."""

from __future__ import annotations

import pytest

from modelops.errors import NotFound
from modelops.paths import StateHome
from modelops_server.endpoints.keys import PREFIX, create_key, list_keys, opened_by, revoke_key
from modelops_server.endpoints.place import Place
from modelops_server.endpoints.spec import EndpointSpec, ServedArtifact
from modelops_server.endpoints.status import State, Status


@pytest.fixture
def place(home: StateHome) -> Place:
    place = Place.of(home, "bot")
    model = ServedArtifact(ref="m@1", digest="0" * 64)
    place.write_spec(EndpointSpec(name="bot", model=model, engine="llamacpp", created="2026-01-01T00:00:00+00:00"))
    place.write_status(Status(state=State.STOPPED).saying())
    return place


def test_a_key_opens_its_endpoint_until_it_is_revoked(home: StateHome, place: Place) -> None:
    key = create_key(home, "bot", "ada")

    assert key.startswith(PREFIX)
    assert opened_by(home, key) == ("bot", "ada")
    assert opened_by(home, key + "x") is None
    revoke_key(home, "bot", "ada")
    assert opened_by(home, key) is None
    with pytest.raises(NotFound):
        revoke_key(home, "bot", "ada")


def test_a_key_of_the_same_name_takes_the_others_place(home: StateHome, place: Place) -> None:
    first, second = create_key(home, "bot", "ada"), create_key(home, "bot", "ada")

    assert opened_by(home, first) is None
    assert opened_by(home, second) == ("bot", "ada")
    assert [key.id for key in list_keys(home, "bot")] == ["ada"]


def test_what_is_kept_is_not_the_key(home: StateHome, place: Place) -> None:
    key = create_key(home, "bot", "ada")

    kept = (place.folder / "keys.json").read_text()
    assert key not in kept
    assert key.removeprefix(PREFIX) not in kept


def test_damaged_keys_open_nothing(home: StateHome, place: Place) -> None:
    key = create_key(home, "bot", "ada")
    (place.folder / "keys.json").write_text('[{"id": "ada"')

    assert opened_by(home, key) is None
