"""Item search on core PostgreSQL: characters, pairs of characters, pinyin and initials in one array with GIN.

What people type is cut in the same way; the database finds every item that shares a term, and the few
candidates are ranked here, names before everyday words before departments.
"""

import functools
import itertools
import re
from collections.abc import Iterable, Sequence

_HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]")
_LATIN = re.compile(r"[a-z0-9]+")
_STOP = frozenset("的了我要想办怎么在去到可以吗和与、，。？?！!（）()“”\"' ")
# How much a fit counts: with the name, an everyday word, the department; words found in all of them together.
NAME, ALIAS, DEPARTMENT, TOGETHER = 3.0, 2.6, 0.8, 1.2


def terms_of(*texts: str) -> list[str]:
    """Give the index terms of texts: each character, each pair, each syllable of pinyin, and the initials."""
    terms: set[str] = set()
    for text in texts:
        terms |= _han_terms(text)
        syllables, initials = pinyin_of(text)
        terms |= set(syllables)
        whole = "".join(syllables)
        terms |= {whole[:n] for n in range(1, min(len(whole), 24) + 1)}
        terms |= {
            initials[a : a + n] for a in range(len(initials)) for n in (2, 3, 4) if a + n <= len(initials)
        }
        terms |= set(_LATIN.findall(text.lower()))
    return sorted(t for t in terms if t and len(t) <= 40)


def terms_of_query(words: str) -> list[str]:
    """Give the terms by which to look for what somebody typed."""
    text = words.strip().lower()
    terms = _han_terms(text)
    if terms and _LATIN.search(text):  # 社保ka: written half in characters, half in pinyin
        terms.add(_letters(text))
    for run in _LATIN.findall(text):
        terms.add(run)
        terms |= {
            run[a : a + n] for a in range(len(run)) for n in (3, 4) if len(run) > 3 and a + n <= len(run)
        }
    return sorted(terms)


def _han_terms(text: str) -> set[str]:
    characters = [c for c in text.lower() if _HAN.match(c) and c not in _STOP]
    pairs = {a + b for a, b in itertools.pairwise(characters)}
    return set(characters) | pairs


def _pinyin(text: str) -> list[str]:
    # Its dictionary of phrases is a fifth of what a web process would load before it can serve.
    from pypinyin import Style, lazy_pinyin

    return lazy_pinyin(text, style=Style.NORMAL)


@functools.lru_cache(maxsize=20_000)
def pinyin_of(text: str) -> tuple[tuple[str, ...], str]:
    """Give the syllables of a text without tones, and their initials as one word."""
    han = "".join(_HAN.findall(text))
    syllables = tuple(s for s in _pinyin(han) if s.isascii())
    return syllables, "".join(s[0] for s in syllables)


def rank(words: str, rows: Iterable[tuple[int, str, str, Sequence[str], Sequence[str]]]) -> list[int]:
    """Order candidates (seq, name, department, aliases, terms) by how well they fit; give their numbers."""
    text = words.strip().lower()
    scored = []
    for seq, name, department, aliases, _terms in rows:
        score = NAME * _fit(text, name)
        score = max(score, *(ALIAS * _fit(text, alias) for alias in aliases)) if aliases else score
        score += DEPARTMENT * _fit(text, department)
        score += TOGETHER * _together(text, (name, *aliases))
        if text == str(seq):
            score += 10
        if score > 0.15:
            scored.append((-score, len(name), seq))
    return [seq for _score, _length, seq in sorted(scored)]


def _fit(words: str, text: str) -> float:
    """Say from 0 to 2 how well a text fits what was typed: whole, beginning, inside, then shared pairs."""
    target = text.lower()
    if _HAN.search(words):
        if words == target:
            return 2.0
        if words in target:
            return 1.6 if target.startswith(words) else 1.4
        mixed = _fit_letters(_letters(words), text) if _LATIN.search(words) else 0.0
        return max(mixed, _overlap(words, target))
    return _fit_letters(re.sub(r"[^a-z0-9]", "", words), text)


def _fit_letters(letters: str, text: str) -> float:
    """Say the same of pinyin or initials: whole, beginning, inside, then shared syllables."""
    if not letters:
        return 0.0
    syllables, initials = pinyin_of(text)
    whole = "".join(syllables)
    if letters in (whole, initials):
        return 1.8
    if whole.startswith(letters) or initials.startswith(letters):
        return 1.5
    if len(letters) < 3:
        return 0.0
    if letters in initials or letters in whole:
        return 1.2
    pairs = {a + b for a, b in itertools.pairwise(syllables) if a + b in letters}
    covered = {at + n for pair in pairs for at in (letters.find(pair),) for n in range(len(pair))}
    share = len(covered) / len(letters)
    return 0.8 * share if share > 0.5 else 0.0


def _letters(words: str) -> str:
    """Write a text that mixes characters and letters in letters alone."""
    return re.sub(r"[^a-z0-9]", "", "".join(_pinyin(words)))


def _together(words: str, texts: Sequence[str]) -> float:
    """Say which share of the typed pairs of characters stands in any of several texts."""
    typed = [c for c in words if _HAN.match(c) and c not in _STOP]
    pairs = [a + b for a, b in itertools.pairwise(typed)]
    return sum(any(pair in text for text in texts) for pair in pairs) / len(pairs) if pairs else 0.0


def _overlap(words: str, target: str) -> float:
    typed = [c for c in words if _HAN.match(c) and c not in _STOP]
    if not typed:
        return 0.0
    here = set(target)
    pairs = list(itertools.pairwise(typed))
    singles = sum(c in here for c in typed) / len(typed)
    if not pairs:
        return singles
    joined = sum(a + b in target for a, b in pairs) / len(pairs)
    shared = 2 * sum(c in here for c in typed) / (len(typed) + len(here))
    return 0.55 * joined + 0.35 * singles * singles + 0.25 * shared
