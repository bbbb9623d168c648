// kill -9 in the middle of everything: what was acknowledged is delivered.
//
// GRAPNEL_CRASH_ROUNDS (5) is how often the hub dies.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import {
  activeWebhook, bulkItem, resourcePath
} from './com.mjs'
import { startHub, waitUntil } from './harness.mjs'
import { startReceiver } from './receiver.mjs'
import { server } from './states.mjs'

const ROUNDS = Number(process.env.GRAPNEL_CRASH_ROUNDS ?? 5)
const PUBLISHERS = 8
const IN_FLIGHT_MAX = 32 // the default of --concurrency
const SERVER = 'compute-ops/server'

/**
 * Publishes from several sides until the hub is gone. `send(name)` publishes
 * something and returns the names that were acknowledged.
 */
async function publishUntilGone (send, round, onAcknowledged) {
  let next = 0
  const publisher = async () => {
    for (;;) {
      let names
      try {
        names = await send(`${round}-${next++}`)
      } catch (error) {
        if (error.code === 'ERR_ASSERTION') throw error
        return // it has died: this one was not acknowledged
      }
      names.forEach(onAcknowledged)
    }
  }
  await Promise.all(Array.from({ length: PUBLISHERS }, publisher))
}

const KINDS = {
  'single states': (hub) => async (name) => {
    const { status, text } =
      await hub.api.put(resourcePath(SERVER, name), server({ name }))
    assert.equal(status, 202, text)
    return [name]
  },
  'bulks of states': (hub) => async (name) => {
    const names = [0, 1, 2, 3, 4].map((n) => `${name}-${n}`)
    const lines = names.map((each) =>
      JSON.stringify(bulkItem(SERVER, each, server({ name: each }))) + '\n')
    const { status, text } =
      await hub.api.post('/v1/resources', lines.join(''),
        { headers: { 'content-type': 'application/x-ndjson' } })
    assert.equal(status, 202, text)
    return names
  },
  'CloudEvents': (hub) => async (name) => {
    const event = {
      specversion: '1.0',
      id: name,
      source: '/crash',
      type: SERVER,
      subject: name,
      data: { operation: 'Created', new: server({ name }), old: null }
    }
    const { status, text } = await hub.api.post('/v1/events', event,
      { headers: { 'content-type': 'application/cloudevents+json' } })
    assert.equal(status, 202, text)
    return [name]
  }
}

for (const [kind, publishWith] of Object.entries(KINDS)) {
  test(`kill -9 loses no acknowledged event: ${kind}`, async (t) => {
    const hub = await startHub(t)
    const receiver = await startReceiver(t)
    await activeWebhook(hub, receiver.url)
    const acknowledged = new Set()
    const arrivals = () => receiver.bodies.map((body) => body.name)

    for (let round = 0; round < ROUNDS; round++) {
      // At another point of the load each time, the first answer included.
      const deadly = acknowledged.size + 1 + round * 13
      let killed
      await publishUntilGone(publishWith(hub), round, (name) => {
        acknowledged.add(name)
        if (acknowledged.size >= deadly) killed ??= hub.kill9()
      })
      assert.ok(killed, `publishing ended by itself:\n${hub.tail()}`)
      await killed
      await hub.start()
      const missing = () => {
        const arrived = new Set(arrivals())
        return [...acknowledged].filter((name) => !arrived.has(name))
      }
      await waitUntil(() => missing().length === 0,
        `round ${round}: all ${acknowledged.size} acknowledged have arrived`)
    }
    const all = arrivals()
    const repeated = all.length - new Set(all).size
    assert.ok(repeated <= ROUNDS * IN_FLIGHT_MAX,
      `${repeated} were repeated, more than were in flight`)
    t.diagnostic(`${kind}: ${ROUNDS} kills, ${acknowledged.size} ` +
      `acknowledged, ${all.length} arrived, ${repeated} of them again`)
  })
}

test('after a kill the last state is the one acknowledged last', async (t) => {
  const hub = await startHub(t)
  const path = resourcePath(SERVER, 'one')
  let last = 0
  let sent = 0
  for (let round = 0; round < ROUNDS; round++) {
    const deadly = last + 5 + round
    let killed
    while (!killed) {
      const { status } = await hub.api.put(path, { n: ++sent })
      assert.equal(status, 202)
      last = sent
      if (last >= deadly) {
        // One more is on its way when it dies.
        const unsure = hub.api.put(path, { n: ++sent }).catch(() => null)
        killed = hub.kill9()
        await unsure
      }
    }
    await killed
    await hub.start()
    const { status, body, text } = await hub.api.get(path)
    assert.equal(status, 200, text)
    assert.ok([last, sent].includes(body.n), `${body.n}, not ${last}`)
    last = sent
  }
})
