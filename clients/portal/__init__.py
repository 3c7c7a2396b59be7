"""A small government portal that signs people in with Hutong: copy it to connect yours.

Everything a relying party owes is in three short files: ``views`` (sign in, sign out),
``logout_token`` (being told that a session ended) and ``sessions`` (who is signed in here).
"""
