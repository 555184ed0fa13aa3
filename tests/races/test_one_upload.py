"""Several at one paper: every scan acknowledged is there once and reads back; a refused one left no trace."""

import io
import secrets
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from tests import stories
from tests.races.together import codes, is_whole, refused_as, together
from tests.web.api.program import Api
from tongban.cases import queries
from tongban.cases.models import Scan
from tongban.cases.operations import intake
from tongban.directory import queries as directory
from tongban.documents import queries as documents
from tongban.documents.models import StoredFile

pytestmark = pytest.mark.usefixtures("committed")


def picture() -> bytes:
    """Draw a small picture that nobody has drawn before."""
    out = io.BytesIO()
    Image.frombytes("RGB", (16, 16), secrets.token_bytes(16 * 16 * 3)).save(out, "PNG")
    return out.getvalue()


def read_back(case_id: int) -> list[bytes]:
    """Give the contents of all scans of a case, each checked against its digest."""
    files = {f.id: f for f in StoredFile.objects.filter(case_id=case_id)}
    return [documents.content_of(files[scan.file_id]) for scan in queries.scans_of(case_id)]


@pytest.mark.article("S3", "C2")
class TestOnePaper:
    @pytest.mark.parametrize("count", [2, 8, 16])
    def test_scanned_by_several_at_once_has_every_scan(self, count: int, at: Any) -> None:
        story = stories.Story(at=at).do("open")
        key, same = queries.materials_of(story.id)[0].key, picture()

        def add() -> int:
            return intake.add_scan(story.id, key=key, data=same, name="a.png", by=story.receiver, at=at).id

        outcome = together(*[add] * count)
        assert sorted(outcome.won) == sorted(s.id for s in queries.scans_of(story.id))
        assert len(set(outcome.won)) == count
        assert len(set(read_back(story.id))) == 1
        digest = bytes(queries.scans_of(story.id)[0].digest).hex()
        kept = list(settings.TONGBAN_FILES.rglob(f"{digest}*"))
        assert [path.name for path in kept] == [digest], "the content lies there once, without drafts"

    @pytest.mark.parametrize("count", [2, 8])
    def test_sent_several_times_under_one_key_is_scanned_once(self, count: int) -> None:
        story = stories.Story(at=directory.now()).do("open")
        api, key, content = Api("clerk.520103"), queries.materials_of(story.id)[0].key, picture()
        answers: list[Any] = []
        path = f"/cases/{story.case.number}/materials/{key}/scans"

        def send() -> None:
            file = SimpleUploadedFile("a.png", content, content_type="image/png")
            answers.append(api.upload(path, file, key=f"once-{story.id}"))

        together(*[send] * count)
        assert [a.status_code for a in answers] == [201] * count
        assert len({a.content for a in answers}) == 1
        assert Scan.objects.filter(case_id=story.id).count() == 1
        assert len(read_back(story.id)) == 1

    def test_scanned_while_it_is_received_is_in_the_receipt_or_refused(self, at: Any) -> None:
        story = stories.Story(at=at).do("open").pass_all()
        key, by = queries.materials_of(story.id)[0].key, story.receiver
        add = lambda: intake.add_scan(story.id, key=key, data=picture(), name="a.png", by=by, at=at).id  # noqa: E731
        outcome = together(*[add] * 7, lambda: intake.receive(story.id, by=by, at=at) and None)
        assert refused_as(outcome.told) <= {"not_this_state"}
        acknowledged = sorted(id_ for id_ in outcome.won if id_ is not None)
        assert sorted(s.id for s in queries.scans_of(story.id)) == acknowledged
        assert len(read_back(story.id)) == len(acknowledged)
        assert codes(story.id)[-1] == "receive"
        is_whole(story.id)

    @pytest.mark.parametrize("turn", range(4))
    def test_taken_off_the_list_meanwhile_is_kept_with_its_scan_or_the_scan_is_refused(
        self, turn: int, at: Any
    ) -> None:
        story = stories.Story(at=at).do("open")
        by, medical = story.receiver, "medical"
        assert medical in {m.key for m in queries.materials_of(story.id)}
        outcome = together(
            lambda: intake.add_scan(story.id, key=medical, data=picture(), name="a.png", by=by, at=at).id,
            lambda: intake.choose(story.id, circumstance="lost", by=by, at=at) and None,
        )
        assert refused_as(outcome.told) <= {"unknown_material"}
        scans = [s.id for s in queries.scans_of(story.id)]
        assert scans == [id_ for id_ in outcome.won if id_ is not None]
        if scans:
            assert medical in {m.key for m in queries.materials_of(story.id)}
