// kill -9 in the middle of everything: what was acknowledged is delivered.
//
// GRAPNEL_CRASH_ROUNDS (5) is how often the hub dies.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { activeWebhook, resourcePath } from './com.mjs'
import {
  IN_FLIGHT_MAX, KINDS, SERVER, publishUntilGone, untilArrived
} from './crash.mjs'
import { startHub } from './harness.mjs'
import { startReceiver } from './receiver.mjs'

const ROUNDS = Number(process.env.GRAPNEL_CRASH_ROUNDS ?? 5)

for (const [kind, publishWith] of Object.entries(KINDS)) {
  test(`kill -9 loses no acknowledged event: ${kind}`, async (t) => {
    const hub = await startHub(t)
    const receiver = await startReceiver(t)
    await activeWebhook(hub, receiver.url)
    const acknowledged = new Set()
    let all

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
      all = await untilArrived(receiver, acknowledged, `round ${round}`)
    }
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
