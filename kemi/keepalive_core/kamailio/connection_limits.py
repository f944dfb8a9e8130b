"""How many connections Kamailio may have, and whether it has that number."""

from . import rpc


def used_up(transport: str) -> str:
    """Return which limit keeps Kamailio from opening one more connection, "" if none does.

    Arguments: transport, tcp or tls. Returns: "", too, if Kamailio does not say.
    """
    try:
        told = rpc.ask("core.tcp_info")
        for kind in ("", "tls_") if transport == "tls" else ("",):
            most = int(told[f"max_{kind}connections"])
            if int(told[f"opened_{kind}connections"]) >= most:
                return f"{kind or 'tcp_'}max_connections={most}"
    except (rpc.Unanswered, TypeError, KeyError, ValueError):
        pass
    return ""
