"""llama.cpp, by xllamacpp: GGUF files, fast on a CPU."""
