"""The append-only Merkle log of what was signed (RFC 6962), its signed checkpoints, and proofs of both."""
