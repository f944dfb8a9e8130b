"""The examples of the README and of docs/, run as they stand there, on real servers."""

from __future__ import annotations

import shlex

import pytest

from examples import named_examples
from gateway import Gateway
from real.asking import asked
from real.server import ROOT, Kamailio, Launch, wait_for

# What a user has before the README.
KEMI_CFG = """
debug=2
log_stderror=yes
auto_aliases=no
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "jsonrpcs.so"
loadmodule "app_python3.so"
modparam("jsonrpcs", "transport", 4)
modparam("jsonrpcs", "dgram_socket", RPC)
modparam("app_python3", "load", "FOLDER/script.py")
cfgengine "python"
"""
NATIVE_CFG = KEMI_CFG.replace('loadmodule "app_python3.so"\n', "").split('modparam("app_python3"')[0]
FIND_MODULE = f"import sys; sys.path.insert(0, {str(ROOT / 'kemi')!r})\n"


NOBODY = "sip:127.0.0.1:9"


def on_loopback(text: str, gateway: Gateway) -> str:
    """Put addresses of this machine in the place of the examples' addresses."""
    address = gateway.uri.removeprefix("sip:")
    for example, real in (("sip:192.168.10.20", gateway.uri), ("sip:192.168.10.21", NOBODY)):
        text = text.replace(example, real)
    return text.replace("@192.168.10.20", f"@{address}")


@pytest.fixture
def start_readme(checked_kind: str, gateway: Gateway):
    """A function that starts a server from texts with the README's paths and addresses made real."""
    running = []

    def start(cfg: str, script: str = "", more: dict[str, str] | None = None, **defines: object) -> Kamailio:
        files = {"kamailio.cfg": cfg, "script.py": FIND_MODULE + script, **(more or {})}
        for name, text in files.items():
            real = text.replace("/usr/share/kamailio-kemi-keepalive", str(ROOT / "kemi"))
            files[name] = on_loopback(real, gateway)
        # What the installation writes into keepalive-native.cfg.
        quick = {
            "KEEPALIVE_DIR": ROOT / "kemi",
            "KEEPALIVE_PING_INTERVAL": 1,
            "KEEPALIVE_PING_TIMEOUT": 500,
            **defines,
        }
        running.append(Kamailio(checked_kind, "kamailio.cfg", quick, Launch(files=files)))
        return running[-1]

    yield start
    for server in running:
        server.stop()
        print(server.log)
        server.forget()


def relayed(server: Kamailio, gateway: Gateway) -> bool:
    """Send a MESSAGE; say whether it reached the gateway, or was refused with 503."""
    code, _ = server.message("hello")
    assert code in (200, 503)
    return code == 200


def test_the_kemi_example(start_readme, gateway: Gateway) -> None:
    """The three additions: requests go to the gateway while it is up, and get a 503 while it is down."""
    server = start_readme(KEMI_CFG + named_examples()["kemi.cfg"], named_examples()["kemi.py"])
    server.logged("unknown -> up")
    assert relayed(server, gateway)
    gateway.code = 503
    server.logged("up -> down: 503 Service Unavailable in ")
    seen = len([request for request in gateway.requests if request.method == "MESSAGE"])
    assert not relayed(server, gateway)
    assert len([request for request in gateway.requests if request.method == "MESSAGE"]) == seen


def test_the_script_of_the_kits_document(start_readme, gateway: Gateway) -> None:
    """What docs/testing.md's tests say of its script is so on a real server."""
    server = start_readme(KEMI_CFG + named_examples()["kemi.cfg"], named_examples()["router.py"])
    server.logged(f"{gateway.uri} is up")
    assert relayed(server, gateway)
    gateway.code = 503
    server.logged(f"{gateway.uri} is down")
    server.logged(f"{NOBODY} is down")
    assert not relayed(server, gateway)


def test_the_native_example(start_readme, gateway: Gateway) -> None:
    """The native lines do the same."""
    example = named_examples()["native.cfg"].replace(", sip.provider.com", "")
    server = start_readme(NATIVE_CFG + example)
    server.logged("unknown -> up")
    assert relayed(server, gateway)
    gateway.code = 503
    server.logged("up -> down")
    assert not relayed(server, gateway)


def test_the_recommended_setting(start_readme, gateway: Gateway) -> None:
    """The carrier's values are in force, the list is read, and the states are written down."""
    recommended = named_examples()["recommended.cfg"]
    for folder in ("/etc/kamailio", "/var/lib/kamailio"):
        recommended = recommended.replace(folder, "FOLDER")
    native = named_examples()["native.cfg"].partition("\n")[2]
    files = {"keepalive.list": "sip:192.168.10.20 group=carriers\n"}
    server = start_readme(NATIVE_CFG + recommended + native, more=files)
    server.logged("profile carrier: fall 3, ")
    server.logged(f"{gateway.uri} unknown -> up")
    states = server.folder / "keepalive.state"
    wait_for("the state file", lambda: states.exists() and gateway.uri in states.read_text())
    assert relayed(server, gateway)


def test_the_callback_example(start_readme, gateway: Gateway) -> None:
    """The callback logs each change with its user_attr."""
    script = named_examples()["kemi.py"].split("def mod_init")[0] + named_examples()["callback.py"]
    server = start_readme(KEMI_CFG + named_examples()["kemi.cfg"], script)
    server.logged(f"carrier A: {gateway.uri} is up")
    gateway.silent = True
    server.logged(f"carrier A: {gateway.uri} is down")


def test_the_answer_options_example(start_readme, gateway: Gateway) -> None:
    """An OPTIONS to the server is answered; any other request goes on."""
    script, mod_init = named_examples()["kemi.py"].split("\n\ndef mod_init")
    script = script.partition("class ")[0] + named_examples()["answer_options.py"]
    script += "\ndef route_calls(msg):\n    KSR.sl.send_reply(404, 'Not Found')\n    return 1\n"
    server = start_readme(
        KEMI_CFG + named_examples()["kemi.cfg"],
        f"{script}\n\ndef mod_init{mod_init}",
        KEEPALIVE_ANSWER_MIN_UP=0,
    )
    assert asked(server) == (200, 0)
    assert server.message("")[0] == 404


def test_the_next_target_example(start_readme, gateway: Gateway) -> None:
    """A call goes to the gateway while it is alive, and is refused else."""
    script = named_examples()["kemi.py"].partition("class ")[0] + named_examples()["next_target.py"]
    server = start_readme(KEMI_CFG + named_examples()["kemi.cfg"], script)
    server.logged(f"{gateway.uri} unknown -> up")
    assert relayed(server, gateway)
    gateway.code = 503
    server.logged("up -> down")
    assert not relayed(server, gateway)


def test_the_pick_example(start_readme, gateway: Gateway) -> None:
    """The one of the best two that is alive has all of the calls; nobody has them if none is left."""
    script = named_examples()["kemi.py"].partition("class ")[0] + named_examples()["pick.py"]
    last = '    keepalive.add_destination("sip:192.168.10.22", "routing", group="carriers", priority=1)\n'
    server = start_readme(KEMI_CFG + named_examples()["kemi.cfg"], script.replace(last, ""))
    server.logged(f"{NOBODY} unknown -> down")
    server.logged(f"{gateway.uri} unknown -> up")
    assert all(relayed(server, gateway) for _ in range(5))
    gateway.code = 503
    server.logged("up -> down")
    assert not relayed(server, gateway)


def test_the_own_event_example(start_readme, gateway: Gateway) -> None:
    """A script's own tm event function hands events on."""
    script, mod_init = named_examples()["kemi.py"].split("\n\ndef mod_init")
    script += named_examples()["own-event.py"] + "\n\ndef mod_init" + mod_init
    server = start_readme(KEMI_CFG + named_examples()["own-event.cfg"], script)
    server.logged("unknown -> up")


def test_the_run_time_example(start_readme, gateway: Gateway) -> None:
    """The kamcmd lines list the settings and change them."""
    server = start_readme(
        KEMI_CFG + named_examples()["kemi.cfg"], named_examples()["kemi.py"], KEEPALIVE_PING_INTERVAL=3600
    )
    for line in named_examples()["run time"].splitlines():
        kamcmd, method, *parameters = shlex.split(on_loopback(line, gateway))
        assert kamcmd == "kamcmd"
        server.rpc(method, *[int(each) if each.isdecimal() else each for each in parameters])
    assert server.rpc("cfg.get", "keepalive", "ping_interval") == "5"
    server.logged("operator (kamcmd cfg): ping_timeout 500 -> 500ms")
    server.logged("operator (kamcmd cfg): ping_interval 3600 -> 5")
    server.logged(f"{NOBODY} unknown -> down")


def test_the_carrier_example(start_readme, gateway: Gateway) -> None:
    """The group's best is used while it is up; a timeout in a route is a failure of three."""
    head = named_examples()["kemi.py"].split("    def ksr_request_route")[0]
    script = head + named_examples()["carrier-route.py"] + "\n\n" + named_examples()["carrier.py"]
    server = start_readme(KEMI_CFG + named_examples()["kemi.cfg"], script)
    server.logged(f"{gateway.uri} unknown -> up")
    server.logged(f"{NOBODY} unknown -> down")
    assert relayed(server, gateway)


def test_the_guards_example(start_readme, gateway: Gateway) -> None:
    """Its calls are evidence, and the last one of its group answers though it is down."""
    head = named_examples()["kemi.py"].split("    def ksr_request_route")[0]
    script = head + named_examples()["guards-route.py"] + "\n\n" + named_examples()["guards.py"]
    server = start_readme(KEMI_CFG + named_examples()["kemi.cfg"], script)
    server.logged(f"{gateway.uri} unknown -> up")
    for _ in range(5):
        assert relayed(server, gateway)
    gateway.code = 503
    server.logged(f"{gateway.uri} up -> down")
    server.logged("group carriers: only 0 of 1 would answer")


def test_the_example_of_trunks_behind_one_address(start_readme, gateway: Gateway) -> None:
    """All of them are up by the pings of one."""
    script = named_examples()["kemi.py"].split("def mod_init")[0] + named_examples()["track.py"]
    server = start_readme(KEMI_CFG + named_examples()["kemi.cfg"], script)
    server.logged(f"{gateway.uri} unknown -> up")
    for number in (1, 500):
        server.logged(f"trunk{number}@{gateway.uri.removeprefix('sip:')} unknown -> up")
    assert {ping.uri for ping in gateway.pings} == {gateway.uri}
    assert server.errors == []


def test_the_large_fleet_example(start_readme, gateway: Gateway) -> None:
    """Three probers and larger tables; the manager that is recommended is there."""
    script = named_examples()["kemi.py"]
    server = start_readme("mem_join=0\n" + KEMI_CFG + named_examples()["large.cfg"], script)
    server.logged(f"{gateway.uri} unknown -> up")
    processes = [each["DSC"] for each in server.rpc("core.psx")]
    assert sum("timer=keepalive_tick" in process for process in processes) == 3
    sizes = {table["name"]: table["slots"] for table in server.rpc("htable.stats")}
    assert sizes["keepalive_health"] == 2**15


def test_the_group_example(start_readme, gateway: Gateway) -> None:
    """A group's options hold for its members, but for what one has of its own."""
    script = named_examples()["kemi.py"].split("def mod_init")[0] + named_examples()["group.py"]
    server = start_readme(KEMI_CFG + named_examples()["kemi.cfg"], script)
    server.logged("group carriers has other options from now on, by the script: fall 3, ")
    server.logged(f"{gateway.uri} unknown -> up")
    assert server.errors == []


def test_the_list_file_example(start_readme, gateway: Gateway) -> None:
    """Both lines of the list file are monitored."""
    script = named_examples()["kemi.py"].split("def mod_init")[0]
    script += (
        'def mod_init():\n    keepalive.modparam("list_file", "FOLDER/keepalive.list")\n    return Router()\n'
    )
    files = {"keepalive.list": named_examples()["keepalive.list"]}
    server = start_readme(KEMI_CFG + named_examples()["kemi.cfg"], script, files)
    server.logged(f"{gateway.uri} unknown -> up")
    server.logged(f"{NOBODY} unknown -> down")
    assert not server.log_lines("list_file")


def test_the_dispatcher_example(start_readme, gateway: Gateway) -> None:
    """The destinations of dispatcher's list are monitored, and their states set."""
    cfg = KEMI_CFG.replace(
        'loadmodule "pv.so"',
        'loadmodule "pv.so"\nloadmodule "dispatcher.so"\n'
        'modparam("dispatcher", "list_file", "FOLDER/dispatcher.list")',
    )
    script = named_examples()["kemi.py"].split("def mod_init")[0]
    script += named_examples()["dispatcher.py"].replace(
        "/etc/kamailio/dispatcher.list", "FOLDER/dispatcher.list"
    )
    files = {"dispatcher.list": "1 sip:192.168.10.20\n1 sip:192.168.10.21\n"}
    server = start_readme(cfg + named_examples()["kemi.cfg"], script, files)
    server.logged(f"{gateway.uri} unknown -> up")
    server.logged(f"{NOBODY} unknown -> down")

    def flags() -> dict[str, str]:
        [listed] = server.rpc("dispatcher.list")["RECORDS"]
        targets = [target["DEST"] for target in listed["SET"]["TARGETS"]]
        return {target["URI"]: target["FLAGS"] for target in targets}

    wait_for("active and inactive", lambda: flags() == {gateway.uri: "AX", NOBODY: "IX"})
