"""Grammars: the files that describe sets, segments and elements, and what makes rules of them."""
