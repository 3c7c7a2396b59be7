-- One browser on one connection, walking a flow step after step; wrk gives each connection a
-- thread of its own (-t N -c N). The plan is a Lua table written by bench/wrk.py.
local ffi = require("ffi")
ffi.cdef([[typedef struct { long s; long ns; } moment; int clock_gettime(int which, moment *at);]])

local MONOTONIC = 1
local reading = ffi.new("moment")
local threads = {}

local function now()
  ffi.C.clock_gettime(MONOTONIC, reading)
  return tonumber(reading.s) + tonumber(reading.ns) / 1e9
end

function setup(thread)
  threads[#threads + 1] = thread
  thread:set("me", #threads)
end

local plan, known, step, at, walked, began

local function filled(text)
  return (text:gsub("{{([%w_]+)}}", known))
end

local function begin()
  at, step = 1, plan.steps[1]
  walked = walked + 1
  known.state = plan.name .. me .. "x" .. walked
  began = now()
end

function init(args)
  plan = dofile(args[1])
  known = plan.browsers[me]
  walked, flows, failed, problem, times = 0, 0, 0, "", {}
  begin()
end

function request()
  local body = filled(step.body)
  local head = filled(step.head)
  if body == "" then
    return head .. "\r\n"
  end
  return head .. "Content-Length: " .. #body .. "\r\n\r\n" .. body
end

-- Why an answer is not what the step asks for; nil when it is. Takes what later steps need.
local function wrong(status, headers, body)
  if status ~= step.status then
    return "status " .. status .. ": " .. body:sub(1, 200)
  end
  local location = headers["location"] or headers["Location"] or ""
  for _, wanted in ipairs(step.wants) do
    local text = wanted.from == "location" and location or body
    local found = text:match(filled(wanted.pattern))
    if not found then
      return wanted.pattern .. " is not in " .. text:sub(1, 200)
    end
    if wanted.name ~= "" then
      known[wanted.name] = found
    end
  end
end

local function finish()
  local moment = now()
  if moment >= plan.from and moment < plan.till then
    flows = flows + 1
    times[#times + 1] = moment - began
  end
end

function response(status, headers, body)
  local why = wrong(status, headers, body)
  if why then
    failed = failed + 1
    problem = "step " .. at .. ": " .. why
    return begin()
  end
  if at < #plan.steps then
    at = at + 1
    step = plan.steps[at]
    return
  end
  finish()
  begin()
end

local function quoted(text)
  local safe = text:gsub('[%c"\\\128-\255]', function(c)
    return ("\\u%04x"):format(c:byte())
  end)
  return '"' .. safe .. '"'
end

function done(summary)
  local all, sum, bad, said = {}, 0, 0, ""
  for _, thread in ipairs(threads) do
    sum, bad = sum + thread:get("flows"), bad + thread:get("failed")
    if thread:get("problem") ~= "" then
      said = thread:get("problem")
    end
    for _, each in ipairs(thread:get("times")) do
      all[#all + 1] = each
    end
  end
  table.sort(all)
  local function share(p)
    return all[math.max(1, math.ceil(p * #all))] or 0
  end
  local lost = summary.errors
  local broken = lost.connect + lost.read + lost.write + lost.timeout
  print(("RESULT {\"flows\": %d, \"failed\": %d, \"broken\": %d, \"problem\": %s, \"p50\": %.6f, \"p99\": %.6f}")
    :format(sum, bad, broken, quoted(said), share(0.5), share(0.99)))
end
