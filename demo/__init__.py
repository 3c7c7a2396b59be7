"""The demo: a node, four portals and the sandbox on one machine, with people to try them as.

It wraps the provider from outside (``demo.wsgi``); the provider knows nothing of it.
"""
