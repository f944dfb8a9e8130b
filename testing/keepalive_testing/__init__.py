"""Tests of KEMI scripts without a server: a strict fake of KSR, and what sends requests through a script.

It has the keepalive of its own version inside, for whom none is installed beside it.
"""

import importlib.util
import sys
from pathlib import Path

_INSIDE = Path(__file__).parent / "kemi"
_beside = importlib.util.find_spec("keepalive")
# A folder that happens to be named so is no module: that has a file.
if _beside is None or _beside.origin is None:
    sys.path.append(str(_INSIDE))

import keepalive_core  # noqa: E402 - it may be the one inside

__version__ = keepalive_core.VERSION

# A test turns the clock of keepalive, and knows its insides.
if f'VERSION: Final = "{__version__}"' not in (_INSIDE / "keepalive_core" / "__init__.py").read_text():
    raise ImportError(
        f"keepalive_testing is of another version than keepalive {__version__} in"
        f" {Path(keepalive_core.__file__).parents[1]}: install both from one clone"
    )
