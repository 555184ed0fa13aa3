"""The dictionary of phrases by which pypinyin tells how a character sounds (银行, 行驶), at a third of its size.

pypinyin keeps the reading of each of 47,000 phrases as lists of lists. Every process that searches holds them, so that
they are kept as text here and made into lists when one is looked up: some 36 MB less for a web process that has searched.
"""

import bisect
import ctypes
import functools
import gc
import os
import sys
from collections.abc import Callable, Iterable
from typing import Any

_SYLLABLES, _OTHERS = " ", ","


class Phrases(dict[str, str]):
    """Phrase to its readings, given as pypinyin keeps them: for each character the sounds that it may have."""

    def __getitem__(self, phrase: str) -> list[list[str]]:  # type: ignore[override]
        """Give the readings of a phrase."""
        return [sounds.split(_OTHERS) for sounds in super().__getitem__(phrase).split(_SYLLABLES)]


class Beginnings:
    """What a phrase may begin with, found among the phrases themselves."""

    def __init__(self, phrases: Iterable[str]) -> None:
        self._phrases = sorted(phrases)

    def __contains__(self, text: str) -> bool:
        place = bisect.bisect_left(self._phrases, text)
        return place < len(self._phrases) and self._phrases[place].startswith(text)


@functools.cache
def reader() -> Callable[..., list[str]]:
    """Give pypinyin's `lazy_pinyin`, once its dictionary is small; the first call takes some 0.4 s."""
    os.environ.setdefault("PYPINYIN_NO_DICT_COPY", "1")  # nothing is added to its dictionaries here
    import pypinyin
    from pypinyin import constants, converter, core
    from pypinyin.seg import mmseg, simpleseg

    if not isinstance(constants.PHRASES_DICT, Phrases):
        phrases = _small(constants.PHRASES_DICT)
        for module in (constants, converter, core, mmseg, simpleseg):
            vars(module)["PHRASES_DICT"] = phrases
        vars(mmseg.p_set)["_set"] = Beginnings(phrases)
        _let_go(pypinyin, constants)
    read: Callable[..., list[str]] = pypinyin.lazy_pinyin
    return read


def _small(large: dict[str, list[list[str]]]) -> Phrases:
    # Every text is made anew: one that is shared would keep the memory around it, and the machine would get none back.
    return Phrases(
        ("".join(list(phrase)), _SYLLABLES.join(_OTHERS.join(sounds) for sounds in readings))
        for phrase, readings in large.items()
    )


def _let_go(*modules: Any) -> None:
    """Forget the large dictionary, and give its memory back to the machine where that can be said."""
    for module in modules:
        vars(module).pop("phrases_dict", None)
    sys.modules.pop("pypinyin.phrases_dict", None)
    gc.collect()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
