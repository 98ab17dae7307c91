-- For wrk: posts events that are all different, each the template with a new number in it, all equally long.
-- Argument after the URL and "--": the template's file; without it requests have no body. At the end one line of JSON:
-- {"answers", "seconds", "p50_ms", "p99_ms", "failures"}.

local KINDS = { number = true, phone = true }
local head, pieces, slots, count = "", {}, {}, 0

-- Of the template what stands still into `pieces`, with a gap at each place of `slots`.
local function split(template)
   local from, at = 1, 1
   while true do
      local first, last, kind = template:find("@(%a+)", at)
      if not first then break end
      at = last + 1
      if KINDS[kind] then
         pieces[#pieces + 1] = template:sub(from, first - 1)
         pieces[#pieces + 1] = ""
         slots[#pieces] = kind
         from = at
      end
   end
   pieces[#pieces + 1] = template:sub(from)
end

local function fill()
   local number, phone = string.format("%09d", count), string.format("%07d", count % 10000000)
   for at, kind in pairs(slots) do
      pieces[at] = kind == "phone" and phone or number
   end
   return table.concat(pieces)
end

function init(args)
   local headers = { ["Host"] = wrk.headers["Host"] }
   if args[1] then
      local file = assert(io.open(args[1], "rb"))
      split(file:read("*a"))
      file:close()
      headers["Content-Type"] = "application/json"
   end
   local body = fill()
   local whole = wrk.format("POST", nil, headers, body)
   head = whole:sub(1, #whole - #body)
end

function request()
   count = count + 1
   return head .. fill()
end

function done(summary, latency)
   local errors = summary.errors
   io.write(string.format(
      '\n{"answers": %d, "seconds": %.6f, "p50_ms": %.3f, "p99_ms": %.3f, "failures": %d}\n',
      summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
      errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
