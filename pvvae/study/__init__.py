"""Studies: what is asked, the runs that it takes, what they found, and how sure that is."""
