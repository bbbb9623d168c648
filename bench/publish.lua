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
local state = require('state')

local RESOURCES = 10000 -- a thread; their states are replaced in turn
local threads = 0
local mode, per_request
local next_number

function setup (thread)
  thread:set('thread_number', threads)
  threads = threads + 1
end

local function number ()
  next_number = next_number + 1
  return next_number
end

local function resource (n)
  return thread_number * RESOURCES + n % RESOURCES
end

local function single ()
  local n = number()
  local id = resource(n)
  return wrk.format('PUT', '/v1/resources/compute-ops%2Fserver/BENCH%2B' .. id,
    nil, state(id, n))
end

local function bulk ()
  local lines = {}
  for i = 1, per_request do
    local n = number()
    local id = resource(n)
    lines[i] = '{"type":"compute-ops/server","id":"BENCH+' .. id ..
      '","state":' .. state(id, n) .. '}\n'
  end
  return wrk.format('POST', '/v1/resources', nil, table.concat(lines))
end

local MODES = {
  single = { make = single, type = 'application/json' },
  bulk = { make = bulk, type = 'application/x-ndjson' },
  direct = { type = 'application/json' }
}

function init (args)
  mode = MODES[args[1]]
  per_request = tonumber(args[3])
  wrk.headers['Content-Type'] = mode.type
  -- Later runs on the same hub must not repeat what earlier ones published.
  next_number = (os.time() % 1000000) * 1000000
  if args[2] then
    wrk.headers['Authorization'] = 'Bearer ' .. args[2]
  end
  if mode.make then
    request = mode.make
  else
    wrk.method = 'POST'
    wrk.body = state(1, 1)
    local ready = wrk.format()
    request = function () return ready end
  end
end

function done (summary)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"refused":%d,"broken":%d,"seconds":%.6f}\n',
    summary.requests - errors.status, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    summary.duration / 1e6))
end
