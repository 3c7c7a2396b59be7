"""Who did what, when, how and with what outcome; nobody edits it quietly."""
