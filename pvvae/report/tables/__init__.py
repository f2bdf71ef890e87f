"""Tables of scores, beside the paper's."""
