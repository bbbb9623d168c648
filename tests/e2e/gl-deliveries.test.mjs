// What GreenLake's webhooks are sent, what their endpoints' answers do, and
// what is shown of it.

import assert from 'node:assert/strict'
import test from 'node:test'

import { CloudEvent, HTTP } from 'cloudevents'

import { LAB, startHub, waitUntil } from './harness.mjs'
import {
  GL, SECRET, TYPE, activeWebhook, checkSignatures, event, eventsOf,
  getWebhook, hmac, ids, onlyItem, patchWebhook, publishEvent, publishEvents,
  recentDeliveries, untilStatus, verifying, waitForEvents
} from './gl.mjs'
import { createWebhook as createNative } from './native.mjs'
import { always, startReceiver } from './receiver.mjs'

// A retry a second, so that one can be waited for.
const SOON = [...LAB, '--greenlake-retry-schedule', '1s,1s,1s']
const BATCHING = [...LAB, '--delivery-batch-window', '100ms']

test('an event goes out as compact JSON, signed, as application/json',
  async (t) => {
    const hub = await startHub(t)
    const receiver = await startReceiver(t, verifying())
    await activeWebhook(hub, receiver.url)
    await publishEvent(hub, JSON.stringify(event('e-1'), null, 2))
    const [request] = await waitForEvents(receiver, 1)
    assert.equal(request.headers['content-type'], 'application/json')
    const text = request.bytes.toString()
    assert.equal(text, JSON.stringify(JSON.parse(text)))
    assert.deepEqual(JSON.parse(text),
      event('e-1', { time: '2009-11-10T23:00:00.000000Z' }))
    checkSignatures(request, SECRET)
    assert.equal(request.headers['webhook-signature'], undefined)
    assert.equal(request.headers.authorization, undefined)
  })

/** A handler as one would write it with the public library. */
const handler = (seen, secret) => verifying({
  secrets: [secret],
  post: (request, response) => {
    const expected = `sha256=${hmac(secret, request.bytes)}`
    if (request.headers['hpe-webhook-signature'] !== expected) {
      return always(429)(request, response) // others disable the webhook
    }
    const body = JSON.parse(request.bytes.toString())
    const type = Array.isArray(body)
      ? 'application/cloudevents-batch+json'
      : 'application/cloudevents+json'
    const read = HTTP.toEvent({
      headers: { ...request.headers, 'content-type': type },
      body: request.bytes.toString()
    })
    for (const each of [read].flat()) {
      assert.ok(each instanceof CloudEvent && each.validate())
      seen.push(each)
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  }
})

test('a handler with the public library verifies and reads single events',
  async (t) => {
    const hub = await startHub(t)
    const seen = []
    const receiver = await startReceiver(t, handler(seen, SECRET))
    await activeWebhook(hub, receiver.url)
    await publishEvents(hub, ids('e-', 5))
    await waitUntil(() => seen.length === 5)
    assert.deepEqual(seen.map(({ id }) => id).sort(), ids('e-', 5))
    assert.deepEqual(seen[0].data, event('').data)
    assert.ok(seen.every(({ type }) => type === TYPE))
  })

test('and batches: ten at once, the rest when the oldest has waited',
  async (t) => {
    const hub = await startHub(t, { args: BATCHING })
    const seen = []
    const receiver = await startReceiver(t, handler(seen, SECRET))
    await activeWebhook(hub, receiver.url, { batching: true })
    await publishEvents(hub, ids('e-', 25))
    await waitUntil(() => seen.length === 25)
    assert.deepEqual(seen.map(({ id }) => id).sort(), ids('e-', 25).sort())
    const sizes = eventsOf(receiver)
      .map(({ bytes }) => JSON.parse(bytes.toString()).length)
    assert.deepEqual(sizes.sort((a, b) => b - a), [10, 10, 5])
    for (const request of eventsOf(receiver)) {
      assert.equal(request.headers['content-type'], 'application/json')
      checkSignatures(request, SECRET)
    }
  })

test('a lone event waits for its batch no longer than the window',
  async (t) => {
    const hub = await startHub(t, { args: BATCHING })
    const receiver = await startReceiver(t, verifying())
    await activeWebhook(hub, receiver.url, { batching: true })
    await publishEvent(hub, event('e-1'))
    const [request] = await waitForEvents(receiver, 1)
    assert.deepEqual(
      JSON.parse(request.bytes.toString()).map(({ id }) => id), ['e-1'])
  })

test('a batch that fails is tried again as a batch, each event by itself',
  async (t) => {
    const hub = await startHub(t, { args: [...BATCHING, ...SOON] })
    let failures = 1
    const receiver = await startReceiver(t, verifying({
      post: (request, response) =>
        always(failures-- > 0 ? 503 : 200)(request, response)
    }))
    const { id } = await activeWebhook(hub, receiver.url, { batching: true })
    await publishEvents(hub, ids('e-', 3))
    const requests = await waitForEvents(receiver, 2)
    const bodies = requests.map(({ bytes }) => bytes.toString())
    assert.equal(bodies[0], bodies[1])
    assert.notEqual(requests[0].headers['webhook-id'],
      requests[1].headers['webhook-id'])
    const { items } = await waitUntil(async () => {
      const list = await recentDeliveries(hub, id)
      return list.items[0]?.status === 'SUCCESS' && list
    })
    assert.equal(items.length, 1)
    assert.equal(items[0].description, 'Batch of 3 events')
    assert.equal(items[0].batchId, requests[1].headers['webhook-id'])
    assert.equal(items[0].id, items[0].batchId)
    assert.equal(items[0].generation, 2)
    assert.deepEqual(items[0].requestBody, JSON.parse(bodies[0]))
    const { body } = await hub.api.get(
      `/v1/deliveries?webhook=${id}&state=DELIVERED`)
    assert.equal(body.items.length, 3)
  })

test('a crash with a batch waiting or in flight loses none of it', async (t) => {
  const hub = await startHub(t, { args: BATCHING })
  const held = []
  const receiver = await startReceiver(t, verifying({
    post: (request, response) => held.push(response)
  }))
  await activeWebhook(hub, receiver.url, { batching: true })
  await publishEvents(hub, ids('e-', 14))
  await waitForEvents(receiver, 2)
  await hub.kill9()
  const before = eventsOf(receiver).length
  receiver.handler = verifying()
  await hub.start()
  await waitUntil(() => new Set(eventsOf(receiver).slice(before)
    .flatMap(({ bytes }) => JSON.parse(bytes.toString()).map(({ id }) => id))
  ).size === 14, 'all 14 come again')
})

test('large events make more requests rather than one without bound',
  async (t) => {
    const hub = await startHub(t, {
      args: [...BATCHING, '--greenlake-event-max', '1MiB']
    })
    const receiver = await startReceiver(t, verifying())
    await activeWebhook(hub, receiver.url, { batching: true })
    const data = { text: 'x'.repeat(400_000) }
    for (const id of ids('e-', 4)) await publishEvent(hub, event(id, { data }))
    const count = () => eventsOf(receiver)
      .reduce((sum, { bytes }) => sum + JSON.parse(bytes.toString()).length, 0)
    await waitUntil(() => count() === 4)
    for (const { bytes } of eventsOf(receiver)) {
      assert.ok(bytes.length < 1.1 * 1024 * 1024)
    }
  })

test('a native webhook batches in the media type of the specification',
  async (t) => {
    const hub = await startHub(t, { args: BATCHING })
    const receiver = await startReceiver(t, always(204))
    await createNative(hub, receiver.url, {
      payload: 'cloudevent', batching: true, filter: `type eq '${TYPE}'`
    })
    await publishEvents(hub, ids('e-', 3))
    await receiver.waitFor(1)
    const [{ headers, bytes }] = receiver.events
    assert.equal(headers['content-type'],
      'application/cloudevents-batch+json; charset=utf-8')
    const read = HTTP.toEvent({ headers, body: bytes.toString() })
    assert.deepEqual(read.map(({ id }) => id), ids('e-', 3))
  })

// ---- the table of status codes ----

const AGAIN = [404, 413, 415, 425, 429, 502, 503, 504]
const DISABLES = [300, 301, 302, 304, 307, 308, 400, 401, 402, 403, 405, 406,
  408, 409, 412, 418, 422, 431, 451, 500, 501, 505, 511, 599]

test('each status code has its state', async (t) => {
  // Jitter may make any retry come early: none comes while it is looked at.
  const hub = await startHub(t, {
    args: [...LAB, '--greenlake-webhooks-max', '100',
      '--greenlake-retry-schedule', '11h']
  })
  const outcomes = await Promise.all(
    [200, 201, 202, 204, 410, ...AGAIN, ...DISABLES].map(async (code) => {
      const receiver = await startReceiver(t, verifying({
        post: always(code, { location: 'http://127.0.0.1:9/' })
      }))
      const { id } =
        await activeWebhook(hub, receiver.url, { name: `code ${code}` })
      return { code, id, receiver }
    }))
  await publishEvent(hub, event('e-1'))
  for (const { code, id, receiver } of outcomes) {
    const isGood = code < 300
    const isAgain = AGAIN.includes(code)
    const webhook = await untilStatus(hub, id,
      isGood ? 'ACTIVE' : isAgain || code === 410 ? 'WARNING' : 'ERROR')
    const item = await waitUntil(async () =>
      (await recentDeliveries(hub, id)).items[0], `an item of ${code}`)
    assert.equal(item.httpResponseCode, code)
    assert.equal(item.status, isGood ? 'SUCCESS' : 'FAILURE', `${code}`)
    assert.equal(item.retryStatus, isAgain ? 'RETRY' : 'NORETRY', `${code}`)
    assert.equal(item.failureId !== undefined, !isGood)
    assert.match(webhook.stateReason,
      isGood ? /verified/ : /^Failure in Event Deliveries/)
    const { body } = await hub.api.get(`/v1/deliveries?webhook=${id}`)
    assert.equal(body.items[0].state,
      isGood ? 'DELIVERED' : isAgain ? 'WAITING' : 'DEAD', `${code}`)
    assert.equal(eventsOf(receiver).length, 1)
  }
})

test('an endpoint that is gone counts as a failure and is tried again',
  async (t) => {
    const hub = await startHub(t, { args: SOON })
    const receiver = await startReceiver(t, verifying())
    const { id } = await activeWebhook(hub, receiver.url)
    receiver.handler = (request, response) => request.socket.destroy()
    await publishEvent(hub, event('e-1'))
    const warned = await untilStatus(hub, id, 'WARNING')
    assert.equal(warned.stateReason, 'Failure in Event Deliveries')
    receiver.handler = verifying()
    await waitUntil(async () =>
      (await recentDeliveries(hub, id)).items[0].status === 'SUCCESS')
    assert.equal((await getWebhook(hub, id)).status, 'WARNING')
  })

test('with all retries used up the webhook stops, and an edit revives it',
  async (t) => {
    const hub = await startHub(t,
      { args: [...LAB, '--greenlake-retry-schedule', '1s'] })
    const receiver = await startReceiver(t, verifying({ post: always(503) }))
    const { id } = await activeWebhook(hub, receiver.url)
    await publishEvent(hub, event('e-1'))
    const stopped = await untilStatus(hub, id, 'ERROR')
    assert.equal(stopped.stateReason,
      'Failure in Event Deliveries: all retries of an event failed')
    assert.equal(stopped.paused, false)
    await publishEvent(hub, event('e-2'))
    await patchWebhook(hub, id, { description: 'repaired' })
    await untilStatus(hub, id, 'ACTIVE')
    receiver.handler = verifying()
    await publishEvent(hub, event('e-3'))
    await waitUntil(() => eventsOf(receiver).some(({ bytes }) =>
      JSON.parse(bytes.toString()).id === 'e-3'))
    assert.ok(!eventsOf(receiver).some(({ bytes }) =>
      JSON.parse(bytes.toString()).id === 'e-2'), 'it was skipped')
  })

test('more than 20 failures stop the webhook, also with a restart between',
  async (t) => {
    const hub = await startHub(t)
    const receiver = await startReceiver(t, verifying({ post: always(503) }))
    const { id } = await activeWebhook(hub, receiver.url)
    await publishEvents(hub, ids('a-', 12))
    await waitUntil(async () =>
      (await recentDeliveries(hub, id)).total === 12)
    await hub.restart()
    assert.equal((await getWebhook(hub, id)).status, 'WARNING')
    await publishEvents(hub, ids('b-', 9))
    const stopped = await untilStatus(hub, id, 'ERROR')
    assert.equal(stopped.stateReason,
      'Failure in Event Deliveries: more than 20 failures in 12 hours')
  })

// ---- recent deliveries ----

test('recent deliveries have every member, newest first, in pages',
  async (t) => {
    const hub = await startHub(t)
    const receiver = await startReceiver(t, verifying({
      post: always(200, { 'x-two': ['a', 'b'] }, 'thanks')
    }))
    const { id } = await activeWebhook(hub, receiver.url)
    await publishEvent(hub, event('e-1'))
    await waitForEvents(receiver, 1)
    receiver.handler = verifying({ post: always(503, {}, 'later') })
    await publishEvent(hub, event('e-2'))
    const list = await waitUntil(async () => {
      const got = await recentDeliveries(hub, id)
      return got.total === 2 && got
    })
    const [failed, good] = list.items
    const { requestHeaders, responseHeaders, createdAt, updatedAt, ...rest } =
      good
    const request = eventsOf(receiver)[0]
    assert.deepEqual(requestHeaders['HPE-Webhook-Signature'],
      [request.headers['hpe-webhook-signature']])
    assert.deepEqual(requestHeaders['Content-Type'], ['application/json'])
    assert.deepEqual(responseHeaders['x-two'], ['a', 'b'])
    assert.ok(createdAt <= updatedAt)
    assert.deepEqual(rest, {
      id: 'e-1',
      type: 'events/deliveryFailure',
      httpResponseCode: 200,
      generation: 1,
      requestBody: JSON.parse(request.bytes.toString()),
      responseBody: 'thanks',
      status: 'SUCCESS',
      retryStatus: 'NORETRY',
      description: TYPE,
      resourceUri: `${GL}/${id}`,
      subject: `events.00000000000000000000000000000001.${id}`
    })
    assert.equal(failed.id, 'e-2')
    assert.equal(failed.responseBody, 'later')
    assert.equal(failed.retryStatus, 'RETRY')
    assert.deepEqual(list, { ...list, count: 2, offset: 0, total: 2 })
    assert.deepEqual(await recentDeliveries(hub, id, '?limit=1&offset=1'),
      { items: [good], count: 1, offset: 1, total: 2 })
    assert.deepEqual(await recentDeliveries(hub, id, '?offset=9'),
      { items: [], count: 0, offset: 9, total: 2 })
  })

test('the credential is not shown among the headers', async (t) => {
  const hub = await startHub(t)
  const receiver = await startReceiver(t, verifying())
  const { id } = await activeWebhook(hub, receiver.url,
    { authType: 'APIKey', apiKey: 'open sesame' })
  await publishEvent(hub, event('e-1'))
  const [request] = await waitForEvents(receiver, 1)
  assert.equal(request.headers.authorization, 'open sesame')
  const list = await waitUntil(async () => {
    const got = await recentDeliveries(hub, id)
    return got.total === 1 && got
  })
  assert.deepEqual(list.items[0].requestHeaders.Authorization, ['(masked)'])
  assert.doesNotMatch(JSON.stringify(list), /open sesame/)
})

const retryPath = (id, { failureId }) =>
  `${GL}/${id}/delivery-failures/${failureId}/retry`

test('a failure that waits for its retry gets it at once', async (t) => {
  const hub = await startHub(t,
    { args: [...LAB, '--greenlake-retry-schedule', '1h'] })
  const receiver = await startReceiver(t, verifying({ post: always(503) }))
  const { id } = await activeWebhook(hub, receiver.url)
  await publishEvent(hub, event('e-1'))
  const failed = await onlyItem(hub, id, () => true)
  receiver.handler = verifying()
  const { status, body, text } = await hub.api.post(retryPath(id, failed))
  assert.equal(status, 200, text)
  assert.equal(body.failureId, failed.failureId)
  assert.equal(body.httpResponseCode, 503)
  await onlyItem(hub, id, (item) => item.status === 'SUCCESS')
  const gone = await hub.api.post(retryPath(id, failed))
  assert.equal(gone.status, 404)
})

test('a failure that was given up is tried once more', async (t) => {
  const hub = await startHub(t)
  const receiver = await startReceiver(t, verifying({ post: always(500) }))
  const { id } = await activeWebhook(hub, receiver.url)
  await publishEvent(hub, event('e-1'))
  await untilStatus(hub, id, 'ERROR')
  const failed = await onlyItem(hub, id, () => true)
  const refused = await hub.api.post(retryPath(id, failed))
  assert.equal(refused.status, 400, refused.text)
  assert.match(refused.body.message, /not sending/)
  receiver.handler = verifying()
  await hub.api.post(`${GL}/${id}/verify`)
  assert.equal((await hub.api.post(retryPath(id, failed))).status, 200)
  await onlyItem(hub, id, (item) => item.status === 'SUCCESS')
})

test('a batch that failed is retried as a whole', async (t) => {
  const hub = await startHub(t, {
    args: [...BATCHING, '--greenlake-retry-schedule', '1h']
  })
  const receiver = await startReceiver(t, verifying({ post: always(503) }))
  const { id } = await activeWebhook(hub, receiver.url, { batching: true })
  await publishEvents(hub, ids('e-', 4))
  const failed = await onlyItem(hub, id, () => true)
  assert.equal(failed.requestBody.length, 4)
  receiver.handler = verifying()
  assert.equal((await hub.api.post(retryPath(id, failed))).status, 200)
  await onlyItem(hub, id, (item) => item.status === 'SUCCESS')
  const got = eventsOf(receiver).slice(1)
    .flatMap(({ bytes }) => JSON.parse(bytes.toString()).map(({ id }) => id))
  assert.deepEqual(got.sort(), ids('e-', 4))
})

for (const wrong of ['x', '00000000-0000-7000-8000-000000000000']) {
  test(`there is no failure ${wrong}`, async (t) => {
    const hub = await startHub(t)
    const receiver = await startReceiver(t, verifying())
    const { id } = await activeWebhook(hub, receiver.url)
    const { status, body } =
      await hub.api.post(retryPath(id, { failureId: wrong }))
    assert.equal(status, 404)
    assert.equal(body.errorCode, 'HPE_GL_ERROR_NOT_FOUND')
  })
}
