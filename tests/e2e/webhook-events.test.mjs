// What the hub tells of its webhooks: events, the log, who is notified.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { ADMIN_TOKEN, LAB, run, startHub, waitUntil } from './harness.mjs'
import {
  WEBHOOKS, createWebhook, getWebhook, patchWebhook, publishMany,
  publishServer, untilStatus
} from './native.mjs'
import { always, answering, faq, startReceiver } from './receiver.mjs'

const NEVER = { retry: { schedule: 'none' } }
const NEWS = "startswith(type, 'grapnel.webhook.')"

const log = async (hub, id, query = '') => {
  const { status, body, text } =
    await hub.api.get(`${WEBHOOKS}/${id}/log${query}`)
  assert.equal(status, 200, text)
  return body
}
const kinds = ({ items }) =>
  items.map(({ type }) => type.replace('grapnel.webhook.', ''))

/** Waits until the log's newest entry is of this kind and returns it. */
const untilLogged = (hub, id, kind) => waitUntil(async () => {
  const page = await log(hub, id)
  return kinds(page)[0] === kind && page.items[0]
}, `${kind} is logged`)

test('every change of state is in the log: who, why, from and to',
  async (t) => {
    const hub = await startHub(t)
    const receiver = await startReceiver(t, answering(always(500)))
    const { id } = await createWebhook(hub, receiver.url,
      { handshake: 'com', ...NEVER })
    await publishMany(hub, 10)
    await untilStatus(hub, id, 'ERROR')
    await patchWebhook(hub, id, { name: 'other', rate: 60 })
    receiver.handler = always(404)
    await patchWebhook(hub, id, { state: 'ENABLED' })
    await untilLogged(hub, id, 'handshake.failed')
    await patchWebhook(hub, id, { state: 'DISABLED' })
    const { items } = await log(hub, id)
    assert.deepEqual(kinds({ items }).filter((k) => k !== 'delivery.dead'), [
      'disabled', 'handshake.failed', 'enabled', 'updated', 'disabled',
      'warning', 'handshake.succeeded', 'created'
    ])
    const [off, failed, , updated, error, warning, , created] =
      items.filter(({ type }) => !type.endsWith('.dead'))
    assert.deepEqual(created.from, null)
    assert.deepEqual(created.to, { state: 'ENABLED', status: 'PENDING' })
    assert.equal(created.by.kind, 'key')
    assert.ok(created.by.id.length > 0)
    assert.deepEqual(warning.by, { kind: 'health' })
    assert.equal(warning.detail, 'The endpoint answered with status 500.')
    assert.deepEqual(error.from, { state: 'ENABLED', status: 'WARNING' })
    assert.deepEqual(error.to, { state: 'DISABLED', status: 'ERROR' })
    assert.match(error.reason, /repeated delivery failures/)
    assert.deepEqual(updated.changed, ['name', 'rate'])
    assert.deepEqual(failed.by, { kind: 'handshake' })
    assert.match(failed.detail, /status 404/)
    assert.equal(off.reason, 'User disabled the webhook.')
    for (const entry of items) {
      assert.ok(!Number.isNaN(Date.parse(entry.at)))
      assert.equal(entry.webhookId, undefined)
    }
    // It can be read when the webhook is gone, and says who removed it.
    assert.equal((await hub.api.del(`${WEBHOOKS}/${id}`)).status, 204)
    const [gone] = (await log(hub, id)).items
    assert.equal(gone.type, 'grapnel.webhook.deleted')
    assert.equal(gone.to, null)
    assert.equal((await hub.api.get(
      `${WEBHOOKS}/00000000-0000-4000-8000-000000000000/log`)).status, 404)
  })

test('the log is paged, by the API and by the command', async (t) => {
  const hub = await startHub(t)
  const receiver = await startReceiver(t)
  const { id } = await createWebhook(hub, receiver.url)
  for (let i = 0; i < 6; i++) await patchWebhook(hub, id, { name: `n${i}` })
  let cursor = null
  const seen = []
  do {
    const page = await log(hub, id,
      `?limit=3${cursor ? `&cursor=${cursor}` : ''}`)
    seen.push(...page.items)
    cursor = page.next
  } while (cursor)
  assert.equal(seen.length, 7)
  assert.equal(new Set(seen.map(({ eventId }) => eventId)).size, 7)
  const { code, stdout } = await run(['webhook', 'log', id, '--url', hub.url,
    '--limit', '7'], { env: { GRAPNEL_TOKEN: ADMIN_TOKEN } })
  assert.equal(code, 0)
  assert.equal(stdout.trim().split('\n').length, 8)
  assert.match(stdout, /created +ENABLED\/ACTIVE +key gk_/)
})

test('one can subscribe to what becomes of webhooks', async (t) => {
  const hub = await startHub(t)
  const watcher = await startReceiver(t)
  await createWebhook(hub, watcher.url,
    { filter: NEWS, payload: 'cloudevent-binary' })
  const receiver = await startReceiver(t, answering(always(500)))
  const { id } = await createWebhook(hub, receiver.url, NEVER)
  await publishMany(hub, 10)
  const heard = () => watcher.events.filter(({ headers }) =>
    headers['ce-subject'] === id).map(({ headers }) =>
    headers['ce-type'].replace('grapnel.webhook.', ''))
  await waitUntil(() => heard().includes('disabled'), 'disabled is told')
  await waitUntil(() => heard().includes('delivery.dead'), 'dead is told')
  assert.deepEqual(heard().sort(),
    ['created', 'delivery.dead', 'disabled', 'warning'])
  const source = watcher.events.map(({ headers }) => headers['ce-source'])
  assert.ok(source.every((it) => it === '/grapnel/webhooks'))
  const forged = await hub.api.post('/v1/events', {
    specversion: '1.0',
    id: '1',
    source: '/grapnel/webhooks',
    type: 'grapnel.webhook.disabled',
    subject: id
  }, { headers: { 'content-type': 'application/cloudevents+json' } })
  assert.equal(forged.status, 400, forged.text)
})

test('the owner is told before and at the disabling, whatever his filter',
  async (t) => {
    const hub = await startHub(t)
    const pager = await startReceiver(t)
    const owner = await createWebhook(hub, pager.url,
      { filter: "type eq 'nothing'", payload: 'cloudevent' })
    const receiver = await startReceiver(t, answering(always(500)))
    const { id, notify } = await createWebhook(hub, receiver.url,
      { ...NEVER, notify: owner.id })
    assert.equal(notify, owner.id)
    await publishMany(hub, 10)
    await untilStatus(hub, id, 'ERROR')
    // In whatever order they come.
    for (const what of ['warning', 'disabled']) {
      await waitUntil(() => pager.bodies.some(({ type }) =>
        type === `grapnel.webhook.${what}`), `the ${what} is told`)
    }
    const types = pager.bodies.map(({ type }) => type)
    assert.ok(!types.includes('grapnel.webhook.created'))
    const { data, subject } = pager.bodies.find(({ type }) =>
      type === 'grapnel.webhook.disabled')
    assert.equal(subject, id)
    assert.equal(data.to.status, 'ERROR')
    for (const wrong of [id, '00000000-0000-4000-8000-000000000000', 'x']) {
      const { status } =
        await hub.api.patch(`${WEBHOOKS}/${id}`, { notify: wrong })
      assert.equal(status, 400, wrong)
    }
    assert.equal((await patchWebhook(hub, id, { notify: null })).notify, null)
  })

test('webhooks that get each other\'s news and fail do not go on for ever',
  async (t) => {
    const hub = await startHub(t, {
      args: [...LAB, '--retry-schedule', '1s,1s']
    })
    const failing = await startReceiver(t, answering(always(500)))
    const all = []
    for (let i = 0; i < 3; i++) {
      all.push(await createWebhook(hub, failing.url,
        { filter: `${NEWS} or type eq 'compute-ops/server'` }))
    }
    await publishMany(hub, 10)
    for (const { id } of all) await untilStatus(hub, id, 'ERROR')
    await waitUntil(async () => {
      const { body } = await hub.api.get('/v1/deliveries?state=WAITING')
      return body.count === 0 && body.next === null
    }, 'nothing waits any more')
    const { body } = await hub.api.get('/v1/events?limit=500')
    const news = body.items.filter(({ type }) =>
      type.startsWith('grapnel.webhook.'))
    assert.ok(news.length < 30, `${news.length} events of their own`)
    // What is given up of such events is not told.
    assert.equal(news.filter(({ type }) => type.endsWith('dead')).length <= 3,
      true)
  })

test('410 stops and disables a webhook of the hub\'s own, with a reason',
  async (t) => {
    const hub = await startHub(t)
    const receiver = await startReceiver(t, answering(always(410)))
    const { id } = await createWebhook(hub, receiver.url)
    await publishServer(hub, 'a')
    const { state, statusReason } = await untilStatus(hub, id, 'ERROR')
    assert.equal(state, 'DISABLED')
    assert.equal(statusReason,
      'The endpoint says that it is gone for good (410).')
    const dead = await waitUntil(async () => {
      const { body } = await hub.api.get(
        `/v1/deliveries?webhook=${id}&state=DEAD`)
      return body.items[0]
    }, 'the delivery is dead')
    assert.match(dead.reason, /gone \(410\)/)
    assert.equal(receiver.events.length, 1)
  })

test('for COM a 410 is a failure like others', async (t) => {
  const hub = await startHub(t, { args: [...LAB, '--retry-schedule', 'none'] })
  const receiver = await startReceiver(t, answering(always(410)))
  const COM = '/compute-ops-mgmt/v1beta1/webhooks'
  const { body: { id } } = await hub.api.post(COM, {
    name: 'com',
    destination: receiver.url,
    state: 'ENABLED',
    eventFilter: "type eq 'compute-ops/server'",
    headers: {}
  })
  await untilStatus(hub, id, 'ACTIVE')
  await publishMany(hub, 5)
  await untilStatus(hub, id, 'WARNING')
  assert.equal((await getWebhook(hub, id)).state, 'ENABLED')
})

test('a redirect is not followed, and its target is named', async (t) => {
  const hub = await startHub(t)
  const target = await startReceiver(t)
  const receiver = await startReceiver(t, answering((request, response) =>
    always(307, { location: target.url })(request, response)))
  const { id } = await createWebhook(hub, receiver.url, NEVER)
  await publishServer(hub, 'a')
  const dead = await waitUntil(async () => {
    const { body } = await hub.api.get(
      `/v1/deliveries?webhook=${id}&state=DEAD`)
    return body.items[0]
  }, 'the delivery is dead')
  const words = `The endpoint redirects to ${target.url} (status 307); ` +
    'redirects are not followed.'
  assert.ok(dead.reason.endsWith(words), dead.reason)
  const { body } = await hub.api.get(`/v1/deliveries/${dead.id}`)
  assert.equal(body.attemptList[0].error, words)
  assert.equal(target.requests.length, 0)
})

test('Retry-After may be a date', async (t) => {
  let asked = 0
  const hub = await startHub(t)
  const receiver = await startReceiver(t, answering((request, response) =>
    asked++ === 0
      ? always(503, {
        'retry-after': new Date(Date.now() + 3500).toUTCString()
      })(request, response)
      : always(204)(request, response)))
  await createWebhook(hub, receiver.url, { retry: { schedule: '1s' } })
  await publishServer(hub, 'a')
  const [first, second] = await receiver.waitFor(2)
  assert.ok(second.time - first.time >= 2000,
    `the pause was ${second.time - first.time} ms`)
})

test('a webhook\'s own schedule counts in place of the hub\'s', async (t) => {
  const hub = await startHub(t, { args: [...LAB, '--retry-schedule', '1h'] })
  const receiver = await startReceiver(t, answering(always(500)))
  const { id } = await createWebhook(hub, receiver.url,
    { retry: { schedule: '1s,1s' } })
  await publishServer(hub, 'a')
  await receiver.waitFor(3)
  const dead = await waitUntil(async () => {
    const { body } = await hub.api.get(
      `/v1/deliveries?webhook=${id}&state=DEAD`)
    return body.items[0]
  }, 'it is given up after the second retry')
  assert.equal(dead.attempts, 3)
  assert.match(dead.reason, /all retries were used up/)
})

test('a gap is told when the webhook sends again', async (t) => {
  const hub = await startHub(t)
  const receiver = await startReceiver(t, faq)
  const { id } = await createWebhook(hub, receiver.url)
  await patchWebhook(hub, id, { state: 'DISABLED' })
  await publishMany(hub, 3, 'missed')
  await hub.restart()
  await patchWebhook(hub, id, { state: 'ENABLED' })
  const { items } = await log(hub, id)
  assert.deepEqual(kinds({ items }).slice(0, 2), ['gap', 'enabled'])
  const [{ skipped, more, from, to, replayUri }] = items
  assert.equal(skipped, 3)
  assert.equal(more, false)
  assert.ok(Date.parse(from) < Date.parse(to))
  assert.equal(replayUri, `${WEBHOOKS}/${id}/replay`)
  // Told once: nothing is skipped from here on.
  await patchWebhook(hub, id, { state: 'DISABLED' })
  await patchWebhook(hub, id, { state: 'ENABLED' })
  assert.equal(kinds(await log(hub, id))[0], 'enabled')
})
