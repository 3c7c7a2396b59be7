"""Shared signals (SSF 1.0) over HTTP: streams for who listens here, and what others tell us."""
