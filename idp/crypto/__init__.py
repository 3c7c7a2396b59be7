"""Sealing personal data, blind indexes, password hashing, masking: cryptography and no storage."""
