"""OpenID Connect for Identity Assurance 1.0: what may be asked, what is told, what is on offer."""
