"""The engine process: one GGUF file, served by llama.cpp until the process is ended.

llama.cpp ends the process that gives it something of which it has other ideas, so it never shares one.
"""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType

from modelops.errors import ModelOpsError
from modelops_server.endpoints.engines.assignment import Assignment
from modelops_server.endpoints.engines.llamacpp.engine import PROMPT_CACHE


def serve(assignment: Assignment) -> None:
    """Serve until a signal comes; raises ``RuntimeError`` for a file that llama.cpp does not load."""
    import xllamacpp

    asked = xllamacpp.CommonParams()
    asked.model.path = assignment.model
    asked.model_alias = {assignment.name}
    asked.hostnames, asked.api_keys = [assignment.socket], [assignment.key]
    asked.n_parallel = assignment.parallel
    asked.n_ctx = (assignment.context or 0) * assignment.parallel
    asked.cpuparams.n_threads = asked.cpuparams_batch.n_threads = assignment.threads
    # A request that waits for its turn holds a thread, too, and somebody has to answer /health.
    asked.n_threads_http = 2 * assignment.parallel + 8
    asked.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(adapter.folder, 1.0) for adapter in assignment.adapters]
    asked.lora_init_without_apply = True
    # Chats and completions are answered as without it, and as fast; without it nothing can be embedded.
    asked.embedding = True
    asked.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    # It keeps prompts by their tokens alone, and would give one adapter what another has computed for them.
    asked.cache_ram_mib = 0 if assignment.adapters else PROMPT_CACHE // 2**20
    asked.ui, asked.endpoint_slots, asked.verbosity = False, False, 1
    server = xllamacpp.Server(asked)
    sys.stderr.write(f"llama.cpp (xllamacpp) serves {assignment.name} at {server.listening_address}\n")
    signal.pause()


def _end(_number: int, _frame: FrameType | None) -> None:
    # Its destructor waits for requests that are being answered; nothing here needs to be put in order.
    sys.stderr.flush()
    os._exit(0)


def main() -> None:
    """Read the assignment and serve it."""
    signal.signal(signal.SIGTERM, _end)
    try:
        serve(Assignment.read(sys.stdin.buffer))
    except (ModelOpsError, RuntimeError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
