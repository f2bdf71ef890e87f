"""The runs of a study: their identity, journal and outcomes."""
