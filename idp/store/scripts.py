"""Server-side functions of Redis: they check that nothing moved, then move data, in one step.

One round trip each: EVALSHA, and EVAL the first time a server sees a script.
"""

from hashlib import sha1
from typing import Any

from redis.exceptions import NoScriptError

from idp.store.asking import ask


class Script:
    def __init__(self, text: str):
        self.text = text
        self.sha = sha1(text.encode(), usedforsecurity=False).hexdigest()

    def __call__(self, keys: list[str], args: list[Any]) -> Any:
        try:
            return ask(("EVALSHA", self.sha, len(keys), *keys, *args))[0]
        except NoScriptError:
            return ask(("EVAL", self.text, len(keys), *keys, *args))[0]
