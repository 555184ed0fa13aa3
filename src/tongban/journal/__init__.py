"""Append-only, hash-chained entries: who did what, when, where and under which article."""
