// How long it takes from a hook's request to the second of two actions.
//
//   node bench/scenarios/latency.mjs HOOK_URL SINK_PORT PER_SECOND SECONDS
//
// One process sends and receives, so that one clock tells both times. Requests
// are sent when they are due, whether earlier ones have come through or not.
// Prints `{"accepted":{"p50":…,"p99":…},"sent":{…},"count":…,"arrived":…}` in
// ms: from the hook's answer, and from the request, to the second action.

import http from 'node:http'

const [hookUrl, port, rateText, secondsText] = process.argv.slice(2)
const rate = Number(rateText)
const seconds = Number(secondsText)
const agent = new http.Agent({ keepAlive: true, maxSockets: 64 })

const under = new Map() // n → what is known of it
let done = 0
let doneAll = () => {}
const sinceAccepted = []
const sinceSent = []

function settle (n) {
  const each = under.get(n)
  if (!each.accepted || each.actions < 2) return
  sinceAccepted.push(Math.max(0, each.second - each.accepted))
  sinceSent.push(each.second - each.sent)
  under.delete(n)
  done++
  if (under.size === 0) doneAll()
}

const sink = http.createServer((request, response) => {
  const parts = []
  request.on('data', (part) => parts.push(part))
  request.on('end', () => {
    const now = performance.now()
    const { n } = JSON.parse(Buffer.concat(parts))
    response.writeHead(204).end()
    const each = under.get(n)
    if (!each) return
    each.actions++
    each.second = now
    settle(n)
  })
})

function send (n) {
  const each = { sent: performance.now(), actions: 0 }
  under.set(n, each)
  const request = http.request(hookUrl, {
    method: 'POST', agent, headers: { 'content-type': 'application/json' }
  }, (response) => {
    response.resume()
    if (response.statusCode !== 200) {
      console.error(`latency: the hook answers ${response.statusCode}`)
      process.exit(1)
    }
    each.accepted = performance.now()
    settle(n)
  })
  request.on('error', (error) => {
    console.error(`latency: ${error.message}`)
    process.exit(1)
  })
  request.end(JSON.stringify({ n, server: 'rack1-07', power: 'Off' }))
}

/** Those of the first fifth warm up, and do not count. */
function percentiles (delays) {
  const sorted = delays.slice(Math.floor(delays.length / 5))
    .sort((a, b) => a - b)
  const at = (share) => Number(
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]
      ?.toFixed(2))
  return { p50: at(0.5), p99: at(0.99) }
}

sink.listen(Number(port), '127.0.0.1', async () => {
  const count = Math.round(rate * seconds)
  const start = performance.now()
  let next = 0
  await new Promise((resolve) => {
    const tick = () => {
      const due = Math.min(count, (performance.now() - start) / 1000 * rate)
      while (next < due) send(next++)
      if (next < count) setTimeout(tick, 1)
      else resolve()
    }
    tick()
  })
  if (under.size > 0) {
    await new Promise((resolve) => {
      doneAll = resolve
      setTimeout(resolve, 20000).unref()
    })
  }
  console.log(JSON.stringify({
    accepted: percentiles(sinceAccepted),
    sent: percentiles(sinceSent),
    count,
    arrived: done
  }))
  process.exit(0)
})
