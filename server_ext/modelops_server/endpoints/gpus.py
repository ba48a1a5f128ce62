"""The GPUs that an endpoint is given: free ones, that no job and no other endpoint holds."""

from __future__ import annotations

from modelops.errors import Unavailable
from modelops.paths import StateHome
from modelops_server.endpoints.engines.engine import Engine
from modelops_server.gpu_claims import claims, gpu_names


def free_gpus(home: StateHome, engine: Engine, count: int | None) -> tuple[str, ...]:
    """The first ``count`` GPUs that nobody holds; ``None`` means what ``engine`` is given, of what is there.

    Raises ``Unavailable`` (``too_few_gpus``) where there are not so many, and says who holds them.
    """
    if (count if count is not None else engine.gpus) == 0:
        return ()
    there, held = gpu_names(), claims(home)
    wanted = count if count is not None else min(engine.gpus, len(there))
    free = [gpu for gpu in there if gpu not in held]
    if len(free) < wanted:
        holders = [f"{gpu} is held by {held[gpu].holder}" for gpu in there if gpu in held]
        said = "".join(f"; {one}" for one in holders)
        raise Unavailable(
            "too_few_gpus",
            f"It is to get {wanted} {'GPU' if wanted == 1 else 'GPUs'}; of {len(there)}, {len(free)} are free{said}.",
            f"{'Wait for what holds them or stop it, or ask' if holders else 'Ask'} for fewer: "
            "--gpus 0 serves on the CPU.",
        )
    return tuple(free[:wanted])
