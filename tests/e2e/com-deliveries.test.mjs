// The letter of the deliveries resource: an item an attempt.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import {
  WEBHOOKS, activeWebhook, createWebhook, deliveries, publish, unpublish
} from './com.mjs'
import { LAB, startHub, waitUntil } from './harness.mjs'
import { always, answering, startReceiver } from './receiver.mjs'
import { SERVER_ID, server } from './states.mjs'

const SERVER = 'compute-ops/server'
const NOWHERE = 'http://127.0.0.1:9/'
const OFF = { state: 'DISABLED' }
const NEVER = [...LAB, '--retry-schedule', 'none']

// As the sample has them.
const DELIVERY_MEMBERS = ['webhookId', 'id', 'resourceUri', 'type',
  'generation', 'createdAt', 'updatedAt', 'eventType', 'eventTime',
  'requestTimestamp', 'responseTimestamp', 'destination', 'statusCode',
  'data', 'attempt']
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/

test('a delivery has the members of the sample, in their order',
  async (t) => {
    const hub = await startHub(t, { args: NEVER })
    const receiver = await startReceiver(t)
    const { id } = await activeWebhook(hub, receiver.url)
    const state = server()
    await publish(hub, SERVER, SERVER_ID, state)
    await receiver.waitFor(1)
    const listed = await waitUntil(
      async () => (await deliveries(hub, id))[0], 'a delivery is listed')
    assert.deepEqual(Object.keys(listed), DELIVERY_MEMBERS)
    for (const member of DELIVERY_MEMBERS.filter((m) => /At$|Time/.test(m))) {
      assert.match(listed[member], TIME, member)
    }
    assert.equal(listed.eventType, 'compute-ops/servers:CREATE')
    assert.equal(listed.generation, 1)
    const alone = await hub.api.get(listed.resourceUri)
    assert.deepEqual(alone.body, listed)
    const { body: list } =
      await hub.api.get(`${WEBHOOKS}/${id}/deliveries`)
    assert.deepEqual(Object.keys(list), ['count', 'offset', 'total', 'items'])
    // Another webhook has no such delivery.
    const other = await createWebhook(hub, NOWHERE, OFF)
    const elsewhere = `${other.deliveriesUri}/${listed.id}`
    assert.equal((await hub.api.get(elsewhere)).status, 404)
  })

test('event types name the collection and what happened', async (t) => {
  const hub = await startHub(t, { args: NEVER })
  const receiver = await startReceiver(t)
  const { id } = await activeWebhook(hub, receiver.url)
  await publish(hub, SERVER, SERVER_ID, server())
  await publish(hub, SERVER, SERVER_ID,
    server({ hardware: { powerState: 'OFF' } }))
  await unpublish(hub, SERVER, SERVER_ID)
  const items = await waitUntil(async () => {
    const all = await deliveries(hub, id)
    return all.length === 3 && all
  }, 'three deliveries are listed')
  assert.deepEqual(items.map((item) => item.eventType).sort(), [
    'compute-ops/servers:CREATE', 'compute-ops/servers:DELETE',
    'compute-ops/servers:UPDATE'])
  const gone = items.find((item) => item.eventType.endsWith(':DELETE'))
  assert.equal(gone.data.hardware.powerState, 'OFF')
})

test('failed attempts are listed by their status, 0 without one',
  async (t) => {
    const hub = await startHub(t, { args: NEVER })
    const receiver = await startReceiver(t, answering(always(503)))
    const { id } = await activeWebhook(hub, receiver.url)
    await publish(hub, SERVER, 'a', server())
    await receiver.waitFor(1)
    receiver.handler = answering((request) => request.socket.destroy())
    await publish(hub, SERVER, 'b', server())
    const query = new URLSearchParams({
      filter: "statusCode ne '200'", sort: 'statusCode desc'
    })
    const items = await waitUntil(async () => {
      const { body } =
        await hub.api.get(`${WEBHOOKS}/${id}/deliveries?${query}`)
      return body.total === 2 && body.items
    }, 'both attempts are listed')
    assert.deepEqual(items.map((item) => item.statusCode), ['503', '0'])
    for (const item of items) assert.match(item.responseTimestamp, TIME)
  })

test('each attempt of a delivery is an item', async (t) => {
  const hub = await startHub(t, { args: [...LAB, '--retry-schedule', '1s'] })
  const receiver = await startReceiver(t, answering(always(500)))
  const { id } = await activeWebhook(hub, receiver.url)
  await publish(hub, SERVER, SERVER_ID, server())
  const items = await waitUntil(async () => {
    const all = await deliveries(hub, id)
    return all.length === 2 && all
  }, 'two attempts are listed')
  assert.deepEqual(items.map((item) => item.attempt).sort(), [0, 1])
  for (const item of items) {
    assert.deepEqual((await hub.api.get(item.resourceUri)).body, item)
  }
})
