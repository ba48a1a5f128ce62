"""What is left of an endpoint whose keeper was killed."""

from __future__ import annotations

from modelops_server.endpoints.place import Place
from modelops_server.endpoints.sockets import remove_socket_folders
from modelops_server.processes import kill_job


def clear_leftovers(place: Place) -> None:
    """Leave nothing: no process, no socket. For who knows that no keeper lives, the keeper itself among them."""
    kill_job(place.mark)
    remove_socket_folders(place)
