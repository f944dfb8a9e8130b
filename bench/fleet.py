"""The destinations of a benchmark: addresses of the loopback network, all of one port."""


def uris(number: int, port: int, user: str = "") -> list[str]:
    """Return as many different URIs."""
    at = f"{user}@" if user else ""
    return [f"sip:{at}127.{1 + n // 62_500}.{n // 250 % 250}.{1 + n % 250}:{port}" for n in range(number)]
