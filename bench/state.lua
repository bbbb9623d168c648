-- Requests made from a template of 1 KiB states: a server's state each, that
-- differs from all before in a property that servers are watched for. Numbers
-- stand in it at a fixed width and are written over in place, since what
-- making a request costs is taken from the same processors as the hub's work.

local ffi = require('ffi')

local M = {}

local ID = ('I'):rep(6)
local NUMBER = ('N'):rep(13)
local FORMAT = '{"id":"BENCH+' .. ID .. '","type":"compute-ops-mgmt/server",' ..
  '"name":"bench-' .. ID .. '.example.net","generation":' .. NUMBER ..
  ',"hardware":{"serialNumber":"BENCH' .. NUMBER .. '",' ..
  '"productId":"P12345-B21",' ..
  '"model":"ProLiant DL380 Gen11","powerState":"ON","indicatorLed":"OFF",' ..
  '"health":{"summary":"OK","healthLED":"OK","fans":"OK","memory":"OK"},' ..
  '"bmc":{"mac":"02:00:5E:00:00:01","ip":"192.0.2.1"}},"state":{' ..
  '"managed":true,"connected":true},"tags":{"padding":"%s"}}'
local SIZE = 1024

M.ID = ID
M.STATE = FORMAT:format(('x'):rep(SIZE - #FORMAT + 2))

local function places (text, mark)
  local found = {}
  local at = text:find(mark, 1, true)
  while at do
    found[#found + 1] = at - 1
    at = text:find(mark, at + #mark, true)
  end
  return found
end

local function write (bytes, at, width, number)
  for i = at + width - 1, at, -1 do
    local rest = math.floor(number / 10)
    bytes[i] = 48 + number - rest * 10
    number = rest
  end
end

-- The same number at `count` places from the first one in `list` on; returns
-- which comes behind them.
local function fill (bytes, list, first, count, width, number)
  write(bytes, list[first], width, number)
  for i = first + 1, first + count - 1 do
    ffi.copy(bytes + list[i], bytes + list[first], width)
  end
  return first + count
end

-- A function that gives `text` with the next state's numbers in it: `next`
-- returns a resource and a number, and is asked once a state.
function M.filler (text, ids_per_state, next)
  local ids, numbers = places(text, ID), places(text, NUMBER)
  local numbers_per_state = #numbers / (#ids / ids_per_state)
  local bytes = ffi.new('uint8_t[?]', #text)

  ffi.copy(bytes, text, #text)
  return function ()
    local id, number = 1, 1
    while id <= #ids do
      local resource, value = next()
      id = fill(bytes, ids, id, ids_per_state, #ID, resource)
      number = fill(bytes, numbers, number, numbers_per_state, #NUMBER, value)
    end
    return ffi.string(bytes, #text)
  end
end

return M
