// What people ask about filters: check, explain, backtest, match; on the
// command line and over HTTP. Nothing of it sends or stores anything.

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'

import {
  WEBHOOKS, activeWebhook, createWebhook, getWebhook, publish, unpublish,
  untilStatus
} from './com.mjs'
import { api, request, run, startHub, tempDir } from './harness.mjs'
import { always, startReceiver } from './receiver.mjs'
import { SERVER_ID, group, server } from './states.mjs'

const SERVER = 'compute-ops/server'
const OFF = { hardware: { powerState: 'OFF' } }
const CHECK = '/v1/filters/check'
const EXPLAIN = '/v1/filters/explain'
const BACKTEST = '/v1/filters/backtest'
const MATCH = '/v1/events/match'

const POWERED_OFF = `type eq '${SERVER}' and ` +
  "new/hardware/powerState eq 'OFF' and changed/hardware/powerState"

const updated = (changes) => ({
  type: SERVER, operation: 'Updated', old: server(), new: server(changes)
})

/** The 200's body. */
async function ask (hub, where, body) {
  const answer = await hub.api.post(where, body)
  assert.equal(answer.status, 200, answer.text)
  return answer.body
}

/** All nodes of an explanation's tree. */
const nodesOf = (node) =>
  [node, ...(node.children ?? []).flatMap((child) => nodesOf(child))]

const find = (answer, text) =>
  nodesOf(answer.tree).find((node) => node.text === text)

/* ---- the command line ---- */

function eventFile (t, event) {
  const file = path.join(tempDir(t), 'event.json')
  writeFileSync(file, JSON.stringify(event))
  return file
}

test('filter explain shows a tree with marks and values', async (t) => {
  const file = eventFile(t, updated({}))
  const { code, stdout, stderr } =
    await run(['filter', 'explain', POWERED_OFF, file])
  assert.equal(code, 1, stderr)
  assert.match(stdout, /^✗ and {2}<--$/m)
  assert.match(stdout, /^ {2}✓ type eq 'compute-ops\/server'$/m)
  assert.match(stdout, /^ {2}✗ new\/hardware\/powerState eq 'OFF' {2}<--$/m)
  assert.match(stdout, /^ {6}new\/hardware\/powerState is "ON"$/m)
  assert.match(stdout, /powerState is false: "ON" before, "ON" after$/m)
  assert.match(stdout, /The filter is false: it does not match\.\n$/)
})

test('filter explain --json says the same as an object', async (t) => {
  const file = eventFile(t, updated(OFF))
  const { code, stdout } =
    await run(['filter', 'explain', '--json', POWERED_OFF, file])
  assert.equal(code, 0)
  const answer = JSON.parse(stdout)
  assert.equal(answer.matches, true)
  assert.equal(answer.truth, 'true')
  assert.equal(answer.because.length, 3)
  const eval_ = await run(['filter', 'eval', POWERED_OFF, file])
  assert.deepEqual([eval_.code, eval_.stdout], [0, 'true\n'])
})

test('values of an event cannot move the cursor', async (t) => {
  const file = eventFile(t, { type: 't', new: { a: 'x\u009b31m\u007f' } })
  const { stdout } = await run(['filter', 'explain', 'a eq 1', file])
  assert.doesNotMatch(stdout, /[\u007f-\u009f]/)
})

test('filter explain refuses what it cannot read with exit code 2',
  async (t) => {
    const file = eventFile(t, updated({}))
    for (const args of [[], ['a eq 1'], ['a eq', file], ['a eq 1', '/none'],
      ['a eq 1', file, 'more']]) {
      const { code, stdout, stderr } =
        await run(['filter', 'explain', ...args])
      assert.equal(code, 2, args.join(' '))
      assert.equal(stdout, '')
      assert.notEqual(stderr, '')
    }
  })

/* ---- check ---- */

test('a well-formed filter comes back canonical, with notes and types',
  async (t) => {
    const hub = await startHub(t)
    assert.deepEqual(await ask(hub, CHECK, {
      filter: " type  EQ 'compute-ops-mgmt/servers' or type eq 'x' "
    }), {
      valid: true,
      canonical: "type eq 'compute-ops/servers' or type eq 'x'",
      notes: ["types are in the singular: 'compute-ops/server', not " +
        "'compute-ops/servers'"],
      types: ['compute-ops/servers', 'x']
    })
    const any = await ask(hub, CHECK, { filter: 'a eq 1' })
    assert.deepEqual(any, {
      valid: true, canonical: 'a eq 1', notes: [], types: null
    })
  })

test('a filter that is wrong is an answer, with its column', async (t) => {
  const hub = await startHub(t)
  const answer = await ask(hub, CHECK, { filter: 'salary gte 50000' })
  assert.equal(answer.valid, false)
  assert.equal(answer.column, 8)
  assert.match(answer.error, /^column 8: found 'gte'/)
  assert.deepEqual(Object.keys(answer), ['valid', 'column', 'error'])
})

/* ---- explain ---- */

test('an explanation names the conditions that decided', async (t) => {
  const hub = await startHub(t)
  const answer = await ask(hub, EXPLAIN,
    { filter: POWERED_OFF, event: updated({}) })
  assert.equal(answer.matches, false)
  assert.equal(answer.truth, 'false')
  assert.deepEqual(answer.because,
    ["new/hardware/powerState eq 'OFF'", 'changed/hardware/powerState'])
  assert.equal(answer.canonical, POWERED_OFF)
  const power = find(answer, "new/hardware/powerState eq 'OFF'")
  assert.equal(power.truth, 'false')
  assert.equal(power.decides, true)
  assert.deepEqual(power.values,
    [{ text: 'new/hardware/powerState', value: 'ON' }])
  assert.equal(find(answer, `type eq '${SERVER}'`).decides, false)
  assert.match(answer.withheld, /no monitored property/)
})

test('unknown is told apart from false, and missing from null', async (t) => {
  const hub = await startHub(t)
  const answer = await ask(hub, EXPLAIN, {
    filter: "not contains(a,'x') and b eq 1",
    event: { type: 't', new: { b: null } }
  })
  assert.equal(answer.truth, 'false')
  const unknown = find(answer, "contains(a,'x')")
  assert.equal(unknown.truth, 'unknown')
  assert.deepEqual(unknown.values, [{ text: 'a', value: null, missing: true }])
  assert.deepEqual(find(answer, 'b eq 1').values, [{ text: 'b', value: null }])
  assert.deepEqual(answer.because, ["contains(a,'x')", 'b eq 1'])
  assert.equal(answer.withheld, undefined)
})

test('a stored event is explained with both of its states', async (t) => {
  const hub = await startHub(t)
  await publish(hub, SERVER, SERVER_ID, server())
  const { id } = await publish(hub, SERVER, SERVER_ID, server(OFF))
  const gone = await unpublish(hub, SERVER, SERVER_ID)
  const hit = await ask(hub, EXPLAIN, { filter: POWERED_OFF, eventId: id })
  assert.equal(hit.matches, true)
  const [change] = find(hit, 'changed/hardware/powerState').values
  assert.deepEqual([change.old, change.new], ['ON', 'OFF'])
  const attribute =
    await ask(hub, EXPLAIN, { filter: `$it/id eq '${id}'`, eventId: id })
  assert.ok(attribute.tree.values)
  const deleted = await ask(hub, EXPLAIN, {
    filter: "operation eq 'Deleted' and old/hardware/powerState eq 'OFF'",
    eventId: gone.id
  })
  assert.equal(deleted.matches, true)
})

/* ---- backtest ---- */

/** `count` servers, every second one switched off later on. */
async function tellStory (hub, count) {
  const lines = []
  for (let i = 0; i < count; i++) {
    const id = `s-${i}`
    lines.push({ type: SERVER, id, state: server({ id }) })
    lines.push({ type: SERVER, id, state: server({ id, generation: 2 }) })
    if (i % 2) {
      lines.push({ type: SERVER, id, state: server({ id, ...OFF }) })
    }
  }
  const { status, body, text } = await hub.api.post('/v1/resources',
    lines.map((line) => JSON.stringify(line)).join('\n'),
    { headers: { 'content-type': 'application/x-ndjson' } })
  assert.equal(status, 202, text)
  assert.equal(body.accepted, lines.length)
  return lines.length
}

test('a backtest says which stored events would have matched', async (t) => {
  const hub = await startHub(t)
  const events = await tellStory(hub, 10)
  await publish(hub, 'compute-ops/group', 'g', group())
  const answer = await ask(hub, BACKTEST,
    { filter: POWERED_OFF, hours: 1, limit: 3 })
  assert.equal(answer.complete, true)
  assert.equal(answer.cursor, undefined)
  assert.equal(answer.scanned, events + 1)
  assert.equal(answer.matched, 5)
  assert.equal(answer.samples.length, 3)
  // The latest first.
  assert.deepEqual(answer.samples.map((sample) => sample.subject),
    ['s-9', 's-7', 's-5'])
  const [{ id, type, operation, time }] = answer.samples
  assert.deepEqual([type, operation], [SERVER, 'Updated'])
  assert.ok(Math.abs(Date.parse(time) - Date.now()) < 60_000)
  const again = await ask(hub, EXPLAIN, { filter: POWERED_OFF, eventId: id })
  assert.equal(again.matches, true)
  const total = answer.perHour.reduce((sum, hour) => sum + hour.matched, 0)
  assert.equal(total, 5)
  for (const { hour } of answer.perHour) {
    assert.match(hour, /T\d\d:00:00\.000000Z$/)
  }
})

test('events that the monitored properties hold back do not count',
  async (t) => {
    const hub = await startHub(t)
    await tellStory(hub, 4)
    const answer = await ask(hub, BACKTEST, { filter: `type eq '${SERVER}'` })
    // 4 created, 2 switched off; of `generation` alone nobody is told.
    assert.equal(answer.scanned, 10)
    assert.equal(answer.matched, 6)
    const none =
      await ask(hub, BACKTEST, { filter: `type eq '${SERVER}'`, limit: 0 })
    assert.deepEqual(none.samples, [])
    assert.equal(none.matched, 6)
  })

test('a backtest that runs out of time goes on from its cursor', async (t) => {
  const hub = await startHub(t)
  const events = await tellStory(hub, 200)
  const body = { filter: POWERED_OFF, milliseconds: 1 }
  const seen = { scanned: 0, matched: 0, answers: 0 }
  let answer
  do {
    answer = await ask(hub, BACKTEST, { ...body, cursor: answer?.cursor })
    seen.scanned += answer.scanned
    seen.matched += answer.matched
    seen.answers++
    assert.equal(answer.complete, answer.cursor === undefined)
  } while (!answer.complete && seen.answers <= events)
  assert.equal(seen.scanned, events)
  assert.equal(seen.matched, 100)
  assert.ok(seen.answers >= 2, `${seen.answers} answers`)
})

/* ---- match ---- */

test('match names the webhooks that an event would reach, and sends nothing',
  async (t) => {
    const hub = await startHub(t)
    const receiver = await startReceiver(t)
    const refusing = await startReceiver(t, always(500))
    const active = await activeWebhook(hub, receiver.url,
      { name: 'active', eventFilter: POWERED_OFF })
    const disabled = await createWebhook(hub, receiver.url,
      { name: 'disabled', state: 'DISABLED' })
    const failed = await createWebhook(hub, refusing.url, { name: 'failed' })
    const { status } = await untilStatus(hub, failed.id, 'WARNING')
    await activeWebhook(hub, receiver.url,
      { eventFilter: "type eq 'compute-ops/group'" })
    const off = await getWebhook(hub, disabled.id)
    assert.deepEqual(await ask(hub, MATCH, { event: updated(OFF) }), {
      webhooks: [
        { id: active.id, name: 'active', wouldSend: true },
        { id: disabled.id, name: 'disabled', wouldSend: false },
        { id: failed.id, name: 'failed', wouldSend: false }
      ].map(({ id, name, wouldSend }, i) => ({
        id,
        name,
        state: i === 0 ? 'ENABLED' : 'DISABLED',
        status: ['ACTIVE', off.status, status][i],
        wouldSend
      }))
    })
    const held = await ask(hub, MATCH,
      { event: updated({ generation: 99 }) })
    assert.deepEqual(held.webhooks, [])
    assert.match(held.withheld, /no monitored property/)
    assert.equal(receiver.events.length, 0)
    const stored =
      await ask(hub, BACKTEST, { filter: "type eq 'compute-ops/server'" })
    assert.equal(stored.matched, 0)
  })

/* ---- who may, and what is refused ---- */

async function createKey (hub, role) {
  const { body } = await hub.api.post('/v1/keys', { name: role, role })
  return api(hub, Object.values(body).find((value) =>
    String(value).startsWith(`${body.id}_`)))
}

test('viewers may ask, publishers and strangers may not', async (t) => {
  const hub = await startHub(t)
  const viewer = await createKey(hub, 'viewer')
  const publisher = await createKey(hub, 'publisher')
  const filter = 'a eq 1'
  const event = { type: 't' }
  for (const [where, body] of [[CHECK, { filter }],
    [EXPLAIN, { filter, event }], [BACKTEST, { filter }],
    [MATCH, { event }]]) {
    assert.equal((await viewer.post(where, body)).status, 200, where)
    assert.equal((await publisher.post(where, body)).status, 403, where)
    const stranger =
      await request('POST', hub.url + where, { body, token: null })
    assert.equal(stranger.status, 401, where)
  }
})

const FILTER = 'a eq 1'
const EVENT = { type: 't' }

// path, body, status, the member that the error is about.
const REFUSALS = [
  [CHECK, {}, 400, 'filter'],
  [CHECK, [], 400, undefined],
  [CHECK, { filter: 5 }, 400, 'filter'],
  [CHECK, { filter: FILTER, event: EVENT }, 400, 'event'],
  [EXPLAIN, { filter: FILTER }, 400, 'event'],
  [EXPLAIN, { filter: 'a eq', event: EVENT }, 400, 'filter'],
  [EXPLAIN, { filter: FILTER, event: 7 }, 400, 'event'],
  [EXPLAIN, { filter: FILTER, event: {} }, 400, 'event'],
  [EXPLAIN, { filter: FILTER, event: { type: 1 } }, 400, 'event'],
  [EXPLAIN, { filter: FILTER, event: { type: 't', operation: 'x' } }, 400,
    'event'],
  [EXPLAIN, { filter: FILTER, event: EVENT, eventId: 'x' }, 400, 'eventId'],
  [EXPLAIN, { filter: FILTER, eventId: 5 }, 400, 'eventId'],
  [EXPLAIN, { filter: FILTER, eventId: 'none' }, 404, 'eventId'],
  [EXPLAIN, { filter: FILTER, event: EVENT, x: 1 }, 400, 'x'],
  [BACKTEST, { filter: 'a eq' }, 400, 'filter'],
  [BACKTEST, { filter: FILTER, hours: 0 }, 400, 'hours'],
  [BACKTEST, { filter: FILTER, hours: 721 }, 400, 'hours'],
  [BACKTEST, { filter: FILTER, hours: 1.5 }, 400, 'hours'],
  [BACKTEST, { filter: FILTER, hours: '1' }, 400, 'hours'],
  [BACKTEST, { filter: FILTER, limit: 101 }, 400, 'limit'],
  [BACKTEST, { filter: FILTER, limit: -1 }, 400, 'limit'],
  [BACKTEST, { filter: FILTER, milliseconds: 2001 }, 400, 'milliseconds'],
  [BACKTEST, { filter: FILTER, cursor: 'x' }, 400, 'cursor'],
  [BACKTEST, { filter: FILTER, cursor: '5.' }, 400, 'cursor'],
  [BACKTEST, { filter: FILTER, cursor: '5.0' }, 400, 'cursor'],
  [BACKTEST, { filter: FILTER, cursor: 5 }, 400, 'cursor'],
  [BACKTEST, { filter: FILTER, day: 1 }, 400, 'day'],
  [MATCH, {}, 400, 'event'],
  [MATCH, { event: 'x' }, 400, 'event'],
  [MATCH, { event: EVENT, filter: FILTER }, 400, 'filter']
]

test('what is wrong with a request is told with the member', async (t) => {
  const hub = await startHub(t)
  for (const [where, body, status, member] of REFUSALS) {
    await t.test(`${where} ${JSON.stringify(body)}`, async () => {
      const answer = await hub.api.post(where, body)
      assert.equal(answer.status, status, answer.text)
      assert.equal(answer.body.httpStatusCode, status)
      assert.equal(answer.body.errorCode,
        status === 404 ? 'NOT_FOUND' : 'BAD_REQUEST')
      const issue = answer.body.errorDetails?.[0]?.issues?.[0]
      assert.equal(issue?.subject, member)
    })
  }
  const text = await hub.api.post(CHECK, 'filter=a',
    { headers: { 'content-type': 'text/plain' } })
  assert.equal(text.status, 415)
  assert.equal((await hub.api.get(WEBHOOKS)).body.total, 0)
})
