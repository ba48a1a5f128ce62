"""Answers from one's own documents: read, cut into chunks, embedded, searched, and cited."""
