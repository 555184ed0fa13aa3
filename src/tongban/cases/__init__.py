"""A case (办件): one application by one applicant, from the papers on the counter to the proof of delivery.

Read `states` first: what states there are, whose turn each one is, and every step between them, as tables.
Then `rules`: what must be true before a step. Then `operations`: one story a file, and `_step`, where
every step is taken.
"""
