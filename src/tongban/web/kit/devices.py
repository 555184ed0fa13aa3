"""What a browser calls itself, in words by which people recognise their own."""

import re

_BROWSERS = (("Edg", "Edge"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


def name_of(agent: str) -> str:
    """Name a browser and its system, so that people recognise their own; empty when neither is known."""
    words = [
        next((name for sign, name in table if re.search(sign, agent)), "") for table in (_BROWSERS, _SYSTEMS)
    ]
    return " · ".join(filter(None, words))
