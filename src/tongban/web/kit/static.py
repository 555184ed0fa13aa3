"""Static files under names that carry their digest, so that browsers keep them for good."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStorage(CompressedManifestStaticFilesStorage):
    """Hashed and compressed; a file that was not collected keeps its plain name instead of breaking the page."""

    manifest_strict = False

    def stored_name(self, name: str) -> str:
        """Give the name under which a file is served."""
        try:
            stored: str = super().stored_name(name)
        except ValueError:
            return name
        return stored
