-- Asks keepalive what a MESSAGE says: the function is the Request-URI's user, its words are the lines of the body.

local keepalive = dofile("/usr/share/kamailio-kemi-keepalive/keepalive.lua")

-- Lua 5.1 has the one (Debian's Kamailio 5.6 and 6.0), 5.4 the other (6.1).
local unpack = unpack or table.unpack

local function shown(answer)
	if type(answer) == "table" then
		return "[" .. table.concat(answer, " ") .. "]"
	end
	return tostring(answer)
end

function ksr_request_route()
	if KSR.pv.get("$rm") ~= "MESSAGE" then
		KSR.sl.sl_send_reply(200, "OK")
		return 1
	end
	local words, count = {}, 0
	for word in string.gmatch(KSR.pv.get("$rb") or "", "[^\n]+") do
		count = count + 1
		words[count] = word ~= "NOTHING" and word or nil
	end
	local answer = keepalive[KSR.pv.get("$rU")](unpack(words, 1, count))
	KSR.hdr.append_to_reply("X-Result: " .. shown(answer) .. "\r\n")
	KSR.sl.sl_send_reply(200, "OK")
	return 1
end

function ksr_my_tm_event(event)
	KSR.info("MY EVENT " .. event .. "\n")
	return ksr_keepalive_tm_event(event)
end

function gateway_changed(uri, state)
	KSR.info("CHANGED " .. uri .. " " .. state .. " " .. keepalive.is_alive(uri) .. "\n")
end
