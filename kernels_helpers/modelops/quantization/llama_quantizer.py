"""llama.cpp's quantizer as a command, for the environment in which it is compiled.

``python -m modelops.quantization.llama_quantizer SOURCE TARGET TYPE [IMPORTANCE.npz]`` prints what llama.cpp prints: a
line a tensor.
"""

from __future__ import annotations

import ctypes
import os
import sys


def main(source: str, target: str, type: str, importance: str | None = None) -> int:
    """Write ``source`` as ``target``; the exit status, 0 when it went well."""
    import llama_cpp
    import numpy as np

    parameters = llama_cpp.llama_model_quantize_default_params()
    parameters.ftype = getattr(llama_cpp, f"LLAMA_FTYPE_MOSTLY_{type.upper()}")
    parameters.nthread = len(os.sched_getaffinity(0))
    parameters.allow_requantize = False
    if importance is not None:
        arrays = dict(np.load(importance))
        # The end of the list is an entry without a name; the arrays live until the quantizer is done.
        entries = (llama_cpp.llama_model_imatrix_data * (len(arrays) + 1))()
        for entry, (name, values) in zip(entries, arrays.items(), strict=False):
            entry.name, entry.size = name.encode(), values.size
            entry.data = values.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
        parameters.imatrix = entries
    print_line = llama_cpp.llama_log_callback(lambda _level, text, _data: os.write(2, text))
    llama_cpp.llama_log_set(print_line, ctypes.c_void_p(0))
    return int(llama_cpp.llama_model_quantize(os.fsencode(source), os.fsencode(target), ctypes.byref(parameters)))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
