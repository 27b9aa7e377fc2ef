"""Stock as backends tell it."""
