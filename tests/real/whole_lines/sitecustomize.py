"""Let a Kamailio that has this folder in PYTHONPATH write each line of its log at once.

Kamailio takes the buffer from its stderr, and since 2.37 (Debian 13) the C library writes 128 bytes at a time
there, so lines of two processes mix. Python runs this as app_python3 starts, before any process is forked.
"""

import ctypes

_LINE_BUFFERED = 1
_BYTES = 16384

_libc = ctypes.CDLL(None)
_libc.malloc.restype = ctypes.c_void_p
_stderr = ctypes.c_void_p.in_dll(_libc, "stderr")
# The buffer is never freed: Kamailio logs after it has ended Python.
_libc.setvbuf(_stderr, ctypes.c_void_p(_libc.malloc(_BYTES)), _LINE_BUFFERED, ctypes.c_size_t(_BYTES))
