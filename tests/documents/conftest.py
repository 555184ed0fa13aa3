from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_store(settings, tmp_path: Path) -> Path:
    """Give every test a file store and keys of its own."""
    settings.TONGBAN_FILES = tmp_path / "files"
    settings.TONGBAN_KEYS = tmp_path / "keys"
    return tmp_path / "files"
