"""Tongban (通办): a matter handed in at one window and decided by a window in another province."""
