"""What the web server runs."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tongban.config.settings")
application = get_wsgi_application()

from tongban.config import subscriptions  # noqa: E402 (settings first)
from tongban.kernel import logs  # noqa: E402

logs.guard()
subscriptions.connect()
