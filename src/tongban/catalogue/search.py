"""Item search: everyday words, names, departments, pinyin and initials, small typing errors, one-character prefixes.

An `Index` is what one process remembers of the published items, their procedures and the synonyms: the words
of each, cut into characters, pairs, syllables and initials. What people type is cut in the same way; the few
items that share most with it are ranked, names before everyday words before departments.
"""

import functools
import heapq
import itertools
import re
from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass

_HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]")
_LATIN = re.compile(r"[a-z0-9]+")
_STOP = frozenset("的了我要想办怎么在去到可以吗和与、，。？?！!（）()“”\"' ")

# How much a fit counts: with the name, an everyday word, a procedure, the department; words found together.
NAME, ALIAS, PROCEDURE, DEPARTMENT, TOGETHER = 3.0, 2.6, 2.4, 0.8, 1.2
REPLACED = 0.98  # what a text counts in which a synonym was put for what was typed
CANDIDATES = 240  # texts that are looked at closely
COMMON = 1000  # what so many texts have is common
VARIANTS = 5


@dataclass(frozen=True)
class Listed:
    """An item as the index wants it."""

    seq: int
    name: str
    department: str
    aliases: Sequence[str] = ()
    procedures: Sequence[str] = ()


class Index:
    """What can be found, by every way in which it can be typed."""

    def __init__(self, items: Iterable[Listed], *, synonyms: Mapping[str, str] | None = None) -> None:
        self.items = {item.seq: item for item in items}
        # Long words first: what a long one says, a short one inside it does not say again.
        self.synonyms = sorted((synonyms or {}).items(), key=lambda pair: (-len(pair[0]), pair[0]))
        self._texts: list[tuple[int, str, float]] = []
        self._of_department: dict[str, list[int]] = defaultdict(list)
        self._places: dict[str, list[int]] = defaultdict(list)
        for item in self.items.values():
            self._of_department[item.department].append(item.seq)
            known = {item.name}
            self._add(item.seq, item.name, NAME)
            for alias in item.aliases:
                known.add(alias)
                self._add(item.seq, alias, ALIAS)
            for name in item.procedures:
                if name not in known:
                    self._add(item.seq, name, PROCEDURE)

    def _add(self, seq: int, text: str, weight: float) -> None:
        place = len(self._texts)
        self._texts.append((seq, text.lower(), weight))
        # The thousands of procedures are found by their characters; pinyin leads to the items they belong to.
        for term in _han_terms(text) if weight == PROCEDURE else terms_of(text):
            self._places[term].append(place)

    def find(self, words: str, *, limit: int, among: Container[int] | None = None) -> list[int]:
        """Give the numbers of the items that fit best what was typed, the best first; only some of them, if named."""
        best: dict[int, float] = {}
        for text, counts in self._variants(" ".join(words.lower().split())):
            departments = {name: _fit(text, name) for name in self._of_department}
            for seq, own in self._own_fits(text, departments).items():
                item = self.items[seq]
                score = own + DEPARTMENT * departments[item.department]
                score += TOGETHER * _together(text, (item.name, *item.aliases))
                score += 10 if text == str(seq) else 0
                best[seq] = max(best.get(seq, 0.0), counts * score)
        ranked = sorted(
            (-score, len(self.items[s].name), s)
            for s, score in best.items()
            if score > 0.15 and (among is None or s in among)
        )
        return [seq for _score, _length, seq in ranked[:limit]]

    def _own_fits(self, text: str, departments: Mapping[str, float]) -> dict[int, float]:
        """Give for each item worth a look how well its best text fits."""
        found: dict[int, float] = {}
        for place in self._nearest(text):
            seq, target, weight = self._texts[place]
            found[seq] = max(found.get(seq, 0.0), weight * _fit(text, target, by_sound=weight != PROCEDURE))
        for department, fit in departments.items():
            if fit > 0.5:
                for seq in self._of_department[department]:
                    found.setdefault(seq, 0.0)
        if text.isdecimal() and int(text[:9]) in self.items:
            found.setdefault(int(text), 0.0)
        return found

    def _nearest(self, text: str) -> list[int]:
        """Give the texts that share most with what was typed; what few texts have counts more."""
        shared: dict[int, float] = defaultdict(float)
        terms = (self._places.get(term, ()) for term in terms_of_query(text))
        for places in sorted(terms, key=len):
            # What thousands have says little: once enough texts share a seldom term, it only tells among these.
            is_common = len(places) > COMMON and len(shared) >= CANDIDATES
            for place in shared.keys() & set(places) if is_common else places:
                shared[place] += 1.0 / len(places) ** 0.5
        if len(shared) <= CANDIDATES:
            return list(shared)
        return heapq.nsmallest(CANDIDATES, shared, key=lambda place: (-shared[place], place))

    def _variants(self, text: str) -> list[tuple[str, float]]:
        """Give what was typed, and what it says with synonyms in place of what people call things."""
        fits = [(word, means) for word, means in self.synonyms if word in text]
        texts = {text: 1.0}
        whole = text
        for word, means in fits:
            texts.setdefault(text.replace(word, means), REPLACED)
            whole = whole.replace(word, means)
        texts.setdefault(whole, REPLACED)
        return list(texts.items())[:VARIANTS]


def terms_of(text: str) -> set[str]:
    """Give the index terms of a text: each character, each pair, each syllable of pinyin, and the initials."""
    syllables, initials = pinyin_of(text)
    whole = "".join(syllables)
    terms = _han_terms(text) | set(syllables) | set(_LATIN.findall(text.lower()))
    terms |= {whole[:n] for n in range(1, min(len(whole), 24) + 1)}
    terms |= {initials[a : a + n] for a in range(len(initials)) for n in (2, 3, 4) if a + n <= len(initials)}
    return {t for t in terms if t}


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


@functools.lru_cache(maxsize=65_536)
def pinyin_of(text: str) -> tuple[tuple[str, ...], str]:
    """Give the syllables of a text without tones, and their initials as one word."""
    han = "".join(_HAN.findall(text))
    syllables = tuple(s for s in _pinyin(han) if s.isascii())
    return syllables, "".join(s[0] for s in syllables)


def _fit(words: str, text: str, *, by_sound: bool = True) -> float:
    """Say from 0 to 2 how well a text fits what was typed: whole, beginning, inside, then shared pairs.

    Args:
        by_sound: whether its pinyin counts; thousands of texts would have to be written in it.
    """
    target = text.lower()
    if _HAN.search(words):
        if words == target:
            return 2.0
        if words in target:
            return 1.6 if target.startswith(words) else 1.4
        mixed = _fit_letters(_letters(words), text) if by_sound and _LATIN.search(words) else 0.0
        return max(mixed, _overlap(words, target, by_sound=by_sound))
    if not by_sound:
        return 1.4 if words and words in target else 0.0
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
    return max(0.8 * share if share > 0.5 else 0.0, _misspelt(letters, whole))


def _misspelt(letters: str, whole: str) -> float:
    """Say how well letters with one or two slips fit the beginning of a text's pinyin."""
    if len(letters) < 5:
        return 0.0
    typed = [a + b for a, b in itertools.pairwise(letters)]
    near = whole[: len(letters) + 2]
    share = sum(pair in near for pair in typed) / len(typed)
    return 0.9 * share if share >= 0.6 else 0.0


def _letters(words: str) -> str:
    """Write a text that mixes characters and letters in letters alone."""
    return re.sub(r"[^a-z0-9]", "", "".join(_pinyin(words)))


@functools.lru_cache(maxsize=1024)
def _typed(words: str) -> tuple[tuple[str, ...], tuple[str, ...], frozenset[str]]:
    """Cut what was typed into characters, pairs of characters, and pairs of their syllables."""
    characters = tuple(c for c in words if _HAN.match(c) and c not in _STOP)
    syllables = _pinyin("".join(characters))
    sounds = frozenset(f"{a} {b}" for a, b in itertools.pairwise(syllables))
    return characters, tuple(a + b for a, b in itertools.pairwise(characters)), sounds


@functools.lru_cache(maxsize=65_536)
def _sounds_of(text: str) -> frozenset[str]:
    return frozenset(f"{a} {b}" for a, b in itertools.pairwise(pinyin_of(text)[0]))


def _together(words: str, texts: Sequence[str]) -> float:
    """Say which share of the typed pairs of characters stands in any of several texts."""
    pairs = _typed(words)[1]
    return sum(any(pair in text for text in texts) for pair in pairs) / len(pairs) if pairs else 0.0


def _overlap(words: str, target: str, *, by_sound: bool = True) -> float:
    """Say how much two texts share: pairs most, then characters; a pair that only sounds alike counts less."""
    typed, pairs, sounds = _typed(words)
    if not typed:
        return 0.0
    here = set(target)
    singles = sum(c in here for c in typed) / len(typed)
    if not pairs:
        return singles
    joined = sum(pair in target for pair in pairs) / len(pairs)
    alike = len(sounds & _sounds_of(target)) / len(sounds) if by_sound else 0.0
    shared = 2 * sum(c in here for c in typed) / (len(typed) + len(here))
    return 0.55 * max(joined, 0.8 * alike) + 0.35 * singles * singles + 0.25 * shared
