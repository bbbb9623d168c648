// The letter of the COM interface: members and their order, the error bodies,
// conditions, what real clients send. What webhooks do is in com.test.mjs.

import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'

import {
  EVERY_SERVER, WEBHOOKS, activeWebhook, createWebhook, draft, getWebhook,
  publish, untilStatus
} from './com.mjs'
import { LAB, api, freePort, request, startHub, waitUntil }
  from './harness.mjs'
import { always, faq, startReceiver } from './receiver.mjs'
import { SERVER_ID, server } from './states.mjs'

const SERVER = 'compute-ops/server'
const NOWHERE = 'http://127.0.0.1:9/'
const OFF = { state: 'DISABLED' }
const UNKNOWN = '00000000-0000-4000-8000-000000000000'

// As the published samples have them.
const WEBHOOK_MEMBERS = ['name', 'destination', 'state', 'eventFilter',
  'type', 'id', 'generation', 'createdAt', 'updatedAt', 'status',
  'statusReason', 'resourceUri', 'deliveriesUri']
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

function checkWebhook (webhook) {
  assert.deepEqual(Object.keys(webhook), WEBHOOK_MEMBERS)
  assert.equal(webhook.type, 'compute-ops-mgmt/webhook')
  assert.match(webhook.id, UUID)
  assert.match(webhook.createdAt, TIME)
  assert.match(webhook.updatedAt, TIME)
  assert.ok(Number.isInteger(webhook.generation))
  assert.equal(webhook.resourceUri, `${WEBHOOKS}/${webhook.id}`)
  assert.equal(webhook.deliveriesUri, `${webhook.resourceUri}/deliveries`)
}

/** The error's body, its shape checked. */
function problem (answer, status) {
  const { body } = answer
  assert.equal(answer.status, status, answer.text)
  assert.match(answer.headers['content-type'], /^application\/json/)
  assert.equal(body.httpStatusCode, status)
  assert.match(body.errorCode, /^HPE_GL_[A-Z_]+$/)
  assert.ok(body.message.length > 0)
  assert.match(body.debugId, UUID)
  return body
}

/** The issues of an error, in order: [[source, subject], …]. */
const issues = (body) => (body.errorDetails ?? [])
  .flatMap((detail) => detail.issues ?? [])
  .map(({ source, subject, description }) => {
    assert.ok(description.length > 0)
    return [source, subject]
  })

const fields = (body) => issues(body).map(([source, subject]) => {
  assert.equal(source, 'field')
  return subject
})

test('a webhook has the members of the samples, in their order',
  async (t) => {
    const hub = await startHub(t)
    const created = await createWebhook(hub, NOWHERE,
      { ...OFF, headers: { 'X-Key': 'never shown' } })
    checkWebhook(created)
    assert.equal(created.status, 'DISABLED')
    assert.equal(created.createdAt, created.updatedAt)
    const { body: list } = await hub.api.get(WEBHOOKS)
    assert.deepEqual(Object.keys(list), ['count', 'offset', 'total', 'items'])
    assert.deepEqual(list.items, [created])
    const alone = await hub.api.get(created.resourceUri)
    assert.deepEqual(alone.body, created)
    assert.doesNotMatch(alone.text, /headers|never shown/)
  })

test('a webhook is the same after a restart', async (t) => {
  const hub = await startHub(t)
  const { id } = await createWebhook(hub, NOWHERE, OFF)
  await hub.api.patch(`${WEBHOOKS}/${id}`, { name: 'another' })
  const before = await getWebhook(hub, id)
  assert.equal(before.generation, 2)
  await hub.restart()
  assert.deepEqual(await getWebhook(hub, id), before)
})

const { name, destination, state, eventFilter } = draft(NOWHERE, OFF)
const WRONG_CREATES = [
  ['nothing', {},
    ['name', 'destination', 'state', 'eventFilter', 'headers']],
  ['two members', { name, state },
    ['destination', 'eventFilter', 'headers']],
  ['missing, unknown and read-only ones',
    { name, destination, state, eventFilter, colour: 'red', id: UNKNOWN },
    ['headers', 'colour', 'id']],
  ['wrong kinds throughout',
    { name: 1, destination: [], state: true, eventFilter: {}, headers: 'x' },
    ['name', 'destination', 'state', 'eventFilter', 'headers']],
  ['null throughout', {
    name: null,
    destination: null,
    state: null,
    eventFilter: null,
    headers: null
  }, ['name', 'destination', 'state', 'eventFilter', 'headers']],
  ['headers of other kinds', {
    name,
    destination,
    state,
    eventFilter,
    headers: { a: 1, b: null, c: [], d: 'good' }
  }, ['headers.a', 'headers.b', 'headers.c']],
  ['headers that differ in case only', {
    name, destination, state, eventFilter, headers: { 'X-A': '1', 'x-a': '2' }
  }, ['headers.x-a']]
]

test('one answer names everything that is wrong', async (t) => {
  const hub = await startHub(t)
  for (const [what, body, expected] of WRONG_CREATES) {
    await t.test(what, async () => {
      const answer = await hub.api.post(WEBHOOKS, body)
      assert.deepEqual(fields(problem(answer, 400)), expected)
    })
  }
  assert.equal((await hub.api.get(WEBHOOKS)).body.total, 0)
})

test('a filter that does not parse says the column', async (t) => {
  const hub = await startHub(t)
  const answer = await hub.api.post(WEBHOOKS,
    draft(NOWHERE, { ...OFF, eventFilter: "type eq 'a' und name eq 'b'" }))
  const body = problem(answer, 400)
  assert.deepEqual(fields(body), ['eventFilter'])
  assert.match(body.errorDetails[0].issues[0].description, /column 13/)
  assert.equal(body.errorDetails[0].type, 'hpe.greenlake.bad_request')
})

test('what is not allowed is named', async (t) => {
  const hub = await startHub(t, { args: [] })
  const good = draft('https://example.com/', OFF)
  for (const [changes, field] of [
    [{ destination: 'http://example.com/' }, 'destination'],
    [{ destination: 'https://127.0.0.1/' }, 'destination'],
    [{ destination: 'https://[::1]/' }, 'destination'],
    [{ headers: { 'x-Compute-Ops-Mgmt-Verification-Challenge': 'a' } },
      'headers'],
    [{ headers: { 'webhook-signature': 'a' } }, 'headers'],
    [{ headers: { 'X-A': 'a\r\nX-B: b' } }, 'headers']
  ]) {
    await t.test(JSON.stringify(changes), async () => {
      const answer = await hub.api.post(WEBHOOKS, { ...good, ...changes })
      const [subject] = fields(problem(answer, 400))
      assert.equal(subject.split('.')[0], field)
    })
  }
  assert.equal((await hub.api.get(WEBHOOKS)).body.total, 0)
})

const OPERATIONS = [
  ['GET', '', undefined],
  ['POST', '', draft(NOWHERE, OFF)],
  ['GET', '/{id}', undefined],
  ['PATCH', '/{id}', { name: 'another' }],
  ['GET', '/{id}/deliveries', undefined],
  ['GET', `/{id}/deliveries/${UNKNOWN}`, undefined],
  ['DELETE', '/{id}', undefined]
]

test('each operation asks for credentials and for the role it needs',
  async (t) => {
    const hub = await startHub(t)
    const { id } = await createWebhook(hub, NOWHERE, OFF)
    const { body: key } =
      await hub.api.post('/v1/keys', { name: 'k', role: 'viewer' })
    for (const [method, rest, body] of OPERATIONS) {
      const url = hub.url + WEBHOOKS + rest.replace('{id}', id)
      await t.test(`${method} ${rest}`, async () => {
        problem(await request(method, url, { body, token: null }), 401)
        problem(await request(method, url, { body, token: 'wrong' }), 401)
        const answer = await request(method, url, { body, token: key.key })
        if (method !== 'GET') problem(answer, 403)
        else assert.ok([200, 404].includes(answer.status), answer.text)
      })
    }
    assert.equal((await getWebhook(hub, id)).generation, 1)
  })

test('ids that name nothing are 404', async (t) => {
  const hub = await startHub(t)
  const { id } = await createWebhook(hub, NOWHERE, OFF)
  const paths = [UNKNOWN, 'not-an-id', `${id}0`, '7'].flatMap((unknown) => [
    `/${unknown}`, `/${unknown}/deliveries`,
    `/${unknown}/deliveries/${UNKNOWN}`, `/${id}/deliveries/${unknown}`])
  for (const path of paths) {
    await t.test(path, async () =>
      problem(await hub.api.get(WEBHOOKS + path), 404))
  }
  problem(await hub.api.patch(`${WEBHOOKS}/not-an-id`, { name: 'x' }), 404)
  problem(await hub.api.del(`${WEBHOOKS}/not-an-id`), 404)
})

test('methods that are not offered are 405 and say which are', async (t) => {
  const hub = await startHub(t)
  for (const [method, rest, allowed] of [
    ['PUT', '', ['GET', 'POST']],
    ['DELETE', '', ['GET', 'POST']],
    ['PUT', `/${UNKNOWN}`, ['DELETE', 'GET', 'PATCH']],
    ['POST', `/${UNKNOWN}/deliveries`, ['GET']]
  ]) {
    const answer = await request(method, hub.url + WEBHOOKS + rest,
      { body: {} })
    problem(answer, 405)
    const said = answer.headers.allow.split(/,\s*/)
    for (const each of allowed) assert.ok(said.includes(each), said.join())
  }
})

test('only JSON is taken and given', async (t) => {
  const hub = await startHub(t)
  const { id } = await createWebhook(hub, NOWHERE, OFF)
  const path = `${WEBHOOKS}/${id}`
  const accept = (value) => ({ headers: { accept: value } })
  for (const value of ['text/html', 'application/xml', '*/*;q=0']) {
    problem(await hub.api.get(path, accept(value)), 406)
  }
  for (const value of ['application/json', '*/*', 'application/*',
    'text/html, application/json;q=0.5']) {
    assert.equal((await hub.api.get(path, accept(value))).status, 200)
  }
  const typed = (type) => ({ headers: { 'content-type': type } })
  const patch = (type) => hub.api.patch(path, '{"name":"b"}', typed(type))
  assert.equal((await patch('application/merge-patch+json')).status, 200)
  assert.equal((await patch('application/json')).status, 200)
  assert.equal(
    (await patch('application/json; charset=utf-8')).status, 200)
  problem(await patch('text/plain'), 415)
  problem(await hub.api.post(WEBHOOKS, JSON.stringify(draft(NOWHERE, OFF)),
    typed('application/merge-patch+json')), 415)
})

test('If-Match holds a change to a generation', async (t) => {
  const hub = await startHub(t)
  const { id } = await createWebhook(hub, NOWHERE, OFF)
  const path = `${WEBHOOKS}/${id}`
  const match = (value) => ({ headers: { 'if-match': value } })
  const first = await hub.api.get(path)
  assert.equal(first.headers.etag, '"1"')
  const second =
    await hub.api.patch(path, { name: 'b' }, match(first.headers.etag))
  assert.equal(second.status, 200)
  assert.equal(second.headers.etag, '"2"')
  for (const body of [{ name: 'c' }, { headers: null }, {}]) {
    const refused = await hub.api.patch(path, body, match('"1"'))
    const { errorDetails: [detail] } = problem(refused, 412)
    assert.equal(detail.type, 'hpe.greenlake.precondition_failed')
    assert.deepEqual(issues(refused.body), [['header', 'If-Match']])
  }
  problem(await hub.api.patch(path, { name: 'c' }, match('"x"')), 400)
  problem(await hub.api.del(path, match('"1"')), 412)
  assert.equal((await getWebhook(hub, id)).name, 'b')
  assert.equal((await hub.api.patch(path, { name: 'd' }, match('*'))).status,
    200)
  assert.equal((await hub.api.del(path, match('"3"'))).status, 204)
})

test('an empty patch changes nothing, and a null is an error', async (t) => {
  const hub = await startHub(t)
  const webhook = await createWebhook(hub, NOWHERE, OFF)
  const path = webhook.resourceUri
  const answer = await hub.api.patch(path, {})
  assert.equal(answer.status, 200)
  assert.deepEqual(answer.body, webhook)
  const refused = await hub.api.patch(path, { name: null, state: null })
  assert.deepEqual(fields(problem(refused, 400)), ['name', 'state'])
  assert.deepEqual(await getWebhook(hub, webhook.id), webhook)
})

test('"headers": null takes all headers away', async (t) => {
  const hub = await startHub(t)
  const receiver = await startReceiver(t)
  const { id } = await activeWebhook(hub, receiver.url,
    { headers: { 'X-One': '1', 'X-Two': '2' } })
  const { status, text } =
    await hub.api.patch(`${WEBHOOKS}/${id}`, { headers: null })
  assert.equal(status, 200, text)
  await waitUntil(() => receiver.challenges.length === 2, 'a challenge')
  const [before, after] = receiver.challenges
  assert.equal(before.headers['x-one'], '1')
  assert.equal(after.headers['x-one'], undefined)
  assert.equal(after.headers['x-two'], undefined)
})

const WRONG_QUERIES = [
  ['limit=-1', 'limit'], ['limit=1001', 'limit'], ['limit=ten', 'limit'],
  ['limit=', 'limit'], ['limit=1&limit=2', 'limit'],
  ['offset=-1', 'offset'], ['offset=1.5', 'offset'],
  ['filter=name%20eq', 'filter'], ['filter=', 'filter'],
  ["filter=name%20eq%20'x", 'filter'], ['sort=', 'sort'],
  ['sort=name%20up', 'sort'], ['sort=a,,b', 'sort']
]

test('a query that is wrong names its parameter', async (t) => {
  const hub = await startHub(t)
  const { id } = await createWebhook(hub, NOWHERE, OFF)
  for (const [query, parameter] of WRONG_QUERIES) {
    await t.test(query, async () => {
      for (const path of [WEBHOOKS, `${WEBHOOKS}/${id}/deliveries`]) {
        const body = problem(await hub.api.get(`${path}?${query}`), 400)
        assert.deepEqual(issues(body), [['query.parameter', parameter]])
      }
    })
  }
})

test('the limit of webhooks is told by a code of its own', async (t) => {
  const hub = await startHub(t, { args: [...LAB, '--webhooks-max', '1'] })
  await createWebhook(hub, NOWHERE, OFF)
  const refused = await hub.api.post(WEBHOOKS, draft(NOWHERE, OFF))
  assert.equal(problem(refused, 409).errorCode,
    'HPE_GL_COMPUTE_OPS_WEBHOOK_LIMIT')
})

test('a secret is shown once and verifies what is sent', async (t) => {
  const hub = await startHub(t)
  const receiver = await startReceiver(t)
  const { id } = await activeWebhook(hub, receiver.url)
  const path = `/v1/webhooks/${id}/secret`
  const first = await hub.api.get(path)
  assert.equal(first.status, 200, first.text)
  assert.deepEqual(Object.keys(first.body), ['secret'])
  const again = await hub.api.get(path)
  assert.equal(again.status, 410, again.text)
  assert.match(again.body.message, /once/)
  assert.equal((await hub.api.get('/v1/webhooks/7/secret')).status, 404)
  await publish(hub, SERVER, SERVER_ID, server())
  const [{ headers, bytes }] = await receiver.waitFor(1)
  const key = Buffer.from(first.body.secret.replace(/^whsec_/, ''), 'base64')
  const signed = createHmac('sha256', key)
    .update(`${headers['webhook-id']}.${headers['webhook-timestamp']}.`)
    .update(bytes).digest('base64')
  assert.equal(headers['webhook-signature'], `v1,${signed}`)
  // Reading it is no change of the webhook.
  assert.equal((await getWebhook(hub, id)).generation, 1)
})

// HPE's PowerShell module, request by request.
test('the PowerShell module finds what it expects', async (t) => {
  const hub = await startHub(t)
  const receiver = await startReceiver(t)
  const page = '?limit=100&offset=0'
  const client = (method, path, body, type = 'application/json') =>
    request(method, hub.url + path, {
      body: body && JSON.stringify(body),
      headers: { accept: 'application/json', 'content-type': type }
    })

  // New-HPECOMWebhook looks for the name first.
  const none = await client('GET', WEBHOOKS + page)
  assert.equal(none.body.total, 0)
  assert.deepEqual(none.body.items, [])
  const created = await client('POST', WEBHOOKS, {
    name: 'PS', destination: receiver.url, state: 'ENABLED',
    eventFilter: EVERY_SERVER, headers: {}
  })
  assert.equal(created.status, 201)
  await untilStatus(hub, created.body.id, 'ACTIVE')
  const found = (await client('GET', WEBHOOKS + page)).body
  assert.equal(found.total, 1)
  assert.equal(found.items.length, 1)
  const [webhook] = found.items
  assert.equal((await client('GET', webhook.resourceUri + page)).status, 200)

  // Set-HPECOMWebhook always sends four members.
  const set = (changes) => client('PATCH', webhook.resourceUri, {
    name: webhook.name,
    destination: webhook.destination,
    state: webhook.state,
    eventFilter: webhook.eventFilter,
    ...changes
  }, 'application/merge-patch+json')
  const renamed = await set({ name: 'PS 2' })
  assert.equal(renamed.status, 200)
  assert.equal(renamed.body.name, 'PS 2')
  assert.equal(renamed.body.status, 'PENDING')
  await untilStatus(hub, webhook.id, 'ACTIVE')
  assert.equal(receiver.challenges.length, 2)
  const off = await set({ state: 'DISABLED' })
  assert.equal(off.body.status, 'DISABLED')
  receiver.handler = always(500)
  await set({})
  await untilStatus(hub, webhook.id, 'WARNING')
  receiver.handler = faq
  await set({ state: 'ENABLED' }) // -RetryWebhookHandshake
  await untilStatus(hub, webhook.id, 'ACTIVE')

  // Get-HPECOMWebhook -ShowRecentDeliveries
  await publish(hub, SERVER, SERVER_ID, server())
  await receiver.waitFor(1)
  const item = await waitUntil(async () => {
    const { body } = await client('GET', webhook.deliveriesUri + page)
    return body.items[0]
  }, 'a delivery is listed')
  assert.equal(item.data.name, server().name)
  assert.equal(item.data.hardware.serialNumber,
    server().hardware.serialNumber)

  const gone = await client('DELETE', webhook.resourceUri)
  assert.equal(gone.status, 204)
  assert.equal(gone.text, '')
})

test('webhooks are read by viewers with all that is shown', async (t) => {
  const hub = await startHub(t)
  const { id } = await createWebhook(hub, NOWHERE, OFF)
  const { body: key } =
    await hub.api.post('/v1/keys', { name: 'k', role: 'viewer' })
  const viewer = api(hub, key.key)
  assert.deepEqual((await viewer.get(`${WEBHOOKS}/${id}`)).body,
    await getWebhook(hub, id))
  assert.equal((await viewer.get(`/v1/webhooks/${id}/secret`)).status, 403)
})

test('nobody listening is a handshake that fails', async (t) => {
  const hub = await startHub(t)
  const { id } =
    await createWebhook(hub, `http://127.0.0.1:${await freePort()}/`)
  const failed = await untilStatus(hub, id, 'WARNING')
  assert.equal(failed.state, 'DISABLED')
  assert.equal(failed.statusReason, 'Incorrect handshake response.')
})
