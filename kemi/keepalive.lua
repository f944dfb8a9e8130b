-- KeepAlive for a KEMI script in Lua. kamailio.cfg includes keepalive-lua-js.cfg, and the script has
--
--   local keepalive = dofile("/usr/share/kamailio-kemi-keepalive/keepalive.lua")
--
--   if keepalive.is_alive("sip:192.168.10.20") == 1 then ... end
--
-- Every function takes the words of what python_exec takes, one by one or as one text, and returns what
-- python_exec returns: keepalive.set_admin(uri, "maint", 3600, "card swap") is 1, or -1 with a line of the log.
-- Every number is true to Lua: compare. Some say more: alive(group), targets(uri), pick(group) and info(uri, key).

local keepalive = {}

-- Without it the start ends here, in one line, instead of each call later.
local MODULE = assert(KSR.app_python3, "no app_python3: include keepalive-lua-js.cfg in kamailio.cfg")

-- Runs a function of keepalive.py. A word that is nil, such as a variable that is not set, is an empty one.
local function ask(name, ...)
	local words = {}
	for place = 1, select("#", ...) do
		words[place] = tostring((select(place, ...)) or "")
	end
	return MODULE.exec_p1(name, table.concat(words, " "))
end

for _, name in ipairs({
	"is_alive", "is_down", "state", "is_group_alive", "next_target",
	"report_failure", "report_success", "report_reply",
	"set_admin", "ping_now", "pause", "resume", "answer_options", "set_self",
	"add_destination", "del_destination", "configure_group",
	"reload", "reload_script", "selftest",
}) do
	keepalive[name] = function(...)
		return ask(name, ...)
	end
end

-- What a function has left in an AVP of its name; {} if nothing.
local function found(name, text)
	local uris = {}
	for place = 0, ask(name, text) - 1 do
		uris[#uris + 1] = KSR.pv.get("$(avp(keepalive_" .. name .. ")[" .. place .. "])")
	end
	return uris
end

-- The URIs of a group that are alive, the best first, 32 at the most; {} if none is.
function keepalive.alive(group)
	return found("alive", group)
end

-- Where calls to a destination may be sent, as URIs for $du, in the order in which they are tried; {} if nowhere.
function keepalive.targets(uri)
	return found("targets", uri)
end

-- One of a group, at random by weight among the best that are alive; nil if none is.
function keepalive.pick(group)
	return ask("pick", group) == 1 and KSR.pv.get("$avp(keepalive_pick)") or nil
end

-- What is known of a destination under a key such as "state" or "latency_ms.p95"; nil if nothing is.
function keepalive.info(uri, key)
	if ask("info", uri, key) == 1 then
		return KSR.pv.get("$var(keepalive_info)")
	end
	return nil
end

-- What Kamailio calls by name, each in the process that it is for: tm the last two, rtimer the others.
for _, name in ipairs({ "tick", "watch", "callbacks", "state_file", "resolve", "dispatcher", "http", "cluster", "reply", "failure" }) do
	local handler = "ksr_keepalive_" .. name
	_G[handler] = function()
		return MODULE.exec(handler)
	end
end

function ksr_keepalive_tm_event(event)
	return MODULE.exec_p1("ksr_keepalive_tm_event", event)
end

return keepalive
