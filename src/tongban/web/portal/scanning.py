"""What a scanner types into a field: a number as it is printed, or the whole address behind a document's QR code."""

from urllib.parse import parse_qs, urlsplit

from tongban.notices import queries as notices


def statement_of(typed: str) -> str:
    """Give the signed statement inside the address of a verification page; empty when it is none."""
    parts = urlsplit(typed)
    if not parts.scheme.startswith("http"):
        return ""
    return parse_qs(parts.query).get("s", [""])[0]


def number_of(typed: str) -> str:
    """Give the business number of a document that was scanned, or what was typed as it is."""
    statement = statement_of(typed)
    if not statement:
        return typed
    answer = notices.verify(statement)
    return answer.number if answer.genuine else ""
