"""The request at hand: whether it asks for this server itself, who sent it, and the reply to it."""

import KSR

from .answers import peers_address


def is_options_to_us() -> bool:
    """Say whether it is an OPTIONS to this server itself: its URI is one of ours, and names no user.

    From: RFC 3261 section 11.2.
    """
    get = KSR.pv.get
    # A reply has a method too, that of its CSeq.
    if get("$rs") is not None or get("$rm") != "OPTIONS" or get("$rU"):
        return False
    return KSR.is_myself_ruri() > 0


def sender() -> str:
    """Return the address that it came from, as a URI has it."""
    return peers_address()


def can_add_headers() -> bool:
    """Say whether a reply can have headers of ours: textops is loaded."""
    return hasattr(KSR, "hdr")


def reply(code: int, reason: str, header: str = "") -> bool:
    """Reply to it, with sl or, if that is not loaded, with tm. Returns: whether that went well.

    Arguments: code and reason; header, more of it, a name and a value, if can_add_headers().
    """
    if header:
        KSR.hdr.append_to_reply(f"{header}\r\n")
    if hasattr(KSR, "sl"):
        return KSR.sl.send_reply(code, reason) > 0
    KSR.tm.t_newtran()
    return KSR.tm.t_reply(code, reason) > 0
