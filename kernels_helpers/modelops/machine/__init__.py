"""What this machine has, what is missing for which feature, and the command that mends it. Never imports torch."""

from modelops.machine.finding import Finding, State
from modelops.machine.findings import examine
from modelops.machine.hardware import Processor, memory_bytes, processor
from modelops.machine.memory import give_back_memory, peak_memory_bytes

__all__ = [
    "Finding",
    "Processor",
    "State",
    "examine",
    "give_back_memory",
    "memory_bytes",
    "peak_memory_bytes",
    "processor",
]
