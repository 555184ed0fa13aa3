"""How words sound: pinyin without tones, told apart no finer than people of the south-west tell them apart.

Zh and z, n and l, in and ing, en and eng sound alike to many, and are typed as they sound.
"""

import functools
import re
from collections.abc import Container

from tongban.catalogue import readings

HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]")
_LONGEST = 6  # letters of a syllable: zhuang
_BLURRED = [("zh", "z"), ("ch", "c"), ("sh", "s"), ("l", "n")]
_SYLLABLE = re.compile(
    r"(?:[zcs]h|[bpmfdtnlgkhjqxrzcsyw])?"
    r"(?:a(?:i|ng?|o)?|e(?:i|ng?|r)?|i(?:a(?:ng?|o)?|e|ng?|ong|u)?|o(?:ng|u)?|u(?:a(?:i|ng?)?|e|i|n|o)?|ve?)"
)


def pinyin(text: str) -> list[str]:
    """Give the syllables of a text of Han characters, one for each where it is known."""
    # Loaded when something is first searched for: a process can serve before.
    from pypinyin import Style

    return readings.reader()(text, style=Style.NORMAL)


@functools.lru_cache(maxsize=65_536)
def of(text: str) -> tuple[tuple[str, ...], str]:
    """Give the syllables of a text without tones, and their initials as one word."""
    han = "".join(HAN.findall(text))
    syllables = tuple(s for s in pinyin(han) if s.isascii())
    return syllables, "".join(s[0] for s in syllables)


@functools.lru_cache(maxsize=4096)
def blurred(syllable: str) -> str:
    """Give one spelling for the syllables that many people do not tell apart."""
    for exact, rough in _BLURRED:
        if syllable.startswith(exact):
            syllable = rough + syllable[len(exact) :]
            break
    return re.sub(r"(?<=[ie])ng$", "n", syllable)


def cut(letters: str, *, usual: Container[str] = ()) -> list[str]:
    """Cut typed letters into syllables: as many letters as can be in as few syllables as can be.

    Letters that belong to none stand alone, one by one.

    Args:
        usual: syllables (blurred) that are preferred where there is a choice.
    """
    # Letters left over, pieces, pieces that are not usual; then the pieces.
    best: list[tuple[int, int, int, tuple[str, ...]]] = [(0, 0, 0, ())]
    for end in range(1, len(letters) + 1):
        left, count, odd, pieces = best[end - 1]
        choices = [(left + 1, count + 1, odd, (*pieces, letters[end - 1]))]
        for size in range(2, min(_LONGEST, end) + 1):
            piece = letters[end - size : end]
            if _SYLLABLE.fullmatch(piece):
                left, count, odd, pieces = best[end - size]
                choices.append((left, count + 1, odd + (blurred(piece) not in usual), (*pieces, piece)))
        best.append(min(choices))
    return list(best[-1][3])
