"""What people type, made safe to keep: composed, on one line, without invisible marks."""

import unicodedata

_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def clean(text: str, *, keep_lines: bool = False) -> str:
    """Give text in Unicode NFC without control, zero-width and direction marks, outer blanks removed.

    Args:
        keep_lines: keep line breaks, for texts of several paragraphs.
    """
    kept = []
    for character in unicodedata.normalize("NFC", text).replace("\r\n", "\n"):
        if character == "\n" and keep_lines:
            kept.append(character)
        elif character in "\n\t\r":
            kept.append(" ")
        elif unicodedata.category(character) not in _INVISIBLE:
            kept.append(character)
    return "".join(kept).strip()
