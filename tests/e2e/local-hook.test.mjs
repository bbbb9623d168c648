// A webhook whose destination is a hook of the same process.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as com from './com.mjs'
import * as gl from './gl.mjs'
import { ADMIN_TOKEN, run, startHub, waitUntil } from './harness.mjs'
import * as native from './native.mjs'
import { connect } from './scenario-setup.mjs'

// Nothing on the network may be reached: what arrives has not left.
const NO_NETWORK = { args: [] }

const listening = {
  name: 'listens',
  flow: [{ id: 1, module: 'gateway:CustomWebHook', version: 1, mapper: {} }]
}

/** A scenario that answers for itself. */
const answering = (mapper, before = []) => ({
  name: 'answers',
  flow: [...listening.flow, ...before,
    { id: 9, module: 'gateway:WebhookRespond', version: 1, mapper }]
})

const sleeping = (duration) =>
  ({ id: 2, module: 'util:FunctionSleep', version: 1, mapper: { duration } })

/** It keeps whoever comes second waiting in its queue. */
const slow = {
  name: 'is slow',
  flow: [...listening.flow, sleeping('300')],
  metadata: { scenario: { sequential: true } }
}

const create = async (hub, path, body) => {
  const answer = await hub.api.post(path, body)
  assert.equal(answer.status, 201, answer.text)
  return answer.body
}

async function setUp (hub, blueprint = listening, options = {}) {
  const scenario = await create(hub, '/v1/scenarios',
    { blueprint, isEnabled: true })
  const hook = await create(hub, '/v1/hooks',
    { name: 'in', scenarioId: scenario.id, challenges: ['com'], ...options })
  assert.equal(hook.destination, `hook:${hook.id}`)
  return { scenario, hook }
}

const executions = async (hub, scenario) => {
  const { body } =
    await hub.api.get(`/v1/executions?scenario=${scenario.id}&limit=500`)
  return body.items
}

const log = async (hub, hook) =>
  (await hub.api.get(`/v1/hooks/${hook.id}/log`)).body

const untilRun = (hub, scenario, count) => waitUntil(async () => {
  const all = await executions(hub, scenario)
  const done = all.filter(({ state }) => state === 'SUCCESS')
  if (done.length >= count) return done
  throw new Error(`${done.length} of ${all.length} have run`)
}, `${count} have run`)

const deliveriesIn = async (hub, webhook, state) => {
  const { body } = await hub.api.get(
    `/v1/deliveries?webhook=${webhook.id}&state=${state}&limit=500`)
  return body.items
}

test('a COM webhook is proven by its hook, and delivers to it', async (t) => {
  const hub = await startHub(t, NO_NETWORK)
  const { scenario, hook } = await setUp(hub)
  const webhook = await com.activeWebhook(hub, hook.destination)
  await com.publish(hub, 'compute-ops/server', 'one',
    { name: 'ESX-1', hardware: { powerState: 'OFF' } })
  const [execution] = await untilRun(hub, scenario, 1)
  const { body: steps } = await hub.api.get(`/v1/executions/${execution.id}`)
  assert.match(JSON.stringify(steps), /ESX-1/)
  const [delivery] = await waitUntil(async () => {
    const all = await com.deliveries(hub, webhook.id)
    return all.length > 0 && all
  }, 'the attempt is told')
  assert.equal(String(delivery.statusCode), '200')
  const { items, counts } = await log(hub, hook)
  assert.deepEqual([counts.challenge, counts.accepted], [1, 1])
  assert.deepEqual(items.map(({ address }) => address), ['local', 'local'])
})

test('GreenLake\'s rate, challenge and signature are those of the network',
  async (t) => {
    const hub = await startHub(t, NO_NETWORK)
    const { scenario, hook } = await setUp(hub, listening, {
      challenges: ['greenlake', 'cloudevents'],
      signature: { scheme: 'greenlake', secrets: [gl.SECRET] },
      rate: { requests: 50, window: '10s' }
    })
    const { id } = await gl.activeWebhook(hub, hook.destination)
    const webhook = await native.getWebhook(hub, id)
    assert.equal(webhook.allowedRate, 300, JSON.stringify(webhook))
    await gl.publishEvent(hub, gl.event('one'))
    await untilRun(hub, scenario, 1)
    const { counts } = await log(hub, hook)
    assert.deepEqual([counts.challenge, counts.accepted, counts.refused],
      [2, 1, 0])
  })

test('headers, signature and bytes are those that the network would see',
  async (t) => {
    const hub = await startHub(t, NO_NETWORK)
    const { hook } = await setUp(hub, answering({
      status: '202',
      body: '{{toString(1.__IMTHEADERS__)}}',
      headers: [{ key: 'X-Said-By', value: 'the scenario' }]
    }), { challenges: ['cloudevents'] })
    const webhook = await native.createWebhook(hub, hook.destination, {
      handshake: 'cloudevents', headers: { 'x-team': 'ops' }
    })
    const change = await hub.api.patch(`/v1/hooks/${hook.id}`, {
      signature: { scheme: 'standard', secrets: [webhook.secret] }
    })
    assert.equal(change.status, 200, change.text)
    await native.publishServer(hub, 'one')
    const attempt = await native.untilAttempt(hub, webhook.id,
      ({ status }) => status === 202)
    assert.equal(attempt.acknowledged, true)
    assert.match(attempt.response.head, /x-said-by: the scenario/i)
    const names = attempt.response.body
    for (const name of ['webhook-id', 'webhook-signature', 'content-length',
      'user-agent', 'host', 'x-team']) {
      assert.ok(names.includes(`"${name}"`), `${name} in ${names}`)
    }
    assert.equal(attempt.connection, 'local')
    assert.ok(attempt.milliseconds.firstByte > 0, JSON.stringify(attempt))
  })

test('a wrong signature is refused, as over the network', async (t) => {
  const hub = await startHub(t, NO_NETWORK)
  const { scenario, hook } = await setUp(hub, listening, {
    signature: { scheme: 'github', secrets: ['sesame'] }
  })
  const webhook = await native.createWebhook(hub, hook.destination)
  await native.publishServer(hub, 'one')
  await native.untilAttempt(hub, webhook.id, ({ status }) => status === 401)
  assert.equal((await executions(hub, scenario)).length, 0)
  assert.equal((await log(hub, hook)).counts.refused, 1)
})

test('a hook\'s networks are not held against its own hub', async (t) => {
  const hub = await startHub(t, NO_NETWORK)
  const { scenario, hook } = await setUp(hub, listening,
    { allowedNetworks: ['192.0.2.0/24'] })
  await native.createWebhook(hub, hook.destination)
  await native.publishServer(hub, 'one')
  await untilRun(hub, scenario, 1)
})

test('a full queue is a failure that is tried again', async (t) => {
  const hub = await startHub(t, { args: ['--flow-queue-max', '1'] })
  const { hook } = await setUp(hub, slow)
  const webhook = await native.createWebhook(hub, hook.destination,
    { retry: { schedule: '1h' } })
  await native.publishMany(hub, 4)
  const waiting = await waitUntil(async () => {
    const all = await deliveriesIn(hub, webhook, 'WAITING')
    return all.some(({ attempts }) => attempts > 0) && all
  }, 'one was refused')
  const one = waiting.find(({ attempts }) => attempts > 0)
  const { body } = await hub.api.get(`/v1/deliveries/${one.id}`)
  const [attempt] = body.attemptList
  assert.deepEqual([attempt.status, attempt.response.body],
    [400, 'Queue is full.'])
})

test('a hook that is gone is 410: the webhook takes it at its word',
  async (t) => {
    const hub = await startHub(t, NO_NETWORK)
    const { hook } = await setUp(hub)
    const webhook = await native.createWebhook(hub, hook.destination)
    await hub.api.del(`/v1/hooks/${hook.id}`)
    await native.publishServer(hub, 'one')
    const attempt = await native.untilAttempt(hub, webhook.id,
      ({ status }) => status === 410)
    assert.equal(attempt.response.body, 'Webhook not found')
    const dead = await deliveriesIn(hub, webhook, 'DEAD')
    assert.match(dead[0].reason, /gone \(410\)/)
    await waitUntil(async () => (await native.getWebhook(hub, webhook.id))
      .state === 'DISABLED', 'it is disabled')
    // It may still be changed in other ways, but not be pointed there anew.
    await native.patchWebhook(hub, webhook.id,
      { name: 'renamed', destination: hook.destination })
  })

test('what a kill interrupts is delivered after the next start', async (t) => {
  const hub = await startHub(t, NO_NETWORK)
  const { scenario, hook } = await setUp(hub, listening,
    { rate: { requests: 0, window: '10s' } })
  const webhook = await native.createWebhook(hub, hook.destination)
  const lines = Array.from({ length: 300 }, (_, i) => JSON.stringify(
    com.bulkItem('compute-ops/server', `many-${i}`, { name: `many-${i}.` })))
  const { status } = await hub.api.post('/v1/resources', lines.join('\n'),
    { headers: { 'content-type': 'application/x-ndjson' } })
  assert.ok(status === 202 || status === 200)
  await waitUntil(async () => (await executions(hub, scenario)).length > 5,
    'some have come in')
  await hub.kill9()
  await hub.start()
  await waitUntil(async () =>
    (await deliveriesIn(hub, webhook, 'DELIVERED')).length === 300,
  'all are delivered')
  // Some were stored by the hook, and not yet as delivered: those come twice.
  const runs = await executions(hub, scenario)
  await untilRun(hub, scenario, runs.length)
  const seen = new Set()
  for (const { id } of runs) {
    const { text } = await hub.api.get(`/v1/executions/${id}`)
    seen.add(/many-\d+/.exec(text)?.[0])
  }
  assert.equal(seen.size, 300)
})

test('hundreds wait at once for scenarios that answer', async (t) => {
  const hub = await startHub(t,
    { args: ['--concurrency', '400', '--flow-threads', '4'] })
  const { hook } = await setUp(hub, answering({ status: '201', body: 'done' }),
    { rate: { requests: 0, window: '10s' } })
  const webhook = await native.createWebhook(hub, hook.destination)
  await native.publishMany(hub, 450)
  await waitUntil(async () =>
    (await deliveriesIn(hub, webhook, 'DELIVERED')).length === 450,
  'all are delivered')
  const { text } = await hub.api.get('/metrics')
  assert.match(text, /^grapnel_delivery_seconds_count 450$/m)
  assert.match(text,
    /^grapnel_attempt_phase_seconds_count\{phase="connect"\} 0$/m)
})

test('a scenario that says it failed has the delivery tried again',
  async (t) => {
    const hub = await startHub(t, NO_NETWORK)
    const { hook } = await setUp(hub, answering({
      status: '503',
      body: 'later',
      headers: [{ key: 'Retry-After', value: '7200' }]
    }))
    const webhook = await native.createWebhook(hub, hook.destination)
    await native.publishServer(hub, 'one')
    await native.untilAttempt(hub, webhook.id, ({ status }) => status === 503)
    const [one] = await deliveriesIn(hub, webhook, 'WAITING')
    const wait = Date.parse(one.nextAttemptAt) - Date.parse(one.createdAt)
    assert.ok(wait >= 7_200_000, JSON.stringify(one))
  })

test('a scenario may take longer than delivery-timeout, not than its webhook',
  async (t) => {
    const hub = await startHub(t, { args: ['--delivery-timeout', '1s'] })
    const { hook } = await setUp(hub,
      answering({ status: '200', body: 'late' }, [sleeping('2')]))
    const patient = await native.createWebhook(hub, hook.destination)
    const hasty = await native.createWebhook(hub, hook.destination,
      { timeout: '1s' })
    await native.publishServer(hub, 'one')
    const late = await native.untilAttempt(hub, hasty.id,
      ({ failure }) => failure === 'TIMED_OUT')
    assert.equal(late.error, 'timed out after 1000 ms, waiting for the hook')
    const good = await native.untilAttempt(hub, patient.id, () => true)
    assert.deepEqual([good.number, good.response.body], [0, 'late'])
  })

test('a stop while deliveries wait for an answer repeats none', async (t) => {
  const hub = await startHub(t, NO_NETWORK)
  const { scenario, hook } = await setUp(hub,
    answering({ status: '200', body: 'late' }, [sleeping('300')]))
  const webhook = await native.createWebhook(hub, hook.destination)
  await native.publishServer(hub, 'one')
  await waitUntil(async () => (await executions(hub, scenario)).length === 1,
    'it has begun')
  await hub.stop()
  await hub.start()
  const [one] = await waitUntil(async () => {
    const all = await deliveriesIn(hub, webhook, 'DELIVERED')
    return all.length === 1 && all
  }, 'it was answered when the hub stopped')
  assert.equal(one.attempts, 1)
  assert.equal((await executions(hub, scenario)).length, 1)
})

test('only hooks that are there may be destinations, in every dialect',
  async (t) => {
    const hub = await startHub(t, NO_NETWORK)
    const nobody = 'hook:00000000-0000-4000-8000-000000000000'
    const { hook } = await setUp(hub)
    for (const [path, draft] of [
      [com.WEBHOOKS, com.draft], [native.WEBHOOKS, native.draft],
      [gl.GL, gl.draft]]) {
      for (const wrong of [nobody, 'hook:', `hook:${hook.token}`,
        `${hook.destination}?x=1`, `HOOK:${hook.id}`]) {
        const answer = await hub.api.post(path, draft(wrong))
        assert.ok([400, 422].includes(answer.status), answer.text)
      }
    }
    const { id } = await native.createWebhook(hub, hook.destination)
    const patched = await hub.api.patch(`${native.WEBHOOKS}/${id}`,
      { destination: nobody })
    assert.equal(patched.status, 400, patched.text)
    assert.match(patched.text, /there is no hook with the id/)
    const answer = await hub.api.post(native.WEBHOOKS,
      native.draft('https://example.com/', {
        auth: {
          type: 'oauth2',
          tokenUrl: hook.destination,
          clientId: 'me',
          clientSecret: 'secret'
        }
      }))
    assert.equal(answer.status, 400, answer.text)
  })

test('the command line, tests and single retries reach hooks too',
  async (t) => {
    const hub = await startHub(t, NO_NETWORK)
    const { scenario, hook } = await setUp(hub)
    const env = { GRAPNEL_URL: hub.url, GRAPNEL_TOKEN: ADMIN_TOKEN }
    const made = await run(['webhook', 'create', '--wait', '--json',
      '--name', 'to a hook', '--destination', hook.destination,
      '--filter', com.EVERY_SERVER], { env })
    assert.equal(made.code, 0, made.stderr)
    const { id } = JSON.parse(made.stdout)
    assert.equal((await com.getWebhook(hub, id)).status, 'ACTIVE')
    const tested = await hub.api.post(`/v1/webhooks/${id}/test`)
    assert.equal(tested.status, 202, tested.text)
    await untilRun(hub, scenario, 1)
    await native.untilAttempt(hub, id, ({ status }) => status === 200)
    const elsewhere = await hub.api.post(
      `/v1/deliveries/${tested.body.deliveryId}/retry`,
      { destination: hook.destination })
    assert.equal(elsewhere.status, 200, elsewhere.text)
    assert.equal(elsewhere.body.attempt.status, 200)
    await untilRun(hub, scenario, 2)
  })

test('a scenario that starts itself goes round as often as its hook lets it',
  async (t) => {
    const hub = await startHub(t)
    await connect(hub, 'me', 'grapnel',
      { baseUrl: hub.url, token: ADMIN_TOKEN })
    const { scenario, hook } = await setUp(hub, {
      name: 'goes round',
      flow: [...listening.flow, {
        id: 2,
        module: 'grapnel:PublishEvent',
        version: 1,
        parameters: { connection: 'me' },
        mapper: { type: 'loop', data: { round: '{{1.data.round + 1}}' } }
      }]
    }, { rate: { requests: 5, window: '1m' } })
    const webhook = await native.createWebhook(hub, hook.destination,
      { filter: "type eq 'loop'" })
    await gl.publishEvent(hub,
      { specversion: '1.0', id: '1', source: '/', type: 'loop', data: {} })
    // The sixth waits for the hook's rate; nothing has failed.
    await waitUntil(async () => {
      const { live } = await native.getWebhook(hub, webhook.id)
      const { counts } = await log(hub, hook)
      return live.inFlight === 1 && counts.accepted === 5 &&
        counts.refused === 0
    }, 'one waits')
    assert.equal((await untilRun(hub, scenario, 5)).length, 5)
  })

test('a burst beyond the hook\'s rate is paced and disables nothing',
  async (t) => {
    const hub = await startHub(t, NO_NETWORK)
    const { scenario, hook } = await setUp(hub, listening,
      { rate: { requests: 40, window: '1s' } })
    const webhook = await com.activeWebhook(hub, hook.destination)
    await native.publishMany(hub, 120)
    await untilRun(hub, scenario, 120)
    assert.equal((await com.getWebhook(hub, webhook.id)).status, 'ACTIVE')
    assert.equal((await log(hub, hook)).counts.refused, 0)
  })
