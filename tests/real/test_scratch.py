from __future__ import annotations
import json, socket, time
import pytest
from gateway import Gateway
from real.provider import Provider
from real.server import ROOT, wait_for
from real.test_router import call, invites, gateways
from real.test_next_target import calls_of, QUICK

def addr(i): return f"127.9.9.{i}"

def rpcinfo(server, uri):
    return server.rpc("app_python.exec", "x") 

def test_late(start):
    gws = [Gateway(), Gateway()]
    server = start(ROOT/"kamailio.cfg", KEEPALIVE_DIR=ROOT/"kemi", KEEPALIVE_DESTINATIONS=" ".join(g.uri for g in gws), KEEPALIVE_PING_INTERVAL=60, KEEPALIVE_PING_TIMEOUT=20000, KEEPALIVE_PASSIVE_MIN=1)
    for g in gws: server.logged(f"{g.uri} unknown -> up")
    gws[0].delay = 4.6; gws[0].invite_code = 503
    gws[1].provisional = 180; gws[1].delay = 3
    call(server, "invite.xml", 1)
    time.sleep(3)
    print("LATE", calls_of(gws), server.log_lines(" -> "))
    for g in gws: g.close()

def test_many(start, provider: Provider):
    n = 15
    provider.say("sip", *[f"@ A %{i}" for i in range(1, n+1)])
    gws = [provider.gateway() for _ in range(n)]
    defines = {"resolver": provider.dns.address, "KEEPALIVE_DIR": ROOT / "kemi", **QUICK}
    server = start(ROOT/"kamailio.cfg", KEEPALIVE_DESTINATIONS="sip:sip.test", **defines)
    for g in gws:
        server.logged(f"sip:sip.test#{g.host}:5060 unknown -> up")
        g.invite_code = 503
    call(server, "invite-503.xml")
    print("MANY", calls_of(gws), [l for l in server.log.splitlines() if "ERROR" in l or "Trace" in l])

def test_cancel(start, provider):
    provider.say("sip", "@ A %1", "@ A %2")
    gws = [provider.gateway() for _ in range(2)]
    defines = {"resolver": provider.dns.address, "KEEPALIVE_DIR": ROOT / "kemi", **QUICK}
    server = start(ROOT/"kamailio.cfg", KEEPALIVE_DESTINATIONS="sip:sip.test", **{**defines, "KEEPALIVE_PING_INTERVAL": 60})
    for g in gws: server.logged(f"sip:sip.test#{g.host}:5060 unknown -> up")
    for g in gws: g.silent = True
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("127.0.0.1", 0)); s.connect(("127.0.0.1", server.port)); s.settimeout(8)
    port = s.getsockname()[1]
    def msg(m):
        return (f"{m} sip:x@127.0.0.1:{server.port} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bKabc1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:x@127.0.0.1:{server.port}>\r\nCall-ID: c1\r\nCSeq: 1 {m}\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n").encode()
    s.send(msg("INVITE")); time.sleep(0.3); s.send(msg("INVITE")); s.send(msg("CANCEL"))
    got = []
    try:
        while True:
            got.append(s.recv(9999).decode().split("\r\n")[0])
            if "487" in got[-1] or "408" in got[-1] or "503" in got[-1]: break
    except TimeoutError: pass
    print("CANCEL", got, calls_of(gws), [l for l in server.log.splitlines() if "ERROR" in l or "Trace" in l])

def test_six_tls(start):
    six = Gateway("::1")
    server = start(ROOT/"kamailio.cfg", KEEPALIVE_DIR=ROOT/"kemi", options=["-l", "udp:[::1]:5999"], KEEPALIVE_DESTINATIONS=six.uri)
    server.logged(f"{six.uri} unknown -> up")
    call(server, "invite.xml", 2)
    print("SIX", invites(six))
    six.close()
