// A disk that begins to fail under a running hub: publishes are refused with
// the reason, readiness says so, what was accepted goes on being delivered,
// and nothing acknowledged is lost when it works again, or after a kill -9.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { activeWebhook, resourcePath } from './com.mjs'
import { SERVER, untilArrived } from './crash.mjs'
import { failingDisk } from './faults.mjs'
import { LAB, request, startHub, waitUntil } from './harness.mjs'
import { answering, faq, startReceiver } from './receiver.mjs'
import { server } from './states.mjs'

const readiness = async (hub) =>
  (await request('GET', `${hub.url}/readyz`, { token: null })).status

const put = (hub, name) =>
  hub.api.put(resourcePath(SERVER, name), server({ name }))

// Why a sync failed SQLite does not pass on, so it is 503 either way.
const CASES = [
  ['write', 'EIO', 503], ['write', 'ENOSPC', 507], ['short', 'EIO', 503],
  ['short', 'ENOSPC', 507], ['sync', 'EIO', 503], ['sync', 'ENOSPC', 503]
]

for (const [how, error, expected] of CASES) {
  test(`${how} fails with ${error}: ${expected}, and all goes on after`,
    async (t) => {
      const disk = failingDisk(t)
      const hub = await startHub(t, {
        env: disk.env, args: [...LAB, '--retry-schedule', '1s,1s,1s,1s,1s']
      })
      // The first answer is held until the disk fails, so that something
      // is in flight and something waits behind it.
      const held = []
      const receiver = await startReceiver(t, answering((req, response) =>
        held.push(() => response.writeHead(201).end())))
      await activeWebhook(hub, receiver.url)
      const acknowledged = new Set()
      for (let n = 0; n < 50; n++) {
        assert.equal((await put(hub, `before-${n}`)).status, 202)
        acknowledged.add(`before-${n}`)
      }
      await waitUntil(() => held.length > 0, 'something is in flight')

      disk.fails(how, error)
      const refused = await put(hub, 'refused')
      assert.equal(refused.status, expected, refused.text)
      assert.ok(refused.body.message.length > 0)
      assert.equal(await readiness(hub), 503)
      receiver.handler = faq
      held.forEach((answer) => answer())
      await untilArrived(receiver, acknowledged, 'while the disk fails')
      assert.equal((await put(hub, 'refused')).status, expected)

      disk.heals()
      await waitUntil(async () => await readiness(hub) === 200,
        'the hub is ready again')
      assert.equal((await put(hub, 'after')).status, 202)
      acknowledged.add('after')
      await untilArrived(receiver, acknowledged, 'when it works again')

      disk.fails(how, error)
      assert.equal((await put(hub, 'refused')).status, expected)
      await hub.kill9()
      disk.heals()
      await hub.start()
      for (const name of acknowledged) {
        assert.equal((await hub.api.get(resourcePath(SERVER, name))).status,
          200, name)
      }
      assert.equal((await put(hub, 'last')).status, 202)
      acknowledged.add('last')
      await untilArrived(receiver, acknowledged, 'after a kill')
    })
}
