-- A server's state of about 1 KB, the body of every measurement. The number
-- makes it differ from all others in a property that servers are watched for.

local FORMAT = '{"id":"BENCH+%d","type":"compute-ops-mgmt/server",' ..
  '"name":"bench-%d.example.net","generation":%d,"hardware":{' ..
  '"serialNumber":"BENCH%d","productId":"P12345-B21",' ..
  '"model":"ProLiant DL380 Gen11","powerState":"ON","indicatorLed":"OFF",' ..
  '"health":{"summary":"OK","healthLED":"OK","fans":"OK","memory":"OK"},' ..
  '"bmc":{"mac":"02:00:5E:00:00:01","ip":"192.0.2.1"}},"state":{' ..
  '"managed":true,"connected":true},"tags":{"padding":"%s"}}'
local SIZE = 1024

local empty = string.format(FORMAT, 1, 1, 1, 1, '')
local padding = string.rep('x', SIZE - #empty)

return function (resource, number)
  return string.format(FORMAT, resource, resource, number, number, padding)
end
