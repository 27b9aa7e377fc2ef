"""From the bytes of a file to interchanges, groups and sets, whatever the syntax."""
