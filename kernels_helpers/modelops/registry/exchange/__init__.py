"""Artifacts on their way out of a registry and into another one."""
