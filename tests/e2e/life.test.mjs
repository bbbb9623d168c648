// Starting, stopping, starting again; probes and metrics.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { test } from 'node:test'

import {
  WEBHOOKS, activeWebhook, getWebhook, publish, resourcePath
} from './com.mjs'
import {
  ADMIN_TOKEN, LAB, freePort, request, run, startHub, tempDir, waitUntil,
  within
} from './harness.mjs'
import { always, answering, faq, startReceiver } from './receiver.mjs'
import { SERVER_ID, server } from './states.mjs'

const SERVER = 'compute-ops/server'
const OFF = { hardware: { powerState: 'OFF' } }

test('webhooks, states and waiting deliveries outlive a restart',
  async (t) => {
    const hub = await startHub(t,
      { args: [...LAB, '--retry-schedule', '1s,1s,1s,1s,1s'] })
    const receiver = await startReceiver(t, answering(always(503)))
    const webhook = await activeWebhook(hub, receiver.url, {
      headers: { 'X-Key': 'still here' }
    })
    await publish(hub, SERVER, SERVER_ID, server())
    await receiver.waitFor(1)
    await hub.stop()
    receiver.handler = faq
    const before = receiver.events.length
    await hub.start()
    await receiver.waitFor(before + 1)
    const last = receiver.events.at(-1)
    assert.deepEqual(JSON.parse(last.bytes), server())
    assert.equal(last.headers['x-key'], 'still here')
    const { status, generation, createdAt } =
      await getWebhook(hub, webhook.id)
    assert.equal(status, 'ACTIVE')
    assert.equal(generation, webhook.generation)
    assert.equal(createdAt, webhook.createdAt)
    assert.equal(receiver.challenges.length, 1, 'no new handshake')
    // The old state is the one from before the restart.
    const again = await publish(hub, SERVER, SERVER_ID, server())
    assert.equal(again.unchanged, true)
  })

test('SIGTERM lets a delivery under way finish', async (t) => {
  const hub = await startHub(t)
  const held = []
  const receiver = await startReceiver(t, answering((request, response) =>
    held.push(() => always(201)(request, response))))
  await activeWebhook(hub, receiver.url)
  await publish(hub, SERVER, SERVER_ID, server())
  await waitUntil(() => held.length === 1, 'the delivery is under way')
  const stopped = hub.stop()
  const isRefused = async () => {
    try {
      return (await request('GET', `${hub.url}/readyz`)).status !== 200
    } catch {
      return true
    }
  }
  await waitUntil(isRefused, 'no new requests are served')
  held[0]()
  await stopped
  await hub.start()
  await publish(hub, SERVER, SERVER_ID, server(OFF))
  await waitUntil(() => held.length === 2, 'the second event')
  held[1]()
  assert.equal(JSON.parse(receiver.events[1].bytes).hardware.powerState,
    'OFF')
})

test('the log tells starts and stops, so that a missing stop shows',
  async (t) => {
    const hub = await startHub(t)
    await hub.kill9()
    await hub.start()
    await hub.stop()
    const told = hub.log.split('\n')
      .map((line) => line.match(/ info (serve\.\w+) (.*)/)).filter(Boolean)
    assert.deepEqual(told.map(([, what]) => what),
      ['serve.start', 'serve.start', 'serve.stop'])
    assert.match(told[1][2],
      new RegExp(`^version=\\S+ url=${hub.url} data=${hub.dir}$`))
  })

test('a hub whose endpoint hangs still stops in its time', async (t) => {
  const hub = await startHub(t, { args: [...LAB, '--stop-timeout', '1s'] })
  const receiver = await startReceiver(t, answering(() => {}))
  await activeWebhook(hub, receiver.url)
  await publish(hub, SERVER, SERVER_ID, server())
  await receiver.waitFor(1)
  await hub.stop()
  receiver.handler = faq
  await hub.start()
  await receiver.waitFor(2)
})

test('probes need no credentials and metrics count', async (t) => {
  const hub = await startHub(t)
  for (const probe of ['/livez', '/readyz']) {
    const { status } =
      await request('GET', hub.url + probe, { token: null })
    assert.equal(status, 200)
  }
  const receiver = await startReceiver(t)
  await activeWebhook(hub, receiver.url)
  await publish(hub, SERVER, SERVER_ID, server())
  await activeWebhook(hub, receiver.url, { eventFilter: "new/name ne 'x'" })
  await receiver.waitFor(1)
  const { status, headers, text } = await hub.api.get('/metrics')
  assert.equal(status, 200)
  assert.match(headers['content-type'], /^text\/plain\b/)
  const samples = text.split('\n').filter((line) => line && line[0] !== '#')
  assert.ok(samples.length > 0)
  for (const line of samples) {
    assert.match(line,
      /^grapnel_[a-z_]+(\{([a-z_]+="[^"]*",?)*\})? [-+.\deInfNa]+$/)
  }
  const names = new Set(text.match(/^# TYPE (\S+)/gm))
  assert.equal(names.size, text.match(/^# TYPE (\S+)/gm).length)
  // Of the two filters one names nothing that an event could lead to.
  assert.match(text, /^grapnel_filters 2$/m)
  assert.match(text, /^grapnel_filters_scanned 1$/m)
})

const BAD_ARGUMENTS = [
  ['an unknown flag', ['--no-such-flag']],
  ['a port that is none', ['--listen', '127.0.0.1:70000']],
  ['a network that is none', ['--allow-private', '10.0.0.0/99']],
  ['a schedule that is none', ['--retry-schedule', 'soon']],
  ['a certificate without key', ['--tls-certificate', '/nowhere']],
  ['a configuration that is not there', ['--config', '/nowhere.yaml']],
  ['a listener beyond loopback in the clear', ['--listen', '0.0.0.0:0']]
]

test('serve refuses what it cannot do, in a sentence', async (t) => {
  for (const [name, args] of BAD_ARGUMENTS) {
    await t.test(name, async (t) => {
      const { code, stdout, stderr } = await run(
        ['serve', '--data', tempDir(t), '--listen',
          `127.0.0.1:${await freePort()}`, ...args],
        { env: { GRAPNEL_ADMIN_TOKEN: ADMIN_TOKEN } })
      assert.notEqual(code, 0)
      assert.ok((stderr + stdout).trim().length > 0)
    })
  }
})

test('a port that is taken is said', async (t) => {
  const hub = await startHub(t)
  const { code, stdout, stderr } = await run(['serve', '--data', tempDir(t),
    '--listen', `127.0.0.1:${hub.port}`])
  assert.notEqual(code, 0)
  assert.match(stderr + stdout, /in use/i)
})

test('a data folder serves one hub at a time', async (t) => {
  const hub = await startHub(t)
  const { code } = await run(['serve', '--data', hub.dir,
    '--listen', `127.0.0.1:${await freePort()}`])
  assert.notEqual(code, 0)
  assert.equal((await hub.api.get(WEBHOOKS)).status, 200)
})

test('settings come from the file, the variable and the flag, in this order',
  async (t) => {
    const file = path.join(tempDir(t), 'grapnel.yaml')
    writeFileSync(file, 'body-max: 1KiB\nallow-http: true\n' +
      'allow-private: ["127.0.0.0/8"]\n')
    const state = { a: 'x'.repeat(1500) }
    const cases = [
      [{}, [], 413],
      [{ GRAPNEL_BODY_MAX: '2KiB' }, [], 202],
      [{ GRAPNEL_BODY_MAX: '2KiB' }, ['--body-max', '1KiB'], 413]
    ]
    for (const [env, args, status] of cases) {
      const hub = await startHub(t, { env, args: ['--config', file, ...args] })
      const answer = await hub.api.put(resourcePath('a', 'b'), state)
      assert.equal(answer.status, status, answer.text)
      if (status === 413) {
        assert.equal(answer.body.message,
          'The body is longer than 1024 bytes (setting body-max)')
      }
      await hub.stop()
    }
  })

/** Sends bytes on a bare connection and returns what comes until its end. */
async function talk (port, bytes) {
  const socket = net.connect(port, '127.0.0.1')
  let heard = ''
  socket.on('data', (chunk) => { heard += chunk })
  socket.on('error', () => {})
  const closed = once(socket, 'close')
  socket.end(bytes)
  await within(closed, 'the connection is closed')
  return heard
}

const NONSENSE = [
  ['no HTTP', 'hello\r\n\r\n'],
  ['a head that is too long',
    `GET /livez HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(200000)}\r\n\r\n`],
  ['a length that is none',
    'POST /v1/events HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n'],
  ['half a request', 'POST /v1/events HTTP/1.1\r\nHost: a\r\nContent-Le'],
  ['a body that ends early',
    'PUT /v1/resources/a/b HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ' +
    `${ADMIN_TOKEN}\r\nContent-Type: application/json\r\n` +
    'Content-Length: 50\r\n\r\n{"a":1}']
]

test('nonsense on the wire is refused and harms nobody', async (t) => {
  const hub = await startHub(t, { args: [...LAB, '--idle-timeout', '2s'] })
  for (const [name, bytes] of NONSENSE) {
    await t.test(name, async () => {
      const heard = await talk(hub.port, bytes)
      if (heard) assert.match(heard, /^HTTP\/1\.[01] [45]\d\d /)
      assert.equal((await hub.api.get('/livez')).status, 200)
    })
  }
  assert.equal((await hub.api.get(resourcePath('a', 'b'))).status, 404)
})

test('half a request is dropped after the idle timeout', async (t) => {
  const hub = await startHub(t, { args: [...LAB, '--idle-timeout', '1s'] })
  for (const bytes of ['', 'GET /livez HT',
    'PUT /v1/resources/a/b HTTP/1.1\r\nHost: a\r\nContent-Le']) {
    const socket = net.connect(hub.port, '127.0.0.1')
    socket.on('error', () => {})
    socket.resume()
    socket.write(bytes) // and no end: the sender has just fallen silent
    await within(once(socket, 'close'), 'the connection is closed')
  }
})
