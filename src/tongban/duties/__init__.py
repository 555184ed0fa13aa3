"""Who owes what until when, under which article: one kind of row, and thereby the queue of every window."""
