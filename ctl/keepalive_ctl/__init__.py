"""What keepalivectl is made of: Python's standard library alone, and nothing of the module in Kamailio.

``command_line`` reads what was typed and runs one of the commands of ``looking``, ``ordering``,
``waiting``, ``top`` and ``check``. They ask a ``server`` and write to a ``screen``, which alone writes what
others said, and cleans it by ``texts``. ``commands`` says what a command is, ``failures`` how it ends if it
does not end well.
"""
