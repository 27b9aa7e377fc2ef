"""What wakes work up. Work rows are the truth; an engine runs each at least once, at or after its time."""
