-- wrk's side of bench/scenarios.py:
--
--   wrk … -s bench/scenarios/hook.lua URL -- PAUSE
--
-- posts the same small request all the time, each connection after PAUSE
-- milliseconds, and prints at the end how many were taken, as
-- bench/publish.lua does.

local pause = 0

function init (args)
  pause = tonumber(args[1])
end

function delay ()
  return pause
end

wrk.method = 'POST'
wrk.headers['Content-Type'] = 'application/json'
wrk.body = '{"n":1,"server":"rack1-07","power":"Off"}'

function done (summary)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"refused":%d,"broken":%d,"seconds":%.6f}\n',
    summary.requests - errors.status, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    summary.duration / 1e6))
end
