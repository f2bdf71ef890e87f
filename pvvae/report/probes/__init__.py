"""The page about probes with a trained head: answers, and Table 3 beside its trivial rivals."""
