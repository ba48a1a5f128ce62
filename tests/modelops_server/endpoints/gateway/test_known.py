"""An endpoint's files are read when they have changed, and only then."""

from __future__ import annotations

import pytest

from modelops.errors import InvalidInput, NotFound
from modelops.paths import StateHome
from modelops_server.endpoints.endpoint import Endpoint
from modelops_server.endpoints.gateway.known import Known
from modelops_server.endpoints.place import Place
from modelops_server.endpoints.spec import EndpointSpec, ServedArtifact
from modelops_server.endpoints.status import State, Status


@pytest.fixture
def place(home: StateHome) -> Place:
    place = Place.of(home, "bot")
    model = ServedArtifact(ref="tiny@1", digest="sha256:00")
    place.write_spec(EndpointSpec(name="bot", model=model, engine="llamacpp", created="2026-01-01T00:00:00+00:00"))
    place.write_status(Status(state=State.STARTING).saying())
    return place


async def read(known: Known) -> Endpoint:
    return await known.find("bot")


@pytest.mark.asyncio
async def test_it_is_read_once_while_nothing_changes(home: StateHome, place: Place) -> None:
    known = Known(home)
    assert await read(known) is await read(known)


@pytest.mark.asyncio
async def test_what_its_keeper_says_next_is_known_at_once(home: StateHome, place: Place) -> None:
    known = Known(home)
    for state in (State.STARTING, State.READY, State.RESTARTING, State.STOPPED):
        place.write_status(Status(state=state).saying())
        assert (await read(known)).status.state is state


@pytest.mark.asyncio
async def test_what_is_asked_for_next_is_known_at_once(home: StateHome, place: Place) -> None:
    known = Known(home)
    spec = (await read(known)).spec
    place.write_spec(spec.model_copy(update={"adapters": (spec.model,)}))
    assert (await read(known)).spec.adapters == (spec.model,)


@pytest.mark.asyncio
async def test_one_that_was_removed_is_not_known_any_more(home: StateHome, place: Place) -> None:
    known = Known(home)
    await read(known)
    for file in place.files:
        file.unlink()
    with pytest.raises(NotFound):
        await read(known)
    with pytest.raises(InvalidInput):
        await known.find("../bot")
