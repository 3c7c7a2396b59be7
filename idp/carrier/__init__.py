"""Whether a phone number went to somebody else since its holder last proved it."""
