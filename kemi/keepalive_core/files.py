"""Files on this server's disk, none of which is trusted to be what its name says."""

import os
import stat
from typing import BinaryIO


class NotRegular(OSError):
    """What has the file's name is a folder, a FIFO, a device or, where that is not followed, a link."""


def open_regular(path: str, follow_links: bool = True) -> BinaryIO:
    """Open a regular file to read it; anything else is refused without waiting for it.

    Arguments: path; follow_links, whether the name may be that of a symbolic link.
    Raises: NotRegular, and other errors of the system, which may pass.
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY
    try:
        descriptor = os.open(path, flags if follow_links else flags | os.O_NOFOLLOW)
    except OSError:
        if not follow_links and os.path.islink(path):
            raise NotRegular("it is a symbolic link") from None
        raise
    file = os.fdopen(descriptor, "rb")
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        file.close()
        raise NotRegular("it is no regular file")
    return file
