// Publishing resource states: what goes out, what is kept, what is answered.

import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'

import {
  activeWebhook, deliveries, publish, resourcePath, unpublish
} from './com.mjs'
import { startHub, waitUntil } from './harness.mjs'
import { startReceiver } from './receiver.mjs'
import { SERVER_ID, alert, job, server } from './states.mjs'

const SERVER = 'compute-ops/server'
const POWERED_OFF = "type eq 'compute-ops/server' and " +
  "old/hardware/powerState eq 'ON' and changed/hardware/powerState eq True"
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

const OFF = { hardware: { powerState: 'OFF' } }

/** A hub, a receiver and an active webhook between them. */
async function setUp (t, changes) {
  const hub = await startHub(t)
  const receiver = await startReceiver(t)
  const webhook = await activeWebhook(hub, receiver.url, changes)
  return { hub, receiver, webhook }
}

/**
 * Publishes something that every server filter lets through and waits for it:
 * whatever was accepted before and had to come has come by then, as far as
 * one webhook's first tries keep their order.
 */
async function flush (hub, receiver) {
  const name = `the last one ${Math.random()}`
  await publish(hub, SERVER, `flush-${name}`, server({ name }))
  await waitUntil(() => receiver.bodies.some((body) => body.name === name),
    'the last server has arrived')
}

test('a server that is shut down makes one delivery, byte for byte',
  async (t) => {
    const { hub, receiver } = await setUp(t, {
      eventFilter: POWERED_OFF,
      headers: { 'X-Origin': 'grapnel tests', Authorization: 'Basic dTpw' }
    })
    const on = await publish(hub, SERVER, SERVER_ID, server())
    assert.equal(on.matched, 0)
    assert.match(on.id, UUID)

    // Blanks, escapes and numbers that a rewriting would change.
    const state = '{ "id":"x",  "n": 1.0e2, "t": "\\u00e9\\/é",\n' +
      ' "hardware" : {"powerState":"OFF"} }\n'
    const off = await publish(hub, SERVER, SERVER_ID, state)
    assert.equal(off.matched, 1)
    assert.match(off.id, UUID)
    assert.notEqual(off.id, on.id)

    const [event] = await receiver.waitFor(1)
    assert.equal(event.bytes.toString(), state)
    assert.equal(event.path, '/hook')
    assert.match(event.headers['content-type'], /^application\/json\b/)
    assert.equal(event.headers['x-origin'], 'grapnel tests')
    assert.equal(event.headers.authorization, 'Basic dTpw')
    assert.equal(event.headers['content-length'],
      String(Buffer.byteLength(state)))
    const [challenge] = receiver.challenges
    assert.equal(challenge.headers['x-origin'], 'grapnel tests')
    assert.equal(challenge.headers.authorization, 'Basic dTpw')
    assert.equal(receiver.events.length, 1)
  })

test('a delivery carries a signature that its secret verifies', async (t) => {
  const { hub, receiver, webhook } = await setUp(t)
  const path = `/v1/webhooks/${webhook.id}/secret`
  const read = await hub.api.get(path)
  assert.equal(read.status, 200, read.text)
  assert.match(read.body.secret, /^whsec_[A-Za-z0-9+/]+=*$/)
  const key = Buffer.from(read.body.secret.slice('whsec_'.length), 'base64')
  assert.ok(key.length >= 24 && key.length <= 64)

  const again = await hub.api.get(path)
  assert.ok(again.status >= 400 && again.status < 500, again.text)
  assert.doesNotMatch(again.text, /whsec_/)

  await publish(hub, SERVER, SERVER_ID, server())
  const [{ headers, bytes }] = await receiver.waitFor(1)
  const id = headers['webhook-id']
  const timestamp = headers['webhook-timestamp']
  assert.ok(id)
  assert.match(timestamp, /^\d+$/)
  assert.ok(Math.abs(Number(timestamp) - Date.now() / 1000) < 300)
  const signature = createHmac('sha256', key)
    .update(`${id}.${timestamp}.`).update(bytes).digest('base64')
  assert.ok(headers['webhook-signature'].split(' ')
    .includes(`v1,${signature}`), headers['webhook-signature'])
})

test('secrets never show in webhooks, deliveries or the log', async (t) => {
  const { hub, receiver, webhook } = await setUp(t, {
    headers: { 'X-Api-Key': 'header-secret-7391' }
  })
  const { body: { secret } } =
    await hub.api.get(`/v1/webhooks/${webhook.id}/secret`)
  await publish(hub, SERVER, SERVER_ID, server())
  await receiver.waitFor(1)
  const base = '/compute-ops-mgmt/v1beta1/webhooks'
  const shown = [
    JSON.stringify(webhook),
    (await hub.api.get(base)).text,
    (await hub.api.get(`${base}/${webhook.id}`)).text,
    (await hub.api.get(`${base}/${webhook.id}/deliveries`)).text,
    hub.log
  ].join('\n')
  assert.doesNotMatch(shown, /header-secret-7391/)
  assert.ok(!shown.includes(secret))
})

test('an identical state makes no event', async (t) => {
  const { hub, receiver } = await setUp(t)
  await publish(hub, SERVER, SERVER_ID, server())
  const again = await publish(hub, SERVER, SERVER_ID, server())
  assert.equal(again.unchanged, true)
  assert.equal(again.id, undefined)
  await flush(hub, receiver)
  assert.equal(receiver.bodies
    .filter((body) => body.name === server().name).length, 1)
})

test('an update goes out only when a monitorable property changed',
  async (t) => {
    const { hub, receiver } = await setUp(t)
    await publish(hub, SERVER, SERVER_ID, server())
    // host and generation are not monitorable for servers; hardware is.
    const host = { generation: 2, host: { osName: 'Another' } }
    const quiet = await publish(hub, SERVER, SERVER_ID, server(host))
    assert.equal(quiet.matched, 0)
    const loud =
      await publish(hub, SERVER, SERVER_ID, server({ ...host, ...OFF }))
    assert.equal(loud.matched, 1)
    await receiver.waitFor(2)
    await flush(hub, receiver)
    assert.deepEqual(receiver.bodies.slice(0, 2)
      .map((body) => body.generation).sort(), [1, 2])
    assert.equal(receiver.events.length, 3)
  })

test('alerts have no updates and jobs no deletions', async (t) => {
  const { hub } = await setUp(t, {
    eventFilter:
      "type eq 'compute-ops/alert' or type eq 'compute-ops/job'"
  })
  const ALERT = 'compute-ops/alert'
  const JOB = 'compute-ops/job'
  assert.equal((await publish(hub, ALERT, 'a', alert())).matched, 1)
  assert.equal((await publish(hub, ALERT, 'a',
    alert({ severity: 'OK', cleared: true }))).matched, 0)
  assert.equal((await unpublish(hub, ALERT, 'a')).matched, 1)
  assert.equal((await publish(hub, JOB, 'j', job())).matched, 1)
  assert.equal((await publish(hub, JOB, 'j',
    job({ state: 'RUNNING' }))).matched, 1)
  assert.equal((await unpublish(hub, JOB, 'j')).matched, 0)
})

test('the long and the short name of a type are the same', async (t) => {
  const { hub, receiver } = await setUp(t, { eventFilter: POWERED_OFF })
  const LONG = 'compute-ops-mgmt/server'
  await publish(hub, LONG, SERVER_ID, server())
  const off = await publish(hub, SERVER, SERVER_ID, server(OFF))
  assert.equal(off.matched, 1)
  await receiver.waitFor(1)
  const read = await hub.api.get(resourcePath(LONG, SERVER_ID))
  assert.equal(read.status, 200)
  assert.equal(read.body.hardware.powerState, 'OFF')
  const same = await publish(hub, LONG, SERVER_ID, server(OFF))
  assert.equal(same.unchanged, true)
})

test('GET gives the last state back byte for byte', async (t) => {
  const hub = await startHub(t)
  const path = resourcePath(SERVER, SERVER_ID)
  assert.equal((await hub.api.get(path)).status, 404)
  for (const text of ['{ "a" :1 }', '{"a": 1.50, "b": "\\u0041"}\n']) {
    await publish(hub, SERVER, SERVER_ID, text)
    const read = await hub.api.get(path)
    assert.equal(read.status, 200)
    assert.match(read.headers['content-type'], /^application\/json\b/)
    assert.equal(read.text, text)
  }
})

test('a deletion delivers the last state and forgets it', async (t) => {
  const { hub, receiver } = await setUp(t, {
    eventFilter: "type eq 'compute-ops/server' and operation eq 'Deleted'"
  })
  const path = resourcePath(SERVER, SERVER_ID)
  assert.equal((await hub.api.del(path)).status, 404)
  const state = JSON.stringify(server(), null, 1)
  await publish(hub, SERVER, SERVER_ID, state)
  const gone = await unpublish(hub, SERVER, SERVER_ID)
  assert.equal(gone.matched, 1)
  assert.match(gone.id, UUID)
  const [event] = await receiver.waitFor(1)
  assert.equal(event.bytes.toString(), state)
  assert.equal((await hub.api.get(path)).status, 404)
  assert.equal((await hub.api.del(path)).status, 404)
  // The same state again is a new resource, not an unchanged one.
  assert.match((await publish(hub, SERVER, SERVER_ID, state)).id, UUID)
})

test('types that nobody knows are published and matched all the same',
  async (t) => {
    const { hub, receiver } = await setUp(t, {
      eventFilter: "type eq 'shop/order' and new/total gt 100"
    })
    assert.equal((await publish(hub, 'shop/order', '1', { total: 100 }))
      .matched, 0)
    assert.equal((await publish(hub, 'shop/order', '1', { total: 100.5 }))
      .matched, 1)
    await receiver.waitFor(1)
    assert.deepEqual(receiver.bodies, [{ total: 100.5 }])
  })

test('events before a webhook was there are not sent to it', async (t) => {
  const hub = await startHub(t)
  await publish(hub, SERVER, SERVER_ID, server())
  const receiver = await startReceiver(t)
  await activeWebhook(hub, receiver.url)
  await publish(hub, SERVER, SERVER_ID, server(OFF))
  await receiver.waitFor(1)
  assert.equal(receiver.bodies[0].hardware.powerState, 'OFF')
})

test('the deliveries list tells what was sent and answered', async (t) => {
  const { hub, receiver, webhook } = await setUp(t)
  await publish(hub, SERVER, SERVER_ID, server())
  await receiver.waitFor(1)
  const item = await waitUntil(
    async () => (await deliveries(hub, webhook.id))[0], 'a delivery is listed')
  assert.equal(item.type, 'compute-ops-mgmt/webhook/delivery')
  assert.equal(item.webhookId, webhook.id)
  assert.equal(item.destination, receiver.url)
  assert.equal(item.statusCode, '201')
  assert.equal(item.attempt, 0)
  assert.deepEqual(item.data, server())
  for (const name of ['createdAt', 'updatedAt', 'eventTime',
    'requestTimestamp', 'responseTimestamp']) {
    assert.ok(!Number.isNaN(Date.parse(item[name])), `${name}: ${item[name]}`)
  }
  assert.match(item.id, UUID)
  assert.equal(item.resourceUri, `${webhook.deliveriesUri}/${item.id}`)
  const alone = await hub.api.get(item.resourceUri)
  assert.equal(alone.status, 200)
  assert.deepEqual(alone.body, item)
})
