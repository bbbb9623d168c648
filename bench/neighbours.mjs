// How much 50 endpoints that hang slow down 50 that do not.
//
//   node bench/neighbours.mjs [BUILD_DIR] [SECONDS] [EVENTS_PER_SECOND]
//
// Starts a hub of its own. First 50 healthy webhooks alone (the yardstick),
// then the same beside 50 whose endpoints accept and never answer; every
// event goes to all of them. Prints the times from publish to delivered at
// the healthy ones in ms, and the ratio of the two p99, which is to stay
// below 2: otherwise, or when something never arrived, the status is 1. The
// two are measured in turn, three times; medians count.

import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import http from 'node:http'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'

const build = process.argv[2] ?? 'build'
const seconds = Number(process.argv[3] ?? 5)
const rate = Number(process.argv[4] ?? 10)
const ROUNDS = 3
const EACH = 50
const token = randomBytes(24).toString('hex')
const agent = new http.Agent({ keepAlive: true, maxSockets: 64 })
const sockets = new Set()

let url
let delays = []
let expected = 0
let seen = 0
let arrivedAll = () => {}

const healthy = () => http.createServer((request, response) => {
  const parts = []
  request.on('data', (part) => parts.push(part))
  request.on('end', () => {
    const { sent } = JSON.parse(Buffer.concat(parts))
    delays.push(performance.now() - sent)
    response.writeHead(204).end()
    if (++seen === expected) arrivedAll()
  })
})
const hanging = () => net.createServer((socket) => {
  sockets.add(socket)
  socket.on('error', () => {})
  socket.on('close', () => sockets.delete(socket))
  socket.resume()
})

async function listen (server) {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server.address().port
}

async function call (method, where, body) {
  const request = http.request(url + where, {
    method,
    agent,
    headers: {
      authorization: `Bearer ${token}`, 'content-type': 'application/json'
    }
  })
  request.end(body && JSON.stringify(body))
  const [response] = await once(request, 'response')
  const parts = []
  for await (const part of response) parts.push(part)
  const text = Buffer.concat(parts).toString()
  if (response.statusCode >= 300) throw new Error(`${method} ${where}: ${text}`)
  return text && JSON.parse(text)
}

const listenAll = (makeServer) =>
  Promise.all(Array.from({ length: EACH }, () => listen(makeServer())))

const addWebhooks = (ports) =>
  Promise.all(ports.map(async (port) =>
    (await call('POST', '/v1/webhooks', {
      name: 'neighbour',
      destination: `http://127.0.0.1:${port}/`,
      filter: "type eq 'bench/neighbours'",
      handshake: 'none'
    })).id))

const pause = (milliseconds) =>
  new Promise((resolve) => setTimeout(resolve, milliseconds))

/** Publishes for a while; returns p50 and p99 at the healthy ones. */
async function measure () {
  delays = []
  seen = 0
  expected = Infinity
  const count = rate * seconds
  const sent = []
  for (let n = 0; n < count; n++) {
    sent.push(call('PUT', `/v1/resources/bench%2Fneighbours/${n}`,
      { sent: performance.now() }))
    await pause(1000 / rate)
  }
  await Promise.all(sent)
  expected = count * EACH
  if (seen < expected) {
    await Promise.race([new Promise((resolve) => { arrivedAll = resolve }),
      pause(20_000)])
  }
  delays.sort((a, b) => a - b)
  const at = (share) => delays[Math.floor((delays.length - 1) * share)]
  return { p50: at(0.5), p99: at(0.99), lost: expected - seen }
}

const median = (numbers) => numbers.sort((a, b) => a - b)[numbers.length >> 1]

const dir = mkdtempSync(path.join(os.tmpdir(), 'grapnel-bench-'))
const probe = net.createServer()
const port = await listen(probe)
probe.close()
url = `http://127.0.0.1:${port}`
const hub = spawn(path.join(build, 'grapnel'), ['serve', '--data', dir,
  '--listen', `127.0.0.1:${port}`, '--allow-http', '--allow-private',
  '127.0.0.0/8', '--webhooks-max', '1000', '--delivery-timeout', '60s',
  '--log-level', 'error'],
{ env: { ...process.env, GRAPNEL_ADMIN_TOKEN: token }, stdio: 'inherit' })
try {
  for (let tries = 0; ; tries++) {
    try {
      await call('GET', '/v1/webhooks')
      break
    } catch (error) {
      if (tries === 200) throw error
      await pause(50)
    }
  }
  // A port each, so that no two share connections.
  const good = await listenAll(healthy)
  const bad = await listenAll(hanging)
  await addWebhooks(good)
  const results = { alone: [], beside: [] }
  for (let round = 0; round < ROUNDS; round++) {
    results.alone.push(await measure())
    const ids = await addWebhooks(bad)
    results.beside.push(await measure())
    await Promise.all(ids.map((id) => call('DELETE', `/v1/webhooks/${id}`)))
  }
  const of = (which, what) => median(results[which].map((each) => each[what]))
  for (const [which, name] of [['alone', `${EACH} healthy endpoints alone`],
    ['beside', `beside ${EACH} that hang`]]) {
    console.log(`${name.padEnd(34)}p50 ${of(which, 'p50').toFixed(2)} ms, ` +
      `p99 ${of(which, 'p99').toFixed(2)} ms, not arrived ` +
      `${results[which].map(({ lost }) => lost).join(' ')}`)
  }
  const ratio = of('beside', 'p99') / of('alone', 'p99')
  console.log(`ratio of the p99: ${ratio.toFixed(2)}`)
  const isAllThere = [...results.alone, ...results.beside]
    .every(({ lost }) => lost === 0)
  process.exitCode = ratio < 2 && isAllThere ? 0 : 1
} finally {
  hub.kill('SIGKILL')
  rmSync(dir, { recursive: true, force: true })
}
process.exit()
