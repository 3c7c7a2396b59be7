"""Asking another node of the federation who a person is, as its relying party.

The question is pushed and signed under our own chain; the answer counts as far as the chain and
the marks of who gives it reach. No page and no account is known here.
"""
