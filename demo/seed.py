"""``python -m demo.seed <seed.json>`` registers the portals and opens the people's accounts.

Run as often as one likes: what is there already is brought up to date, never doubled.
"""
