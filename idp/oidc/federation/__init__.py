"""What this node answers as an entity of a federation (OpenID Federation §8, §9)."""
