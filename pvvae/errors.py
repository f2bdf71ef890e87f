"""Mistakes that are the user's: reported as one line, never as a traceback."""


class ConfigError(ValueError):
    """Something that cannot be used: the message says where, what, and what would be right."""
