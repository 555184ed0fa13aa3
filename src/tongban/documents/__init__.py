"""Files: scans that people hand in and documents that we make, checked, encrypted and verified on every read.

A scan is never stored as it came: images are drawn again, PDFs are copied page by page into a new file, so
that whatever else hid in the upload stays behind. The content goes to disk once, under its SM3 digest and
encrypted under a key of its own, before the row in the database says that it is there.

Reading order: models, rules (what we take), cleaning (how it is made harmless), store (the disk), queries,
operations. Inside the app: operations > queries > store | cleaning > rules > models.
"""
