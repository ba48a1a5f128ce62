"""The engine process: vLLM's own server, which is told its key as no argument and no variable of the environment.

It is started by its path, with the Python of vLLM's environment, where nothing of ModelOps is.
"""

from __future__ import annotations

import ctypes
import json
import signal
import sys

_PR_SET_PDEATHSIG = 1

# vLLM's own processes begin with this module, too (multiprocessing's spawn): each dies with the one that started it.
ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def main() -> None:
    """Read a line of JSON, ``{"arguments": [...], "key": "..."}``, and serve until a signal comes."""
    import uvloop
    from vllm.entrypoints.launchers.api_server.entry import run_server
    from vllm.entrypoints.launchers.cli_args import make_arg_parser, validate_parsed_serve_args
    from vllm.entrypoints.serve.utils.api_utils import cli_env_setup
    from vllm.logger import configure_logging_from_args
    from vllm.utils.argparse_utils import FlexibleArgumentParser

    asked = json.loads(sys.stdin.buffer.readline())
    cli_env_setup()
    arguments = make_arg_parser(FlexibleArgumentParser()).parse_args(asked["arguments"])
    arguments.api_key = [asked["key"]]
    configure_logging_from_args(arguments)
    validate_parsed_serve_args(arguments)
    uvloop.run(run_server(arguments))


if __name__ == "__main__":
    main()
