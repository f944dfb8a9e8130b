// The routing: /etc/kamailio/router.js.

var keepalive = require("/usr/share/kamailio-kemi-keepalive/keepalive.js");

var GATEWAYS = ["sip:192.168.10.20", "sip:192.168.10.21"];

// Sends a call to the first gateway that is up. Every number but 0 is true to JavaScript: compare.
function route_call() {
    for (var place = 0; place < GATEWAYS.length; place++) {
        // It sets $du: of a name such as sip:provider.com to an address behind it that is alive.
        if (keepalive.next_target(GATEWAYS[place]) === 1) {
            KSR.tm.t_relay();
            return;
        }
    }
    KSR.sl.sl_send_reply(503, "No Gateway Alive");
}

function ksr_request_route() {
    var method = KSR.pv.get("$rm");
    if (KSR.maxfwd.process_maxfwd(10) < 0) {
        KSR.sl.sl_send_reply(483, "Too Many Hops");
    } else if (KSR.siputils.has_totag() > 0) {
        if (KSR.rr.loose_route() > 0 || (method === "ACK" && KSR.tm.t_check_trans() > 0)) {
            KSR.tm.t_relay();
        }
    } else if (method === "CANCEL") {
        if (KSR.tm.t_check_trans() > 0) {
            KSR.tm.t_relay();
        }
    } else if (method === "INVITE") {
        KSR.rr.record_route();
        route_call();
    } else {
        KSR.sl.sl_send_reply(405, "Method Not Allowed");
    }
    return 1;
}
