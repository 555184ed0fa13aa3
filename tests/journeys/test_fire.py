"""One minute of fire: parts are killed, the disk fills, lines drop; what was acknowledged is there exactly once."""

import secrets

import pytest

from tests.fire import fire

MINUTES = 1.0


@pytest.mark.article("S3", "C12", "P26")
class TestFire:
    def test_loses_nothing_doubles_nothing_and_leaves_nothing_behind(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        report = fire.burn(minutes=MINUTES, seed=secrets.randbelow(2**31))
        said = "\n".join(report.lines())
        with capsys.disabled():
            print(f"\n{said}")
        assert report.is_clean, said
        assert report.kills >= 2 and report.cases > 0 and report.tally.retries > 0, (
            "no fire: it proves nothing"
        )
