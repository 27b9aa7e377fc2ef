"""A mapping as one Python function, generated from its forms: what runs while nothing is unusual.

The closures say what is wrong with a document, field by field; this only maps. Wherever it meets something it is not
made for - a fault, several matches, a list in a list, a required field that nothing fills - it gives up, and the
closures map the document from its beginning. So it may give up at any time, but never gives another result; only
the bound on work is met later, as it looks at less.
"""

from hub.mapping.direct.blocks import Direct, direct_form
from hub.mapping.direct.helpers import Unusual

__all__ = ["Direct", "Unusual", "direct_form"]
