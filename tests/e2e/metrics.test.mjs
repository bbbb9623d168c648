// What /metrics says of deliveries, and how much of it there is.

import assert from 'node:assert/strict'
import test from 'node:test'

import { LAB, startHub, waitUntil } from './harness.mjs'
import { createWebhook, publishMany, publishServer } from './native.mjs'
import { always, startReceiver } from './receiver.mjs'

/** {name{labels}: value} of every line; a line of no known form fails. */
async function scrape (hub) {
  const { status, text } = await hub.api.get('/metrics')
  assert.equal(status, 200)
  const samples = {}
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue
    const [, name, value] =
      /^(\w+(?:\{(?:\w+="[^"]*",?)+\})?) (\S+)$/.exec(line) ??
      assert.fail(line)
    assert.ok(!(name in samples), `${name} is there twice`)
    samples[name] = Number(value)
  }
  return samples
}

test('latencies are counted by how long deliveries took', async (t) => {
  const hub = await startHub(t)
  const receiver = await startReceiver(t, always(204))
  await createWebhook(hub, receiver.url)
  await publishMany(hub, 7)
  await receiver.waitFor(7)
  const samples = await waitUntil(async () => {
    const samples = await scrape(hub)
    return samples.grapnel_delivery_seconds_count === 7 && samples
  }, 'seven are counted')
  assert.equal(samples['grapnel_delivery_seconds_bucket{le="+Inf"}'], 7)
  assert.ok(samples['grapnel_delivery_seconds_bucket{le="10"}'] === 7)
  const phase = (name) =>
    samples[`grapnel_attempt_phase_seconds_count{phase="${name}"}`]
  assert.equal(phase('total'), 7)
  assert.equal(phase('first_byte'), 7)
  assert.ok(phase('connect') >= 1)
  assert.equal(phase('tls'), 0)
})

test('a backlog is told by its depth and by how late its oldest is',
  async (t) => {
    const hub = await startHub(t, { args: [...LAB, '--retry-schedule', '1h'] })
    const failing = await startReceiver(t, always(500))
    const hanging = await startReceiver(t, () => {})
    const first = await createWebhook(hub, failing.url)
    const idle = await scrape(hub)
    assert.equal(idle.grapnel_deliveries_waiting, 0)
    assert.equal(idle.grapnel_deliveries_lag_seconds, 0)
    await publishMany(hub, 3)
    // What waits for its retry is not due; chance may make that soon.
    const waiting = await waitUntil(async () => {
      const samples = await scrape(hub)
      return samples.grapnel_attempts_failed_total >= 3 &&
        samples.grapnel_attempts_unsettled === 0 && samples
    }, 'all were tried')
    assert.equal(waiting.grapnel_deliveries_waiting, 3)
    assert.equal(waiting.grapnel_attempts_acknowledged_total, 0)
    await hub.api.del(`/v1/webhooks/${first.id}`)
    await waitUntil(async () =>
      (await scrape(hub)).grapnel_deliveries_waiting === 0, 'they are gone')
    await createWebhook(hub, hanging.url, { concurrency: 1 })
    await publishMany(hub, 5, 'hung')
    await hanging.waitFor(1)
    const one = await waitUntil(async () => {
      const samples = await scrape(hub)
      return samples.grapnel_deliveries_lag_seconds > 0 && samples
    }, 'the oldest is late')
    assert.equal(one.grapnel_deliveries_waiting, 5)
    const next = await scrape(hub)
    assert.ok(next.grapnel_deliveries_lag_seconds >
      one.grapnel_deliveries_lag_seconds)
  })

test('ingest, match and commits are counted', async (t) => {
  const hub = await startHub(t)
  const receiver = await startReceiver(t, always(204))
  await createWebhook(hub, receiver.url)
  await createWebhook(hub, receiver.url)
  await publishServer(hub, 'a', 'ON')
  await publishServer(hub, 'a', 'ON')
  await publishServer(hub, 'a', 'OFF')
  const refused = await hub.api.post('/v1/events', { specversion: '1.0' },
    { headers: { 'content-type': 'application/cloudevents+json' } })
  assert.equal(refused.status, 400, refused.text)
  // Outcomes are committed meanwhile, also between two lines of a scrape.
  const samples = await waitUntil(async () => {
    const samples = await scrape(hub)
    return samples.grapnel_writer_commit_seconds_count ===
      samples.grapnel_writer_commits_total && samples
  }, 'all commits are timed')
  const of = (name) => samples[`grapnel_${name}`]
  assert.equal(of('events_unchanged_total'), 1)
  assert.equal(of('events_accepted_total'), 2)
  assert.equal(of('events_matched_total'), 4)
  assert.equal(of('filters'), 2)
  assert.ok(of('writer_units_total') >= of('writer_commits_total'))
  assert.ok(of('writer_commits_total') > 0)
  assert.ok(of('writer_commit_seconds_sum') > 0)
  assert.ok(of('writer_last_commit_seconds') > 0)
  assert.ok(of('store_bytes') > 0)
})

test('of many webhooks those furthest behind are shown', async (t) => {
  const hub = await startHub(t)
  const receiver = await startReceiver(t, always(204))
  const hanging = await startReceiver(t, () => {})
  for (let i = 0; i < 24; i++) await createWebhook(hub, receiver.url)
  const { id } = await createWebhook(hub, hanging.url, { concurrency: 2 })
  for (let i = 0; i < 5; i++) await publishServer(hub, `r${i}`)
  await receiver.waitFor(24 * 5)
  await hanging.waitFor(2)
  const samples = await waitUntil(async () => {
    const samples = await scrape(hub)
    return samples[`grapnel_webhook_queued{webhook="${id}"}`] === 3 && samples
  }, 'the one that hangs is shown')
  const shown = (name) => Object.keys(samples)
    .filter((each) => each.startsWith(`grapnel_webhook_${name}{`))
  assert.equal(shown('queued').length, 20)
  assert.equal(shown('attempts_total').length, 40)
  const of = (name) => samples[`grapnel_webhook_${name}{webhook="${id}"}`]
  assert.equal(of('in_flight'), 2)
  assert.equal(of('concurrency'), 2)
  assert.ok(of('lag_seconds') > 0)
  const { body } = await hub.api.get(`/v1/webhooks/${id}`)
  assert.deepEqual(body.live, { concurrency: 2, inFlight: 2, queued: 3 })
})

test('few webhooks are shown once they have had something, until they go',
  async (t) => {
    const hub = await startHub(t)
    const receiver = await startReceiver(t, always(204))
    const { id } = await createWebhook(hub, receiver.url)
    const other = await createWebhook(hub, receiver.url)
    const name = (id) => `grapnel_webhook_attempts_total{` +
      `outcome="acknowledged",webhook="${id}"}`
    assert.ok(!(name(id) in await scrape(hub)))
    await publishServer(hub, 'a')
    await waitUntil(async () => {
      const samples = await scrape(hub)
      return samples[name(id)] === 1 && samples[name(other.id)] === 1
    }, 'both are shown')
    await hub.api.del(`/v1/webhooks/${other.id}`)
    await waitUntil(async () => !(name(other.id) in await scrape(hub)),
      'one is gone')
    assert.equal((await scrape(hub))[name(id)], 1)
  })

test('what retention removes is counted', async (t) => {
  const hub = await startHub(t, { args: [...LAB, '--retention-events', '1s'] })
  await publishServer(hub, 'a', 'ON')
  await publishServer(hub, 'a', 'OFF')
  await publishServer(hub, 'a', 'ON')
  await waitUntil(async () =>
    (await scrape(hub)).grapnel_retention_events_removed_total >= 1,
  'an old state is removed')
  const samples = await scrape(hub)
  assert.ok(samples.grapnel_store_used_bytes > 0)
  assert.equal(samples.grapnel_store_max_bytes, 0)
  assert.equal(samples.grapnel_retention_making_room, 0)
})

/** Fails, and is then switched off, or (`dlq`) keeps what failed. */
async function failOnce (hub, settings) {
  const { body: { id } } = await hub.api.post('/v1/scenarios', {
    isEnabled: true,
    blueprint: {
      name: 'fails',
      flow: [
        { id: 1, module: 'gateway:CustomWebHook' },
        {
          id: 2,
          module: 'util:SetVariable2',
          mapper: { name: 'v', value: 'x' }
        },
        {
          id: 3,
          module: 'builtin:BasicRepeater',
          mapper: { repeats: '{{2.v}}' }
        }
      ],
      metadata: { scenario: settings }
    }
  })
  const { status, text } =
    await hub.api.post(`/v1/scenarios/${id}/run`, { data: {} })
  assert.equal(status, 202, text)
  return id
}

test('scenarios are counted once they failed, shown while something is left',
  async (t) => {
    const hub = await startHub(t)
    const off = await failOnce(hub, { maxErrors: 1 })
    const keeping = await failOnce(hub, { dlq: true })
    const name = `grapnel_scenario_incomplete{scenario="${keeping}"}`
    const until = (count, kept) => waitUntil(async () => {
      const samples = await scrape(hub)
      const shown = Object.keys(samples)
        .filter((each) => each.startsWith('grapnel_scenario_incomplete{'))
      return samples.grapnel_scenarios_switched_off === count &&
        samples[name] === kept && shown.length === (kept ? 1 : 0)
    }, `${count} switched off, ${kept} kept`)
    await until(1, 1)
    await hub.stop()
    await hub.start()
    await until(1, 1)
    await hub.api.patch(`/v1/scenarios/${off}`, { isEnabled: true })
    await until(0, 1)
    await hub.api.patch(`/v1/scenarios/${off}`, { isEnabled: false })
    await until(0, 1)
    await hub.api.del(`/v1/scenarios/${keeping}`)
    await until(0, undefined)
  })
