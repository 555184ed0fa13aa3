"""Of two hundred hostile uploads none is stored as it came: each is refused with a sentence, or made harmless."""

import io
import resource
import time
from pathlib import Path

import pikepdf
import pytest

from tests.documents import hostile
from tests.documents.test_uploads import EICAR, plain, take
from tongban.documents import queries, rules

pytestmark = pytest.mark.article("S1", "C2")
SAMPLES = hostile.samples()


def test_there_are_more_than_two_hundred() -> None:
    assert len(SAMPLES) > 200
    assert len({content for content, _name in SAMPLES.values()}) > 200


@pytest.mark.filterwarnings("ignore:Corrupt EXIF", "ignore:Truncated File Read", "ignore:.*")
@pytest.mark.parametrize("sample", SAMPLES)
def test_is_refused_with_a_sentence_or_made_harmless(sample: str, own_store: Path) -> None:
    content, name = SAMPLES[sample]
    memory, begun = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    try:
        stored = take(content, name)
    except rules.UnfitFile as refusal:
        assert "请" in refusal.message and "{" not in refusal.message
        assert not [path for path in own_store.rglob("*") if path.is_file()]
    else:
        kept = queries.content_of(stored)
        assert kept != content
        seen = kept + (plain(kept) if stored.media_type == "application/pdf" else b"")
        assert hostile.MARKER not in seen and EICAR not in seen and b"evil" not in seen
        assert not set(stored.name) & set("/\\\r\n\x00\u202e\u200b") and len(stored.name) <= 120
        stored.name.encode()
    assert time.process_time() - begun < 8
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 400 * 1024  # KiB


def test_a_harmless_copy_still_opens() -> None:
    content, name = SAMPLES["pdf with a picture packed twice"]
    with pikepdf.open(io.BytesIO(queries.content_of(take(content, name)))) as document:
        picture = document.pages[0].Resources.XObject.Im0
        assert pikepdf.PdfImage(picture).as_pil_image().size == (64, 48)
