-- The routing: /etc/kamailio/router.lua.

local keepalive = dofile("/usr/share/kamailio-kemi-keepalive/keepalive.lua")

local GATEWAYS = { "sip:192.168.10.20", "sip:192.168.10.21" }

-- Sends a call to the first gateway that is up. Every number is true to Lua: compare.
local function route_call()
	for _, gateway in ipairs(GATEWAYS) do
		-- It sets $du: of a name such as sip:provider.com to an address behind it that is alive.
		if keepalive.next_target(gateway) == 1 then
			KSR.tm.t_relay()
			return
		end
	end
	KSR.sl.sl_send_reply(503, "No Gateway Alive")
end

function ksr_request_route()
	local method = KSR.pv.get("$rm")
	if KSR.maxfwd.process_maxfwd(10) < 0 then
		KSR.sl.sl_send_reply(483, "Too Many Hops")
	elseif KSR.siputils.has_totag() > 0 then
		if KSR.rr.loose_route() > 0 or (method == "ACK" and KSR.tm.t_check_trans() > 0) then
			KSR.tm.t_relay()
		end
	elseif method == "CANCEL" then
		if KSR.tm.t_check_trans() > 0 then
			KSR.tm.t_relay()
		end
	elseif method == "INVITE" then
		KSR.rr.record_route()
		route_call()
	else
		KSR.sl.sl_send_reply(405, "Method Not Allowed")
	end
	return 1
end
