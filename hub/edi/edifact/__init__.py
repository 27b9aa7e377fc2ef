"""What EDIFACT has of its own: service string advice, character sets, envelopes, CONTRL and the writer."""
