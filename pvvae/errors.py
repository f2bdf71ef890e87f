"""Mistakes that are the user's: reported as one line, never as a traceback."""


class ConfigError(ValueError):
    """A configuration, a path or a file that cannot be used: says where, what, and what would be right."""
