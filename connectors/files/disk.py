"""What must reach the disk, and operating system errors named by who must act."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hub.sdk import ConnectorError, Misconfigured, Retry

NO_HARD_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}
_ADMIN = {
    errno.EACCES: ("files.permission", "the hub may not do that there; change the folder's owner or mode"),
    errno.EPERM: ("files.permission", "the hub may not do that there; change the folder's owner or mode"),
    errno.EROFS: ("files.permission", "the file system is read-only"),
    errno.ENOENT: ("files.folder-missing", "create the folder or correct the setting"),
    errno.ENOTDIR: ("files.folder-missing", "it is not a folder; correct the setting"),
    errno.EXDEV: ("files.other-filesystem", "put all folders of the connection on one file system"),
}
_FULL = {errno.ENOSPC, errno.EDQUOT}


@contextmanager
def explained(what: str) -> Iterator[None]:
    """Turn an `OSError` into `Misconfigured` (folder, permission) or `Retry` (disk full, I/O, a network drive)."""
    try:
        yield
    except OSError as error:
        raise named(error, what) from error


def named(error: OSError, what: str) -> ConnectorError:
    """The error of the contract for an operating system error met while doing `what`."""
    said = f"{what}: {error.strerror or error}"
    if error.filename:
        said += f" ({os.fsdecode(error.filename)})"
    if error.errno in _ADMIN:
        code, advice = _ADMIN[error.errno]
        return Misconfigured(f"{said}; {advice}", code=code)
    return Retry(said, after=60.0 if error.errno in _FULL else None, code="files.io")


def write_durably(path: Path, content: bytes) -> None:
    """Write a whole file and have it on the disk before going on. An existing file of that name is replaced."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o664)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(path: Path) -> None:
    """Have the names in a folder on the disk. File systems that cannot sync a folder order names by themselves."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One writer at a time in a folder, across threads and processes; a killed holder lets go by dying."""
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o664)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
