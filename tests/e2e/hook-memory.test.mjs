// What hooks remember when the hub is killed, and what they refuse.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { request, startHub, waitUntil } from './harness.mjs'

const silent = {
  name: 'silent',
  flow: [{ id: 1, module: 'gateway:CustomWebHook', version: 1, mapper: {} }]
}

async function setUp (hub, options) {
  const scenario = await hub.api.post('/v1/scenarios',
    { blueprint: silent, isEnabled: true })
  assert.equal(scenario.status, 201, scenario.text)
  const hook = await hub.api.post('/v1/hooks',
    { name: 'in', scenarioId: scenario.body.id, ...options })
  assert.equal(hook.status, 201, hook.text)
  return { scenario: scenario.body, hook: hook.body }
}

const call = (hub, hook, body, headers = {}) =>
  request('POST', `${hub.url}/hook/${hook.token}`,
    { body, token: null, headers })

const look = async (hub, hook) =>
  (await hub.api.get(`/v1/hooks/${hook.id}`)).body

test('what was seen and counted outlives a kill', async (t) => {
  const hub = await startHub(t)
  const { scenario, hook } = await setUp(hub,
    { dedupe: { by: 'webhook-id', window: '1h' }, apiKeys: ['right'] })
  const key = { 'x-make-apikey': 'right' }
  const send = async (id) => {
    const answer =
      await call(hub, hook, { id }, { ...key, 'webhook-id': String(id) })
    assert.equal(answer.status, 200, answer.text)
  }
  assert.equal((await call(hub, hook, {})).status, 401)
  for (let id = 0; id < 20; id++) await send(id)
  await send(3)
  await hub.kill9()
  await hub.start()
  for (let id = 0; id < 20; id++) await send(id)
  await send(20)

  const now = await look(hub, hook)
  assert.equal(now.counts.accepted, 21)
  assert.ok(now.counts.duplicate >= 20)
  assert.deepEqual([now.counts.refused, now.refusedBy],
    [1, { credentials: 1 }])
  assert.ok(now.last.accepted)
  await waitUntil(async () => {
    const { body } = await hub.api.get(
      `/v1/executions?scenario=${scenario.id}&state=SUCCESS`)
    return body.count === 21
  }, 'each to have run once')
  assert.deepEqual((await look(hub, hook)).queue,
    { waiting: 0, limit: 10000 })

  // A stop in good order keeps all.
  await send(20)
  const before = await look(hub, hook)
  await hub.stop()
  await hub.start()
  assert.deepEqual((await look(hub, hook)).counts, before.counts)
})

test('a request that is not as the data structure says is refused',
  async (t) => {
    const hub = await startHub(t)
    const { hook } = await setUp(hub, {
      structure: {
        fields: [{ name: 'id', type: 'uinteger', required: true }],
        strict: true
      }
    })
    assert.equal((await call(hub, hook, { id: 4 })).status, 200)
    const refused = await call(hub, hook, { id: 'four' })
    assert.equal(refused.status, 400)
    assert.match(refused.text, /^id: /)
    assert.equal((await call(hub, hook, { id: 4, x: 1 })).status, 400)
    const { body } = await hub.api.get(`/v1/hooks/${hook.id}/log`)
    assert.match(body.items[0].reason, /^x: there is no such field/)
    const metrics = (await hub.api.get('/metrics')).text
    assert.match(metrics,
      /grapnel_hook_refused_total\{reason="structure"\} 2\n/)
    assert.match(metrics,
      /grapnel_hook_requests_total\{outcome="accepted"\} 1\n/)
    const broken = await hub.api.patch(`/v1/hooks/${hook.id}`,
      { structure: { fields: [{ name: 'id', type: 'nothing' }] } })
    assert.equal(broken.status, 400)
    await hub.api.patch(`/v1/hooks/${hook.id}`, { structure: null })
    assert.equal((await call(hub, hook, { x: 1 })).status, 200)
  })

test('the queue of a scenario is told, and shown in the metrics', async (t) => {
  const hub = await startHub(t, { args: ['--flow-queue-max', '3'] })
  const { scenario, hook } = await setUp(hub, {})
  await hub.api.patch(`/v1/scenarios/${scenario.id}`, {
    blueprint: {
      ...silent,
      flow: [...silent.flow, {
        id: 2, module: 'util:FunctionSleep', mapper: { duration: '300' }
      }],
      metadata: { scenario: { sequential: true } }
    }
  })
  const statuses = []
  for (let i = 0; i < 6; i++) {
    statuses.push((await call(hub, hook, {})).status)
    if (i === 0) {
      await waitUntil(async () => (await hub.api.get(
        `/v1/executions?scenario=${scenario.id}`)).body.items[0].startedAt ||
        /in_flight 1/.test((await hub.api.get('/metrics')).text),
      'the first to be under way')
    }
  }
  assert.equal(statuses.at(-1), 400)
  const now = await look(hub, hook)
  assert.equal(now.queue.limit, 3)
  assert.ok(now.queue.waiting >= 2)
  assert.ok(now.refusedBy.queueFull >= 1)
  const metrics = (await hub.api.get('/metrics')).text
  assert.match(metrics, new RegExp(
    `grapnel_scenario_waiting\\{scenario="${scenario.id}"\\} [23]\\n`))
})
