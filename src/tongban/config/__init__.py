"""How the parts are put together: settings, the doors' addresses, who listens to which step."""
