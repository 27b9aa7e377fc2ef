"""From what a connection hands over to stored facts: pull, read, translate."""
