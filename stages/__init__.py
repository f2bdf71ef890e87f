"""Programs: one file is one stage, a Config and a run(config). Stages never import each other."""
