"""What stops the local host, said so that its reader knows what to do."""


class Failure(Exception):
    """The local host cannot go on; the text is one plain sentence for the terminal."""
