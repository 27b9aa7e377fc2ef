"""Connectors of the scripted peers, found as any folder of connectors is."""
