"""The window's door: everything that window staff do on a case."""
