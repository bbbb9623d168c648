// Sending again what a webhook missed.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { ADMIN_TOKEN, LAB, api, run, startHub, waitUntil } from './harness.mjs'
import {
  WEBHOOKS, createWebhook, patchWebhook, publishMany, publishServer,
  untilStatus
} from './native.mjs'
import { always, answering, faq, startReceiver } from './receiver.mjs'

const NEVER = { retry: { schedule: 'none' } }

async function replay (hub, id, body) {
  const answer = await hub.api.post(`${WEBHOOKS}/${id}/replay`, body)
  assert.equal(answer.status, body.preview ? 200 : 202, answer.text)
  return answer.body
}

const show = async (hub, id) => (await hub.api.get(`/v1/replays/${id}`)).body

const untilDone = (hub, { id }) => waitUntil(async () => {
  const job = await show(hub, id)
  return job.state !== 'RUNNING' && job.state !== 'PAUSED' && job
}, 'the replay has ended')

const count = async (hub, id, state) => {
  const { body } = await hub.api.get(
    `/v1/deliveries?webhook=${id}&state=${state}&limit=500`)
  return body.count
}

const untilCount = (hub, id, state, n) => waitUntil(async () =>
  await count(hub, id, state) === n, `${n} are ${state}`)

/** The names of the events that came, each once. */
const names = (receiver) =>
  [...new Set(receiver.events.map(({ headers }) => headers['webhook-id']))]

test('what was skipped while it was disabled is sent afterwards',
  async (t) => {
    const hub = await startHub(t)
    const receiver = await startReceiver(t)
    const { id } = await createWebhook(hub, receiver.url)
    await publishMany(hub, 2, 'seen')
    await receiver.waitFor(2)
    await patchWebhook(hub, id, { state: 'DISABLED' })
    await publishMany(hub, 150, 'missed')
    const early = await hub.api.post(`${WEBHOOKS}/${id}/replay`,
      { which: 'skipped' })
    assert.equal(early.status, 409, early.text)
    await patchWebhook(hub, id, { state: 'ENABLED' })
    const preview =
      await replay(hub, id, { which: 'skipped', preview: true })
    assert.deepEqual(preview,
      { count: 150, gone: 0, complete: true, keptFrom: null })
    const job = await replay(hub, id, { which: 'skipped' })
    assert.equal(job.total, 150)
    const { state, done, left, gone, passed, createdBy } =
      await untilDone(hub, job)
    assert.deepEqual({ state, done, left, gone, passed },
      { state: 'DONE', done: 150, left: 0, gone: 0, passed: 0 })
    assert.match(createdBy, /^gk_/)
    await receiver.waitFor(152)
    await untilCount(hub, id, 'SKIPPED', 0)
    assert.equal(receiver.events.length, 152)
    assert.equal(names(receiver).length, 152)
  })

test('what was given up is sent again, with its schedule anew',
  async (t) => {
    const hub = await startHub(t)
    const receiver = await startReceiver(t, answering(always(500)))
    const { id } = await createWebhook(hub, receiver.url, NEVER)
    await publishMany(hub, 4)
    await untilCount(hub, id, 'DEAD', 4)
    const before = names(receiver).sort()
    await patchWebhook(hub, id, { retry: { schedule: '1s' } })
    let asked = 0
    receiver.handler = answering((request, response) =>
      always(asked++ < 2 ? 500 : 204)(request, response))
    await untilDone(hub, await replay(hub, id, { which: 'failed' }))
    await untilCount(hub, id, 'DELIVERED', 4)
    assert.equal(await count(hub, id, 'DEAD'), 0)
    // The same deliveries: a receiver knows them by webhook-id.
    assert.deepEqual(names(receiver).sort(), before)
    assert.equal(receiver.events.length, 10)
  })

test('all sends again what was delivered, and what was never tried',
  async (t) => {
    const hub = await startHub(t)
    const receiver = await startReceiver(t)
    const began = new Date(Date.now() - 1000).toISOString()
    await publishServer(hub, 'before', 'OFF')
    await publishServer(hub, 'before too', 'ON')
    const { id } = await createWebhook(hub, receiver.url)
    await publishServer(hub, 'after', 'OFF')
    await untilCount(hub, id, 'DELIVERED', 1)
    const missing = await hub.api.post(`${WEBHOOKS}/${id}/replay`,
      { which: 'all' })
    assert.equal(missing.status, 400)
    assert.match(missing.text, /from/)
    const filter = "new/hardware/powerState eq 'OFF'"
    const preview = await replay(hub, id,
      { which: 'all', from: began, filter, preview: true })
    assert.equal(preview.count, 2)
    const { done } = await untilDone(hub, await replay(hub, id,
      { which: 'all', from: began, filter }))
    assert.equal(done, 2)
    await receiver.waitFor(3)
    await untilCount(hub, id, 'DELIVERED', 2)
    const again = await untilDone(hub, await replay(hub, id,
      { which: 'all', from: began }))
    assert.equal(again.done, 3)
    await receiver.waitFor(6)
    await untilCount(hub, id, 'DELIVERED', 3)
    const none = await hub.api.post(`${WEBHOOKS}/${id}/replay`,
      { which: 'all', from: began, to: began })
    assert.equal(none.status, 400)
  })

test('a time and a filter choose', async (t) => {
  const hub = await startHub(t)
  const receiver = await startReceiver(t)
  const { id } = await createWebhook(hub, receiver.url)
  await patchWebhook(hub, id, { state: 'DISABLED' })
  await publishServer(hub, 'one', 'ON')
  await publishServer(hub, 'two', 'OFF')
  const { body } = await hub.api.get('/v1/events?subject=two')
  const between = body.items[0].acceptedAt
  await publishServer(hub, 'three', 'OFF')
  await patchWebhook(hub, id, { state: 'ENABLED' })
  const counted = async (more) => (await replay(hub, id,
    { which: 'skipped', preview: true, ...more })).count
  assert.equal(await counted({}), 3)
  assert.equal(await counted({ from: between }), 2)
  assert.equal(await counted({ to: between }), 1)
  const off = "new/hardware/powerState eq 'OFF'"
  assert.equal(await counted({ filter: off }), 2)
  const job = await untilDone(hub, await replay(hub, id,
    { which: 'skipped', from: between, filter: off }))
  assert.equal(job.done, 2)
  await receiver.waitFor(2)
  assert.equal(await count(hub, id, 'SKIPPED'), 1)
})

test('a rate is kept, a job can be cancelled, and another one waits',
  async (t) => {
    const hub = await startHub(t)
    const receiver = await startReceiver(t)
    const { id } = await createWebhook(hub, receiver.url)
    await patchWebhook(hub, id, { state: 'DISABLED' })
    await publishMany(hub, 30)
    await patchWebhook(hub, id, { state: 'ENABLED' })
    const job = await replay(hub, id, { which: 'skipped', rate: 300 })
    const second = await hub.api.post(`${WEBHOOKS}/${id}/replay`,
      { which: 'skipped' })
    assert.equal(second.status, 409)
    await receiver.waitFor(7)
    const came = receiver.events.map(({ time }) => time)
    // Five a second, five at once: six need a second, less a margin.
    assert.ok(came[6] - came[0] >= 800, `${came[6] - came[0]} ms`)
    const cancelled = await hub.api.post(`/v1/replays/${job.id}/cancel`)
    assert.equal(cancelled.status, 200, cancelled.text)
    assert.equal(cancelled.body.state, 'CANCELLED')
    const { done, left } = cancelled.body
    assert.equal(done + left, 30)
    await waitUntil(() => receiver.events.length === done,
      'what had begun to wait is sent')
    assert.equal((await hub.api.del(`/v1/replays/${job.id}`)).status, 409)
    assert.equal(await count(hub, id, 'SKIPPED'), left)
    await untilDone(hub, await replay(hub, id, { which: 'skipped' }))
    await receiver.waitFor(30)
    await untilCount(hub, id, 'DELIVERED', 30)
    assert.equal(receiver.events.length, 30)
  })

test('a replay goes on after kill -9, with nothing lost and nothing double',
  async (t) => {
    const hub = await startHub(t)
    const receiver = await startReceiver(t)
    const { id } = await createWebhook(hub, receiver.url)
    await patchWebhook(hub, id, { state: 'DISABLED' })
    await publishMany(hub, 400)
    await patchWebhook(hub, id, { state: 'ENABLED' })
    const job = await replay(hub, id, { which: 'skipped', rate: 12000 })
    for (let kills = 0; kills < 3; kills++) {
      await receiver.waitFor(100 * kills + 20)
      await hub.kill9()
      await hub.start()
    }
    const { state, done, left } = await untilDone(hub, job)
    assert.deepEqual({ state, done, left },
      { state: 'DONE', done: 400, left: 0 })
    await untilCount(hub, id, 'DELIVERED', 400)
    assert.equal(names(receiver).length, 400)
    // Only what was in flight at a kill may have come twice.
    assert.ok(receiver.events.length <= 400 + 3 * 64,
      `${receiver.events.length} came`)
  })

test('sixteen run at a time, and one more is told to come later', async (t) => {
  const hub = await startHub(t, { args: [...LAB, '--webhooks-max', '20'] })
  const receiver = await startReceiver(t)
  const all = []
  for (let i = 0; i < 17; i++) {
    const { id } = await createWebhook(hub, receiver.url)
    await patchWebhook(hub, id, { state: 'DISABLED' })
    all.push(id)
  }
  await publishMany(hub, 3)
  for (const id of all) await patchWebhook(hub, id, { state: 'ENABLED' })
  for (const id of all.slice(0, 16)) {
    await replay(hub, id, { which: 'skipped', rate: 1 })
  }
  const late = await hub.api.post(`${WEBHOOKS}/${all[16]}/replay`,
    { which: 'skipped' })
  assert.equal(late.status, 429, late.text)
  assert.ok(late.headers['retry-after'])
  const { body } = await hub.api.get('/v1/replays?filter=state eq \'RUNNING\''
    .replaceAll(' ', '%20'))
  assert.equal(body.total, 16)
})

test('it waits while its webhook is not sending, and fails without it',
  async (t) => {
    const hub = await startHub(t)
    const receiver = await startReceiver(t)
    const { id } = await createWebhook(hub, receiver.url)
    await patchWebhook(hub, id, { state: 'DISABLED' })
    await publishMany(hub, 20)
    await patchWebhook(hub, id, { state: 'ENABLED' })
    const job = await replay(hub, id, { which: 'skipped', rate: 60 })
    await receiver.waitFor(1)
    await patchWebhook(hub, id, { state: 'DISABLED' })
    await waitUntil(async () => (await show(hub, job.id)).state === 'PAUSED',
      'it is paused')
    await patchWebhook(hub, id, { state: 'ENABLED' })
    assert.equal((await show(hub, job.id)).state, 'RUNNING')
    await receiver.waitFor(2)
    assert.equal((await hub.api.del(`${WEBHOOKS}/${id}`)).status, 204)
    const ended = await untilDone(hub, job)
    assert.equal(ended.state, 'FAILED')
    assert.equal(ended.reason, 'The webhook was deleted.')
  })

test('what retention removed is said to be gone', async (t) => {
  const hub = await startHub(t, { args: [...LAB, '--retention-events', '3s'] })
  const receiver = await startReceiver(t, faq)
  const { id } = await createWebhook(hub, receiver.url)
  await patchWebhook(hub, id, { state: 'DISABLED' })
  await publishMany(hub, 3, 'old')
  // Resources' last states stay: newer ones let these go.
  const lines = (n) => Array.from({ length: 3 }, (_, i) => JSON.stringify(
    { type: 'compute-ops/server', id: `old-${i}`, state: { n } })).join('\n')
  const ndjson = { headers: { 'content-type': 'application/x-ndjson' } }
  await hub.api.post('/v1/resources', lines(1), ndjson)
  await patchWebhook(hub, id, { state: 'ENABLED' })
  const job = await replay(hub, id, { which: 'skipped', rate: 10 })
  // Three last states and the highest event stay.
  await waitUntil(async () =>
    (await hub.api.get('/v1/events?limit=500')).body.count <= 4,
  'the old events are removed')
  const preview = await replay(hub, id, {
    which: 'all', from: '2020-01-01T00:00:00Z', preview: true
  })
  assert.ok(preview.keptFrom)
  const { state, done, gone, reason, total } = await untilDone(hub, job)
  assert.equal(state, 'DONE')
  assert.ok(gone > 0)
  assert.equal(done + gone, total)
  assert.match(reason, /not kept any more/)
})

test('mistakes are told with the member, and viewers may only look',
  async (t) => {
    const hub = await startHub(t)
    const receiver = await startReceiver(t)
    const { id } = await createWebhook(hub, receiver.url)
    const wrong = [
      [{}, 'which'], [{ which: 'none' }, 'which'],
      [{ which: 'failed', from: 'x' }, 'from'],
      [{ which: 'failed', rate: 0 }, 'rate'],
      [{ which: 'failed', filter: 'a eq' }, 'filter'],
      [{ which: 'failed', more: 1 }, 'more']
    ]
    for (const [body, field] of wrong) {
      const answer = await hub.api.post(`${WEBHOOKS}/${id}/replay`, body)
      assert.equal(answer.status, 400, answer.text)
      assert.ok(answer.text.includes(field), answer.text)
    }
    const { body } = await hub.api.post('/v1/keys',
      { name: 'viewer', role: 'viewer' })
    const viewer = api(hub, body.key)
    assert.equal((await viewer.get('/v1/replays')).status, 200)
    assert.equal((await viewer.post(`${WEBHOOKS}/${id}/replay`,
      { which: 'failed' })).status, 403)
    assert.equal((await hub.api.get('/v1/replays/x')).status, 404)
    assert.equal((await hub.api.post(
      '/v1/replays/00000000-0000-4000-8000-000000000000/cancel')).status, 404)
  })

test('the command line replays, lists, shows and cancels', async (t) => {
  const hub = await startHub(t)
  const receiver = await startReceiver(t)
  const { id } = await createWebhook(hub, receiver.url)
  await untilStatus(hub, id, 'ACTIVE')
  await patchWebhook(hub, id, { state: 'DISABLED' })
  await publishMany(hub, 5)
  await patchWebhook(hub, id, { state: 'ENABLED' })
  const grapnel = (...args) => run([...args, '--url', hub.url],
    { env: { GRAPNEL_TOKEN: ADMIN_TOKEN } })
  const preview = await grapnel('webhook', 'replay', id, '--which',
    'skipped', '--preview')
  assert.match(preview.stdout, /count +5/)
  const started = await grapnel('webhook', 'replay', id, '--which',
    'skipped', '--rate', '60', '--json')
  const job = JSON.parse(started.stdout)
  const listed = await grapnel('replay', 'list')
  assert.ok(listed.stdout.includes(job.id), listed.stdout)
  const shown = await grapnel('replay', 'show', job.id)
  assert.match(shown.stdout, /total +5/)
  assert.equal((await grapnel('replay', 'cancel', job.id)).code, 0)
  assert.equal((await grapnel('replay', 'cancel', job.id)).code, 1)
  assert.equal((await grapnel('webhook', 'replay', id)).code, 2)
})
