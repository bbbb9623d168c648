// Webhooks come in, are stored, and start scenarios.

import assert from 'node:assert/strict'
import crypto from 'node:crypto'
import { test } from 'node:test'

import { request, startHub, waitUntil } from './harness.mjs'

/** A scenario that answers with what it was told. */
const answering = {
  name: 'answers',
  flow: [
    { id: 1, module: 'gateway:CustomWebHook', version: 1, mapper: {} },
    {
      id: 2,
      module: 'gateway:WebhookRespond',
      version: 1,
      mapper: { status: '201', body: 'hello {{1.name}}', headers: [] }
    }
  ]
}

const silent = { name: 'silent', flow: [answering.flow[0]] }

async function setUp (hub, blueprint, options = {}) {
  const scenario = await hub.api.post('/v1/scenarios',
    { blueprint, isEnabled: true })
  assert.equal(scenario.status, 201, scenario.text)
  const hook = await hub.api.post('/v1/hooks',
    { name: 'in', scenarioId: scenario.body.id, ...options })
  assert.equal(hook.status, 201, hook.text)
  return { scenario: scenario.body, hook: hook.body }
}

const call = (hub, hook, body, options = {}) =>
  request('POST', `${hub.url}/hook/${hook.token}`,
    { body, token: null, ...options })

test('what comes in is stored, run, and told in the history', async (t) => {
  const hub = await startHub(t)
  const { scenario, hook } = await setUp(hub, silent)
  const answer = await call(hub, hook, { name: 'you' })
  assert.deepEqual([answer.status, answer.text], [200, 'Accepted'])
  await waitUntil(async () => {
    const { body } =
      await hub.api.get(`/v1/executions?scenario=${scenario.id}`)
    return body.items[0]?.state === 'SUCCESS'
  }, 'it has run')
})

test('a scenario answers for itself', async (t) => {
  const hub = await startHub(t)
  const { hook } = await setUp(hub, answering)
  const answer = await call(hub, hook, { name: 'you' })
  assert.deepEqual([answer.status, answer.text], [201, 'hello you'])
})

test('a signature that is not right is refused and never processed',
  async (t) => {
    const hub = await startHub(t)
    const { scenario, hook } = await setUp(hub, silent, {
      signature: { scheme: 'github', secrets: ['sesame'] }
    })
    const body = '{"zen":1}'
    const sign = (secret) => ({
      'content-type': 'application/json',
      'x-hub-signature-256': 'sha256=' +
        crypto.createHmac('sha256', secret).update(body).digest('hex')
    })
    const bad = await call(hub, hook, body, { headers: sign('other') })
    assert.equal(bad.status, 401, bad.text)
    const good = await call(hub, hook, body, { headers: sign('sesame') })
    assert.equal(good.status, 200, good.text)
    const { body: list } =
      await hub.api.get(`/v1/executions?scenario=${scenario.id}`)
    assert.equal(list.items.length, 1)
  })

test('requests that wait outlive a kill and run in their order', async (t) => {
  const hub = await startHub(t)
  const { scenario, hook } = await setUp(hub, silent)
  for (let n = 0; n < 20; n++) {
    assert.equal((await call(hub, hook, { n })).status, 200)
  }
  await hub.kill9()
  await hub.start()
  const runs = await waitUntil(async () => {
    const { body } = await hub.api.get(
      `/v1/executions?scenario=${scenario.id}&limit=50`)
    return body.items.length === 20 &&
      body.items.every(({ state }) => state === 'SUCCESS') && body.items
  }, 'all have run')
  assert.equal(runs.length, 20)
})
