#!/bin/sh
# Asks the Kamailio that runs on this machine to test itself; `make selftest` calls it, as who may use kamcmd.
#   KAMCMD   kamcmd, with what it needs to find the server, such as "kamcmd -s unixs:/run/kamailio/kamailio_ctl"
set -eu
KAMCMD=${KAMCMD:-kamcmd}

fail() {
    echo "make selftest: $1" >&2
    exit 1
}

$KAMCMD core.version >/dev/null || fail "no Kamailio answers $KAMCMD: does it run, and is ctl loaded?"
$KAMCMD htable.sets keepalive selftest ask >/dev/null ||
    fail "this Kamailio has no table keepalive: kamailio.cfg does not include keepalive.cfg"
tries=0
while said=$($KAMCMD htable.get keepalive selftest | sed -n 's/^[[:space:]]*value: //p') && [ "$said" = ask ]; do
    tries=$((tries + 1))
    [ $tries -lt 20 ] || fail "nobody answers within ten seconds: look for 'wrongly adopted' in the log"
    sleep 0.5
done
[ "$said" = well ] || fail "$said"
echo "all is well: modules, parameters, handlers, timers, tm's event, a ping of this server to itself"
