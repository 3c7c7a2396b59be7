"""Forms as a browser without scripts sees them: what a person may fill in and press."""

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Form:
    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By id: the name and value a button adds when it is pressed."""
    actions: dict[str, str] = field(default_factory=dict)
    """By id: where a button sends the form instead."""


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: dict[str, str] = {}
        self.inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "a":
            self.links[given.get("id", "")] = given.get("href", "")
        elif tag == "form":
            self.forms.append(Form(given.get("action", ""), given.get("method", "get")))
            self.inside = True
        elif self.inside and tag == "button":
            pressed = (given.get("name", ""), given.get("value", ""))
            self.forms[-1].buttons[given.get("id", "")] = pressed
            if "formaction" in given:
                self.forms[-1].actions[given.get("id", "")] = given["formaction"]
        elif self.inside and tag == "input" and "name" in given:
            self._input(given)

    def _input(self, given: dict[str, str]) -> None:
        choice = given.get("type") in {"checkbox", "radio"}
        if not choice or "checked" in given:
            self.forms[-1].fields[given["name"]] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = False


def read(html: str) -> list[Form]:
    reader = _Reader()
    reader.feed(html)
    return reader.forms


def with_button(html: str, button: str) -> Form:
    """The form a button belongs to; a claim that there is one."""
    found = [form for form in read(html) if button in form.buttons]
    assert found, f"no form with a button {button!r} on this page"
    return found[0]


def link(html: str, name: str) -> str:
    """Where the link with an id leads; a claim that there is one."""
    reader = _Reader()
    reader.feed(html)
    assert name in reader.links, f"no link {name!r} on this page"
    return reader.links[name]
