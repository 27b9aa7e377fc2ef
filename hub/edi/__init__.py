"""The EDI room: read, judge, acknowledge, build and write EDI documents.

Pure code: no database, no web framework, no network. Nothing is imported here, so that `hub edi ...` pays
only for the modules it uses.
"""
