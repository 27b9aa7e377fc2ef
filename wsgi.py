"""The WSGI app, nothing else."""

from hub.config import load
from hub.installation import Installation
from hub.web import create_app

app = create_app(Installation(load()))
