"""Ledger: what was written down, and proof that it has not been changed; it knows bytes and leaves, no domain words."""
