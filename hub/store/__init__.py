"""Everything the hub remembers. SQL lives here and nowhere else; one module per noun."""
