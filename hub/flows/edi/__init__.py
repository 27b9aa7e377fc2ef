"""EDI that comes: who sent it, what it is answered with, and what partners say of what we sent."""
