"""Files that are made from files: compiled translations and the folder of static files."""

import hashlib
import io
from pathlib import Path

from babel.messages import mofile, pofile
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.management import call_command

# Parts of Tabler that no page uses; some refer to pictures that are not installed.
IGNORED = ("tabler-flags*", "tabler-payments*", "tabler-socials*", "tabler-marketing*", "*.rtl.*")


def build() -> list[str]:
    """Make what is missing or stale; names what was made. Takes a moment when all is fresh."""
    made = [f"translation {path.parts[-3]}" for path in compile_translations()]
    if collect_static():
        made.append("static files")
    return made


def compile_translations() -> list[Path]:
    """Compile each catalogue that is newer than what was compiled from it; returns those."""
    stale = []
    for folder in settings.LOCALE_PATHS:
        for source in sorted(Path(folder).glob("*/LC_MESSAGES/*.po")):
            target = source.with_suffix(".mo")
            if target.exists() and target.stat().st_mtime_ns >= source.stat().st_mtime_ns:
                continue
            with source.open("rb") as text:
                catalogue = pofile.read_po(text, locale=source.parts[-3])
            compiled = io.BytesIO()
            mofile.write_mo(compiled, catalogue)
            draft = target.with_suffix(".mo.new")
            draft.write_bytes(compiled.getvalue())
            draft.replace(target)
            stale.append(source)
    return stale


def collect_static() -> bool:
    """Collect the static files under hashed names unless that is fresh; tells whether it was done."""
    target = Path(settings.STATIC_ROOT)
    stamp = target.with_name(f"{target.name}.stamp")
    print_now = _fingerprint()
    if target.is_dir() and stamp.exists() and stamp.read_text() == print_now:
        return False
    stamp.unlink(missing_ok=True)
    target.mkdir(parents=True, exist_ok=True)
    call_command("collectstatic", interactive=False, clear=True, verbosity=0, ignore_patterns=list(IGNORED))
    stamp.write_text(print_now)
    return True


def _fingerprint() -> str:
    """Say by name, size and time which source files there are, and how they are stored."""
    digest = hashlib.sha256(repr(settings.STORAGES["staticfiles"]).encode())
    for finder in finders.get_finders():
        for path, storage in finder.list(list(IGNORED)):
            file = Path(storage.path(path))
            found = file.stat()
            digest.update(f"{file}\0{found.st_size}\0{found.st_mtime_ns}\n".encode())
    return digest.hexdigest()
