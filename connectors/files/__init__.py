"""Documents as files in folders: a partner drops them into an inbox and picks its own up from an outbox."""

from connectors.files.connector import FilesConnector

CONNECTOR = FilesConnector
