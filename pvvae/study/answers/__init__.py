"""What the outcomes of a study say."""
