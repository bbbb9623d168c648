// Publishers faster than delivery: memory and disk stay bounded, the limit is
// told by 429 or 507 with Retry-After, and afterwards all that was
// acknowledged is delivered.
//
// GRAPNEL_OVERLOAD_SECONDS (1) is how long.

import assert from 'node:assert/strict'
import { readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'

import { bulkItem } from './com.mjs'
import { SERVER } from './crash.mjs'
import { IS_SANITIZED, LAB, startHub, waitUntil } from './harness.mjs'
import { createWebhook } from './native.mjs'
import { startReceiver } from './receiver.mjs'
import { server } from './states.mjs'

const SECONDS = Number(process.env.GRAPNEL_OVERLOAD_SECONDS ?? 1)
const PUBLISHERS = 32
const A_REQUEST = 25
const STORE_MAX = 24 << 20
const DRAIN_DEADLINE = 60_000 + SECONDS * 4000
const MEMORY_MAX = IS_SANITIZED ? Infinity : 256 << 20

/** Bytes, the most it ever had. */
const memoryOf = ({ child }) => 1024 * Number(
  /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`))[1])

const diskOf = ({ dir }) => ['grapnel.db', 'grapnel.db-wal']
  .reduce((sum, name) => sum + statSync(path.join(dir, name)).size, 0)

test('what comes faster than it goes is refused in time, not lost',
  async (t) => {
    const hub = await startHub(t, {
      args: [...LAB, '--queue-max', '64', '--store-max-bytes',
        String(STORE_MAX), '--retention-events', '1h']
    })
    // Takes its time with each as long as there is more to come.
    const arrived = new Set()
    let isOver = false
    const receiver = await startReceiver(t, (request, response) => {
      arrived.add(JSON.parse(request.bytes).name)
      receiver.requests.length = 0
      if (isOver) response.writeHead(204).end()
      else setTimeout(() => response.writeHead(204).end(), 5)
    })
    await createWebhook(hub, receiver.url, { concurrency: 4 })

    const acknowledged = []
    const refused = new Map()
    let told = 0 // whole requests that were answered 429
    const end = Date.now() + SECONDS * 1000
    let diskMax = 0
    const padding = 'x'.repeat(1000)
    const publisher = async (_, who) => {
      for (let n = 0; Date.now() < end || told === 0; n++) {
        const names = Array.from({ length: A_REQUEST },
          (_, i) => `${who}-${n}-${i}`)
        const lines = names.map((name) => JSON.stringify(
          bulkItem(SERVER, name, server({ name, padding }))) + '\n')
        const { status, headers, body } = await hub.api.post('/v1/resources',
          lines.join(''), { headers: { 'content-type': 'application/x-ndjson' } })
        // A bulk that is taken says of each line whether it was.
        const outcomes = status === 202
          ? body.items.map((item) => item.status ?? 202)
          : names.map(() => status)
        if (status !== 202) {
          assert.ok(Number(headers['retry-after']) > 0,
            `${status} without Retry-After`)
          told += status === 429
        }
        assert.equal(outcomes.length, names.length)
        outcomes.forEach((outcome, i) => {
          if (outcome === 202) acknowledged.push(names[i])
          else refused.set(outcome, (refused.get(outcome) ?? 0) + 1)
        })
        diskMax = Math.max(diskMax, diskOf(hub))
      }
    }
    await Promise.all(Array.from({ length: PUBLISHERS }, publisher))
    isOver = true
    assert.ok([...refused.keys()].every((status) => [429, 507].includes(status)),
      JSON.stringify([...refused]))
    await waitUntil(() => acknowledged.every((name) => arrived.has(name)),
      `all ${acknowledged.length} acknowledged arrive`, DRAIN_DEADLINE)
    const memory = memoryOf(hub)
    t.diagnostic(`${acknowledged.length} acknowledged and delivered, refused ` +
      `${JSON.stringify([...refused])}, memory ${memory >> 20} MiB, ` +
      `disk ${diskMax >> 20} MiB`)
    assert.ok(memory <= MEMORY_MAX, `${memory >> 20} MiB of memory`)
    assert.ok(diskMax <= 3 * STORE_MAX, `${diskMax >> 20} MiB on disk`)
  })
