"""The command keepalive of kamcli: `kamcli keepalive list`, and all else that keepalivectl can do.

kamcli finds it in the folder ``commands`` of its own modules; with Debian's kamcli:

    cp cmd_keepalive.py /usr/lib/python3/dist-packages/kamcli/commands/

In kamcli.ini the section ``[keepalive]`` may have ``socket``, as keepalivectl's option.
"""

from __future__ import annotations

import configparser
import os
import shutil
from typing import Any

import click
from kamcli.cli import pass_context

_ALSO = ":/usr/local/sbin:/usr/sbin"
"""an ordinary user's PATH has no folder of it"""


@click.command(
    "keepalive",
    short_help="See and drive the destinations of the module keepalive",
    add_help_option=False,
    context_settings={"ignore_unknown_options": True},
)
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
@pass_context  # type: ignore[untyped-decorator]
def cli(ctx: Any, words: tuple[str, ...]) -> None:
    """See and drive the destinations of the module keepalive, as keepalivectl does."""
    found = shutil.which("keepalivectl", path=os.environ.get("PATH", "") + _ALSO)
    if found is None:
        raise click.ClickException("keepalivectl is not there: it comes with kamailio-kemi-keepalive")
    # Not by ctx.gconfig: that of kamcli 2.0.0 needs a Python older than 3.12, whatever is asked for.
    ini = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        ini.read(ctx.gconfig_paths)
    except (OSError, ValueError, configparser.Error) as error:
        raise click.ClickException(f"kamcli.ini: {error}") from None
    address = ini.get("keepalive", "socket", fallback="")
    if address:
        os.environ.setdefault("KEEPALIVE_SOCKET", address)
    os.execv(found, [found, *words])  # noqa: S606 - no shell: the words are the caller's own
