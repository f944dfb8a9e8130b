"""What names cost: 10,000 addresses beside 1,000 names of four targets each, and 14,000 addresses.

    .venv/bin/python bench/names.py

Both servers ping as many addresses, one after the other in alternation. At the end 50 names more have a DNS
server of their own, which says nothing. As root, with kamailio and dnsmasq as make test has them.
"""

from __future__ import annotations

import argparse
import time
from statistics import median

from contenders import Contender, this_module
from real.dnsmasq import Dnsmasq
from real.names import NameServer
from responder import Responder
from run import head, loaded, row, until_registered

TARGETS = 4
DEAD = 50


class Fleet:
    """Destinations that are addresses, and names of several targets each, all of one responder.

    Every second name has SRV records, the others have addresses alone.
    """

    def __init__(self, responder: Responder, addresses: int, names: int, dead: int = 0) -> None:
        self._dead = [NameServer("") for _ in range(dead)]
        for server in self._dead:
            server.mute.add("test")
        self.dns = Dnsmasq("", {f"dead{at}.test": server.address for at, server in enumerate(self._dead)})
        uris = responder.uris(addresses + names * TARGETS)
        self.uris = uris[:addresses]
        hosts = [uri.removeprefix("sip:").rpartition(":")[0] for uri in uris[addresses:]]
        records = []
        for at in range(names):
            own = hosts[at * TARGETS : (at + 1) * TARGETS]
            if at % 2:
                self.uris.append(f"sip:p{at}.test:{responder.port}")
                records += [f"p{at}.test A {host}" for host in own]
                continue
            self.uris.append(f"sip:p{at}.test")
            for number, host in enumerate(own):
                records.append(f"_sip._udp.p{at}.test SRV 10 10 {responder.port} h{number}.p{at}.test")
                records.append(f"h{number}.p{at}.test A {host}")
        self.uris += [f"sip:dead{at}.test" for at in range(dead)]
        self.dns.say("\n".join(records))
        self.pinged = addresses + names * TARGETS
        # While DNS servers are dead some names are known late: their targets are not waited for.
        self.rows = addresses + names + dead + (0 if dead else names * TARGETS)

    def start(self, interval: int) -> Contender:
        """Return a server that has pinged all of it."""
        server = this_module(
            self.uris,
            interval,
            resolver=self.dns.address,
            cfg="dns_retr_time=1\ndns_retr_no=1\n",
            KEEPALIVE_TABLE_SIZE=12,
            KEEPALIVE_DNS_INTERVAL=60,
        )
        until_registered(server, self.rows)
        time.sleep(interval + 3)
        return server

    def close(self) -> None:
        """Stop its DNS servers."""
        self.dns.close()
        for server in self._dead:
            server.close()


def measured(fleet: Fleet, name: str, responder: Responder, interval: int, seconds: int) -> float:
    """Print what a server of a fleet does; return the microseconds of CPU of a ping."""
    began = time.monotonic()
    server = fleet.start(interval)
    ready = time.monotonic() - began
    before = server.cpu_by_process()
    load = loaded(server, responder, seconds)
    spent = {each: now - before.get(each, 0) for each, now in server.cpu_by_process().items()}
    asking = sum(cpu for each, cpu in spent.items() if "resolve" in each.lower()) / load.seconds
    downs = len([line for line in server.log_lines("-> down") if "dead" not in line])
    row(
        name,
        f"{load.cost:.0f} us",
        f"{load.answered:,} of {load.sent:,}, {load.pings - load.sent:,} copies",
        f"{load.fastest:.2f}",
        downs,
        f"{asking:.2%}",
        f"{ready:.0f} s",
        len(server.log_lines("longer than dns_interval")),
    )
    server.stop()
    return load.cost


def main() -> None:
    """Run what the arguments say."""
    parser = argparse.ArgumentParser(description="What names cost.")
    parser.add_argument("--addresses", type=int, default=10_000)
    parser.add_argument("--names", type=int, default=1_000)
    parser.add_argument("--dead", type=int, default=DEAD, help="names more, with a dead DNS server each")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--interval", type=int, default=10, help="s between two pings")
    parser.add_argument("--seconds", type=int, default=60, help="how long each is watched")
    asked = parser.parse_args()
    responder = Responder()
    plain = Fleet(responder, asked.addresses + asked.names * TARGETS, 0)
    named = Fleet(responder, asked.addresses, asked.names)
    head(
        f"{plain.pinged:,} addresses every {asked.interval} s",
        "CPU a ping",
        "answered",
        "most pings in 100 ms, of the mean",
        "false downs",
        "CPU of the resolver",
        "start until all is pinged",
        "slow rounds told",
    )
    kinds = {
        f"{plain.pinged:,} addresses": plain,
        f"{asked.addresses:,} and {asked.names:,} names": named,
    }
    if asked.dead:
        dead = Fleet(responder, asked.addresses, asked.names, asked.dead)
        kinds[f"the same and {asked.dead} names with dead DNS servers"] = dead
    costs: dict[str, list[float]] = {name: [] for name in kinds}
    for _ in range(asked.rounds):
        for name, fleet in kinds.items():
            costs[name].append(measured(fleet, name, responder, asked.interval, asked.seconds))
    base = median(costs[f"{plain.pinged:,} addresses"])
    head("", "CPU a ping, the median", "ratio")
    for name, each in costs.items():
        row(name, f"{median(each):.0f} us", f"{median(each) / base:.2f}")
    for fleet in kinds.values():
        fleet.close()
    responder.close()


if __name__ == "__main__":
    main()
