// A bad neighbour hurts nobody: what healthy endpoints get does not wait for
// those that hang, drip, pour or break. Nothing here is timed: the bad ones'
// attempts last longer than the tests' deadline, so whoever waited for them
// would fail it. `bench/neighbours.mjs` has the times.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { BAD, startBadPeer } from './bad-peers.mjs'
import { DEADLINE, LAB, startHub, waitUntil } from './harness.mjs'
import { createWebhook, publishMany } from './native.mjs'
import { always, startReceiver } from './receiver.mjs'

const args = (timeout) => [...LAB, '--webhooks-max', '1000',
  '--delivery-timeout', timeout, '--connect-timeout', timeout]
// Longer than the deadline of the tests, and no more than may be set.
const LONGER = `${Math.min(120, 3 * DEADLINE / 1000)}s`

async function many (count, make) {
  const made = []
  for (let i = 0; i < count; i++) made.push(await make(i))
  return made
}

test('half of a hundred endpoints hang, the others get everything',
  async (t) => {
    const hub = await startHub(t, { args: args(LONGER) })
    const hanging = await many(50, async () => {
      const peer = await startBadPeer(t, BAD['accepts and never answers'])
      await createWebhook(hub, peer.url)
      return peer
    })
    const healthy = await many(50, async () => {
      const receiver = await startReceiver(t, always(204))
      await createWebhook(hub, receiver.url)
      return receiver
    })
    await publishMany(hub, 20, 'first')
    await waitUntil(() => hanging.every(({ accepted }) => accepted > 0),
      'all that hang are being waited for')
    await publishMany(hub, 20, 'second')
    for (const receiver of healthy) await receiver.waitFor(40)
    assert.ok(hanging.every(({ accepted }) => accepted > 0))
    await hub.kill9() // the attempts that hang would be waited for
  })

for (const [what, { failure, ...peer }] of Object.entries(BAD)) {
  test(`one that ${what} holds up nobody, and is told of`, async (t) => {
    const hub = await startHub(t, { args: args('1s') })
    const bad = await startBadPeer(t, peer)
    const { id } = await createWebhook(hub, bad.url)
    const receiver = await startReceiver(t, always(204))
    await createWebhook(hub, receiver.url)
    await publishMany(hub, 5)
    await receiver.waitFor(5)
    const [attempt] = await waitUntil(async () => {
      const { body } = await hub.api.get(`/v1/deliveries?webhook=${id}`)
      const { id: delivery } = body.items.at(-1)
      const { body: shown } = await hub.api.get(`/v1/deliveries/${delivery}`)
      return shown.attemptList.length > 0 && shown.attemptList
    }, 'an attempt at the bad one has ended')
    // A head that says 200 is an answer, whatever comes behind it.
    assert.deepEqual([attempt.acknowledged, attempt.failure],
      [failure === null, failure], JSON.stringify(attempt))
    if (failure) assert.ok(attempt.error.length > 10, attempt.error)
    assert.equal((await hub.api.get('/v1/webhooks')).status, 200)
  })
}
