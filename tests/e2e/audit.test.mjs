// The audit log: every change by a user is an entry, and an event that others
// may subscribe to; keys that end.

import assert from 'node:assert/strict'
import test from 'node:test'

import {
  ADMIN_TOKEN, LAB, api, request, run, startHub, tempDir, waitUntil
} from './harness.mjs'
import {
  GL, SECRET, SUBSCRIPTIONS, createWebhook, eventsOf, hmac, patchWebhook,
  subscribe, untilStatus, verifying, waitForEvents
} from './gl.mjs'
import { createWebhook as createNative, publishServer } from './native.mjs'
import { startReceiver } from './receiver.mjs'

const AUDIT = 'com.hpe.greenlake.audit-log.v1.logs.created'
const EXPIRING = 'com.hpe.greenlake.subscriptions.v1.expiring-subscriptions'
const DAY = 24 * 3600 * 1000

const log = async (hub, query = '') => {
  const { status, body, text } = await hub.api.get(`/v1/audit-log${query}`)
  assert.equal(status, 200, text)
  return body
}

const entries = async (hub, query) => (await log(hub, query)).items

const createKey = async (hub, draft) => {
  const { status, body, text } = await hub.api.post('/v1/keys',
    { name: 'ci', role: 'publisher', ...draft })
  assert.equal(status, 201, text)
  return body
}

const inDays = (n) => new Date(Date.now() + n * DAY).toISOString()

const comesTo = (receiver, n) => waitUntil(
  () => receiver.events.length >= n, `${n} events`)

const bodyOf = ({ bytes }) => JSON.parse(bytes.toString())

test('register, challenge, subscribe to the audit log, and see a row',
  async (t) => {
    const hub = await startHub(t)
    const receiver = await startReceiver(t, verifying())
    const { id } = await createWebhook(hub, receiver.url)
    await untilStatus(hub, id, 'ACTIVE')
    await subscribe(hub, id, AUDIT,
      { eventFilter: "category eq 'keys' and user/username ne 'nobody'" })
    const key = await createKey(hub, { name: 'row' })
    const [row] = await waitForEvents(receiver, 1)
    assert.equal(row.headers['hpe-webhook-signature'],
      `sha256=${hmac(SECRET, row.bytes)}`)
    const event = bodyOf(row)
    assert.equal(event.specversion, '1.0')
    assert.equal(event.type, AUDIT)
    assert.equal(event.source, '/grapnel/audit-log')
    assert.equal(event.datacontenttype, 'application/json')
    const { data } = event
    assert.equal(data.id, event.id)
    assert.equal(data.category, 'keys')
    assert.match(data.description, /^key row was created by ./)
    assert.equal(data.user.id, 'gk_admin')
    assert.match(data.workspace.id, /^[0-9a-f]{32}$/)
    assert.equal(data.workspace.workspace_name, null)
    assert.ok(Math.abs(data.created_at - Date.now()) < 60_000)
    assert.equal(data.additional_info.ip_address, '127.0.0.1')
    assert.equal(data.additional_info.resource_id, key.id)
    assert.equal(data.has_details, true)
    assert.equal(data.audit_details.before, null)
    assert.equal(data.audit_details.after.name, 'row')
    assert.ok(!row.bytes.includes(key.key.slice(20)), 'no secret is told')
  })

test('each kind of change is an entry with what was before', async (t) => {
  const hub = await startHub(t)
  const receiver = await startReceiver(t, verifying())
  const { id } = await createWebhook(hub, receiver.url)
  await untilStatus(hub, id, 'ACTIVE')
  await patchWebhook(hub, id, { name: 'Renamed', secret: 'another-secret' })
  const one = await subscribe(hub, id, AUDIT, { eventFilter: "id eq '-'" })
  await hub.api.del(`${SUBSCRIPTIONS}?id=${one.id}`)
  await hub.api.post('/v1/event-types', { name: 'com.example.a.v1.b' })
  await hub.api.del('/v1/event-types/com.example.a.v1.b')
  await hub.api.post('/v1/allow-lists',
    { name: 'lab', networks: ['10.0.0.0/8'] })
  await hub.api.patch('/v1/allow-lists/lab',
    { networks: ['10.1.0.0/16'] })
  await hub.api.del('/v1/allow-lists/lab')
  const key = await createKey(hub)
  await hub.api.del(`/v1/keys/${key.id}`)
  await hub.api.del(`${GL}/${id}?force=true`)
  const items = (await entries(hub)).reverse()
  assert.deepEqual(items.map((each) => `${each.category} ${each.action}`), [
    'webhooks created', 'webhooks updated', 'subscriptions created',
    'subscriptions deleted', 'event_types created', 'event_types deleted',
    'allow_lists created', 'allow_lists updated', 'allow_lists deleted',
    'keys created', 'keys revoked', 'webhooks deleted'
  ])
  assert.equal(items[0].after.secret, '********')
  assert.equal(items[0].resource.id, id)
  assert.equal(items[0].before, null)
  assert.equal(items[1].before.name, 'License Notification')
  assert.equal(items[1].after.name, 'Renamed')
  assert.ok(items[1].changed.includes('name'))
  assert.ok(items[1].changed.includes('secrets'))
  assert.equal(items[2].after.eventFilter ?? items[2].after.condition,
    "id eq '-'")
  assert.deepEqual(items[7].before.networks, ['10.0.0.0/8'])
  assert.deepEqual(items[7].after.networks, ['10.1.0.0/16'])
  assert.equal(items[9].who.id, 'gk_admin')
  assert.equal(items[9].who.address, '127.0.0.1')
  assert.equal(items[10].after, null)
  const { text } = await hub.api.get('/v1/audit-log')
  assert.ok(!text.includes(SECRET) && !text.includes('another-secret'))
})

test('sending again is of the log, reading and publishing are not',
  async (t) => {
    const hub = await startHub(t, { args: [...LAB, '--retry-schedule', '1h'] })
    const receiver = await startReceiver(t)
    const webhook = await createNative(hub, receiver.url)
    await publishServer(hub, 'a')
    await comesTo(receiver, 1)
    await hub.api.get('/v1/webhooks')
    const replay = await hub.api.post(`/v1/webhooks/${webhook.id}/replay`,
      { which: 'all', from: '2020-01-01T00:00:00Z' })
    assert.ok(replay.status < 300, replay.text)
    await hub.api.post(`/v1/webhooks/${webhook.id}/test`)
    const items = (await entries(hub)).reverse()
    assert.deepEqual(
      items.map((each) => `${each.category} ${each.action}`),
      ['webhooks created', 'replays created', 'webhooks tested'])
  })

test('an entry that is delivered, or cannot be, makes no other', async (t) => {
  const hub = await startHub(t, { args: [...LAB, '--retry-schedule', 'none'] })
  const receiver = await startReceiver(t, verifying({
    post: (request, response) => response.writeHead(500).end()
  }))
  const { id } = await createWebhook(hub, receiver.url)
  await untilStatus(hub, id, 'ACTIVE')
  await subscribe(hub, id, AUDIT)
  await createKey(hub)
  await waitForEvents(receiver, 1)
  await waitUntil(async () => {
    const { body } = await hub.api.get('/v1/deliveries')
    return body.items.some((each) => each.state === 'DEAD')
  }, 'a delivery is given up')
  const kinds = (await entries(hub)).map((each) => each.category)
  assert.deepEqual(kinds.sort(), ['keys', 'subscriptions', 'webhooks'])
})

test('a filter of a webhook\'s own chooses entries, too', async (t) => {
  const hub = await startHub(t)
  const receiver = await startReceiver(t)
  await createNative(hub, receiver.url, {
    filter: `type eq '${AUDIT}' and category eq 'keys' and ` +
      "additional_info/action eq 'revoked'"
  })
  const key = await createKey(hub)
  await hub.api.del(`/v1/keys/${key.id}`)
  const items = await entries(hub, '?category=keys')
  await receiver.waitFor(1).catch(async (error) => {
    const { text } = await hub.api.get(`/v1/events/${items[0].id}`)
    throw new Error(`${error.message}: ${text}`)
  })
  assert.equal(receiver.events.length, 1)
  assert.match(receiver.events[0].bytes.toString(), /was revoked by/)
  assert.equal(items[0].action, 'revoked')
})

test('a refused change is not of the log', async (t) => {
  const hub = await startHub(t)
  const key = await createKey(hub)
  const refused = await api(hub, key.key).post('/v1/keys',
    { name: 'x', role: 'admin' })
  assert.equal(refused.status, 403)
  const bad = await hub.api.post('/v1/keys', { name: '', role: 'admin' })
  assert.equal(bad.status, 400)
  const none = await hub.api.del('/v1/keys/gk_000000000000')
  assert.equal(none.status, 404)
  assert.equal((await log(hub)).count, 1)
})

test('the log is asked by time, category, who, and in pages', async (t) => {
  const hub = await startHub(t)
  const admin = await createKey(hub, { name: 'second', role: 'admin' })
  await createKey(hub)
  const mark = (await entries(hub))[0].at
  await api(hub, admin.key).post('/v1/event-types', { name: 'com.example.x' })
  assert.equal((await log(hub)).count, 3)
  assert.equal((await log(hub, '?category=keys')).count, 2)
  assert.equal((await log(hub, '?who=second')).count, 1)
  assert.equal((await log(hub, `?who=${admin.id}`)).count, 1)
  assert.equal((await log(hub, '?who=nobody')).count, 0)
  assert.equal((await log(hub, `?to=${mark}`)).count, 1)
  assert.equal((await log(hub, `?from=${mark}`)).count, 2)
  const first = await log(hub, '?limit=2')
  const rest = await log(hub, `?limit=2&cursor=${first.next}`)
  assert.equal(first.count, 2)
  assert.equal(rest.count, 1)
  assert.equal(rest.next, null)
  for (const query of ['?from=yesterday', '?limit=0', '?limit=501',
    '?cursor=x', `?category=${'x'.repeat(257)}`, '?who=a&who=b']) {
    const { status, body } = await hub.api.get(`/v1/audit-log${query}`)
    assert.equal(status, 400, query)
    assert.equal(body.errorDetails[0].issues[0].source, 'query.parameter')
  }
  const viewer = await createKey(hub, { role: 'viewer' })
  const { status } = await api(hub, viewer.key).get('/v1/audit-log')
  assert.equal(status, 403)
})

test('a change and its entry survive a crash together', async (t) => {
  const data = tempDir(t)
  const hub = await startHub(t, { data })
  const key = await createKey(hub)
  await hub.kill9()
  await hub.start()
  assert.equal((await entries(hub))[0].resource.id, key.id)
})

test('a key with an end is told of once, and refused from then on',
  async (t) => {
    const hub = await startHub(t)
    const receiver = await startReceiver(t, verifying())
    const { id } = await createWebhook(hub, receiver.url)
    await untilStatus(hub, id, 'ACTIVE')
    await subscribe(hub, id, EXPIRING)
    await createKey(hub, { name: 'far', expiresAt: inDays(40) })
    const expiresAt = inDays(20)
    const near = await createKey(hub, { name: 'near', expiresAt })
    assert.equal(Date.parse(near.expiresAt), Date.parse(expiresAt))
    const [row] = await waitForEvents(receiver, 1)
    const { type, data } = bodyOf(row)
    assert.equal(type, EXPIRING)
    assert.equal(data.key, near.id)
    assert.equal(data.username, 'near')
    assert.equal(data.subscriptionendinsecs,
      Math.floor(Date.parse(expiresAt) / 1000))
    const [year, month, day] = expiresAt.slice(0, 10).split('-')
    assert.equal(data.expirydate, `${month}/${day}/${year}`)
    assert.deepEqual(data.devices, [])
    await hub.stop()
    await hub.start()
    const soon = await createKey(hub, {
      name: 'soon', role: 'viewer',
      expiresAt: new Date(Date.now() + 1500).toISOString()
    })
    await waitForEvents(receiver, 2)
    const mine = api(hub, soon.key)
    const refused = await waitUntil(async () => {
      const answer = await mine.get('/v1/events')
      return answer.status === 401 && answer
    }, 'the key ends')
    assert.match(refused.body.message,
      new RegExp(`The API key ${soon.id} expired at 20`))
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: soon.id,
      client_secret: soon.key
    })
    const token = await request('POST', `${hub.url}/as/token.oauth2`, {
      body: form.toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded' }
    })
    assert.equal(token.status, 401, token.text)
    assert.match(token.body.error_description, /expired/)
    assert.equal(eventsOf(receiver).length, 2)
  })

test('an end in the past or of another kind is refused', async (t) => {
  const hub = await startHub(t)
  for (const expiresAt of [inDays(-1), 'tomorrow', 5, {}, '']) {
    const { status, body } = await hub.api.post('/v1/keys',
      { name: 'x', role: 'viewer', expiresAt })
    assert.equal(status, 400, JSON.stringify(expiresAt))
    assert.equal(body.errorDetails[0].issues[0].subject, 'expiresAt')
  }
  const free = await createKey(hub, { expiresAt: null })
  assert.equal(free.expiresAt, null)
})

test('grapnel audit, and keys with an end, on the command line', async (t) => {
  const hub = await startHub(t)
  const env = { GRAPNEL_URL: hub.url, GRAPNEL_TOKEN: ADMIN_TOKEN }
  const made = await run(['key', 'create', '--role', 'viewer', '--name',
    'cli', '--expires', '90d', '--json'], { env })
  assert.equal(made.code, 0, made.stderr)
  const { expiresAt } = JSON.parse(made.stdout)
  assert.ok(Math.abs(Date.parse(expiresAt) - Date.now() - 90 * DAY) < 60_000)
  const keys = await run(['key', 'list'], { env })
  assert.match(keys.stdout, /EXPIRES/)
  const shown = await run(['audit', 'list', '--category', 'keys'], { env })
  assert.equal(shown.code, 0, shown.stderr)
  assert.match(shown.stdout, /keys +created +gk_\w+ +cli /)
  const json = await run(['audit', 'list', '--json', '--who', 'gk_admin'],
    { env })
  assert.equal(JSON.parse(json.stdout).count, 1)
  const bad = await run(['audit', 'list', '--from', 'x'], { env })
  assert.notEqual(bad.code, 0)
  assert.match(bad.stderr, /from/)
})

test('what belongs to scenarios is of the log, without its secrets',
  async (t) => {
    const hub = await startHub(t)
    const flow = [{ id: 1, module: 'gateway:CustomWebHook', mapper: {} }]
    const scenario = await hub.api.post('/v1/scenarios',
      { blueprint: { name: 'answers', flow } })
    assert.equal(scenario.status, 201, scenario.text)
    const hook = await hub.api.post('/v1/hooks',
      { name: 'in', scenarioId: scenario.body.id, apiKeys: ['open-sesame'] })
    assert.equal(hook.status, 201, hook.text)
    const connection = await hub.api.post('/v1/connections', {
      name: 'team', type: 'slack', members: { token: 'xoxb-secret' }
    })
    assert.equal(connection.status, 201, connection.text)
    await hub.api.patch(`/v1/scenarios/${scenario.body.id}`,
      { isEnabled: true })
    await hub.api.del(`/v1/connections/${connection.body.id}`)
    const items = (await entries(hub)).reverse()
    assert.deepEqual(items.map((each) => `${each.category} ${each.action}`), [
      'scenarios created', 'hooks created', 'connections created',
      'scenarios updated', 'connections deleted'
    ])
    assert.equal(items[1].resource.name, 'in')
    assert.equal(items[3].before.isEnabled, false)
    assert.equal(items[3].after.isEnabled, true)
    const { text } = await hub.api.get('/v1/audit-log')
    for (const secret of ['open-sesame', 'xoxb-secret', hook.body.token]) {
      assert.ok(!text.includes(secret), secret)
    }
  })
