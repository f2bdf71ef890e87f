"""The paper's comparison tables: what they measure, as runs of stages one after another."""
