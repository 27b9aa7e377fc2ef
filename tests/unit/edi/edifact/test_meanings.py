"""Codes in words: only of elements there are, and only codes that their lists allow."""

from __future__ import annotations

import yaml

from hub.edi.grammars.library import BUILT_IN
from hub.edi.meaning import code_meanings

ELEMENTS = yaml.load((BUILT_IN / "edifact" / "elements.yaml").read_bytes(), Loader=yaml.CBaseLoader)


def test_the_codes_explained_are_codes_there_are():
    for reference, codes in code_meanings("edifact").items():
        element = ELEMENTS[reference]
        least, most = map(int, element["length"].split())
        assert all(least <= len(code) <= most for code in codes), reference
        assert "codes" not in element or set(codes) <= set(element["codes"].split()), reference
