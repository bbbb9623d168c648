// One resource's events in their order, and what tells a receiver of it.

import assert from 'node:assert/strict'
import test from 'node:test'

import { LAB, startHub, waitUntil } from './harness.mjs'
import {
  WEBHOOKS, createWebhook, patchWebhook, publishServer, untilStatus
} from './native.mjs'
import { always, startReceiver } from './receiver.mjs'

const ordered = {
  ordering: 'resource',
  retry: { schedule: '1s,1s,1s,1s,1s,1s,1s,1s,1s,1s', window: '1h' },
  payload: 'cloudevent'
}

/** [subject, data.new.hardware.powerState] of what came, in its order. */
const story = (receiver, subject) => receiver.bodies
  .filter((each) => each.subject === subject)
  .map((each) => each.data.new.hardware.powerState)

const stateOf = (request) =>
  JSON.parse(request.bytes.toString()).data.new.hardware.powerState

const subjectOf = (request) => JSON.parse(request.bytes.toString()).subject

test('a failing resource is kept in order and holds up no other', async (t) => {
  const hub = await startHub(t)
  let isDown = true
  const receiver = await startReceiver(t, (request, response) =>
    always(isDown && subjectOf(request) === 'bad' ? 500 : 204)(
      request, response))
  await createWebhook(hub, receiver.url, { ...ordered, orderingLimit: 100 })
  for (let i = 0; i < 20; i++) {
    await publishServer(hub, 'bad', `s${i}`)
    await publishServer(hub, 'good', `s${i}`)
  }
  const all = Array.from({ length: 20 }, (_, i) => `s${i}`)
  await waitUntil(() => story(receiver, 'good').length === 20, 'the good come')
  assert.deepEqual(story(receiver, 'good'), all)
  assert.deepEqual([...new Set(story(receiver, 'bad'))], ['s0'])
  // The order outlives the process.
  await hub.kill9()
  isDown = false
  await hub.start()
  await publishServer(hub, 'bad', 'last')
  await waitUntil(() => story(receiver, 'bad').includes('last'), 'all came')
  const came = story(receiver, 'bad')
  assert.deepEqual(came.slice(came.lastIndexOf('s0')), [...all, 'last'])
})

test('after so many attempts one is skipped, and the rest go on', async (t) => {
  const hub = await startHub(t)
  const receiver = await startReceiver(t, (request, response) =>
    always(stateOf(request) === 'cursed' ? 500 : 204)(request, response))
  await createWebhook(hub, receiver.url, { ...ordered, orderingLimit: 3 })
  for (const state of ['first', 'cursed', 'second', 'third']) {
    await publishServer(hub, 'a', state)
  }
  await waitUntil(() => story(receiver, 'a').includes('third'), 'the third')
  assert.deepEqual(story(receiver, 'a'),
    ['first', 'cursed', 'cursed', 'cursed', 'second', 'third'])
  const { body } = await hub.api.get('/v1/deliveries?state=SKIPPED')
  assert.equal(body.items.length, 1)
  assert.match(body.items[0].reason,
    /^After 3 attempts it no longer holds back .*: .*status 500/)
  // A user may have it all the same: it goes out once, after the others.
  await hub.api.post(`/v1/deliveries/${body.items[0].id}/retry`)
  await waitUntil(() => story(receiver, 'a').length === 7, 'once more')
  assert.equal(story(receiver, 'a').at(-1), 'cursed')
})

for (const payload of ['resource', 'cloudevent', 'cloudevent-binary']) {
  test(`sequence and generation go out with a ${payload}`, async (t) => {
    const hub = await startHub(t)
    const receiver = await startReceiver(t, always(204))
    const { id, generation } =
      await createWebhook(hub, receiver.url, { ordering: 'resource', payload })
    await publishServer(hub, 'a', 'ON')
    await publishServer(hub, 'a', 'OFF')
    await receiver.waitFor(2)
    const { generation: next } = await patchWebhook(hub, id, { name: 'new' })
    assert.ok(next > generation)
    await publishServer(hub, 'a', 'ON')
    const events = await receiver.waitFor(3)
    const sequences = events.map(({ headers }) => headers['ce-sequence'])
    for (const each of sequences) assert.match(each, /^\d{20}$/)
    assert.deepEqual(sequences, [...new Set(sequences)].sort())
    assert.deepEqual(
      events.map(({ headers }) => headers['webhook-generation']),
      [generation, generation, next].map(String))
    if (payload === 'cloudevent') {
      assert.deepEqual(receiver.bodies.map((each) => each.sequence), sequences)
    }
  })
}

test('a sequence of the publisher\'s own is not contradicted', async (t) => {
  const hub = await startHub(t)
  const receiver = await startReceiver(t, always(204))
  for (const payload of ['cloudevent', 'cloudevent-binary']) {
    await createWebhook(hub, receiver.url,
      { payload, filter: "source eq '/tests'" })
  }
  await hub.api.post('/v1/events', {
    specversion: '1.0',
    id: 'e-1',
    source: '/tests',
    type: 'com.example.thing',
    sequence: '7',
    data: {}
  }, { headers: { 'content-type': 'application/cloudevents+json' } })
  const events = await receiver.waitFor(2)
  assert.deepEqual(events.map(({ headers }) => headers['ce-sequence']).sort(),
    ['7', undefined])
})

test('the rate that the endpoint allows bounds what it gets', async (t) => {
  const hub = await startHub(t,
    { args: [...LAB, '--origin', 'hub.example.com'] })
  const receiver = await startReceiver(t, (request, response) =>
    always(200, request.method === 'OPTIONS'
      ? { 'WebHook-Allowed-Origin': '*', 'WebHook-Allowed-Rate': '600' }
      : {})(request, response))
  const { body } = await hub.api.post(WEBHOOKS, {
    name: 'paced',
    destination: receiver.url,
    filter: "type eq 'compute-ops/server'",
    handshake: 'cloudevents'
  })
  await untilStatus(hub, body.id, 'ACTIVE')
  for (let i = 0; i < 35; i++) await publishServer(hub, `r${i}`)
  await receiver.waitFor(35)
  const times = receiver.events.map((each) => each.time)
  // Ten at once and ten a second; a receiver's clock may lag a little.
  for (let from = 0; from < times.length; from++) {
    for (let to = from; to < times.length; to++) {
      const allowed = 10 + (times[to] - times[from]) / 100 + 2
      assert.ok(to - from + 1 <= allowed,
        `${to - from + 1} within ${times[to] - times[from]} ms`)
    }
  }
})
