"""OpenID Federation 1.0/1.1 as values: statements, policies, constraints, chains, trust marks.

Nothing here fetches, stores or asks the time: statements and ``now`` come in, what they prove
goes out, and whatever is wrong is a ``FederationError``.
"""
