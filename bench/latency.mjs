// How long an event takes from the publisher's request to the endpoint's.
//
//   node bench/latency.mjs HUB_URL TOKEN EVENTS_PER_SECOND SECONDS
//
// One process publishes and receives, so that one clock tells both times. The
// yardstick is taken first, in the same process and at the same rate: requests
// sent straight to the receiver, which is what Node itself takes. Events are
// sent when they are due, whether earlier ones have arrived or not. Prints
// `{"direct":{"p50":…,"p99":…},"hub":{…},"sent":…,"arrived":…}` in ms.

import http from 'node:http'

const [hubUrl, token, rateText, secondsText] = process.argv.slice(2)
const rate = Number(rateText)
const seconds = Number(secondsText)
const WEBHOOKS = '/compute-ops-mgmt/v1beta1/webhooks'
const agent = new http.Agent({ keepAlive: true, maxSockets: 64 })

const sentAt = new Map()
let delays = []
let arrivedAll = () => {}

const receiver = http.createServer((request, response) => {
  const challenge = request.headers['x-compute-ops-mgmt-verification-challenge']
  const parts = []
  request.on('data', (part) => parts.push(part))
  request.on('end', () => {
    if (request.method === 'GET') {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ verification: challenge }))
      return
    }
    const now = performance.now()
    const { n } = JSON.parse(Buffer.concat(parts))
    if (sentAt.has(n)) delays.push(now - sentAt.get(n))
    sentAt.delete(n)
    response.writeHead(204).end()
    if (sentAt.size === 0) arrivedAll()
  })
})

function send (method, url, body, headers = {}) {
  return new Promise((resolve, reject) => {
    const request = http.request(url, {
      method, agent, headers: { 'content-type': 'application/json', ...headers }
    }, (response) => {
      const parts = []
      response.on('data', (part) => parts.push(part))
      response.on('end', () => resolve({
        status: response.statusCode, text: Buffer.concat(parts).toString()
      }))
    })
    request.on('error', reject)
    request.end(body)
  })
}

const withToken = { authorization: `Bearer ${token}` }
const pad = 'x'.repeat(900)

/** Sends `rate` a second for `seconds`, then waits until all have arrived. */
async function measure (sendOne) {
  delays = []
  const count = Math.round(rate * seconds)
  const start = performance.now()
  let next = 0
  await new Promise((resolve) => {
    const tick = () => {
      const due = Math.min(count, (performance.now() - start) / 1000 * rate)
      for (; next < due; next++) {
        sentAt.set(next, performance.now())
        sendOne(next, JSON.stringify({ n: next, pad })).catch((error) => {
          console.error(`latency: ${error.message}`)
          process.exit(1)
        })
      }
      if (next < count) setTimeout(tick, 1)
      else resolve()
    }
    tick()
  })
  if (sentAt.size > 0) {
    await new Promise((resolve) => {
      arrivedAll = resolve
      setTimeout(resolve, 20000).unref()
    })
  }
  delays.sort((a, b) => a - b)
  const at = (share) => Number(
    delays[Math.min(delays.length - 1, Math.floor(delays.length * share))]
      .toFixed(2))
  return { count, p50: at(0.5), p99: at(0.99) }
}

async function addWebhook (destination) {
  const made = await send('POST', hubUrl + WEBHOOKS, JSON.stringify({
    name: 'latency',
    destination,
    state: 'ENABLED',
    eventFilter: "type eq 'bench/latency'",
    headers: {}
  }), withToken)
  if (made.status !== 201) throw new Error(made.text)
  const path = `${hubUrl}${WEBHOOKS}/${JSON.parse(made.text).id}`
  const end = performance.now() + 20000
  while (performance.now() < end) {
    const { text } = await send('GET', path, undefined, withToken)
    if (JSON.parse(text).status === 'ACTIVE') return
  }
  throw new Error('the handshake does not end')
}

receiver.listen(0, '127.0.0.1', async () => {
  const url = `http://127.0.0.1:${receiver.address().port}/`
  const direct = await measure((n, body) => send('POST', url, body))
  await addWebhook(url)
  const hub = await measure((n, body) =>
    send('PUT', `${hubUrl}/v1/resources/bench%2Flatency/${n}`, body, withToken)
      .then(({ status, text }) => {
        if (status !== 202) throw new Error(`${status} ${text}`)
      }))
  console.log(JSON.stringify({
    direct: { p50: direct.p50, p99: direct.p99 },
    hub: { p50: hub.p50, p99: hub.p99 },
    sent: hub.count,
    arrived: delays.length
  }))
  process.exit(0)
})
