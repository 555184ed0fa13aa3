"""Pages and API: they read the request, make one call into a domain, and pick a template. No rule lives here."""
