"""Divisions, authorities, halls, windows, calendars and parameters: where things are decided and when people work."""
