// Publishing into a hub that is going to die, and what must hold afterwards.

import assert from 'node:assert/strict'

import { bulkItem, resourcePath } from './com.mjs'
import { waitUntil } from './harness.mjs'
import { server } from './states.mjs'

const PUBLISHERS = 8
export const IN_FLIGHT_MAX = 32 // the default of --concurrency
export const SERVER = 'compute-ops/server'

/**
 * Publishes from several sides until the hub is gone. `send(name)` publishes
 * something and returns the names that were acknowledged.
 */
export async function publishUntilGone (send, round, onAcknowledged) {
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

/** Ways to publish: (hub) => async (name) => names acknowledged. */
export const KINDS = {
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

/** Waits until everything acknowledged has arrived; returns all arrivals. */
export async function untilArrived (receiver, acknowledged, when) {
  const names = () => receiver.bodies.map((body) => body.name)
  await waitUntil(() => {
    const arrived = new Set(names())
    return [...acknowledged].every((name) => arrived.has(name))
  }, `${when}: all ${acknowledged.size} acknowledged have arrived`)
  return names()
}
