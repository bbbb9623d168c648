// Webhooks in the hub's own dialect: making them, secrets, single deliveries.

import assert from 'node:assert/strict'
import test from 'node:test'

import { HTTP } from 'cloudevents'
import { Webhook } from 'standardwebhooks'

import { WEBHOOKS as COM, draft } from './com.mjs'
import { api, startHub, waitUntil } from './harness.mjs'
import {
  WEBHOOKS, createWebhook, getWebhook, isSignedBy, isSignedByOwner,
  patchWebhook, publishMany, publishServer, server, untilStatus
} from './native.mjs'
import { always, startReceiver } from './receiver.mjs'

test('a webhook is made, shown, changed and deleted', async (t) => {
  const hub = await startHub(t)
  const receiver = await startReceiver(t)
  const options = {
    payload: 'cloudevent',
    handshake: 'com',
    signing: 'v1',
    retry: { schedule: '5s,30s,1h', window: '24h' },
    timeout: '10s',
    concurrency: 7,
    rate: 6000,
    auth: { type: 'basic', username: 'me', password: 'hunter2-secret' }
  }
  const made = await createWebhook(hub, receiver.url,
    { ...options, headers: { 'X-Secret': 'header-secret' } })
  const shown = await hub.api.get(`${WEBHOOKS}/${made.id}`)
  const { password, ...auth } = options.auth
  assert.equal(shown.body.dialect, 'native')
  for (const [name, value] of Object.entries({ ...options, auth })) {
    assert.deepEqual(shown.body[name], value, name)
  }
  assert.doesNotMatch(shown.text, /hunter2|header-secret|whsec/)
  assert.doesNotMatch(hub.log, /hunter2|header-secret|whsec/)

  const changed = await patchWebhook(hub, made.id, {
    rate: null, retry: { schedule: 'none' }, auth: { username: 'you' }
  })
  assert.equal(changed.rate, null)
  assert.deepEqual(changed.retry, { schedule: 'none', window: '24h' })
  assert.deepEqual(changed.auth, { type: 'basic', username: 'you' })
  assert.equal(changed.generation, 2)

  await hub.restart()
  await untilStatus(hub, made.id, 'ACTIVE')
  await publishServer(hub, 'a')
  const [event] = await receiver.waitFor(1)
  assert.equal(event.headers.authorization,
    `Basic ${Buffer.from('you:hunter2-secret').toString('base64')}`)
  assert.equal((await hub.api.del(`${WEBHOOKS}/${made.id}`)).status, 204)
  assert.equal((await hub.api.get(`${WEBHOOKS}/${made.id}`)).status, 404)
})

test('the hub\'s own interface reaches all, COM\'s only its own', async (t) => {
  const hub = await startHub(t)
  const receiver = await startReceiver(t)
  const native = await createWebhook(hub, receiver.url)
  const com = await hub.api.post(COM, draft(receiver.url))
  const ids = async (path) =>
    (await hub.api.get(path)).body.items.map((item) => item.id)
  assert.deepEqual(await ids(WEBHOOKS), [native.id, com.body.id])
  assert.deepEqual(await ids(COM), [com.body.id])
  assert.deepEqual(
    await ids(`${WEBHOOKS}?filter=dialect%20eq%20'com'`), [com.body.id])
  assert.equal((await hub.api.get(`${COM}/${native.id}`)).status, 404)
  await patchWebhook(hub, com.body.id, { payload: 'cloudevent' })
})

test('all that is wrong is told at once', async (t) => {
  const hub = await startHub(t)
  const { status, body } = await hub.api.post(WEBHOOKS, {
    name: 'n',
    eventFilter: 'x',
    id: 'mine',
    filter: 'type eq',
    payload: 'xml',
    handshake: 'greet',
    signing: 'v2',
    retry: { schedule: '5s,soon', window: '1y', more: 1 },
    timeout: 10,
    concurrency: 0,
    rate: 1.5,
    auth: { type: 'apiKey', header: 'a b', password: 'x' }
  })
  assert.equal(status, 400)
  assert.equal(body.errorCode, 'BAD_REQUEST')
  assert.equal(body.message, '14 things are wrong with the body')
  assert.deepEqual(body.errorDetails[0].issues.map((each) => each.subject), [
    'destination', 'eventFilter', 'id', 'filter', 'payload', 'handshake',
    'signing', 'retry.schedule', 'retry.window', 'retry', 'timeout',
    'concurrency', 'rate', 'auth'])
  const denied = await hub.api.post(WEBHOOKS, {
    name: 'n',
    destination: 'http://127.0.0.1:1/',
    filter: "type eq 'x'",
    auth: {
      type: 'oauth2',
      tokenUrl: 'http://10.0.0.1/',
      clientId: 'c',
      clientSecret: 's'
    }
  })
  assert.equal(denied.status, 400)
  assert.equal(denied.body.errorDetails[0].issues[0].subject, 'auth.tokenUrl')
})

test('a name in the log cannot pass for further values', async (t) => {
  const hub = await startHub(t)
  const { id } = await createWebhook(hub, 'http://127.0.0.1:9/',
    { name: 'a" state=X b="', handshake: 'none' })
  await waitUntil(() => hub.log.includes(
    `webhook.status webhook=${id} name="a\\" state=X b=\\"" state=ENABLED `),
  'it is logged')
})

test('viewers look, publishers do not, administrators change', async (t) => {
  const hub = await startHub(t)
  const receiver = await startReceiver(t)
  const { id } = await createWebhook(hub, receiver.url)
  for (const [role, look] of [['viewer', 200], ['publisher', 403]]) {
    const made = await hub.api.post('/v1/keys', { name: role, role })
    const it = api(hub, made.body.key)
    assert.equal((await it.get(WEBHOOKS)).status, look, role)
    const refused = [
      await it.post(WEBHOOKS, {}),
      await it.patch(`${WEBHOOKS}/${id}`, {}),
      await it.del(`${WEBHOOKS}/${id}`),
      await it.get(`${WEBHOOKS}/${id}/secret`),
      await it.post(`${WEBHOOKS}/${id}/secret/rotate`, {}),
      await it.post(`${WEBHOOKS}/${id}/test`),
      await it.post(`/v1/deliveries/${id}/retry`)
    ]
    assert.deepEqual(refused.map((each) => each.status), Array(7).fill(403))
  }
})

test('v1 is verified by the public library, v1a by Ed25519', async (t) => {
  const hub = await startHub(t)
  const receiver = await startReceiver(t)
  const webhook = await createWebhook(hub, receiver.url)
  await publishServer(hub, 'a')
  const [first] = await receiver.waitFor(1)
  assert.ok(isSignedBy(first, webhook.secret))
  assert.deepEqual(
    new Webhook(webhook.secret).verify(first.bytes.toString(), first.headers),
    server('ON'))

  // Changing the scheme makes a secret of it; the old one signs on.
  const changed = await patchWebhook(hub, webhook.id, { signing: 'v1a' })
  const { body } = await hub.api.get(`${WEBHOOKS}/${webhook.id}/secret`)
  assert.deepEqual(body, { publicKey: changed.publicKey })
  await publishServer(hub, 'a', 'OFF')
  const [, second] = await receiver.waitFor(2)
  assert.ok(isSignedByOwner(second, changed.publicKey))
  assert.ok(isSignedBy(second, webhook.secret))
  second.bytes[0] ^= 1
  assert.ok(!isSignedByOwner(second, changed.publicKey))
})

test('while v1a secrets overlap both owners have signed', async (t) => {
  const hub = await startHub(t)
  const receiver = await startReceiver(t)
  const { id, publicKey: before } =
    await createWebhook(hub, receiver.url, { signing: 'v1a' })
  const rotate = async (overlap) => {
    const { status, body, text } = await hub.api.post(
      `${WEBHOOKS}/${id}/secret/rotate`, { overlap })
    assert.equal(status, 200, text)
    assert.doesNotMatch(text, /whsk_/)
    return body.publicKey
  }
  const after = await rotate('1h')
  assert.notEqual(after, before)
  await publishServer(hub, 'a')
  const [both] = await receiver.waitFor(1)
  assert.equal(both.headers['webhook-signature'].split(' ').length, 2)
  assert.ok(isSignedByOwner(both, before))
  assert.ok(isSignedByOwner(both, after))
  const last = await rotate('0s')
  await publishServer(hub, 'a', 'OFF')
  const [, alone] = await receiver.waitFor(2)
  assert.equal(alone.headers['webhook-signature'].split(' ').length, 1)
  assert.ok(isSignedByOwner(alone, last))
  assert.ok(!isSignedByOwner(alone, after))
})

test('a rotation under load has no delivery rejected', async (t) => {
  const hub = await startHub(t)
  // What the receiver accepts: a secret, and up to which webhook-timestamp.
  // What was sent before a rotation may arrive long after it.
  const known = []
  const learn = (secret, rotatedAt) => {
    for (const each of known) each.until = Math.min(each.until, rotatedAt)
    known.push({ secret, until: Infinity })
  }
  const rejected = []
  const receiver = await startReceiver(t, (request, response) => {
    const sent = Number(request.headers['webhook-timestamp'])
    const isGood = known.some(({ secret, until }) =>
      sent <= until && isSignedBy(request, secret))
    if (!isGood) rejected.push(request.headers['webhook-signature'])
    response.writeHead(isGood ? 204 : 401).end()
  })
  const { id, secret } = await createWebhook(hub, receiver.url)
  learn(secret, 0)
  const rotate = async (overlap) => {
    const { status, body, text } = await hub.api.post(
      `${WEBHOOKS}/${id}/secret/rotate`, overlap ? { overlap } : {})
    assert.equal(status, 200, text)
    return body.secret
  }
  let isOver = false
  let published = 0
  const load = (async () => {
    for (let i = 0; !isOver; i++) {
      await publishMany(hub, 50, `round-${i}`)
      published += 50
    }
  })()
  for (let turn = 1; turn <= 4; turn++) {
    await receiver.waitFor(turn * 100)
    const next = await rotate('1h')
    const rotatedAt = Math.floor(Date.now() / 1000)
    // The receiver takes its time to learn the new one.
    const seen = receiver.events.length
    await receiver.waitFor(seen + 100)
    learn(next, rotatedAt)
  }
  await receiver.waitFor(receiver.events.length + 100)
  isOver = true
  await load
  // Without an overlap what is on its way would be refused.
  await receiver.waitFor(published)
  assert.deepEqual(rejected, [])
  assert.ok(receiver.events.length > 800)

  const last = await rotate('0s')
  assert.ok(!('oldSecretUntil' in await getWebhook(hub, id)))
  assert.ok(known.every(({ secret }) => secret !== last))
  learn(last, Math.floor(Date.now() / 1000))
  await publishServer(hub, 'after')
  await waitUntil(() => receiver.events.some((each) =>
    !each.headers['webhook-signature'].includes(' ') &&
    isSignedBy(each, last)), 'a delivery signed by the last secret alone')
  assert.deepEqual(rejected, [])
})

test('timeout and schedule are the webhook\'s own', async (t) => {
  const hub = await startHub(t)
  const receiver = await startReceiver(t, () => {}) // never answers
  const { id } = await createWebhook(hub, receiver.url,
    { timeout: '1s', retry: { schedule: '1s' } })
  await publishServer(hub, 'a')
  await receiver.waitFor(2)
  await waitUntil(() => /delivery\.dead .*all retries were used up/
    .test(hub.log), 'it is given up')
  assert.equal(receiver.events.length, 2)

  // And what was given up can be asked for again.
  receiver.handler = always(204)
  const delivery = receiver.events[0].headers['webhook-id']
  const again = await hub.api.post(`/v1/deliveries/${delivery}/retry`)
  assert.equal(again.status, 202, again.text)
  assert.deepEqual(again.body, { deliveryId: delivery, state: 'WAITING' })
  await receiver.waitFor(3)
  assert.equal(receiver.events[2].headers['webhook-id'], delivery)
  assert.deepEqual(receiver.bodies[2], server('ON'))
  // A delivered one too, as soon as its outcome is on disk.
  await waitUntil(async () => (await hub.api.post(
    `/v1/deliveries/${delivery}/retry`)).status === 202, 'once more')
  await receiver.waitFor(4)

  await patchWebhook(hub, id, { state: 'DISABLED' })
  const off = await waitUntil(async () => {
    const answer = await hub.api.post(`/v1/deliveries/${delivery}/retry`)
    return /not sending/.test(answer.text) && answer
  }, 'a disabled webhook refuses')
  assert.equal(off.status, 409)
  const unknown = await hub.api.post(`/v1/deliveries/${id}/retry`)
  assert.equal(unknown.status, 404)
})

test('a skipped delivery is sent when it is asked for', async (t) => {
  const hub = await startHub(t)
  const receiver = await startReceiver(t, always(503))
  const { id } = await createWebhook(hub, receiver.url,
    { retry: { schedule: '1h' } })
  await publishServer(hub, 'a')
  const [{ headers }] = await receiver.waitFor(1)
  receiver.handler = always(204)
  await patchWebhook(hub, id, { state: 'DISABLED' }) // it becomes SKIPPED
  await patchWebhook(hub, id, { state: 'ENABLED' })
  const { status, text } = await hub.api.post(
    `/v1/deliveries/${headers['webhook-id']}/retry`)
  assert.equal(status, 202, text)
  const events = await receiver.waitFor(2)
  assert.equal(events[1].headers['webhook-id'], headers['webhook-id'])
})

test('a test event reaches this webhook only', async (t) => {
  const hub = await startHub(t)
  const one = await startReceiver(t)
  const other = await startReceiver(t)
  const { id } = await createWebhook(hub, one.url, { payload: 'cloudevent' })
  await createWebhook(hub, other.url, { filter: "source eq '/grapnel'" })
  const { status, body, text } = await hub.api.post(`${WEBHOOKS}/${id}/test`)
  assert.equal(status, 202, text)
  const [request] = await one.waitFor(1)
  assert.equal(request.headers['webhook-id'], body.deliveryId)
  const event = HTTP.toEvent(
    { headers: request.headers, body: request.bytes.toString() })
  assert.equal(event.type, 'grapnel.webhook.test')
  assert.equal(event.id, body.eventId)
  assert.equal(event.subject, id)
  assert.equal(event.data.webhookId, id)
  assert.equal(other.events.length, 0)
  await patchWebhook(hub, id, { state: 'DISABLED' })
  assert.equal((await hub.api.post(`${WEBHOOKS}/${id}/test`)).status, 409)
})
