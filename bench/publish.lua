-- wrk's side of all measurements:
--
--   wrk … -s bench/publish.lua URL -- direct          POST to the sink
--   wrk … -s bench/publish.lua URL -- single TOKEN    PUT one state a request
--   wrk … -s bench/publish.lua URL -- bulk TOKEN N    POST N states a request
--
-- No state is published twice, so each makes an event. Prints at the end
-- `{"requests":…,"refused":…,"seconds":…}`; refused counts answers that are
-- no 2xx, and requests those that are.

package.path = debug.getinfo(1, 'S').source:sub(2):match('.*/') .. '?.lua;' ..
  package.path
local states = require('state')

local RESOURCES = 10000 -- a thread; their states are replaced in turn
local threads = 0
local next_number

function setup (thread)
  thread:set('thread_number', threads)
  threads = threads + 1
end

local function next_state ()
  next_number = next_number + 1
  return thread_number * RESOURCES + next_number % RESOURCES, next_number
end

local function direct ()
  wrk.method = 'POST'
  local ready = wrk.format(nil, nil, nil, states.STATE)
  return function () return ready end
end

local function single ()
  local text = wrk.format('PUT', '/v1/resources/compute-ops%2Fserver/BENCH%2B'
    .. states.ID, nil, states.STATE)
  return states.filler(text, 3, next_state)
end

local function bulk (per_request)
  local line = '{"type":"compute-ops/server","id":"BENCH+' .. states.ID ..
    '","state":' .. states.STATE .. '}\n'
  local text = wrk.format('POST', '/v1/resources', nil, line:rep(per_request))
  return states.filler(text, 3, next_state)
end

local MODES = {
  single = { make = single, type = 'application/json' },
  bulk = { make = bulk, type = 'application/x-ndjson' },
  direct = { make = direct, type = 'application/json' }
}

function init (args)
  local mode = MODES[args[1]]
  wrk.headers['Content-Type'] = mode.type
  -- Later runs on the same hub must not repeat what earlier ones published.
  next_number = 1e12 + (os.time() % 1000000) * 1000000
  if args[2] then
    wrk.headers['Authorization'] = 'Bearer ' .. args[2]
  end
  request = mode.make(tonumber(args[3]))
end

function done (summary)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"refused":%d,"broken":%d,"seconds":%.6f}\n',
    summary.requests - errors.status, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    summary.duration / 1e6))
end
