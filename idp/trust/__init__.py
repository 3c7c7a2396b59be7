"""This node in its federation: whom it trusts, what it states of itself and of those below it.

``idp.federation`` says what statements prove; here they are fetched, kept, signed and asked for.
"""
