"""What other nodes tell this one of people and entities they know (SSF 1.0, as a receiver)."""
