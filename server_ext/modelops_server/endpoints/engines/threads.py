"""How an engine's threads wait for each other on cores that other processes use, too."""

from __future__ import annotations

import os

SPIN_COUNT = "GOMP_SPINCOUNT"
"""The variable that says how often; it is read when torch is loaded."""

ROUNDS = os.environ.get(SPIN_COUNT, "1000")
"""How often OpenMP's threads look whether the others are ready before they sleep, by default 300,000 times.

With the default a thread whose neighbour has no core turns round for milliseconds, some hundred times a token: beside
two busy processes on two cores 0.3 tokens/s were left of 40, like this 11.
"""
