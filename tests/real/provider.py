"""A provider of the tests: names in DNS, and gateways at addresses that nobody else has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gateway import Gateway
from real.dnsmasq import Dnsmasq
from real.names import NameServer
from real.server import Kamailio, reserve, wait_for


def has_ipv6() -> bool:
    """Say whether this machine's loopback has IPv6."""
    addresses = Path("/proc/net/if_inet6")
    return addresses.exists() and f"{1:032x} " in addresses.read_text()


class Provider:
    """Gateways behind names.

    Arguments: dns, the server that is told the names.
    """

    def __init__(self, dns: Dnsmasq | NameServer) -> None:
        self.dns = dns
        number = next(number for number in range(1, 250) if reserve("provider", number))
        self._net = f"127.2.{number}"
        self.gateways: list[Gateway] = []
        self._records: dict[str, str] = {}

    def host(self, number: int) -> str:
        """Return one of its addresses."""
        return f"{self._net}.{number}"

    def gateway(self, number: int = 0, port: int = 5060, **options: Any) -> Gateway:
        """Return a new gateway at one of its addresses, the next one if no number is given."""
        host = self.host(number or len(self.gateways) + 1)
        self.gateways.append(Gateway(options.pop("host", host), port, **options))
        return self.gateways[-1]

    def say(self, name: str, *lines: str) -> str:
        """Have these records for a name below "test", and no others; return the name.

        In a line "@" stands for the name, and "%1" for the provider's first address.
        """
        name = f"{name}.test"
        whole = "\n".join(lines).replace("@", name).replace("%", f"{self._net}.")
        self._records[name] = whole
        self.dns.say("\n".join(self._records.values()))
        return name

    def close(self) -> None:
        """End all gateways."""
        for gateway in self.gateways:
            gateway.close()


class Name:
    """A destination that is a name, as a server shows it."""

    def __init__(self, server: Kamailio, uri: str, **options: object) -> None:
        self.server = server
        self.uri = uri
        assert server.call("add_destination", uri, "test", 0, "on_change", "", **options) == 0

    @property
    def info(self) -> dict[str, Any]:
        """What info() says of it."""
        known: dict[str, Any] = self.server.call("info", self.uri)
        return known

    @property
    def targets(self) -> dict[str, str]:
        """The states of its targets, by address and port, and "kept" behind that of one that is kept."""
        return {
            f"{each['address']}:{each['port']}": each["state"] + (" kept" if each["kept"] else "")
            for each in self.info["targets"]
        }

    def target(self, gateway: Gateway) -> str:
        """Return the key of the target that is a gateway."""
        [key] = [
            str(each["target"])
            for each in self.info["targets"]
            if f"sip:{each['address']}:{each['port']}" == gateway.uri
        ]
        return key

    def become(self, state: int, seconds: float = 10) -> None:
        """Wait for a state of the name."""
        self.server.wait_for_state(self.uri, state, seconds)

    def have(self, targets: dict[Gateway, str], seconds: float = 10) -> None:
        """Wait until its targets are these gateways, in these states."""
        wanted = {gateway.uri.removeprefix("sip:"): state for gateway, state in targets.items()}
        wait_for(f"{wanted}", lambda: self.targets == wanted, seconds)

    def told(self) -> list[int]:
        """Return the states that its callback was told."""
        return [
            state for name, uri, state, *_ in self.server.events if (name, uri) == ("on_change", self.uri)
        ]

    def delete(self) -> None:
        """Take it away."""
        assert self.server.call("del_destination", self.uri, "test") == 0
