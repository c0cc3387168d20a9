"""The report as a web page, Markdown, LaTeX and terminal output."""
