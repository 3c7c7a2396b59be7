"""The fault rig: real processes under load, broken on purpose, judged from the outside."""
