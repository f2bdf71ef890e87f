"""Whether a machine is right for a run, said before the run begins."""
