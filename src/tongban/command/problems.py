"""What a command says when it cannot go on."""


class Problem(Exception):
    """What stops a command: a sentence for the person who typed it, with what to do next."""
