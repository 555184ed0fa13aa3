"""What people type, made safe to keep: composed, on one line, without marks that nobody sees.

The one place that decides what of Unicode is kept, also for names of people and of files:

* Letters, signs and digits of every script are kept, composed (NFC), those beyond the first 65,536 code points too.
* Code points that this Python does not know yet are kept: Han characters are added to Unicode every few years, and
  names have them. So is private use: older systems write rare characters of names there.
* A variation selector is kept behind a Han or Mongolian letter, where it chooses the form in which a name is
  registered; anywhere else it is a mark that nobody sees.
* Control characters, zero-width characters, marks of text direction, fillers, tags, halves of surrogate pairs and
  noncharacters are dropped: two texts that look the same are then the same, and no text can reorder the page that it
  stands on. Direction follows from the letters themselves.
* Every kind of blank is one blank. Of marks that sit on one letter no more are kept than any script needs.
"""

import re
import unicodedata

# Controls, format marks (zero width, direction, tags), surrogates, separators of lines and paragraphs.
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# Drawn as nothing although they count as letters or marks: joiners, fillers, inherent vowels.
_FILLERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0\u2800")
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef\u180b-\u180d\u180f]")
_SELECTED = re.compile(
    "[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff][\ufe00-\ufe02\U000e0100-\U000e01ef]"
    "|[\u1820-\u18aa][\u180b-\u180d\u180f]"
)
_NONCHARACTERS = re.compile("[\ufdd0-\ufdef\ufff0-\ufff8\U000e0000-\U000e00ff\U000e01f0-\U000e0fff]")
_MOST_MARKS = 8
# The dot between the parts of a name as it is registered is U+00B7; people type its look-alikes.
_NAME_DOTS = re.compile("[\u2022\u2027\u2219\u22c5\u30fb\uff65\u0387\u2981]")


def clean(text: str, *, keep_lines: bool = False) -> str:
    """Give text as it is kept: composed, visible, outer blanks removed.

    Args:
        keep_lines: keep line breaks, for texts of several paragraphs.
    """
    # Visible first: a dropped mark between a letter and its accent would keep the two apart.
    seen = _visible(text.replace("\r\n", "\n").replace("\r", "\n"), breaks="\n" if keep_lines else " ")
    return unicodedata.normalize("NFC", seen).strip()


def clean_name(text: str) -> str:
    """Give the name of a person or an organisation as it is kept, its blanks and its dots in one form."""
    return _NAME_DOTS.sub("\u00b7", " ".join(clean(text).split()))


def clean_line(text: str) -> str:
    """Give text on one line with everything invisible dropped, line breaks too: for names of files."""
    return " ".join(unicodedata.normalize("NFC", _visible(text, breaks="")).split())


def _visible(text: str, *, breaks: str) -> str:
    kept: list[str] = []
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        if character in "\n\t\r\x0b\x0c\x85\u2028\u2029":
            kept.append(" " if character == "\t" else breaks)
        elif category == "Zs":
            kept.append(character if character == "\u3000" and breaks == "\n" else " ")
        elif category in _INVISIBLE or character in _FILLERS or _is_no_character(character):
            continue
        elif _SELECTORS.match(character):
            if kept and _SELECTED.match(kept[-1] + character):
                kept.append(character)
        elif category in ("Mn", "Me"):
            marks += 1
            if marks <= _MOST_MARKS:
                kept.append(character)
            continue
        else:
            kept.append(character)
        marks = 0
    return "".join(kept)


def _is_no_character(character: str) -> bool:
    return ord(character) & 0xFFFE == 0xFFFE or _NONCHARACTERS.match(character) is not None
