"""Ids made by the application, and the number that people read, which is the same thing written out.

An id is a day counted from 1 January 2020 (15 bits) followed by 40 random bits. New rows of one day
lie close together in an index, nobody can guess the next one, no sequence or lock is involved, and the
written form turns back into the id without a look-up. Written, it is eleven base-32 characters
(Crockford's alphabet: no I, L, O, U) and one check character: `0A7K-29QX-M4TR`. The check is a weighted
sum over the field of 32 elements: it shows every single wrong character and every swap of two, which
ISO 7064 does not for an alphabet of 32.
"""

import datetime
import secrets

from tongban.kernel import refusals

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
EPOCH = datetime.date(2020, 1, 1)
RANDOM_BITS = 40
LENGTH = 11
LARGEST = (1 << 5 * LENGTH) - 1
_READ_AS = str.maketrans({"I": "1", "L": "1", "O": "0", "U": "V", "-": None, " ": None})


class BadNumber(refusals.NotFound):
    """业务编号“{number}”不正确，可能抄错了一位。请逐位核对后重新输入。"""


def new_id(at: datetime.datetime) -> int:
    """Give a fresh id for something that begins at the given time."""
    day = (at.date() - EPOCH).days
    return (day << RANDOM_BITS) | secrets.randbits(RANDOM_BITS)


def first_id_of(on: datetime.date) -> int:
    """Give the smallest id that something which began on the given day can have."""
    return (on - EPOCH).days << RANDOM_BITS


def number_of(id_: int) -> str:
    """Write an id for people: three groups of four characters, the last one a check character."""
    digits = "".join(ALPHABET[(id_ >> shift) & 31] for shift in range(5 * (LENGTH - 1), -1, -5))
    text = digits + ALPHABET[_weighted_sum(digits + "0")]
    return f"{text[:4]}-{text[4:8]}-{text[8:]}"


def id_of(number: str) -> int:
    """Turn a number as a person typed it back into the id.

    Letters that look like digits are read as those digits; spaces, hyphens and case do not matter.

    Raises:
        BadNumber: when the length, a character or the check character is wrong.
    """
    text = number.strip().upper().translate(_READ_AS)
    if len(text) != LENGTH + 1 or not all(c in ALPHABET for c in text):
        raise BadNumber(number=number)
    if _weighted_sum(text) != 0:
        raise BadNumber(number=number)
    value = 0
    for character in text[:-1]:
        value = value << 5 | ALPHABET.index(character)
    return value


def _weighted_sum(text: str) -> int:
    """Sum the characters in GF(32) with the weights 1, x, x² … from the right, modulo x⁵ + x² + 1."""
    total = 0
    for character in text:
        total <<= 1
        total ^= ALPHABET.index(character) ^ (0b100101 if total & 32 else 0)
    return total
