// Many requests that wait for a scenario, and are let through.
//
//   node bench/scenarios/queue.mjs HOOK_URL SINK_PORT COUNT
//
// The sink answers nothing until all COUNT requests have been taken by the
// hook, so that they wait; then it answers at once. Prints
// `{"taken":…,"refused":…,"takenSeconds":…,"drainSeconds":…,"seen":…,
// "twice":…,"inOrder":…,"displaced":…}`: `displaced` is how many places before
// its own the earliest comer came, `seen` counts the first of both actions.

import http from 'node:http'

const [hookUrl, port, countText] = process.argv.slice(2)
const count = Number(countText)
const agent = new http.Agent({ keepAlive: true, maxSockets: 32 })

let isHeld = true
let held = []
const order = []
const seen = new Set()
let twice = 0
let seconds = 0
let doneAll = () => {}

const sink = http.createServer((request, response) => {
  const parts = []
  request.on('data', (part) => parts.push(part))
  request.on('end', () => {
    const { n } = JSON.parse(Buffer.concat(parts))
    if (request.url === '/b') seconds++
    else if (seen.has(n)) twice++
    else {
      seen.add(n)
      order.push(n)
    }
    if (isHeld) held.push(response)
    else response.writeHead(204).end()
    if (seen.size === count && seconds >= count) doneAll()
  })
})

const send = (n) => new Promise((resolve, reject) => {
  const request = http.request(hookUrl, {
    method: 'POST', agent, headers: { 'content-type': 'application/json' }
  }, (response) => {
    response.resume()
    response.on('end', () => resolve(response.statusCode))
  })
  request.on('error', reject)
  request.end(JSON.stringify({ n, server: 'rack1-07', power: 'Off' }))
})

sink.listen(Number(port), '127.0.0.1', async () => {
  const start = performance.now()
  let taken = 0
  let refused = 0
  // One after the other as they are numbered: the order that is to be kept.
  for (let n = 0; n < count; n++) {
    if (await send(n) === 200) taken++
    else refused++
  }
  const filled = performance.now()
  const all = new Promise((resolve) => {
    doneAll = resolve
    setTimeout(resolve, 120000).unref()
  })
  isHeld = false
  for (const response of held) response.writeHead(204).end()
  held = []
  await all
  let displaced = 0
  order.forEach((n, at) => { displaced = Math.max(displaced, n - at) })
  console.log(JSON.stringify({
    taken,
    refused,
    takenSeconds: Number(((filled - start) / 1000).toFixed(2)),
    drainSeconds: Number(((performance.now() - filled) / 1000).toFixed(2)),
    seen: seen.size,
    twice,
    inOrder: displaced === 0,
    displaced
  }))
  process.exit(0)
})
