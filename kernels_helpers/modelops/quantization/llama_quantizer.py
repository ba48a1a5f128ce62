"""llama.cpp's quantizer as a command, for the environment in which it is compiled.

``python -m modelops.quantization.llama_quantizer SOURCE TARGET TYPE`` prints what llama.cpp prints: a line a tensor.
"""

from __future__ import annotations

import ctypes
import os
import sys


def main(source: str, target: str, type: str) -> int:
    """Write ``source`` as ``target``; the exit status, 0 when it went well."""
    import llama_cpp

    parameters = llama_cpp.llama_model_quantize_default_params()
    parameters.ftype = getattr(llama_cpp, f"LLAMA_FTYPE_MOSTLY_{type.upper()}")
    parameters.nthread = len(os.sched_getaffinity(0))
    parameters.allow_requantize = False
    print_line = llama_cpp.llama_log_callback(lambda _level, text, _data: os.write(2, text))
    llama_cpp.llama_log_set(print_line, ctypes.c_void_p(0))
    return int(llama_cpp.llama_model_quantize(os.fsencode(source), os.fsencode(target), ctypes.byref(parameters)))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
