// POST /v1/events (CloudEvents) and POST /v1/resources (many at once).

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { activeWebhook, bulkItem, publish, resourcePath } from './com.mjs'
import { LAB, startHub, waitUntil } from './harness.mjs'
import { startReceiver } from './receiver.mjs'
import { SERVER_ID, server } from './states.mjs'

const SERVER = 'compute-ops/server'
const STRUCTURED = 'application/cloudevents+json'
const BATCH = 'application/cloudevents-batch+json'
const OFF = { hardware: { powerState: 'OFF' } }

const cloudEvent = (changes) => ({
  specversion: '1.0',
  id: 'order-1-shipped',
  source: '/shop',
  type: 'shop.order.shipped',
  time: '2026-03-02T08:00:00Z',
  data: { total: 12.5 },
  ...changes
})

const poweredOff = (id) => cloudEvent({
  id,
  type: SERVER,
  subject: SERVER_ID,
  data: { operation: 'Updated', old: server(), new: server(OFF) }
})

const post = (hub, type, body) =>
  hub.api.post('/v1/events', body, { headers: { 'content-type': type } })

async function setUp (t, eventFilter, args) {
  const hub = await startHub(t, { args })
  const receiver = await startReceiver(t)
  await activeWebhook(hub, receiver.url, { eventFilter })
  return { hub, receiver }
}

test('a structured event with both states is matched by them', async (t) => {
  const { hub, receiver } = await setUp(t, "type eq 'compute-ops/server' " +
    "and old/hardware/powerState eq 'ON' " +
    'and changed/hardware/powerState eq True')
  const answer = await post(hub, STRUCTURED, poweredOff('off-1'))
  assert.equal(answer.status, 202, answer.text)
  assert.equal(answer.body.id, 'off-1')
  assert.equal(answer.body.matched, 1)
  const [event] = await receiver.waitFor(1)
  assert.deepEqual(JSON.parse(event.bytes), server(OFF))
})

test('an event in binary mode is the same as a structured one', async (t) => {
  const { hub, receiver } =
    await setUp(t, "type eq 'shop.order.shipped' and total gt 10")
  const answer = await hub.api.post('/v1/events', '{ "total": 12.50 }', {
    headers: {
      'content-type': 'application/json',
      'ce-specversion': '1.0',
      'ce-id': 'order-2-shipped',
      'ce-source': '/shop',
      'ce-type': 'shop.order.shipped'
    }
  })
  assert.equal(answer.status, 202, answer.text)
  assert.equal(answer.body.id, 'order-2-shipped')
  assert.equal(answer.body.matched, 1)
  const [event] = await receiver.waitFor(1)
  assert.equal(JSON.parse(event.bytes).total, 12.5)
})

test('a batch is answered item by item, in order', async (t) => {
  const { hub, receiver } =
    await setUp(t, "type eq 'shop.order.shipped' and total gt 10")
  const batch = [
    cloudEvent({ id: 'b-1' }),
    cloudEvent({ id: 'b-2', data: { total: 1 } }),
    cloudEvent({ id: 'b-1' })
  ]
  const answer = await post(hub, BATCH, batch)
  assert.equal(answer.status, 202, answer.text)
  assert.equal(answer.body.accepted, 2)
  assert.equal(answer.body.duplicate, 1)
  assert.equal(answer.body.matched, 1)
  assert.deepEqual(answer.body.items.map((item) => item.id),
    ['b-1', 'b-2', 'b-1'])
  assert.deepEqual(answer.body.items.map((item) => item.matched ?? null),
    [1, 0, null])
  assert.equal(answer.body.items[2].duplicate, true)
  await receiver.waitFor(1)
  const empty = await post(hub, BATCH, [])
  assert.equal(empty.status, 202, empty.text)
  assert.equal(empty.body.accepted, 0)
})

test('the same id from the same source is accepted once', async (t) => {
  const { hub, receiver } = await setUp(t, "type eq 'shop.order.shipped'")
  const first = await post(hub, STRUCTURED, cloudEvent())
  assert.equal(first.status, 202, first.text)
  const again = await post(hub, STRUCTURED, cloudEvent())
  assert.equal(again.status, 200, again.text)
  assert.equal(again.body.duplicate, true)
  assert.equal(again.body.id, 'order-1-shipped')
  // Another source is another event, also when all else is the same.
  const other = cloudEvent({ source: '/other', data: { is: 'the other' } })
  assert.equal((await post(hub, STRUCTURED, other)).status, 202)
  await waitUntil(() => receiver.bodies.some((body) => body.is),
    'the other has arrived')
  assert.equal(receiver.bodies.filter((body) => body.total).length, 1)
  await hub.restart()
  const later = await post(hub, STRUCTURED, cloudEvent())
  assert.equal(later.status, 200, 'remembered over a restart')
  assert.equal(later.body.duplicate, true)
})

const FIRST = server({ id: 's-1' })
const SECOND = server({ id: 's-2', hardware: { powerState: 'OFF' } })
const BULK = [
  bulkItem(SERVER, 's-1', FIRST),
  bulkItem(SERVER, 's-2', SECOND),
  bulkItem(SERVER, 's-1', FIRST)
]

const BULK_FORMS = [
  ['NDJSON', 'application/x-ndjson',
    BULK.map((item) => JSON.stringify(item) + '\n').join('')],
  ['a JSON array', 'application/json', JSON.stringify(BULK)]
]

for (const [name, type, body] of BULK_FORMS) {
  test(`many resources at once as ${name}`, async (t) => {
    const { hub, receiver } = await setUp(t,
      "type eq 'compute-ops/server' and new/hardware/powerState eq 'OFF'")
    const answer = await hub.api.post('/v1/resources', body,
      { headers: { 'content-type': type } })
    assert.equal(answer.status, 202, answer.text)
    assert.equal(answer.body.accepted, 2)
    assert.equal(answer.body.unchanged, 1)
    assert.equal(answer.body.matched, 1)
    const { items } = answer.body
    assert.equal(items.length, 3)
    assert.equal(items[0].matched, 0)
    assert.equal(items[1].matched, 1)
    assert.equal(items[2].unchanged, true)
    assert.notEqual(items[0].id, items[1].id)
    await receiver.waitFor(1)
    assert.deepEqual(receiver.bodies, [SECOND])
    for (const [id, state] of [['s-1', FIRST], ['s-2', SECOND]]) {
      const read = await hub.api.get(resourcePath(SERVER, id))
      assert.deepEqual(read.body, state)
    }
  })
}

const BAD_BULKS = [
  ['a line that is no JSON', 'application/x-ndjson',
    [JSON.stringify(BULK[0]), '', '{"type":"compute-ops/server"', ''].join('\n'),
    "line 3 column 29: expected ',' or '}', found the end of the text"],
  ['a line without an id', 'application/x-ndjson',
    JSON.stringify(BULK[0]) + '\n{"type":"t","state":{}}',
    /^line 2: id: expected /],
  ['an item without an id', 'application/json',
    JSON.stringify([BULK[0], { type: 't', state: {} }]),
    /^item 2: id: expected /],
  ['lines that say they are an array', 'application/json',
    '{"type":"t","id":"i","state":{}}\n{"type":"t","id":"j","state":{}}\n',
    /^line 2 column 1: .*; a value a line is application\/x-ndjson$/]
]

for (const [name, type, body, message] of BAD_BULKS) {
  test(`${name} refuses the whole bulk, with its place`, async (t) => {
    const hub = await startHub(t, { args: LAB })
    const answer = await hub.api.post('/v1/resources', body,
      { headers: { 'content-type': type } })
    assert.equal(answer.status, 400, answer.text)
    if (message instanceof RegExp) assert.match(answer.body.message, message)
    else assert.equal(answer.body.message, message)
    const read = await hub.api.get(resourcePath(SERVER, 's-1'))
    assert.equal(read.status, 404)
  })
}

test('webhooks that match and do not send are counted apart', async (t) => {
  const hub = await startHub(t, { args: LAB })
  const made = await hub.api.post('/v1/webhooks', {
    name: 'quiet', destination: 'http://127.0.0.1:9/', state: 'DISABLED',
    filter: "type eq 'compute-ops/server'"
  })
  assert.equal(made.status, 201, made.text)
  const { body } = await hub.api.post('/v1/resources', BULK.slice(0, 2))
  assert.equal(body.matched, 0)
  assert.equal(body.skipped, 2)
  assert.deepEqual(body.items.map(({ skipped }) => skipped), [1, 1])
})

test('two states of one resource in one bulk count in their order',
  async (t) => {
    const { hub, receiver } = await setUp(t, "type eq 'compute-ops/server' " +
      "and old/hardware/powerState eq 'ON' " +
      'and changed/hardware/powerState eq True')
    const body = [
      bulkItem(SERVER, 's', server()),
      bulkItem(SERVER, 's', server(OFF))
    ]
    const answer = await hub.api.post('/v1/resources', body)
    assert.equal(answer.status, 202, answer.text)
    assert.equal(answer.body.items[1].matched, 1)
    await receiver.waitFor(1)
    const read = await hub.api.get(resourcePath(SERVER, 's'))
    assert.equal(read.body.hardware.powerState, 'OFF')
  })

test('states published at the same time lose nothing', async (t) => {
  const { hub, receiver } = await setUp(t, "type eq 'compute-ops/server'")
  const names = Array.from({ length: 50 }, (_, n) => `server ${n}`)
  await Promise.all(names.map((name) =>
    publish(hub, SERVER, name, server({ name }))))
  await receiver.waitFor(names.length)
  assert.deepEqual(new Set(receiver.bodies.map((body) => body.name)),
    new Set(names))
})
