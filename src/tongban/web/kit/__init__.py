"""What all doors share: refusals as pages, read-only GETs, idempotent writes, who is asking, what time it is."""
