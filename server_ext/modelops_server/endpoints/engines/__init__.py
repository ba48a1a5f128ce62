"""Engines: what computes a model's answers, each a process of its own."""
