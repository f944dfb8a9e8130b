// KeepAlive for a KEMI script in JavaScript. kamailio.cfg includes keepalive-lua-js.cfg, and the script has
//
//   var keepalive = require("/usr/share/kamailio-kemi-keepalive/keepalive.js");
//
//   if (keepalive.is_alive("sip:192.168.10.20") === 1) { ... }
//
// Every function takes the words of what python_exec takes, one by one or as one text, and returns what
// python_exec returns: keepalive.set_admin(uri, "maint", 3600, "card swap") is 1, or -1 with a line of the log.
// Every such number is true to JavaScript: compare. Some say more: alive(group), targets(uri), pick(group) and info(uri, key).

var MODULE = KSR.app_python3;
if (!MODULE) {
    // The start ends here, in one line, instead of each call later.
    throw new Error("no app_python3: include keepalive-lua-js.cfg in kamailio.cfg");
}
var MAIN = new Function("return this")();

// Runs a function of keepalive.py. A word that is null or undefined is an empty one.
function ask(name, words) {
    var texts = Array.prototype.map.call(words, function (word) {
        return word === null || word === undefined ? "" : String(word);
    });
    return MODULE.exec_p1(name, texts.join(" "));
}

[
    "is_alive", "is_down", "state", "is_group_alive", "next_target",
    "report_failure", "report_success", "report_reply",
    "set_admin", "ping_now", "pause", "resume", "answer_options", "set_self",
    "add_destination", "del_destination", "configure_group",
    "reload", "reload_script", "selftest",
].forEach(function (name) {
    exports[name] = function () {
        return ask(name, arguments);
    };
});

// What a function has left in an AVP of its name; [] if nothing.
function found(name, text) {
    var uris = [];
    var count = ask(name, [text]);
    for (var place = 0; place < count; place++) {
        uris.push(KSR.pv.get("$(avp(keepalive_" + name + ")[" + place + "])"));
    }
    return uris;
}

// The URIs of a group that are alive, the best first, 32 at the most; [] if none is.
exports.alive = function (group) {
    return found("alive", group);
};

// Where calls to a destination may be sent, as URIs for $du, in the order in which they are tried; [] if nowhere.
exports.targets = function (uri) {
    return found("targets", uri);
};

// One of a group, at random by weight among the best that are alive; null if none is.
exports.pick = function (group) {
    return ask("pick", [group]) === 1 ? KSR.pv.get("$avp(keepalive_pick)") : null;
};

// What is known of a destination under a key such as "state" or "latency_ms.p95"; null if nothing is.
exports.info = function (uri, key) {
    return ask("info", [uri, key]) === 1 ? KSR.pv.get("$var(keepalive_info)") : null;
};

// What Kamailio calls by name, each in the process that it is for: tm the last two, rtimer the others. It looks
// for them where the script's own functions are, and not in a module.
["tick", "watch", "callbacks", "state_file", "resolve", "dispatcher", "http", "cluster", "reply", "failure"].forEach(function (name) {
    var handler = "ksr_keepalive_" + name;
    MAIN[handler] = function () {
        return MODULE.exec(handler);
    };
});

MAIN.ksr_keepalive_tm_event = function (event) {
    return MODULE.exec_p1("ksr_keepalive_tm_event", event);
};
