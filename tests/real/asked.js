// Asks keepalive what a MESSAGE says: the function is the Request-URI's user, its words are the lines of the body.

var keepalive = require("/usr/share/kamailio-kemi-keepalive/keepalive.js");

function shown(answer) {
    return Array.isArray(answer) ? "[" + answer.join(" ") + "]" : String(answer);
}

function ksr_request_route() {
    if (KSR.pv.get("$rm") !== "MESSAGE") {
        KSR.sl.sl_send_reply(200, "OK");
        return 1;
    }
    var body = KSR.pv.get("$rb");
    var words = (body ? body.split("\n") : []).map(function (word) {
        return word === "NOTHING" ? null : word;
    });
    var answer = keepalive[KSR.pv.get("$rU")].apply(null, words);
    KSR.hdr.append_to_reply("X-Result: " + shown(answer) + "\r\n");
    KSR.sl.sl_send_reply(200, "OK");
    return 1;
}

function ksr_my_tm_event(event) {
    KSR.info("MY EVENT " + event + "\n");
    return ksr_keepalive_tm_event(event);
}

function gateway_changed(uri, state) {
    KSR.info("CHANGED " + uri + " " + state + " " + keepalive.is_alive(uri) + "\n");
}
