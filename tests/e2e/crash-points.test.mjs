// The hub dies at every place where a crash can fall: what was acknowledged
// is delivered, and no more is repeated than was in flight.
//
// GRAPNEL_CRASH_PASSES (1) is at how many passes of each point it dies.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { activeWebhook } from './com.mjs'
import {
  IN_FLIGHT_MAX, KINDS, publishUntilGone, untilArrived
} from './crash.mjs'
import { POINTS, dyingAt } from './faults.mjs'
import { startHub } from './harness.mjs'
import { startReceiver } from './receiver.mjs'

const PASSES = Number(process.env.GRAPNEL_CRASH_PASSES ?? 1)

/** Its log is moved into the database when it is this large: 16 MiB. */
const CHECKPOINT = /^(before|after)_database/

/** At which pass of the point it dies in this round. A sync of the database
 * is one for all that a log of 16 MiB holds, so of those there are few. */
const passAt = (point, round) => {
  if (/database_sync$/.test(point)) return 1 + round % 3
  return CHECKPOINT.test(point) ? 1 + round * 50 : 60 + round * 37
}

/** States large enough for the log to be moved soon. */
const padded = (hub) => async (name) => {
  const text = 'x'.repeat(400_000)
  const { status } = await hub.api.put(
    `/v1/resources/${encodeURIComponent('compute-ops/server')}/${name}`,
    { name, text })
  assert.equal(status, 202)
  return [name]
}

test('the table of points is not empty', () => {
  assert.ok(POINTS.length >= 13, POINTS.join())
})

for (const point of POINTS) {
  test(`a crash ${point.replaceAll('_', ' ')} loses nothing`, async (t) => {
    const hub = await startHub(t)
    const receiver = await startReceiver(t)
    await activeWebhook(hub, receiver.url)
    const acknowledged = new Set()
    const kind = CHECKPOINT.test(point) ? padded : KINDS['single states']
    for (let pass = 0; pass < PASSES; pass++) {
      await hub.stop()
      hub.env = dyingAt(point, passAt(point, pass))
      await hub.start()
      const closed = hub.closed
      await publishUntilGone(kind(hub), pass,
        (name) => acknowledged.add(name))
      assert.equal((await closed).signal, 'SIGKILL', hub.tail())
      hub.env = {}
      await hub.start()
      const all = await untilArrived(receiver, acknowledged, `pass ${pass}`)
      const repeated = all.length - new Set(all).size
      assert.ok(repeated <= (pass + 1) * IN_FLIGHT_MAX,
        `${repeated} were repeated, more than were in flight`)
    }
    t.diagnostic(`${point}: ${PASSES} crashes, ${acknowledged.size} ` +
      'acknowledged and delivered')
  })
}
