// /v1/events and /v1/deliveries: what happened, told afterwards.

import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'

import {
  WEBHOOKS, activeWebhook, bulkItem, createWebhook, publish, resourcePath,
  unpublish
} from './com.mjs'
import { LAB, run, startHub, waitUntil } from './harness.mjs'
import { always, answering, startReceiver } from './receiver.mjs'
import { SERVER_ID, server } from './states.mjs'

const SERVER = 'compute-ops/server'
const OFF = { hardware: { powerState: 'OFF' } }
const ONLY_OFF = "type eq 'compute-ops/server' and " +
  "new/hardware/powerState eq 'OFF'"
const NEVER = [...LAB, '--retry-schedule', 'none']

const get = async (hub, where) => {
  const { status, body, text } = await hub.api.get(where)
  assert.equal(status, 200, text)
  return body
}

const eventPath = (id) => `/v1/events/${encodeURIComponent(id)}`

/** Waits until the event's deliveries are in these states, sorted. */
const untilStates = (hub, id, states) => waitUntil(async () => {
  const event = await get(hub, eventPath(id))
  const found = event.deliveries.map((delivery) => delivery.state).sort()
  if (found.join() === states.join()) return event
  throw new Error(`they are ${found.join()}`)
}, `the deliveries are ${states.join()}`)

/** All items of a list, page by page. */
async function allPages (hub, where, limit) {
  const items = []
  let cursor = ''
  do {
    const page = await get(hub, `${where}limit=${limit}${cursor}`)
    assert.ok(page.items.length <= limit)
    assert.equal(page.count, page.items.length)
    items.push(...page.items)
    cursor = page.next && `&cursor=${page.next}`
  } while (cursor)
  return items
}

test('an event tells who published it and what became of it', async (t) => {
  const hub = await startHub(t, { args: NEVER })
  const good = await startReceiver(t)
  const bad = await startReceiver(t, answering(always(500)))
  const delivered = await activeWebhook(hub, good.url)
  const dead = await activeWebhook(hub, bad.url)
  const off = await createWebhook(hub, good.url, { state: 'DISABLED' })
  const other = await activeWebhook(hub, good.url, { eventFilter: ONLY_OFF })
  const { id } = await publish(hub, SERVER, SERVER_ID, server())
  const event =
    await untilStates(hub, id, ['DEAD', 'DELIVERED', 'SKIPPED'])
  assert.equal(event.id, id)
  assert.equal(event.type, SERVER)
  assert.equal(event.subject, SERVER_ID)
  assert.equal(event.operation, 'Created')
  assert.match(event.publisher, /^gk_/)
  assert.equal(event.matched, 3)
  assert.deepEqual(event.new, server())
  assert.equal(event.old, null)
  assert.deepEqual(event.counts,
    { WAITING: 0, DELIVERED: 1, DEAD: 1, SKIPPED: 1 })
  const of = (webhook) =>
    event.deliveries.find((delivery) => delivery.webhookId === webhook.id)
  assert.equal(of(delivered).state, 'DELIVERED')
  assert.equal(of(delivered).attempts, 1)
  assert.equal(of(delivered).reason, null)
  assert.equal(of(dead).state, 'DEAD')
  assert.match(of(dead).reason, /500/)
  assert.equal(of(off).state, 'SKIPPED')
  assert.equal(of(off).attempts, 0)
  assert.equal(of(other), undefined)
})

test('an event that matches nothing is kept and explained', async (t) => {
  const hub = await startHub(t)
  const receiver = await startReceiver(t)
  const webhook =
    await activeWebhook(hub, receiver.url, { eventFilter: ONLY_OFF })
  const { id } = await publish(hub, SERVER, SERVER_ID, server())
  const event = await get(hub, eventPath(id))
  assert.equal(event.matched, 0)
  assert.deepEqual(event.deliveries, [])
  const why = await get(hub,
    `${eventPath(id)}/explain?webhook=${webhook.id}`)
  assert.equal(why.webhooks.length, 1)
  assert.equal(why.webhooks[0].matches, false)
  assert.equal(why.webhooks[0].delivery, null)
  assert.equal(why.webhooks[0].filter, ONLY_OFF)
  assert.match(why.webhooks[0].explanation, /not true/)
  assert.deepEqual(why.webhooks[0].because,
    ["new/hardware/powerState eq 'OFF'"])
  const { id: second } =
    await publish(hub, SERVER, SERVER_ID, server(OFF))
  const [match] = (await get(hub, `${eventPath(second)}/explain`)).webhooks
  assert.equal(match.matches, true)
  assert.notEqual(match.delivery, null)
  const late = await activeWebhook(hub, receiver.url)
  const after = await get(hub,
    `${eventPath(second)}/explain?webhook=${late.id}`)
  assert.match(after.webhooks[0].explanation, /made after/)
})

test('an update has both states, a deletion the old one', async (t) => {
  const hub = await startHub(t)
  await publish(hub, SERVER, SERVER_ID, server())
  const { id } = await publish(hub, SERVER, SERVER_ID, server(OFF))
  const update = await get(hub, eventPath(id))
  assert.deepEqual(update.old, server())
  assert.deepEqual(update.new, server(OFF))
  const { id: gone } = await unpublish(hub, SERVER, SERVER_ID)
  const deletion = await get(hub, eventPath(gone))
  assert.equal(deletion.operation, 'Deleted')
  assert.equal(deletion.new, null)
  assert.deepEqual(deletion.old, server(OFF))
})

test('a delivery shows every attempt, secrets masked', async (t) => {
  const hub = await startHub(t, { args: [...LAB, '--retry-schedule', '1s'] })
  let answers = 0
  const receiver = await startReceiver(t, answering((request, response) => {
    response.writeHead(answers++ === 0 ? 503 : 500,
      { 'x-told': 'yes', 'content-type': 'text/plain' })
    response.end('not today')
  }))
  await activeWebhook(hub, receiver.url,
    { headers: { authorization: 'Bearer very-secret' } })
  const { id } = await publish(hub, SERVER, SERVER_ID, server())
  const event = await untilStates(hub, id, ['DEAD'])
  const delivery =
    await get(hub, `/v1/deliveries/${event.deliveries[0].id}`)
  assert.equal(delivery.event.id, id)
  assert.equal(delivery.attempts, 2)
  assert.equal(delivery.nextAttemptAt, null)
  assert.deepEqual(delivery.attemptList.map((attempt) => attempt.number),
    [0, 1])
  assert.deepEqual(delivery.attemptList.map((attempt) => attempt.status),
    [503, 500])
  const [first] = delivery.attemptList
  assert.equal(first.acknowledged, false)
  assert.match(first.request.head, /^POST /)
  assert.match(first.request.head, /webhook-id: /)
  assert.doesNotMatch(JSON.stringify(delivery), /very-secret/)
  assert.match(first.response.head, /x-told: yes/i)
  assert.equal(first.response.body, 'not today')
  assert.ok(first.milliseconds.total > 0)
  assert.ok(first.milliseconds.firstByte <= first.milliseconds.total)
})

test('what waits says when it is tried next, and why', async (t) => {
  const hub = await startHub(t, { args: [...LAB, '--retry-schedule', '1h'] })
  const receiver = await startReceiver(t,
    answering((request) => request.socket.destroy()))
  await activeWebhook(hub, receiver.url)
  const { id } = await publish(hub, SERVER, SERVER_ID, server())
  const delivery = await waitUntil(async () => {
    const [found] =
      (await get(hub, `/v1/deliveries?state=waiting&event=${id}`)).items
    return found?.attempts === 1 && found
  }, 'the first attempt has failed')
  assert.ok(Date.parse(delivery.nextAttemptAt) > Date.now())
  assert.notEqual(delivery.reason, null)
  const { attemptList } = await get(hub, `/v1/deliveries/${delivery.id}`)
  assert.equal(attemptList[0].status, null)
  assert.notEqual(attemptList[0].error, null)
})

test('deliveries are filtered and paged, also while more come', async (t) => {
  const hub = await startHub(t, { args: NEVER })
  const good = await startReceiver(t)
  const fails = (i) => i % 3 === 1
  const bad = await startReceiver(t, answering((request, response) =>
    response.writeHead(fails(JSON.parse(request.bytes).number) ? 404 : 204)
      .end()))
  const one = await activeWebhook(hub, good.url)
  const two = await activeWebhook(hub, bad.url)
  const before = new Date().toISOString()
  for (let number = 0; number < 10; number++) {
    await publish(hub, SERVER, `s-${number}`, server({ number }))
  }
  await waitUntil(async () =>
    (await get(hub, '/v1/deliveries?state=DEAD')).count === 3 &&
    (await get(hub, '/v1/deliveries?state=DELIVERED')).count === 17,
  'all have ended')
  const list = async (query) =>
    (await allPages(hub, `/v1/deliveries?${query}&`, 3))
      .map((item) => `${item.event.subject} ${item.state}`)
  const ofOne = Array.from({ length: 10 }, (_, i) => `s-${9 - i} DELIVERED`)
  assert.deepEqual(await list(`webhook=${one.id}`), ofOne)
  assert.deepEqual(await list(`webhook=${two.id}&state=DEAD`),
    ['s-7 DEAD', 's-4 DEAD', 's-1 DEAD'])
  assert.deepEqual(await list(`webhook=${two.id}`), ofOne.map((item, i) =>
    fails(9 - i) ? item.replace('DELIVERED', 'DEAD') : item))
  assert.deepEqual(await list(`webhook=${one.id}&state=DEAD`), [])
  assert.equal((await list('')).length, 20)
  assert.deepEqual(await list('text=S-7&state=DEAD'), ['s-7 DEAD'])
  assert.equal((await list('type=compute-ops-mgmt/server')).length, 20)
  assert.equal((await list('type=other')).length, 0)
  assert.equal((await list(`from=${before}`)).length, 20)
  assert.equal((await list(`to=${before}`)).length, 0)
  // What comes while pages are turned stands before the first one.
  const where = `/v1/deliveries?webhook=${one.id}&limit=4`
  const first = await get(hub, where)
  await publish(hub, SERVER, 's-10', server())
  const second = await get(hub, `${where}&cursor=${first.next}`)
  assert.deepEqual(second.items.map((item) => item.event.subject),
    ['s-5', 's-4', 's-3', 's-2'])
})

test('events are listed by type, subject and time', async (t) => {
  const hub = await startHub(t)
  const items = Array.from({ length: 5 },
    (_, i) => bulkItem(SERVER, `s-${i}`, server()))
  items.push(bulkItem('compute-ops/job', 'j-1', { state: 'DONE' }))
  const answer = await hub.api.post('/v1/resources', items)
  assert.equal(answer.status, 202, answer.text)
  const subjects = async (query) =>
    (await allPages(hub, `/v1/events?${query}&`, 2))
      .map((item) => item.subject)
  assert.deepEqual(await subjects(''),
    ['j-1', 's-4', 's-3', 's-2', 's-1', 's-0'])
  assert.deepEqual(await subjects(`type=${SERVER}`),
    ['s-4', 's-3', 's-2', 's-1', 's-0'])
  assert.deepEqual(await subjects('type=compute-ops/job'), ['j-1'])
  assert.deepEqual(await subjects('subject=s-3'), ['s-3'])
  const tomorrow = new Date(Date.now() + 86400000).toISOString()
  assert.deepEqual(await subjects(`from=${tomorrow}`), [])
  assert.equal((await subjects(`to=${tomorrow}`)).length, 6)
})

const BAD = ['/v1/events?limit=0', '/v1/events?limit=501',
  '/v1/events?cursor=!!', '/v1/events?cursor=ZDU', '/v1/events?from=today',
  '/v1/deliveries?state=LOST', '/v1/deliveries?webhook=x',
  '/v1/deliveries?cursor=ZTU', '/v1/deliveries?to=1', '/v1/deliveries?type=%00',
  '/v1/deliveries?limit=1&limit=2']

test('what cannot be asked is refused by the name of its parameter',
  async (t) => {
    const hub = await startHub(t)
    for (const where of BAD) {
      const { status, body, text } = await hub.api.get(where)
      assert.equal(status, 400, `${where}: ${text}`)
      const [{ issues: [{ source }] }] = body.errorDetails
      assert.equal(source, 'query.parameter', text)
    }
    const nobody = '00000000-0000-7000-8000-000000000001'
    for (const where of [`/v1/events/${nobody}`, '/v1/events/none',
      `/v1/events/${nobody}/explain`, `/v1/deliveries/${nobody}`,
      '/v1/deliveries/none', `/v1/deliveries?event=${nobody}`,
      `/v1/deliveries?webhook=${nobody}`]) {
      assert.equal((await hub.api.get(where)).status, 404, where)
    }
  })

test('old events go, last states and what waits stay', async (t) => {
  const hub = await startHub(t, {
    args: [...LAB, '--retry-schedule', '1h',
      '--retention-events', '1s', '--retention-deliveries', '1s']
  })
  const bad = await startReceiver(t, answering(always(500)))
  await activeWebhook(hub, bad.url, { eventFilter: ONLY_OFF })
  const first = await publish(hub, SERVER, 's-1', server())
  const second = await publish(hub, SERVER, 's-1', server({ tag: 2 }))
  // A change that brings both states follows a plain one all the same.
  const plain = await publish(hub, SERVER, 's-3', server())
  const change = await hub.api.post('/v1/events', {
    specversion: '1.0',
    id: 'change-1',
    source: '/test',
    type: SERVER,
    subject: 's-3',
    data: { operation: 'Updated', old: server(), new: server({ tag: 3 }) }
  }, { headers: { 'content-type': 'application/cloudevents+json' } })
  assert.equal(change.status, 202, change.text)
  const waited = await publish(hub, SERVER, 's-2', server(OFF))
  await publish(hub, SERVER, 's-2', server())
  const status = async (event) =>
    (await hub.api.get(eventPath(event.id))).status
  await waitUntil(async () => await status(first) === 404,
    'the first has gone')
  await waitUntil(async () => await status(plain) === 404,
    'the plain one has gone')
  assert.equal(await status(change.body), 200)
  assert.equal(await status(second), 200)
  assert.equal(await status(waited), 200)
  const last = await waitUntil(async () => {
    const event = await get(hub, eventPath(second.id))
    return event.oldRemoved && event
  }, 'the last state is parted from the one before')
  assert.equal(last.old, null)
  const state = await get(hub, resourcePath(SERVER, 's-1'))
  assert.deepEqual(state, server({ tag: 2 }))
})

test('a store at its limit answers 507, delivers on and recovers',
  async (t) => {
    const hub = await startHub(t, {
      args: [...LAB, '--store-max-bytes', '3MiB']
    })
    // Held, so that what is published waits.
    let held = []
    const receiver = await startReceiver(t,
      answering((request, response) => {
        if (held) held.push(response)
        else response.writeHead(204).end()
      }))
    await activeWebhook(hub, receiver.url)
    const padding = 'x'.repeat(50_000)
    let refused
    for (let i = 0; i < 200 && !refused; i++) {
      const answer = await hub.api.put(resourcePath(SERVER, 's-1'),
        server({ padding, i }))
      if (answer.status !== 202) refused = answer
    }
    assert.equal(refused?.status, 507, refused?.text)
    assert.match(refused.body.message, /store-max-bytes/)
    for (const response of held) response.writeHead(204).end()
    held = null
    // Once they are delivered, the oldest make room.
    await waitUntil(async () => {
      const answer = await hub.api.put(resourcePath(SERVER, 's-2'), server())
      return answer.status === 202
    }, 'there is room again')
    assert.ok(statSync(path.join(hub.dir, 'grapnel.db')).size < 6 << 20)
  })

test('the commands show the same', async (t) => {
  const hub = await startHub(t, { args: NEVER })
  const receiver = await startReceiver(t)
  const { id: webhook } = await activeWebhook(hub, receiver.url)
  const { id } = await publish(hub, SERVER, SERVER_ID, server())
  const { deliveries: [delivery] } = await untilStates(hub, id, ['DELIVERED'])
  const options = {
    env: {
      GRAPNEL_URL: hub.url,
      GRAPNEL_TOKEN: 'e2e-admin-token-0123456789abcdef'
    }
  }
  const told = async (...args) => {
    const { code, stdout, stderr } = await run(args, options)
    assert.equal(code, 0, stderr)
    return stdout
  }
  assert.match(await told('event', 'list'), new RegExp(id))
  assert.match(await told('event', 'list', '--type', 'other'), /^ID/)
  assert.match(await told('event', 'get', id), /DELIVERED/)
  const { items } = JSON.parse(await told('delivery', 'list', '--json',
    '--webhook', webhook, '--state', 'delivered'))
  assert.equal(items[0].id, delivery.id)
  assert.match(await told('delivery', 'list'), new RegExp(delivery.id))
  assert.match(await told('delivery', 'get', delivery.id), /attemptList/)
  const { code } = await run(['event', 'get', 'none'], options)
  assert.equal(code, 5)
  assert.equal((await hub.api.get(`${WEBHOOKS}/${webhook}`)).status, 200)
})
