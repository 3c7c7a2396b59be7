"""What the node costs with 10⁴ … 10⁷ accounts: fill a database, then measure on it."""
