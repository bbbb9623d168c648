// GreenLake's webhooks: registering, verifying, and what becomes of them.

import assert from 'node:assert/strict'
import test from 'node:test'

import { LAB, startHub, waitUntil } from './harness.mjs'
import {
  GL, SECRET, activeWebhook, challengesOf, checkSignatures, createWebhook,
  draft, event, eventsOf, getWebhook, hmac, patchWebhook, publishEvent,
  subscribe, untilStatus, verifying, waitForEvents
} from './gl.mjs'
import { always, startReceiver } from './receiver.mjs'

const NO_RETRIES = [...LAB, '--challenge-retries', 'none']
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/

test('a webhook is registered, verified and shown with every member',
  async (t) => {
    const hub = await startHub(t)
    const receiver = await startReceiver(t, verifying())
    const made = await hub.api.post(GL, draft(receiver.url))
    assert.equal(made.status, 201, made.text)
    const { id } = made.body
    assert.match(id, UUID)
    assert.equal(made.headers.location, `${GL}/${id}`)
    const { createdAt, updatedAt, ...rest } = made.body
    for (const time of [createdAt, updatedAt]) assert.match(time, TIME)
    assert.deepEqual(rest, {
      id,
      type: 'events/webhook',
      name: 'License Notification',
      description: 'Webhook for receiving license notifications',
      destination: receiver.url,
      paused: false,
      status: 'PENDING',
      stateReason: 'Webhook verification is in progress.',
      resourceUri: `${GL}/${id}`,
      generation: 1,
      hpePrincipal: 'user:gk_admin',
      createdBy: 'gk_admin',
      clientId: '',
      issuerUrl: '',
      authType: '',
      dualSecret: false,
      batching: false,
      challengeRequestEnabled: true,
      endpointRateLimit: null
    })
    const active = await untilStatus(hub, id, 'ACTIVE')
    assert.equal(active.stateReason, 'Webhook verified.')
    const list = await hub.api.get(`${GL}?limit=100&offset=0`)
    assert.deepEqual(list.body,
      { items: [active], count: 1, offset: 0, total: 1 })
  })

test('the challenge is a signed CloudEvent, after a question for the rate',
  async (t) => {
    const hub = await startHub(t, { args: [...LAB, '--origin', 'hub.test'] })
    const receiver = await startReceiver(t, verifying())
    const { id } = await createWebhook(hub, receiver.url)
    await untilStatus(hub, id, 'ACTIVE')
    const [options, challenge] = receiver.requests
    assert.equal(receiver.requests.length, 2)
    assert.equal(options.method, 'OPTIONS')
    assert.equal(options.headers['webhook-request-origin'], 'hub.test')
    assert.equal(options.headers['content-type'], 'application/json')
    assert.equal(challenge.method, 'POST')
    assert.equal(challenge.headers['content-type'], 'application/json')
    checkSignatures(challenge, SECRET)
    const { data, id: eventId, time, ...rest } =
      JSON.parse(challenge.bytes.toString())
    assert.match(data.challengeRequest, UUID)
    assert.match(eventId, UUID)
    assert.match(time, TIME)
    assert.deepEqual(rest, {
      datacontenttype: 'application/json',
      source: '/grapnel/events',
      specversion: '1.0',
      subject: '00000000000000000000000000000001',
      type: 'com.hpe.greenlake.events.v1beta1.webhooks.verification'
    })
  })

test('another 2xx and further members do not spoil the answer', async (t) => {
  const hub = await startHub(t)
  const receiver = await startReceiver(t, (request, response) => {
    if (request.method !== 'POST') return always(404)(request, response)
    const { data } = JSON.parse(request.bytes.toString())
    response.writeHead(201).end(JSON.stringify({
      text: 'from a platform', verification: hmac(SECRET, data.challengeRequest)
    }))
  })
  const { id } = await createWebhook(hub, receiver.url)
  await untilStatus(hub, id, 'ACTIVE')
})

test('a wrong answer is an ERROR that says so, and verify heals it',
  async (t) => {
    const hub = await startHub(t, { args: NO_RETRIES })
    const receiver =
      await startReceiver(t, verifying({ secrets: ['another one'] }))
    const { id } = await createWebhook(hub, receiver.url)
    const failed = await untilStatus(hub, id, 'ERROR')
    assert.equal(failed.stateReason,
      'HMAC validation failed. Please verify webhook secret.')
    const wrong = await hub.api.post(`${GL}/${id}/verify`)
    assert.equal(wrong.status, 200, wrong.text)
    assert.equal(wrong.body.status, 'ERROR')
    assert.deepEqual(wrong.body.destinationResponse, {
      statusCode: 200,
      message: 'HMAC validation failed. Please verify webhook secret.',
      requestedRate: null
    })
    receiver.handler = verifying({ options: { 'webhook-allowed-rate': '120' } })
    const right = await hub.api.post(`${GL}/${id}/verify`)
    assert.equal(right.status, 200, right.text)
    const { destinationResponse, ...webhook } = right.body
    assert.deepEqual(webhook, await getWebhook(hub, id))
    assert.equal(webhook.status, 'ACTIVE')
    assert.equal(webhook.endpointRateLimit, 120)
    assert.deepEqual(destinationResponse,
      { statusCode: 200, message: 'OK', requestedRate: 120 })
  })

test('an endpoint that cannot be reached is told with the error', async (t) => {
  const hub = await startHub(t, { args: NO_RETRIES })
  const receiver = await startReceiver(t, always(500))
  const { id } = await createWebhook(hub, receiver.url)
  const failed = await untilStatus(hub, id, 'ERROR')
  assert.equal(failed.stateReason,
    'Webhook URL unreachable. error: it answered with status 500')
  await receiver.stop()
  const { body } = await hub.api.post(`${GL}/${id}/verify`)
  assert.match(body.stateReason, /^Webhook URL unreachable\. error: ./)
  assert.equal(body.destinationResponse.statusCode, 0)
  assert.equal(body.destinationResponse.message, body.stateReason)
  receiver.stop = () => {}
})

test('a fault of our own side puts the challenge off', async (t) => {
  const hub = await startHub(t,
    { args: [...NO_RETRIES, '--allow-private', '224.0.0.1'] })
  // TCP goes to no multicast address: the machine has no route there.
  const { id } = await createWebhook(hub, 'http://224.0.0.1:9/hook')
  await subscribe(hub, id)
  const failures = () => hub.log.match(/handshake\.failed .*\n/g) ?? []
  await waitUntil(() => failures().length >= 2, 'it is sent again')
  assert.equal((await getWebhook(hub, id)).status, 'PENDING')
  // Who asks is answered all the same.
  const { body } = await hub.api.post(`${GL}/${id}/verify`)
  assert.equal(body.status, 'PENDING')
  assert.equal(body.destinationResponse.statusCode, 0)
  assert.match(body.destinationResponse.message,
    /^Webhook URL unreachable\. error: .*unreachable/)
  // What comes meanwhile waits for it.
  await publishEvent(hub, event('e-1'))
  const receiver = await startReceiver(t, verifying())
  await patchWebhook(hub, id, { destination: receiver.url })
  await untilStatus(hub, id, 'ACTIVE')
  await waitForEvents(receiver, 1)
})

test('the challenge is tried again, each with a new text', async (t) => {
  const hub =
    await startHub(t, { args: [...LAB, '--challenge-retries', '1s,1s,1s'] })
  let failures = 2
  const answer = verifying()
  const receiver = await startReceiver(t, (request, response) =>
    request.method === 'POST' && failures-- > 0
      ? always(503)(request, response)
      : answer(request, response))
  const { id } = await createWebhook(hub, receiver.url)
  assert.equal((await getWebhook(hub, id)).status, 'PENDING')
  await untilStatus(hub, id, 'ACTIVE')
  const texts = challengesOf(receiver).map(({ bytes }) =>
    JSON.parse(bytes.toString()).data.challengeRequest)
  assert.equal(texts.length, 3)
  assert.equal(new Set(texts).size, 3)
})

test('without a challenge a webhook is active at once, and cannot be verified',
  async (t) => {
    const hub = await startHub(t)
    const receiver = await startReceiver(t,
      verifying({ options: { 'webhook-allowed-rate': '*' } }))
    const made = await createWebhook(hub, receiver.url,
      { challengeRequestEnabled: false })
    assert.equal(made.status, 'ACTIVE')
    assert.equal(made.challengeRequestEnabled, false)
    await waitUntil(async () =>
      (await getWebhook(hub, made.id)).endpointRateLimit === -1)
    assert.equal(receiver.events.length, 0)
    const { status, body } = await hub.api.post(`${GL}/${made.id}/verify`)
    assert.equal(status, 400)
    assert.equal(body.errorCode, 'HPE_GL_ERROR_BAD_REQUEST')
    await patchWebhook(hub, made.id, { challengeRequestEnabled: true })
    await untilStatus(hub, made.id, 'ACTIVE')
    assert.equal(challengesOf(receiver).length, 1)
  })

for (const [value, limit] of [
  ['7', 7], ['*', -1], ['0', null], ['-3', null], ['many', null], ['', null],
  ['99999999', 60000]
]) {
  test(`WebHook-Allowed-Rate "${value}" is ${limit}`, async (t) => {
    const hub = await startHub(t)
    const receiver = await startReceiver(t,
      verifying({ options: { 'webhook-allowed-rate': value } }))
    const { id } = await createWebhook(hub, receiver.url)
    const active = await untilStatus(hub, id, 'ACTIVE')
    assert.equal(active.endpointRateLimit, limit)
  })
}

test('the rate is asked for at every heartbeat', async (t) => {
  const hub = await startHub(t, { args: [...LAB, '--rate-heartbeat', '50ms'] })
  const rate = { 'webhook-allowed-rate': '10' }
  const receiver = await startReceiver(t, verifying({ options: rate }))
  const { id } = await createWebhook(hub, receiver.url)
  const until = (limit) => waitUntil(async () =>
    (await getWebhook(hub, id)).endpointRateLimit === limit, `rate ${limit}`)
  await until(10)
  rate['webhook-allowed-rate'] = '20'
  await until(20)
  rate['webhook-allowed-rate'] = '*'
  await until(-1)
  receiver.handler = verifying()
  await until(null)
  assert.equal(challengesOf(receiver).length, 1)
})

test('an edit, an enabling and a verification each make a challenge',
  async (t) => {
    const hub = await startHub(t)
    const receiver = await startReceiver(t, verifying())
    const { id } = await createWebhook(hub, receiver.url)
    await untilStatus(hub, id, 'ACTIVE')
    const edited = await patchWebhook(hub, id, { description: '' })
    assert.equal(edited.status, 'PENDING')
    assert.equal(edited.generation, 2)
    assert.equal(edited.description, '')
    await untilStatus(hub, id, 'ACTIVE')
    assert.equal(challengesOf(receiver).length, 2)
    const paused = await patchWebhook(hub, id, { paused: true })
    assert.equal(paused.status, 'DISABLED')
    assert.equal(paused.paused, true)
    assert.equal(paused.stateReason, 'Webhook Disabled by user: user:gk_admin')
    const still = await patchWebhook(hub, id, { description: 'x' })
    assert.equal(still.status, 'DISABLED')
    const tried = await hub.api.post(`${GL}/${id}/verify`)
    assert.equal(tried.body.status, 'DISABLED')
    assert.equal(tried.body.destinationResponse.message, 'OK')
    assert.equal(challengesOf(receiver).length, 3)
    const enabled = await patchWebhook(hub, id, { paused: false })
    assert.equal(enabled.status, 'PENDING')
    await untilStatus(hub, id, 'ACTIVE')
    assert.equal(challengesOf(receiver).length, 4)
    assert.equal((await hub.api.patch(`${GL}/${id}`, {})).body.generation, 5)
    await hub.api.post(`${GL}/${id}/verify`)
    assert.equal(challengesOf(receiver).length, 5)
  })

test('two secrets: the answer may be by either', async (t) => {
  const hub = await startHub(t, { args: NO_RETRIES })
  const receiver = await startReceiver(t, verifying({ secrets: ['newer'] }))
  const { id } = await createWebhook(hub, receiver.url,
    { secondarySecret: 'newer' })
  const active = await untilStatus(hub, id, 'ACTIVE')
  assert.equal(active.dualSecret, true)
  const native = await hub.api.get(`/v1/webhooks/${id}`)
  assert.equal(native.body.oldSecretUntil, undefined)
  checkSignatures(challengesOf(receiver)[0], SECRET, 'newer')
  await patchWebhook(hub, id, { secret: 'newer', secondarySecret: '' })
  assert.equal((await untilStatus(hub, id, 'ACTIVE')).dualSecret, false)
  checkSignatures(challengesOf(receiver)[1], 'newer')
})

test('what has been set up is there again after a restart', async (t) => {
  const hub = await startHub(t)
  const receiver = await startReceiver(t,
    verifying({ options: { 'webhook-allowed-rate': '*' } }))
  const { id } = await activeWebhook(hub, receiver.url, {
    secondarySecret: 'second one', authType: 'apikey', apiKey: 'open sesame'
  })
  const before = await getWebhook(hub, id)
  await hub.restart()
  assert.deepEqual(await getWebhook(hub, id), before)
  await publishEvent(hub, event('e-1'))
  const [request] = await waitForEvents(receiver, 1)
  checkSignatures(request, SECRET, 'second one')
  assert.equal(request.headers.authorization, 'open sesame')
  assert.equal(challengesOf(receiver).length, 1)
})

test('a webhook without a subscription gets nothing', async (t) => {
  const hub = await startHub(t)
  const receiver = await startReceiver(t, verifying())
  const { id } = await createWebhook(hub, receiver.url)
  await untilStatus(hub, id, 'ACTIVE')
  await publishEvent(hub, event('e-1'))
  const other = await activeWebhook(hub, receiver.url, { name: 'another' })
  await publishEvent(hub, event('e-2'))
  await waitForEvents(receiver, 1)
  assert.equal(eventsOf(receiver).length, 1)
  assert.notEqual(other.id, id)
})

test('webhooks of the other dialects are not seen here, nor these there',
  async (t) => {
    const hub = await startHub(t)
    const receiver = await startReceiver(t, verifying())
    const native = await hub.api.post('/v1/webhooks', {
      name: 'n', destination: receiver.url, filter: "id eq 'x'"
    })
    const { id } = await createWebhook(hub, receiver.url)
    assert.equal((await hub.api.get(`${GL}/${native.body.id}`)).status, 404)
    assert.equal((await hub.api.get(GL)).body.total, 1)
    const com = '/compute-ops-mgmt/v1beta1/webhooks'
    assert.equal((await hub.api.get(`${com}/${id}`)).status, 404)
    assert.equal((await hub.api.get(com)).body.total, 0)
    const shown = await hub.api.get(`/v1/webhooks/${id}`)
    assert.equal(shown.body.dialect, 'greenlake')
    assert.equal((await hub.api.get(`/v1/webhooks/${id}/secret`)).status, 410)
  })

test('one with subscriptions is deleted only by force', async (t) => {
  const hub = await startHub(t)
  const receiver = await startReceiver(t, verifying())
  const { id } = await activeWebhook(hub, receiver.url)
  for (const query of ['', '?force=false']) {
    const { status, body } = await hub.api.del(`${GL}/${id}${query}`)
    assert.equal(status, 400)
    assert.equal(body.errorCode, 'HPE_GL_ERROR_BAD_REQUEST')
    assert.match(body.message, /force/)
  }
  assert.equal((await hub.api.del(`${GL}/${id}?force=true`)).status, 204)
  assert.equal((await hub.api.get(`${GL}/${id}`)).status, 404)
})

test('a deleted webhook is gone', async (t) => {
  const hub = await startHub(t)
  const receiver = await startReceiver(t, verifying())
  const { id } = await createWebhook(hub, receiver.url)
  const { status, text } = await hub.api.del(`${GL}/${id}?force=false`)
  assert.equal(status, 204)
  assert.equal(text, '')
  for (const again of [
    await hub.api.get(`${GL}/${id}`), await hub.api.del(`${GL}/${id}`),
    await hub.api.patch(`${GL}/${id}`, {}),
    await hub.api.post(`${GL}/${id}/verify`),
    await hub.api.get(`${GL}/${id}/recent-deliveries`)
  ]) {
    assert.equal(again.status, 404)
    assert.equal(again.body.errorCode, 'HPE_GL_ERROR_NOT_FOUND')
    assert.equal(again.body.message, 'Webhook not found')
  }
})

test('a stop while a verification is under way is clean', async (t) => {
  const hub = await startHub(t, { args: [...LAB, '--stop-timeout', '200ms'] })
  const receiver = await startReceiver(t, verifying())
  const { id } = await createWebhook(hub, receiver.url)
  await untilStatus(hub, id, 'ACTIVE')
  receiver.handler = (request, response) => {
    if (request.method === 'OPTIONS') response.writeHead(405).end()
  }
  const asked = hub.api.post(`${GL}/${id}/verify`).catch(() => ({}))
  await waitUntil(() => challengesOf(receiver).length === 2)
  await hub.stop()
  const { status } = await asked
  assert.ok(status === undefined || status === 503, `${status}`)
  receiver.handler = verifying()
  await hub.start()
  await untilStatus(hub, id, 'ACTIVE') // it was PENDING, so it is asked anew
})

test('a webhook that is deleted while it is verified is a 404', async (t) => {
  const hub = await startHub(t)
  const receiver = await startReceiver(t, verifying())
  const { id } = await createWebhook(hub, receiver.url)
  await untilStatus(hub, id, 'ACTIVE')
  let answer
  receiver.handler = (request, response) => {
    if (request.method === 'OPTIONS') response.writeHead(405).end()
    else answer = () => always(500)(request, response)
  }
  const asked = hub.api.post(`${GL}/${id}/verify`)
  await waitUntil(() => answer)
  assert.equal((await hub.api.del(`${GL}/${id}`)).status, 204)
  answer()
  assert.equal((await asked).status, 404)
})
