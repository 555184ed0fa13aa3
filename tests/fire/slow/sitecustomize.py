"""Loaded by every Python process of the product under fire: a slow disk, by a delay in front of each sync."""

import os
import time

_note = os.environ.get("TONGBAN_FIRE_SLOW")
if _note:
    _sync = os.fsync

    def _slow_sync(descriptor: int) -> None:
        try:
            with open(str(_note)) as file:
                time.sleep(float(file.read()))
        except (OSError, ValueError):
            pass  # no note: as fast as it is
        _sync(descriptor)

    os.fsync = _slow_sync  # type: ignore[assignment]
