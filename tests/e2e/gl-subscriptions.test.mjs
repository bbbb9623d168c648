// Subscriptions of GreenLake's webhooks: what their clients do with them, what
// they bring, and what bad input gets.

import assert from 'node:assert/strict'
import test from 'node:test'

import { LAB, request, run, startHub, waitUntil } from './harness.mjs'
import {
  GL, SUBSCRIPTIONS, TYPE, activeWebhook, createWebhook, event, eventsOf,
  publishEvent, subscribe, untilStatus, verifying, waitForEvents, wanting
} from './gl.mjs'
import { publish } from './com.mjs'
import { createWebhook as createNative } from './native.mjs'
import { startReceiver } from './receiver.mjs'

const UNKNOWN = '00000000-0000-4000-8000-000000000000'
const AUDIT = 'com.hpe.greenlake.audit-log.v1.logs.created'
const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

const listed = async (hub, id, query = '') => {
  const filter = encodeURIComponent(`webhookId eq '${id}'`)
  const { status, body, text } =
    await hub.api.get(`${SUBSCRIPTIONS}?filter=${filter}${query}`)
  assert.equal(status, 200, text)
  return body
}

/** A webhook without a challenge, at an endpoint that takes everything. */
const quick = async (t, hub, changes) => {
  const receiver = await startReceiver(t, verifying())
  const { id } = await createWebhook(hub, receiver.url, {
    challengeRequestEnabled: false, ...changes
  })
  return { id, receiver }
}

const idsOf = (receiver) => eventsOf(receiver)
  .map(({ bytes }) => JSON.parse(bytes.toString()).id)

test('register, challenge, subscribe, and a row for each event', async (t) => {
  const hub = await startHub(t)
  const receiver = await startReceiver(t, verifying())
  const { id } = await createWebhook(hub, receiver.url)
  await untilStatus(hub, id, 'ACTIVE')
  const { status, body, headers, text } = await hub.api.post(SUBSCRIPTIONS, [
    wanting(id, AUDIT, { eventFilter: "category eq 'user_management'" })
  ])
  assert.equal(status, 201, text)
  assert.ok(Array.isArray(body) && body.length === 1)
  const [one] = body
  assert.equal(headers.location, one.resourceUri)
  assert.equal(one.type, 'events/subscription')
  assert.equal(one.apiGroup, 'Audit Log')
  assert.equal(one.friendlyName, 'Audit log created')
  assert.equal(one.eventType, AUDIT)
  assert.equal(one.eventFilter, "category eq 'user_management'")
  assert.equal(one.webhook.resourceUri, `${GL}/${id}`)
  assert.equal(one.generation, 1)
  assert.match(one.hpePrincipal, /^user:./)
  for (const member of ['id', 'serviceManager', 'createdBy', 'createdAt',
    'updatedBy', 'updatedAt', 'description']) {
    assert.ok(one[member], member)
  }
  assert.deepEqual((await hub.api.get(one.resourceUri)).body, one)
  const said = (category) => ({ type: AUDIT, data: { category } })
  await publishEvent(hub, event('other', said('devices')))
  await publishEvent(hub, event('mine', said('user_management')))
  await waitForEvents(receiver, 1)
  assert.deepEqual(idsOf(receiver), ['mine'])
})

test('the filter is about data alone, and types may be a prefix', async (t) => {
  const hub = await startHub(t)
  const { id, receiver } = await quick(t, hub)
  await subscribe(hub, id, 'com.example.*', {
    eventFilter: "type eq 'order' and source eq null and total ge 10"
  })
  const order = (name, type, data) =>
    publishEvent(hub, event(name, { type, data }))
  await order('low', 'com.example.orders', { type: 'order', total: 9 })
  await order('type', 'com.example.orders', { type: 'x', total: 10 })
  await order('far', 'com.example2.orders', { type: 'order', total: 10 })
  await order('good', 'com.example.v2.orders', { type: 'order', total: 10 })
  await waitForEvents(receiver, 1)
  assert.deepEqual(idsOf(receiver), ['good'])
})

test('an event that several subscriptions want comes once', async (t) => {
  const hub = await startHub(t)
  const { id, receiver } = await quick(t, hub)
  for (const type of [TYPE, 'com.hpe.*', '*']) await subscribe(hub, id, type)
  const { status, body } = await hub.api.post('/v1/events', event('one'), {
    headers: { 'content-type': 'application/cloudevents+json' }
  })
  assert.equal(status, 202)
  assert.equal(body.matched, 1)
  await publishEvent(hub, event('two'))
  // What wants everything gets the audit log, too: that it was subscribed.
  await waitForEvents(receiver, 3)
  const mine = idsOf(receiver).filter((each) => each.length === 3)
  assert.deepEqual(mine.sort(), ['one', 'two'])
  const why = await hub.api.get(`/v1/events/one/explain?webhook=${id}`)
  assert.equal(why.status, 200, why.text)
  const [{ matches, subscriptions }] = why.body.webhooks
  assert.equal(matches, true)
  assert.deepEqual(subscriptions.map((each) => each.matches),
    [true, true, true])
  const reached = await hub.api.post('/v1/events/match',
    { event: { type: 'com.hpe.x', new: {} } })
  const [webhook] = reached.body.webhooks
  assert.deepEqual(webhook.subscriptions,
    subscriptions.slice(1).map((each) => each.id))
})

test('resources reach subscriptions to their type with their state',
  async (t) => {
    const hub = await startHub(t)
    const { id, receiver } = await quick(t, hub)
    await subscribe(hub, id, 'compute-ops-mgmt/server',
      { eventFilter: "hardware/powerState eq 'OFF'" })
    const state = (powerState) => ({ id: 's', hardware: { powerState } })
    await publish(hub, 'compute-ops/server', 's', state('ON'))
    await publish(hub, 'compute-ops/server', 's', state('OFF'))
    const [{ bytes }] = await waitForEvents(receiver, 1)
    assert.equal(JSON.parse(bytes.toString()).data.new.hardware.powerState,
      'OFF')
  })

test('a subscription is changed, moved, listed and taken away', async (t) => {
  const hub = await startHub(t)
  const first = await quick(t, hub)
  const second = await quick(t, hub, { name: 'second' })
  const one = await subscribe(hub, first.id, TYPE)
  const two = await subscribe(hub, first.id, 'other')
  const page = await listed(hub, first.id, '&limit=100&offset=0')
  assert.deepEqual(page.items.map((each) => each.id), [two.id, one.id])
  assert.deepEqual([page.count, page.offset, page.total], [2, 0, 2])
  assert.equal((await listed(hub, first.id, '&limit=1&offset=1')).items[0].id,
    one.id)
  const changed = await hub.api.patch(SUBSCRIPTIONS, [{
    ...wanting(second.id, TYPE, { eventFilter: 'n eq 1' }),
    subscriptionId: one.id
  }])
  assert.equal(changed.status, 200, changed.text)
  assert.equal(changed.body[0].generation, 2)
  assert.equal(changed.body[0].webhook.resourceUri, `${GL}/${second.id}`)
  await publishEvent(hub, event('no', { data: { n: 2 } }))
  await publishEvent(hub, event('yes', { data: { n: 1 } }))
  await waitForEvents(second.receiver, 1)
  assert.deepEqual(idsOf(second.receiver), ['yes'])
  assert.deepEqual(idsOf(first.receiver), [])
  const gone = await hub.api.del(`${SUBSCRIPTIONS}?id=${one.id}&id=${two.id}`)
  assert.equal(gone.status, 204, gone.text)
  assert.equal((await listed(hub, first.id)).total, 0)
  assert.equal((await listed(hub, second.id)).total, 0)
})

test('subscriptions are there again after a kill, and go with their webhook',
  async (t) => {
    const hub = await startHub(t)
    const { id, receiver } = await quick(t, hub)
    const one = await subscribe(hub, id, TYPE)
    await hub.kill9()
    await hub.start()
    assert.equal((await listed(hub, id)).items[0].id, one.id)
    await publishEvent(hub, event('e'))
    await waitForEvents(receiver, 1)
    assert.equal((await hub.api.del(`${GL}/${id}`)).status, 400)
    assert.equal((await hub.api.del(`${GL}/${id}?force=true`)).status, 204)
    assert.equal((await hub.api.get(one.resourceUri)).status, 404)
  })

test('a webhook has five subscriptions, or as many as is set', async (t) => {
  const hub = await startHub(t)
  const { id } = await quick(t, hub)
  const five = Array.from({ length: 5 }, (_, i) => wanting(id, `t.${i}`))
  assert.equal((await hub.api.post(SUBSCRIPTIONS, five)).status, 201)
  const sixth = await hub.api.post(SUBSCRIPTIONS, [wanting(id, 't.6')])
  assert.equal(sixth.status, 403, sixth.text)
  assert.equal(sixth.body.errorCode,
    'HPE_GL_UNIFIED_EVENTS_REGISTRATION_FORBIDDEN')
  assert.match(sixth.body.message, /at most 5/)
  await hub.stop()
  hub.args = [...LAB, '--subscriptions-max', '6']
  await hub.start()
  assert.equal(
    (await hub.api.post(SUBSCRIPTIONS, [wanting(id, 't.6')])).status, 201)
})

test('bad input gets the status, the code and the place of GreenLake',
  async (t) => {
    const hub = await startHub(t)
    const { id } = await quick(t, hub)
    const native = await createNative(hub, 'http://127.0.0.1:9/')
    const one = await subscribe(hub, id, TYPE)
    const BODY = [422, 'HPE_GL_EVENTS_INVALID_REQUEST_BODY']
    const BAD = [400, 'HPE_GL_ERROR_BAD_REQUEST']
    const post = (body) => ['POST', SUBSCRIPTIONS, body]
    const patch = (body) => ['PATCH', SUBSCRIPTIONS, body]
    const get = (query) => ['GET', SUBSCRIPTIONS + query]
    const del = (query) => ['DELETE', SUBSCRIPTIONS + query]
    const good = wanting(id)
    const filter = (text) => `?filter=${encodeURIComponent(text)}`
    const rows = [
      [post('[{'), BAD, /JSON/],
      [post([]), BODY, /1 to 100/],
      [post('"x"'), BODY, /expected an object/],
      [post([5]), BODY, /\[0\]: expected an object/],
      [post([{}]), BODY, /\[0\]\.eventType: is missing.*\[0\]\.webhook/],
      [post([good, { ...good, colour: 1 }]), BODY, /\[1\].*"colour"/],
      [post([{ ...good, id: one.id }]), BODY, /no member "id"/],
      [post([wanting(id, '')]), BODY, /eventType/],
      [post([wanting(id, 'a b')]), BODY, /blank/],
      [post([wanting(id, 'a*')]), BODY, /'\*'/],
      [post([wanting(id, 7)]), BODY, /expected a string/],
      [post([{ ...good, webhook: id }]), BODY, /webhook: expected an object/],
      [post([{ ...good, webhook: {} }]), BODY, /webhook\.resourceUri/],
      [post([{ ...good, webhook: { resourceUri: 'x' } }]), BODY,
        /webhook\.resourceUri/],
      [post([wanting(UNKNOWN)]), BODY, /no such webhook/],
      [post([wanting(native.id)]), BODY, /filter of its own/],
      [post([good, { ...good, eventFilter: 'salary gte 50000' }]), BAD,
        /\[1\]\.eventFilter: column 8: found 'gte'/],
      [post([{ ...good, eventFilter: 5 }]), BODY, /eventFilter/],
      [patch([{ ...good }]), BODY, /subscriptionId: is missing/],
      [patch([{ ...good, subscriptionId: 'x' }]), BODY, /UUID/],
      [patch([{ ...good, subscriptionId: UNKNOWN }]),
        [404, 'HPE_GL_ERROR_NOT_FOUND'], /no such subscription/],
      [patch([{ ...good, subscriptionId: one.id },
        { ...good, subscriptionId: one.id }]), BODY, /twice/],
      [get(''), BAD, /filter/],
      [get(filter('webhookId eq')), BAD, /column/],
      [get(filter("name eq 'x'")), BODY, /only webhookId/],
      [get(filter(`webhookId ne '${id}'`)), BODY, /only webhookId/],
      [get(filter(`webhookId eq '${id}'`) + '&limit=-1'), BAD, /limit/],
      [get(filter(`webhookId eq '${id}'`) + '&offset=x'), BAD, /offset/],
      [del(''), BAD, /id is missing/],
      [del('?id=x'), BAD, /UUID/],
      [del(`?id=${one.id}&id=${UNKNOWN}`), [404, 'HPE_GL_ERROR_NOT_FOUND'],
        /not found/],
      [['PUT', SUBSCRIPTIONS, {}], [405, 'HPE_GL_ERROR_METHOD_NOT_ALLOWED'],
        /./]
    ]
    for (const [[method, path, body], [status, code], says] of rows) {
      const answer = await request(method, hub.url + path, {
        token: 'e2e-admin-token-0123456789abcdef',
        body,
        headers: body === undefined
          ? {}
          : { 'content-type': 'application/json' }
      })
      const what = `${method} ${path} ${JSON.stringify(body)}`
      assert.equal(answer.status, status, `${what}: ${answer.text}`)
      assert.deepEqual(Object.keys(answer.body).sort(),
        ['debugId', 'errorCode', 'httpStatusCode', 'message'])
      assert.equal(answer.body.httpStatusCode, status)
      assert.equal(answer.body.errorCode, code, what)
      assert.match(answer.body.message, says, what)
    }
    assert.equal((await listed(hub, id)).total, 1)
  })

test('what would be too large is refused when it is published', async (t) => {
  const hub = await startHub(t)
  const { id, receiver } = await quick(t, hub)
  await subscribe(hub, id, TYPE)
  const large = event('large', { data: { text: 'x'.repeat(66_000) } })
  const type = { headers: { 'content-type': 'application/cloudevents+json' } }
  const refused = await hub.api.post('/v1/events', large, type)
  assert.equal(refused.status, 413, refused.text)
  assert.match(refused.body.message,
    /CloudEvent.*"License Notification".*at most 65536; nothing was stored/)
  assert.equal((await hub.api.get('/v1/events/large')).status, 404)
  const both = await hub.api.post('/v1/events', [large, event('small')], {
    headers: { 'content-type': 'application/cloudevents-batch+json' }
  })
  assert.equal(both.status, 202, both.text)
  assert.equal(both.body.items[0].status, 413)
  await waitForEvents(receiver, 1)
  assert.deepEqual(idsOf(receiver), ['small'])
  // Whom GreenLake's limit does not concern gets it.
  const other = await hub.api.post('/v1/events',
    { ...large, type: 'com.example.large' }, type)
  assert.equal(other.status, 202, other.text)
})

test('a trace goes on from the publisher to the endpoint', async (t) => {
  const hub = await startHub(t)
  const { id, receiver } = await quick(t, hub)
  await subscribe(hub, id, TYPE)
  const send = (body, headers = {}) => hub.api.post('/v1/events', body, {
    headers: { 'content-type': 'application/cloudevents+json', ...headers }
  })
  await send(event('request'), { traceparent: TRACE, tracestate: 'a=b' })
  await send(event('extension', { traceparent: TRACE, tracestate: 'c=d' }))
  await send(event('broken', { traceparent: 'x' }))
  const all = await waitForEvents(receiver, 3)
  const by = Object.fromEntries(all.map((each) =>
    [JSON.parse(each.bytes.toString()).id, each]))
  assert.equal(by.request.headers.traceparent, TRACE)
  assert.equal(by.request.headers.tracestate, 'a=b')
  assert.equal(JSON.parse(by.request.bytes.toString()).traceparent, TRACE)
  assert.equal(by.extension.headers.tracestate, 'c=d')
  assert.equal(by.broken.headers.traceparent, undefined)
})

test('the same source and id is another event once the window is over',
  async (t) => {
    const hub = await startHub(t, { args: [...LAB, '--dedupe-window', '1s'] })
    const send = () => hub.api.post('/v1/events', event('again'), {
      headers: { 'content-type': 'application/cloudevents+json' }
    })
    assert.equal((await send()).status, 202)
    const second = await send()
    assert.equal(second.status, 200, second.text)
    assert.equal(second.body.duplicate, true)
    await waitUntil(async () => (await send()).status === 202)
  })

test('the hub\'s own interface and the commands do the same', async (t) => {
  const hub = await startHub(t)
  const receiver = await startReceiver(t, verifying())
  const { id } = await activeWebhook(hub, receiver.url)
  const env = {
    GRAPNEL_URL: hub.url, GRAPNEL_TOKEN: 'e2e-admin-token-0123456789abcdef'
  }
  const cli = (...args) => run(['subscription', ...args], { env })
  const made = await cli('create', '--webhook', id, '--type', 'com.x.*',
    '--filter', 'n gt 1', '--json')
  assert.equal(made.code, 0, made.stderr)
  const one = JSON.parse(made.stdout)
  assert.equal(one.filter, "startswith(type,'com.x.') and $data/n gt 1")
  assert.equal(one.inCatalog, false)
  const list = await cli('list', '--webhook', id)
  assert.match(list.stdout, new RegExp(`${one.id}.*com\\.x\\.\\*.*n gt 1`))
  const patched = await hub.api.patch(one.resourceUri, { eventFilter: null })
  assert.equal(patched.status, 200, patched.text)
  assert.equal(patched.body.eventFilter, '')
  assert.equal(patched.body.eventType, 'com.x.*')
  const bad = await hub.api.patch(one.resourceUri, { eventFilter: 'n gt' })
  assert.equal(bad.status, 400)
  assert.match(bad.body.message, /column 5/)
  const wrong = await cli('create', '--webhook', UNKNOWN, '--type', 'a')
  assert.equal(wrong.code, 5)
  assert.equal((await cli('delete', one.id)).code, 0)
  assert.equal((await hub.api.get('/v1/subscriptions')).body.total, 1)
})

test('a subscription is checked, explained and tried before it is made',
  async (t) => {
    const hub = await startHub(t)
    const asked = { eventType: TYPE, eventFilter: 'n gt 1' }
    await publishEvent(hub, event('low', { data: { n: 1 } }))
    await publishEvent(hub, event('high', { data: { n: 2 } }))
    const check = await hub.api.post('/v1/filters/check', asked)
    assert.equal(check.body.canonical, `type eq '${TYPE}' and $data/n gt 1`)
    assert.deepEqual(check.body.types, [TYPE])
    const bad = await hub.api.post('/v1/filters/check',
      { ...asked, eventFilter: 'n gt' })
    assert.deepEqual([bad.body.valid, bad.body.column], [false, 5])
    const why = await hub.api.post('/v1/filters/explain',
      { ...asked, eventId: 'low' })
    assert.equal(why.body.matches, false)
    assert.deepEqual(why.body.because, ['$data/n gt 1'])
    const lately = await hub.api.post('/v1/filters/backtest', asked)
    assert.equal(lately.body.matched, 1)
    assert.equal(lately.body.samples[0].id, 'high')
    for (const body of [{ ...asked, filter: 'n gt 1' }, { eventFilter: 'a' },
      { eventType: 'a b' }]) {
      const { status } = await hub.api.post('/v1/filters/backtest', body)
      assert.equal(status, 400)
    }
  })
