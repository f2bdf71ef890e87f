"""A grid as text, Markdown, LaTeX and HTML."""
