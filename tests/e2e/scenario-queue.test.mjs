// Requests that wait for a scenario: how many may, in which order they go, what
// they cost in memory, and what a kill takes from them.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import http from 'node:http'
import { test } from 'node:test'

import { failingDisk } from './faults.mjs'
import {
  IS_SANITIZED, LAB, atEnd, startHub, waitUntil
} from './harness.mjs'

const LONG = 120_000

/** Two actions behind a hook; they tell the number that came in. */
const twoActions = (url, settings) => ({
  name: 'two actions',
  flow: [
    { id: 1, module: 'gateway:CustomWebHook', version: 1 },
    ...['a', 'b'].map((action, at) => ({
      id: at + 2,
      module: 'http:ActionSendData',
      version: 3,
      mapper: {
        url: `${url}/${action}`,
        method: 'post',
        bodyType: 'raw',
        contentType: 'application/json',
        data: '{{1.n}}'
      }
    }))
  ],
  metadata: { scenario: settings }
})

async function setUp (hub, url, settings) {
  const scenario = await hub.api.post('/v1/scenarios',
    { blueprint: twoActions(url, settings), isEnabled: true })
  assert.equal(scenario.status, 201, scenario.text)
  const hook = await hub.api.post('/v1/hooks', {
    name: 'in', scenarioId: scenario.body.id, rate: { requests: 0 }
  })
  assert.equal(hook.status, 201, hook.text)
  return { id: scenario.body.id, path: `/hook/${hook.body.token}` }
}

/** Actions in the order in which they came, as 'a0'; `hold` keeps some. */
async function startSink (t) {
  const sink = { seen: [], held: [], hold: () => false, most: 0, open: 0 }
  const server = http.createServer(async (request, response) => {
    const parts = []
    try {
      for await (const part of request) parts.push(part)
    } catch {
      return // the hub was killed
    }
    const what = request.url.slice(1) + Buffer.concat(parts)
    sink.open++
    sink.most = Math.max(sink.most, sink.open)
    sink.seen.push(what)
    response.on('close', () => sink.open--)
    if (sink.hold(what)) sink.held.push(response)
    else response.writeHead(204).end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  atEnd(t, () => {
    server.close()
    server.closeAllConnections()
  })
  /** Answers those that are held; more of them may be held then. */
  sink.answer = () => {
    for (const response of sink.held.splice(0)) response.writeHead(204).end()
  }
  sink.url = `http://127.0.0.1:${server.address().port}`
  sink.release = () => {
    sink.hold = () => false
    sink.answer()
  }
  return sink
}

/** Posts to a hook on one connection: {status, text}. */
function startCaller (t, hub, path) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
  atEnd(t, () => agent.destroy())
  return async (body) => {
    const sent = http.request(hub.url + path, {
      method: 'POST', agent, headers: { 'content-type': 'application/json' }
    }).end(JSON.stringify(body))
    const [response] = await once(sent, 'response')
    let text = ''
    for await (const part of response) text += part
    return { status: response.statusCode, text }
  }
}

/** Resident MiB: now, or the most there was. */
function memory (hub, name = 'VmRSS') {
  const status = readFileSync(`/proc/${hub.child.pid}/status`, 'utf8')
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)[1]) / 1024
}

test('thousands that wait go in their order, in bounded memory, and a kill ' +
  'loses none and repeats only the step under way', async (t) => {
  const count = IS_SANITIZED ? 300 : 2000
  const middle = Math.floor(count / 2)
  const pad = 'x'.repeat(60_000)
  const hub = await startHub(t)
  const sink = await startSink(t)
  const { id, path } = await setUp(hub, sink.url, { sequential: true })
  const call = startCaller(t, hub, path)
  const before = memory(hub)
  sink.hold = (what) => what === 'a0' || what === `a${middle}`
  for (let n = 0; n < count; n++) {
    assert.equal((await call({ n, pad })).status, 200)
  }
  assert.deepEqual(sink.seen, ['a0'])
  sink.answer()

  await waitUntil(() => sink.held.length === 1, 'half of them', LONG)
  const peaks = [memory(hub, 'VmHWM')]
  await hub.kill9()
  sink.release()
  await hub.start()
  await waitUntil(() => sink.seen.length === 2 * count + 1, 'all', LONG)
  peaks.push(memory(hub, 'VmHWM'))

  const expected = Array.from({ length: count }, (_, n) => [`a${n}`, `b${n}`])
    .flat()
  expected.splice(2 * middle, 0, `a${middle}`)
  assert.deepEqual(sink.seen, expected)
  await waitUntil(async () => (await hub.api.get(
    `/v1/executions?scenario=${id}&limit=1`)).body.items[0]
    .state === 'SUCCESS')
  // They are 120 MB in all, of which 16 MiB may be in memory.
  if (!IS_SANITIZED) {
    for (const peak of peaks) {
      assert.ok(peak < before + 64, `${before} MiB became ${peak}`)
    }
  }
})

test('a scenario that is not sequential runs up to 16 at once, each once',
  async (t) => {
    const count = 400
    const hub = await startHub(t)
    const sink = await startSink(t)
    const { id, path } = await setUp(hub, sink.url, { sequential: false })
    const call = startCaller(t, hub, path)
    sink.hold = () => true
    for (let n = 0; n < count; n++) {
      assert.equal((await call({ n })).status, 200)
    }
    await waitUntil(() => sink.held.length === 16, 'as many as may run')
    assert.deepEqual([...sink.seen].sort(),
      Array.from({ length: 16 }, (_, n) => `a${n}`).sort())
    sink.release()
    await waitUntil(() => sink.seen.length === 2 * count, 'all', LONG)
    assert.equal(new Set(sink.seen).size, 2 * count)
    assert.ok(sink.most <= 16, `${sink.most} at once`)
    await waitUntil(async () => (await hub.api.get(
      `/v1/executions?scenario=${id}&state=SUCCESS&limit=400`)).body
      .items.length === count, 'all are stored')
  })

test('a queue that is full refuses with 400, and takes again what fits',
  async (t) => {
    const hub = await startHub(t, { args: [...LAB, '--flow-queue-max', '5'] })
    const sink = await startSink(t)
    const { path } = await setUp(hub, sink.url, { sequential: true })
    const call = startCaller(t, hub, path)
    sink.hold = () => true
    for (let n = 0; n < 5; n++) {
      assert.equal((await call({ n })).status, 200)
    }
    for (let n = 5; n < 8; n++) {
      assert.deepEqual(await call({ n }),
        { status: 400, text: 'Queue is full.' })
    }
    sink.release()
    await waitUntil(() => sink.seen.length === 10, 'the five')
    await waitUntil(async () => (await call({ n: 8 })).status === 200,
      'room again')
    await waitUntil(() => sink.seen.at(-1) === 'b8', 'the next')
    assert.equal(sink.seen.length, 12)
  })

test('a disk that refuses is waited for, and nothing is called twice',
  async (t) => {
    const disk = failingDisk(t)
    const hub = await startHub(t, { env: disk.env })
    const sink = await startSink(t)
    const { id, path } = await setUp(hub, sink.url, { sequential: false })
    const call = startCaller(t, hub, path)
    sink.hold = () => true
    for (let n = 0; n < 4; n++) {
      assert.equal((await call({ n })).status, 200)
    }
    const refuse = async () => {
      const said = hub.log.length
      disk.fails('write', 'EIO')
      sink.answer()
      await waitUntil(() => hub.log.slice(said).includes(' writer.commit '),
        'it has refused')
    }
    await waitUntil(() => sink.held.length === 4, 'the first actions')
    await refuse()
    assert.equal(sink.seen.length, 4)
    disk.heals()
    await waitUntil(() => sink.held.length === 4, 'the second ones')
    await refuse()
    disk.heals()
    await waitUntil(async () => (await hub.api.get(
      `/v1/executions?scenario=${id}&state=SUCCESS`)).body.items.length === 4,
    'they are over')
    assert.deepEqual([...sink.seen].sort(),
      ['a0', 'a1', 'a2', 'a3', 'b0', 'b1', 'b2', 'b3'])
  })
