"""Item search: everyday words, names, departments, pinyin and initials, small typing errors, one-character prefixes.

An `Index` is what one process remembers of the published items, their procedures and the synonyms. What people type is
read as a row of characters, each with its sound; letters are read as syllables. Every pair of neighbours counts for
the items that have it, by writing or by sound, the more the fewer items have it: so the words of a question count for
nothing without being known. A synonym counts for each of the words it stands for. Of the items that share most, those
are first whose name or everyday word is nearest to what was typed.
"""

import functools
import heapq
import itertools
import math
import re
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass

from tongban.catalogue import sounds

_LATIN = re.compile(r"[a-z0-9]+")
_RUNS = re.compile(rf"({sounds.HAN.pattern}+)|([a-z]+)")
# Words of asking; they stand in no item, but their characters do.
_ASKING = re.compile(
    "怎么办|怎么弄|怎么|怎样|咋个整|咋个|咋办|咋整|咋|如何|啥子|什么|哪些|在哪里|去哪里|哪里|去哪儿|在哪儿|哪儿|在哪|去哪"
    "|有没有|有没得|要不要|可不可以|能不能|是不是|可以|能够|我想要|我想|想要|需要|请问|你好|您好|我要|我们|帮我|一下|我的"
    "|吗|呢|嘛|吧"
)
# Who names a thing without saying what to do with it wants to have it.
_OBTAINING = re.compile("设立|新办|新设|申领|核发|开具|查询")
# How much it counts to have what was typed: in the name, an everyday word, a procedure, the department.
NAME, HINT, PROCEDURE, DEPARTMENT = 1.0, 0.65, 0.5, 0.6
SINGLE = 0.5  # a character alone, where a pair is 1
SOUND, GAP = 0.85, 0.7  # a pair that only sounds alike; one that has a character between
UNLIKE = 0.4  # of a sound, where what was typed is a word as it is written
REPLACED = 1.1  # what a synonym stands for, where what was typed is 1
STRANGE = 2.0  # what a pair would have counted that no item has
# What an item needs: a share of what was typed, or so much; so much of it not from single characters; of the best one.
SHARE, SURE, FIRM, TAIL = 0.2, 3.0, 1.5, 0.2
# How much the nearest of an item's own words counts: shared pairs; the whole text, beginning, inside; in letters.
CLOSE, WHOLE, BEGINS, INSIDE, LETTERS = 5.0, 9.0, 5.0, 2.0, 12.0
ALIAS = 0.85  # an everyday word, where the name is 1
OBTAINING = 0.6
LOOKED_AT = 40  # items that are looked at closely
NEAR = 240  # texts in letters that are looked at closely


@dataclass(frozen=True)
class Listed:
    """An item as the index wants it."""

    seq: int
    name: str
    department: str
    aliases: Sequence[str] = ()
    procedures: Sequence[str] = ()


@dataclass(frozen=True)
class Token:
    """A character with its sound, or the sound alone where pinyin was typed; neither is a gap."""

    char: str
    sound: str


@dataclass(frozen=True)
class Meaning:
    """One of the words for which a synonym stands: how much a character counts, and the share that each item has."""

    worth: float
    shares: Mapping[int, float]
    pairs: frozenset[str]


class Index:
    """What can be found, by every way in which it can be typed."""

    def __init__(self, items: Iterable[Listed], *, synonyms: Mapping[str, str] | None = None) -> None:
        self.items = {item.seq: item for item in items}
        self._having: dict[str, dict[int, float]] = defaultdict(dict)
        for item in self.items.values():
            self._add(item)
        count = len(self.items)
        self._rarity = {term: math.log(1 + count / len(having)) for term, having in self._having.items()}
        self._usual = {part for term in self._having if term[0] == "~" for part in term[1:].split()}
        self._spelt = _Spelt(self.items.values())
        self._synonyms = _Synonyms(synonyms or {}, self._meaning, known=self._rarity)

    def _add(self, item: Listed) -> None:
        for text, weight, by_sound in (
            (item.name, NAME, True),
            *((alias, HINT, True) for alias in item.aliases),
            *((name, PROCEDURE, False) for name in item.procedures),
            (item.department, DEPARTMENT, True),
        ):
            # The thousands of procedures are found by their characters; pinyin leads to the items they belong to.
            for term in _terms(tokens_of(text) if by_sound else plain_tokens(text)):
                having = self._having[term]
                having[item.seq] = max(having.get(item.seq, 0.0), weight)

    def _meaning(self, text: str) -> Meaning:
        """Say which share of a word each item has."""
        tokens = tokens_of(text)
        most, gained = self._gains([*_units(tokens), *_singles(tokens)])
        shares = {seq: (gain / most) ** 1.5 for seq, gain in gained.items()} if most else {}
        return Meaning(most / len(tokens) if tokens else 0.0, shares, _pairs(text))

    def _gains(self, units: Iterable[list[tuple[str, float]]]) -> tuple[float, dict[int, float]]:
        """Give what all units together may count, and what they count for each item."""
        most = 0.0
        gained: dict[int, float] = defaultdict(float)
        for unit in {unit[0][0]: unit for unit in units}.values():  # what is said twice counts once
            best: dict[int, float] = {}
            worth = 0.0
            is_known = unit[0][0] in self._rarity
            for term, share in unit:
                # What is a word as it is written is seldom another that sounds alike.
                seldom = UNLIKE if is_known and term[0] == "~" and unit[0][0][0] != "~" else 1.0
                count = seldom * share * self._rarity.get(term, 0.0)
                worth = max(worth, count)
                for seq, own in self._having.get(term, {}).items():
                    if count * own > best.get(seq, 0.0):
                        best[seq] = count * own
            most += worth or STRANGE * unit[0][1]
            for seq, gain in best.items():
                gained[seq] += gain
        return most, gained

    def find(self, words: str, *, limit: int, among: Container[int] | None = None) -> list[int]:
        """Give the numbers of the items that fit best what was typed, the best first; only some of them, if named."""
        text = plain(words)
        scores = self._scores(text)
        if text.isdecimal() and int(text[:9]) in self.items:
            scores[int(text[:9])] = math.inf
        if among is not None:
            scores = {seq: score for seq, score in scores.items() if seq in among}
        least = TAIL * max(scores.values(), default=0.0)
        ranked = sorted(
            (-score, len(self.items[seq].name), seq)
            for seq, score in scores.items()
            if score >= least or score == math.inf
        )
        return [seq for _score, _length, seq in ranked[:limit]]

    def _scores(self, text: str) -> dict[int, float]:
        """Give what the items count for a text."""
        tokens, left = read(text, usual=self._usual)
        scores, pairs = self._counted(tokens, text)
        if _LATIN.fullmatch(letters := text.replace(" ", "")):
            for seq, fit in self._spelt.find(letters, is_cut=left == 0).items():
                scores[seq] = scores.get(seq, 0.0) + LETTERS * fit
        typed = "".join(t.char for t in tokens)
        for seq in heapq.nlargest(LOOKED_AT, scores, key=lambda seq: scores[seq]):
            scores[seq] += self._closeness(self.items[seq], typed, pairs)
        return scores

    def _counted(self, tokens: Sequence[Token], text: str) -> tuple[dict[int, float], frozenset[str]]:
        """Give what was typed counts for each item that has enough of it; and the pairs that were typed or are meant."""
        most, firm = 0.0, defaultdict[int, float](float)
        pairs = set(_pairs("".join(t.char or " " for t in tokens)))
        rest = list(tokens)
        for start, end, meanings in self._synonyms.find(tokens, text):
            worth, best = self._gains([*_units(tokens[start:end]), *_singles(tokens[start:end])])
            for meaning in meanings:
                count = REPLACED * meaning.worth * max(end - start, 2)
                worth = max(worth, count)
                pairs |= meaning.pairs
                for seq, share in meaning.shares.items():
                    best[seq] = max(best.get(seq, 0.0), count * share)
            most += worth
            for seq, gain in best.items():
                firm[seq] += gain
            rest[start:end] = [Token("", "")] * (end - start)
        worth, best = self._gains(_units(rest))
        for seq, gain in best.items():
            firm[seq] += gain
        loose, alone = self._gains(_singles(rest))
        most += worth + loose
        gained = {seq: firm.get(seq, 0.0) + alone.get(seq, 0.0) for seq in {*firm, *alone}}
        # Characters that stand alone say enough only where they are half of what was typed.
        enough = {
            seq: gain
            for seq, gain in gained.items()
            if gain >= 0.5 * most or (firm.get(seq, 0.0) >= FIRM and gain >= min(SHARE * most, SURE))
        }
        return enough, frozenset(pairs)

    def _closeness(self, item: Listed, typed: str, pairs: frozenset[str]) -> float:
        """Say how near the nearest of an item's own words is to what was typed."""
        nearest, typed_weight = 0.0, self._weight(pairs)
        for text, weight in ((item.name, NAME), *((alias, ALIAS) for alias in item.aliases)):
            target = text.lower()
            own = _pairs(target)
            fit = CLOSE * self._weight(own & pairs) / (self._weight(own) + typed_weight + 1e-9)
            if typed and typed in target:
                fit += WHOLE if typed == target else BEGINS if target.startswith(typed) else INSIDE
            nearest = max(nearest, weight * fit)
        return nearest + (OBTAINING if _OBTAINING.search(item.name) else 0.0)

    def _weight(self, pairs: Iterable[str]) -> float:
        return sum(self._rarity.get(pair, 0.0) for pair in pairs)


class _Synonyms:
    """What people call things: found as it is written, or as it sounds."""

    def __init__(
        self, words: Mapping[str, str], meaning: Callable[[str], Meaning], *, known: Container[str]
    ) -> None:
        self._known = known
        self._by_sound: dict[tuple[str, ...], list[tuple[str, list[Meaning]]]] = defaultdict(list)
        self._in_letters: dict[str, list[Meaning]] = {}
        for word, means in words.items():
            meanings = [meaning(part) for part in re.split("[、|｜]", means) if part.strip()]
            key = tuple(t.sound for t in tokens_of(word))
            if _LATIN.search(word) or not key:
                self._in_letters[word] = meanings
            else:
                self._by_sound[key].append((word, meanings))
        self._sizes = sorted({len(key) for key in self._by_sound}, reverse=True)

    def find(self, tokens: Sequence[Token], text: str) -> list[tuple[int, int, list[Meaning]]]:
        """Give what was typed that is a synonym: from where to where, and what it means; the long ones first."""
        found = [(0, 0, meanings) for word, meanings in self._in_letters.items() if word in text]
        taken: set[int] = set()
        for size in self._sizes:
            for start in range(len(tokens) - size + 1):
                if taken.isdisjoint(range(start, start + size)):
                    meanings = self._meant(tokens[start : start + size])
                    if meanings:
                        found.append((start, start + size, meanings))
                        taken.update(range(start, start + size))
        return found

    def _meant(self, tokens: Sequence[Token]) -> list[Meaning]:
        typed = [t.char for t in tokens]
        alike = self._by_sound.get(tuple(t.sound for t in tokens), ())
        for word, meanings in alike:
            if word == "".join(typed):
                return meanings
        is_written = any(typed)
        if is_written and all(a + b in self._known for a, b in itertools.pairwise(typed)):
            return []  # it is a word of its own
        for word, meanings in alike:
            same = sum(a == b for a, b in zip(word, typed, strict=True))
            # Pinyin may be any word that sounds so; of characters no more than one in two may be another.
            if len(typed) > 1 and (len(typed) <= 2 * same or not is_written):
                return meanings
        return []


class _Spelt:
    """The names and everyday words in letters: their pinyin and their initials."""

    def __init__(self, items: Iterable[Listed]) -> None:
        self._texts = [
            (item.seq, text, weight)
            for item in items
            for text, weight in ((item.name, NAME), *((alias, ALIAS) for alias in item.aliases))
        ]
        self._places: dict[str, set[int]] = defaultdict(set)
        for place, (_seq, text, _weight) in enumerate(self._texts):
            syllables, initials = sounds.of(text)
            whole = "".join(syllables)
            for part in (whole, initials):
                for term in {part[:1], *(a + b for a, b in itertools.pairwise(part))}:
                    self._places[term].add(place)

    def find(self, letters: str, *, is_cut: bool) -> dict[int, float]:
        """Give how well the items fit letters, from 0 to 2.

        Args:
            is_cut: the letters are syllables throughout; slips are then found by these.
        """
        shared: dict[int, float] = defaultdict(float)
        terms = {letters} if len(letters) == 1 else {a + b for a, b in itertools.pairwise(letters)}
        for term in terms:
            places = self._places.get(term, ())
            for place in places:
                shared[place] += 1.0 / len(places) ** 0.5
        found: dict[int, float] = {}
        for place in heapq.nlargest(NEAR, shared, key=lambda place: (shared[place], -place)):
            seq, text, weight = self._texts[place]
            fit = weight * _fit_letters(letters, text, by_slips=not is_cut)
            if fit > found.get(seq, 0.0):
                found[seq] = fit
        return found


def plain(words: str) -> str:
    """Write what was typed in small letters of usual width."""
    usual = (chr(ord(c) - 0xFEE0) if "\uff01" <= c <= "\uff5e" else c for c in words)
    return " ".join("".join(usual).lower().split())


def read(text: str, *, usual: Container[str] = ()) -> tuple[list[Token], int]:
    """Read what was typed as a row of characters and syllables; gives also how many letters belong to none."""
    tokens: list[Token] = []
    left = 0
    for part in _ASKING.sub("\n", text).split("\n"):
        for run in _RUNS.finditer(part):
            if run[1]:
                tokens += tokens_of(run[1])
                continue
            for piece in sounds.cut(run[2], usual=usual):
                left += len(piece) == 1
                tokens.append(Token("", sounds.blurred(piece) if len(piece) > 1 else ""))
        tokens.append(Token("", ""))
    while tokens and tokens[-1] == Token("", ""):
        tokens.pop()
    return tokens, left


@functools.lru_cache(maxsize=16_384)
def tokens_of(text: str) -> tuple[Token, ...]:
    """Give the Han characters of a text, each with its sound."""
    han = "".join(sounds.HAN.findall(text.lower()))
    syllables = sounds.pinyin(han) if han else []
    if len(syllables) != len(han):  # a character without a known sound
        return plain_tokens(text)
    return tuple(
        Token(c, sounds.blurred(s) if s.isascii() else "") for c, s in zip(han, syllables, strict=True)
    )


def plain_tokens(text: str) -> tuple[Token, ...]:
    """Give the Han characters of a text without their sounds."""
    return tuple(Token(c, "") for c in sounds.HAN.findall(text.lower()))


def _terms(tokens: Sequence[Token]) -> set[str]:
    """Give the terms of a text: characters and pairs, as written and as they sound; pairs with one between."""
    terms: set[str] = set()
    for a, c in zip(tokens, tokens[2:], strict=False):
        if a.sound:
            terms.add(f"{a.char}_{c.char}")
    for a, b in itertools.pairwise(tokens):
        terms.add(a.char + b.char)
        if a.sound and b.sound:
            terms.add(f"~{a.sound} {b.sound}")
    for token in tokens:
        terms.add(token.char)
        if token.sound:
            terms.add(f"~{token.sound}")
    return terms


def _units(tokens: Sequence[Token]) -> list[list[tuple[str, float]]]:
    """Give what was typed unit by unit: the terms by which each may be found, and what each of these counts."""
    units: list[list[tuple[str, float]]] = []
    for place, (a, b) in enumerate(itertools.pairwise(tokens)):
        unit: list[tuple[str, float]] = []
        if a.char and b.char:
            unit += [(a.char + b.char, 1.0), (f"{a.char}_{b.char}", GAP)]
            if place + 2 < len(tokens) and tokens[place + 2].char:
                unit.append((a.char + tokens[place + 2].char, GAP))
        if a.sound and b.sound:
            unit.append((f"~{a.sound} {b.sound}", SOUND))
        if unit:
            units.append(unit)
    return units


def _singles(tokens: Sequence[Token]) -> list[list[tuple[str, float]]]:
    """Give the same of characters, or of sounds where pinyin was typed, each alone."""
    units: list[list[tuple[str, float]]] = []
    for token in tokens:
        if token.char:
            units.append([(token.char, SINGLE)])
        elif token.sound:
            units.append([(f"~{token.sound}", SINGLE * SOUND)])
    return units


@functools.lru_cache(maxsize=16_384)
def _pairs(text: str) -> frozenset[str]:
    return frozenset(
        a + b for a, b in itertools.pairwise(text) if sounds.HAN.match(a) and sounds.HAN.match(b)
    )


def _fit_letters(letters: str, text: str, *, by_slips: bool) -> float:
    """Say from 0 to 2 how well letters fit pinyin or initials: whole, beginning, inside, with slips."""
    syllables, initials = sounds.of(text)
    whole = "".join(syllables)
    if letters in (whole, initials):
        return 1.8
    if whole.startswith(letters) or initials.startswith(letters):
        return 1.5
    if len(letters) < 3:
        return 0.0
    if letters in initials or letters in whole:
        return 1.2
    if not by_slips or len(letters) < 5:
        return 0.0
    near = whole[: len(letters) + 2]
    typed = [a + b for a, b in itertools.pairwise(letters)]
    share = sum(pair in near for pair in typed) / len(typed)
    few = [a + b for a, b in itertools.pairwise(initials)]
    as_initials = sum(a + b in few for a, b in itertools.pairwise(letters)) / len(typed)
    return max(0.9 * share if share >= 0.6 else 0.0, 0.9 * as_initials if as_initials >= 0.75 else 0.0)
