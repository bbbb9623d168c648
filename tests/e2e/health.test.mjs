// What becomes of a webhook whose endpoint fails, and of its deliveries.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import {
  WEBHOOKS, activeWebhook, deliveries, getWebhook, publish, untilStatus
} from './com.mjs'
import { LAB, startHub, waitUntil } from './harness.mjs'
import { always, answering, faq, startReceiver } from './receiver.mjs'
import { server } from './states.mjs'

const SERVER = 'compute-ops/server'
const NEVER = [...LAB, '--retry-schedule', 'none']
const SOON = [...LAB, '--retry-schedule', '1s,1s']

/** Publishes n servers; each is one event that every webhook here gets. */
async function publishMany (hub, n, name) {
  for (let i = 0; i < n; i++) {
    await publish(hub, SERVER, `${name}-${i}`, server({ name: `${name}-${i}` }))
  }
}

async function setUp (t, handler, args) {
  const hub = await startHub(t, { args })
  const receiver = await startReceiver(t, handler)
  const { id } = await activeWebhook(hub, receiver.url)
  return { hub, receiver, id }
}

test('five failures in ten attempts warn, and it still sends', async (t) => {
  const { hub, receiver, id } =
    await setUp(t, answering(always(500)), NEVER)
  await publishMany(hub, 4, 'bad')
  await receiver.waitFor(4)
  await waitUntil(async () => (await deliveries(hub, id)).length === 4,
    'four attempts are on disk')
  assert.equal((await getWebhook(hub, id)).status, 'ACTIVE')
  await publishMany(hub, 1, 'worse')
  const warned = await untilStatus(hub, id, 'WARNING')
  assert.equal(warned.state, 'ENABLED')
  receiver.handler = faq
  await publishMany(hub, 1, 'good')
  await receiver.waitFor(6)
})

test('ten failures in a row disable it with ERROR', async (t) => {
  const { hub, receiver, id } =
    await setUp(t, answering(always(500)), NEVER)
  await publishMany(hub, 10, 'bad')
  const failed = await untilStatus(hub, id, 'ERROR')
  assert.equal(failed.state, 'DISABLED')
  assert.equal(receiver.events.length, 10)

  // Nothing is sent any more; enabled again it needs a new handshake.
  await publishMany(hub, 1, 'unseen')
  receiver.handler = faq
  const again =
    await hub.api.patch(`${WEBHOOKS}/${id}`, { state: 'ENABLED' })
  assert.equal(again.status, 200)
  await untilStatus(hub, id, 'ACTIVE')
  assert.equal(receiver.challenges.length, 2)
  await publishMany(hub, 1, 'seen')
  await receiver.waitFor(11)
  assert.equal(receiver.bodies.at(-1).name, 'seen-0')
})

test('after nine failures ten successes make it ACTIVE again', async (t) => {
  const { hub, receiver, id } =
    await setUp(t, answering(always(500)), NEVER)
  await publishMany(hub, 9, 'bad')
  await receiver.waitFor(9)
  await untilStatus(hub, id, 'WARNING')
  receiver.handler = faq
  await publishMany(hub, 9, 'good')
  await receiver.waitFor(18)
  await waitUntil(async () =>
    (await deliveries(hub, id)).filter((d) => d.statusCode === '201')
      .length >= 9, 'nine successes are on disk')
  assert.equal((await getWebhook(hub, id)).status, 'WARNING')
  await publishMany(hub, 1, 'last')
  const well = await untilStatus(hub, id, 'ACTIVE')
  assert.equal(well.state, 'ENABLED')
})

test('the list keeps ten deliveries and five failures', async (t) => {
  const { hub, receiver, id } =
    await setUp(t, answering(always(500)), NEVER)
  await publishMany(hub, 6, 'bad')
  await receiver.waitFor(6)
  receiver.handler = faq
  await publishMany(hub, 12, 'good')
  await receiver.waitFor(18)
  const shown = await waitUntil(async () => {
    const items = await deliveries(hub, id)
    const good = items.filter((item) => item.statusCode === '201')
    return good.length === 10 && items
  }, 'all is on disk')
  assert.equal(shown.length, 15)
  const failed = shown.filter((item) => item.statusCode === '500')
  assert.deepEqual(failed.map((item) => item.data.name).sort(),
    ['bad-1', 'bad-2', 'bad-3', 'bad-4', 'bad-5'])
})

test('a failed delivery is tried again until it is acknowledged',
  async (t) => {
    const answers = [503, 500, 201]
    const { hub, receiver, id } = await setUp(t,
      answering((request, response) =>
        response.writeHead(answers.shift()).end()), SOON)
    await publishMany(hub, 1, 'stubborn')
    const [first, second, third] = await receiver.waitFor(3)
    assert.equal(second.headers['webhook-id'], first.headers['webhook-id'])
    assert.equal(third.headers['webhook-id'], first.headers['webhook-id'])
    assert.deepEqual(second.bytes, first.bytes)
    const items = await waitUntil(async () => {
      const all = await deliveries(hub, id)
      return all.length === 3 && all
    }, 'three attempts are listed')
    assert.deepEqual(items.map((item) => item.attempt).sort(), [0, 1, 2])
    assert.equal(receiver.events.length, 3)
  })

test('an attempt on a connection that breaks is made again', async (t) => {
  let broken = 0
  const { hub, receiver } = await setUp(t, answering((request, response) =>
    broken++ === 0
      ? request.socket.destroy()
      : always(201)(request, response)), SOON)
  await publishMany(hub, 1, 'broken')
  await receiver.waitFor(2)
})

test('Retry-After is waited for', async (t) => {
  let asked = 0
  const { hub, receiver } = await setUp(t, answering((request, response) =>
    asked++ === 0
      ? always(429, { 'retry-after': '3' })(request, response)
      : always(201)(request, response)), SOON)
  await publishMany(hub, 1, 'throttled')
  const [first, second] = await receiver.waitFor(2)
  const pause = second.time - first.time
  // Without it the pause would be one second at most.
  assert.ok(pause >= 2900, `the pause was ${pause} ms`)
})

test('an endpoint that hangs holds up nobody else', async (t) => {
  const hub = await startHub(t, {
    args: [...SOON, '--delivery-timeout', '60s', '--stop-timeout', '1s']
  })
  const hanging = await startReceiver(t, answering(() => {}))
  const quick = await startReceiver(t)
  await activeWebhook(hub, hanging.url)
  await activeWebhook(hub, quick.url)
  await publishMany(hub, 50, 'event')
  await quick.waitFor(50)
})

test('an answer that never comes is given up at the timeout', async (t) => {
  let asked = 0
  const { hub, receiver, id } = await setUp(t,
    answering((request, response) => {
      if (asked++ > 0) always(201)(request, response)
    }), [...SOON, '--delivery-timeout', '500ms'])
  await publishMany(hub, 1, 'slow')
  await receiver.waitFor(2)
  const items = await waitUntil(async () => {
    const all = await deliveries(hub, id)
    return all.length === 2 && all
  }, 'both attempts are listed')
  assert.ok(items.some((item) => item.statusCode === '201'))
})

test('a huge answer does the hub no harm', async (t) => {
  const { hub, receiver } = await setUp(t, answering((request, response) =>
    response.writeHead(200).end(Buffer.alloc(8 << 20, 'x'))), SOON)
  await publishMany(hub, 2, 'huge')
  await receiver.waitFor(2)
  assert.equal((await hub.api.get('/livez')).status, 200)
})
