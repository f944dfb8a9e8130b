"""Where the project is and where files are made, by paths that Kamailio takes wherever they truly are.

It takes no white space in the name of an included file, keepalive none in that of a list, and the kernel no
more than 107 bytes in that of a socket.
"""

from __future__ import annotations

import atexit
import re
import shutil
import tempfile
from pathlib import Path

if not re.fullmatch(r"[\x21-\x7e]{1,40}", tempfile.gettempdir()):
    tempfile.tempdir = "/tmp"


def _plain(root: Path) -> Path:
    if re.fullmatch(r"[\x21-\x7e]+", str(root)):
        return root
    folder = tempfile.mkdtemp(prefix="keepalive-link-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    link = Path(folder) / "root"
    link.symlink_to(root)
    return link


ROOT = _plain(Path(__file__).resolve().parents[1])
