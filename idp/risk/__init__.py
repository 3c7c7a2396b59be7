"""Risk of a sign-in: rules in a table (``rules``), judged by facts (``facts``); some of them are
known before the proof (``around``).
"""
