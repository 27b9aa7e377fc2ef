"""X12: reading, judging, answering and writing interchanges."""
