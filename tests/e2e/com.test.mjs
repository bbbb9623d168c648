// The COM interface: seven operations, the handshake, limits.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import {
  EVERY_SERVER, WEBHOOKS, activeWebhook, createWebhook, draft, getWebhook,
  publish, untilStatus
} from './com.mjs'
import { LAB, startHub, waitUntil } from './harness.mjs'
import {
  CHALLENGE, always, answering, faq, startReceiver
} from './receiver.mjs'
import { SERVER_ID, server } from './states.mjs'

const SERVER = 'compute-ops/server'
const MEMBERS = ['createdAt', 'deliveriesUri', 'destination', 'eventFilter',
  'generation', 'id', 'name', 'resourceUri', 'state', 'status',
  'statusReason', 'type', 'updatedAt']

test('a create answers 201 with PENDING, then the handshake makes it ACTIVE',
  async (t) => {
    const hub = await startHub(t)
    const held = []
    const receiver = await startReceiver(t, (request, response) =>
      held.push(() => faq(request, response)))
    const sent = draft(receiver.url, { headers: { 'X-Key': 'k' } })
    const { status, headers, body } = await hub.api.post(WEBHOOKS, sent)
    assert.equal(status, 201)
    assert.equal(headers.location, `${WEBHOOKS}/${body.id}`)
    assert.deepEqual(Object.keys(body).sort(), MEMBERS)
    for (const name of ['name', 'destination', 'state', 'eventFilter']) {
      assert.equal(body[name], sent[name])
    }
    assert.equal(body.status, 'PENDING')
    assert.equal(body.statusReason, 'User enabled the webhook.')
    assert.equal(body.generation, 1)
    assert.equal(body.resourceUri, headers.location)
    assert.equal(body.deliveriesUri, `${headers.location}/deliveries`)
    assert.match(body.type, /^compute-ops-mgmt\/webhooks?$/)
    await waitUntil(() => held.length === 1, 'the challenge has come')
    assert.equal((await getWebhook(hub, body.id)).status, 'PENDING')
    held[0]()
    const active = await untilStatus(hub, body.id, 'ACTIVE')
    assert.equal(active.statusReason, 'Webhook handshake accepted.')
    assert.equal(active.state, 'ENABLED')
    const [challenge] = receiver.challenges
    assert.ok(challenge.headers[CHALLENGE].length >= 16)
    assert.equal(challenge.path, '/hook')
  })

const json = { 'content-type': 'application/json' }
const WRONG_HANDSHAKES = [
  ['a wrong verification', always(200, json, '{"verification":"no"}')],
  ['no JSON', always(200, json, 'hello')],
  ['another 2xx', (request, response) =>
    response.writeHead(201, json).end(
      JSON.stringify({ verification: request.headers[CHALLENGE] }))],
  ['an error', always(500)],
  ['an empty body', always(200)],
  ['a redirect', always(302, { location: '/elsewhere' })],
  ['a connection that is closed', (request) => request.socket.destroy()]
]

test('a handshake that fails disables the webhook', async (t) => {
  const hub = await startHub(t)
  for (const [name, handler] of WRONG_HANDSHAKES) {
    await t.test(`by ${name}`, async (t) => {
      const receiver = await startReceiver(t, handler)
      const { id } = await createWebhook(hub, receiver.url)
      const failed = await untilStatus(hub, id, 'WARNING')
      assert.equal(failed.state, 'DISABLED')
      assert.equal(failed.statusReason, 'Incorrect handshake response.')
      assert.equal(receiver.challenges.length, 1)
      const quiet =
        await publish(hub, SERVER, `${SERVER_ID}-${id}`, server())
      assert.ok(quiet.id)
      assert.equal(receiver.events.length, 0)
    })
  }
  assert.match(hub.log, /verification/)
})

test('a webhook created DISABLED is not challenged until it is enabled',
  async (t) => {
    const hub = await startHub(t)
    const receiver = await startReceiver(t)
    const { id, status } =
      await createWebhook(hub, receiver.url, { state: 'DISABLED' })
    assert.equal(status, 'DISABLED')
    assert.equal(receiver.requests.length, 0)
    const enabled =
      await hub.api.patch(`${WEBHOOKS}/${id}`, { state: 'ENABLED' })
    assert.equal(enabled.status, 200)
    assert.equal(enabled.body.status, 'PENDING')
    await untilStatus(hub, id, 'ACTIVE')
    assert.equal(receiver.challenges.length, 1)
  })

test('a patch changes what it names and counts the generation',
  async (t) => {
    const hub = await startHub(t)
    const receiver = await startReceiver(t)
    const before = await activeWebhook(hub, receiver.url)
    const path = `${WEBHOOKS}/${before.id}`
    const { status, body } = await hub.api.patch(path,
      { name: 'renamed', eventFilter: "name eq 'x'" })
    assert.equal(status, 200)
    assert.equal(body.name, 'renamed')
    assert.equal(body.eventFilter, "name eq 'x'")
    assert.equal(body.destination, before.destination)
    assert.equal(body.createdAt, before.createdAt)
    assert.equal(body.generation, before.generation + 1)
    assert.equal(body.status, 'ACTIVE')
    assert.equal(receiver.challenges.length, 1)
    // The new filter counts from now on.
    assert.equal((await publish(hub, SERVER, 'a', server())).matched, 0)
    assert.equal((await publish(hub, SERVER, 'b', { name: 'x' })).matched, 1)
  })

test('a new destination or new headers need a handshake of their own',
  async (t) => {
    const hub = await startHub(t)
    const receiver = await startReceiver(t)
    const { id } = await activeWebhook(hub, receiver.url,
      { headers: { 'X-Keep': 'kept', 'X-Drop': 'dropped' } })
    const path = `${WEBHOOKS}/${id}`

    await hub.api.patch(path, { headers: { 'X-New': 'new', 'X-Drop': null } })
    await waitUntil(() => receiver.challenges.length === 2, 'a challenge')
    await untilStatus(hub, id, 'ACTIVE')
    const { headers } = receiver.challenges[1]
    assert.equal(headers['x-keep'], 'kept')
    assert.equal(headers['x-new'], 'new')
    assert.equal(headers['x-drop'], undefined)

    const other = await startReceiver(t)
    await hub.api.patch(path, { destination: other.url })
    await waitUntil(() => other.challenges.length === 1, 'a challenge')
    await untilStatus(hub, id, 'ACTIVE')
    await publish(hub, SERVER, SERVER_ID, server())
    await other.waitFor(1)
    assert.equal(receiver.events.length, 0)
  })

test('a disabled webhook is sent nothing', async (t) => {
  const hub = await startHub(t)
  const receiver = await startReceiver(t)
  const { id } = await activeWebhook(hub, receiver.url)
  const path = `${WEBHOOKS}/${id}`
  const off = await hub.api.patch(path, { state: 'DISABLED' })
  assert.equal(off.body.status, 'DISABLED')
  assert.equal(off.body.state, 'DISABLED')
  await publish(hub, SERVER, 'while-disabled', server({ name: 'unseen' }))
  await hub.api.patch(path, { state: 'ENABLED' })
  await untilStatus(hub, id, 'ACTIVE')
  await publish(hub, SERVER, 'when-enabled', server({ name: 'seen' }))
  await receiver.waitFor(1)
  assert.deepEqual(receiver.bodies.map((body) => body.name), ['seen'])
})

test('events during the handshake are sent after it', async (t) => {
  const hub = await startHub(t)
  const held = []
  const receiver = await startReceiver(t, answering(always(201)))
  receiver.handler = (request, response) => request.method === 'GET'
    ? held.push(() => faq(request, response))
    : always(201)(request, response)
  const { id } = await createWebhook(hub, receiver.url)
  await waitUntil(() => held.length === 1, 'the challenge has come')
  await publish(hub, SERVER, SERVER_ID, server())
  assert.equal(receiver.events.length, 0)
  held[0]()
  await untilStatus(hub, id, 'ACTIVE')
  await receiver.waitFor(1)
})

test('a deleted webhook is gone with its deliveries', async (t) => {
  const hub = await startHub(t)
  const receiver = await startReceiver(t)
  const { id } = await activeWebhook(hub, receiver.url)
  await publish(hub, SERVER, SERVER_ID, server())
  await receiver.waitFor(1)
  const path = `${WEBHOOKS}/${id}`
  const gone = await hub.api.del(path)
  assert.equal(gone.status, 204)
  assert.equal(gone.text, '')
  for (const where of [path, `${path}/deliveries`]) {
    assert.equal((await hub.api.get(where)).status, 404)
  }
  assert.equal((await hub.api.del(path)).status, 404)
  assert.equal((await publish(hub, SERVER, 'x', server())).matched, 0)
})

test('the list is paged, filtered and sorted', async (t) => {
  const hub = await startHub(t)
  const names = ['delta', 'alpha', 'charlie', 'bravo']
  for (const name of names) {
    await createWebhook(hub, 'http://127.0.0.1:9/',
      { name, state: 'DISABLED' })
  }
  const list = async (query) => {
    const { status, body, text } = await hub.api.get(`${WEBHOOKS}?${query}`)
    assert.equal(status, 200, text)
    assert.equal(body.count, body.items.length)
    return { ...body, names: body.items.map((item) => item.name) }
  }
  const all = await list('limit=100&offset=0')
  assert.deepEqual(all.names, names)
  assert.equal(all.total, 4)
  assert.equal(all.offset, 0)
  const part = await list('limit=2&offset=1')
  assert.deepEqual(part.names, ['alpha', 'charlie'])
  assert.equal(part.total, 4)
  assert.deepEqual((await list('sort=name')).names, [...names].sort())
  assert.deepEqual((await list('sort=name%20desc')).names,
    [...names].sort().reverse())
  const one = await list(`filter=${encodeURIComponent("name eq 'bravo'")}`)
  assert.deepEqual(one.names, ['bravo'])
  assert.equal(one.total, 1)
  assert.equal((await list('limit=0')).count, 0)
  assert.equal((await list('offset=9')).count, 0)
})

test('more enables than allowed get 429 and when to come back',
  async (t) => {
    const hub = await startHub(t)
    const receiver = await startReceiver(t)
    const { id } = await activeWebhook(hub, receiver.url)
    const path = `${WEBHOOKS}/${id}`
    const enable = async () => {
      await hub.api.patch(path, { state: 'DISABLED' })
      return hub.api.patch(path, { state: 'ENABLED' })
    }
    // The create was the first.
    for (let n = 2; n <= 5; n++) assert.equal((await enable()).status, 200)
    const refused = await enable()
    assert.equal(refused.status, 429, refused.text)
    assert.ok(Number(refused.headers['retry-after']) > 0)
    assert.equal(refused.body.httpStatusCode, 429)
    const info = refused.body.errorDetails
      .find((detail) => detail.type === 'hpe.greenlake.retry_info')
    assert.ok(info.retryAfterSeconds > 0)
    assert.equal((await getWebhook(hub, id)).state, 'DISABLED')
  })

test('a workspace has as many webhooks as it may have', async (t) => {
  const hub = await startHub(t, { args: [...LAB, '--webhooks-max', '2'] })
  const create = () => hub.api.post(WEBHOOKS,
    draft('http://127.0.0.1:9/', { state: 'DISABLED' }))
  assert.equal((await create()).status, 201)
  assert.equal((await create()).status, 201)
  const refused = await create()
  assert.ok([403, 409].includes(refused.status), refused.text)
  assert.equal((await hub.api.get(WEBHOOKS)).body.total, 2)
})

test('the limit of webhooks is 25 when nothing else was said', async (t) => {
  const hub = await startHub(t)
  for (let n = 0; n < 25; n++) {
    await createWebhook(hub, 'http://127.0.0.1:9/',
      { state: 'DISABLED', eventFilter: EVERY_SERVER })
  }
  const refused = await hub.api.post(WEBHOOKS,
    draft('http://127.0.0.1:9/', { state: 'DISABLED' }))
  assert.ok(refused.status >= 400 && refused.status < 500, refused.text)
  assert.equal((await hub.api.get(`${WEBHOOKS}?limit=100`)).body.total, 25)
})
