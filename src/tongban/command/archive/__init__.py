"""Where back-ups lie, and how they get there and back: sealed files, the WAL archive, base back-ups.

Reading order: sealed, place, replication, wal, base, files, keys, restoring.
"""
