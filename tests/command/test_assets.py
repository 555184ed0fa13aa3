"""Compiled translations and collected static files."""

from pathlib import Path
from typing import Any

import pytest

from tongban.command import assets

CATALOGUE = """
msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\\n"

msgid "收件"
msgstr "Receive"
"""


class TestCompileTranslations:
    def test_compiles_what_is_newer_and_nothing_else(self, settings: Any, tmp_path: Path) -> None:
        settings.LOCALE_PATHS = [tmp_path]
        source = tmp_path / "en" / "LC_MESSAGES" / "django.po"
        source.parent.mkdir(parents=True)
        source.write_text(CATALOGUE)
        assert assets.compile_translations() == [source]
        assert b"Receive" in source.with_suffix(".mo").read_bytes()
        assert assets.compile_translations() == []


class TestCollectStatic:
    @pytest.fixture(autouse=True)
    def target(self, settings: Any, tmp_path: Path) -> Path:
        settings.STATIC_ROOT = tmp_path / "static"
        return tmp_path / "static"

    def test_collects_under_hashed_names_once(self, target: Path) -> None:
        assert assets.collect_static()
        assert (target / "staticfiles.json").exists()
        assert list((target / "tabler").glob("tabler.min.*.css"))
        assert not assets.collect_static()

    def test_collects_again_what_is_incomplete(self, target: Path) -> None:
        assets.collect_static()
        (target.parent / "static.stamp").unlink()
        assert assets.collect_static()
