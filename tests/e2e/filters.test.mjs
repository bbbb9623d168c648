// Every filter that the product's own documents show, against a handler as
// its FAQ shows it, run as a real server.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import {
  WEBHOOKS, activeWebhook, draft, publish, unpublish
} from './com.mjs'
import { run, startHub, waitUntil } from './harness.mjs'
import { startFaqHandler } from './receiver.mjs'
import {
  alert, bundle, compliance, group, job, merged, server, setting
} from './states.mjs'

// What stands for a type in a row, and what it is published as.
const KINDS = {
  server: ['compute-ops/server', server],
  group: ['compute-ops/group', group],
  alert: ['compute-ops/alert', alert],
  job: ['compute-ops/job', job],
  bundle: ['compute-ops/firmware-bundle', bundle],
  setting: ['compute-ops/server-setting', setting],
  compliance: ['compute-ops/group/compliance', compliance]
}

const power = (powerState) => ({ hardware: { powerState } })
const health = (summary) => ({ hardware: { health: { summary } } })
const connected = (is) => ({ state: { connected: is } })
const GONE = 'GONE'

// filter; a story that ends in an event it lets through; one that does not.
// A story is a kind and the states of one resource, changes to the fixture.
const ROWS = [
  ["type eq 'compute-ops/job'",
    ['job', {}], ['server', {}]],
  ["type eq 'compute-ops/server'",
    ['server', {}], ['group', {}]],
  ["type eq 'compute-ops/group' or type eq 'compute-ops/server'",
    ['group', {}], ['job', {}]],
  ["type eq 'compute-ops/group' and operation eq 'Deleted'",
    ['group', {}, GONE], ['group', {}]],
  ["type eq 'compute-ops/alert' and operation eq 'Created'",
    ['alert', {}], ['alert', {}, GONE]],
  ["type eq 'compute-ops/alert' and operation eq 'Deleted'",
    ['alert', {}, GONE], ['alert', {}]],
  ["type eq 'compute-ops/group' and contains(name, 'Production')",
    ['group', { name: 'My Production 2' }], ['group', { name: 'production' }]],
  ["type eq 'compute-ops/group' and changed/name eq True",
    ['group', {}, { name: 'New' }], ['group', {}, { devices: [] }]],
  ["type eq 'compute-ops/group' and " +
    "new/groupComplianceStatus ne 'Compliant'",
  ['group', { groupComplianceStatus: 'NOT_COMPLIANT' }],
  ['group', { groupComplianceStatus: 'Compliant' }]],
  ["type eq 'compute-ops/group' and old/name eq 'Group Name'",
    ['group', { name: 'Group Name' }, { name: 'Other' }],
    ['group', { name: 'Group Name' }]],
  ["type eq 'compute-ops/group' and name ne 'New Group'",
    ['group', {}], ['group', { name: 'New Group' }]],
  ["type eq 'compute-ops/firmware-bundle' and new/isActive eq True",
    ['bundle', { isActive: false }, { isActive: true }],
    ['bundle', { isActive: true }, { isActive: false }]],
  ["type eq 'compute-ops/firmware-bundle' and operation eq 'Created'",
    ['bundle', {}], ['bundle', {}, { isActive: true }]],
  ["type eq 'compute-ops/server' and old/hardware/health/summary eq 'OK' " +
    'and changed/hardware/health/summary eq True',
  ['server', {}, health('CRITICAL')], ['server', health('WARNING'), {}]],
  ["type eq 'compute-ops/server' and new/hardware/health/summary eq 'OK' " +
    'and changed/hardware/health/summary eq True',
  ['server', health('WARNING'), {}], ['server', {}, health('WARNING')]],
  ["type eq 'compute-ops/server' and old/hardware/powerState eq 'ON' and " +
    'changed/hardware/powerState eq True',
  ['server', power('ON'), power('OFF')],
  ['server', power('OFF'), power('ON')]],
  ["type eq 'compute-ops/server' and old/state/connected eq True and " +
    'changed/state/connected eq True',
  ['server', {}, connected(false)], ['server', connected(false), {}]],
  ["type eq 'compute-ops/server' and old/state/connected eq False and " +
    'changed/state/connected eq True',
  ['server', connected(false), {}], ['server', {}, connected(false)]],
  ["type eq 'compute-ops/server' and operation eq 'Created'",
    ['server', {}], ['server', {}, power('OFF')]],
  ["type eq 'compute-ops/job' and contains(name, 'FirmwareUpdate.New') and " +
    "new/state eq 'RUNNING'",
  ['job', {}, { state: 'RUNNING' }],
  ['job', { name: 'GroupFirmwareCompliance', state: 'RUNNING' }]],
  [['server', 'job', 'alert', 'group', 'setting', 'compliance', 'bundle']
    .map((kind) => `type eq '${KINDS[kind][0]}'`).join(' or '),
  ['setting', {}], [['shop/order', () => ({ total: 1 })], {}]],
  ["type eq 'compute-ops/group/compliance'",
    ['compliance', {}], ['group', {}]]
]

// Texts that are printed somewhere and are no filters.
const NO_FILTERS = [
  "type eq 'compute-ops/alert' and operation eq 'Created",
  'salary gte 50000',
  ''
]

/** Publishes a story; returns `matched` of each of its events. */
async function tell (hub, id, [kind, ...states]) {
  const [type, make] = KINDS[kind] ?? kind
  const matched = []
  for (const changes of states) {
    const answer = changes === GONE
      ? await unpublish(hub, type, id)
      : await publish(hub, type, id, merged(make(changes), { id }))
    matched.push(answer.matched)
  }
  return matched
}

const sum = (numbers) => numbers.reduce((a, b) => a + b, 0)

test('the FAQ handler receives what each published filter lets through',
  async (t) => {
    const hub = await startHub(t)
    const handler = await startFaqHandler(t)
    for (const [number, [filter, hit, miss]] of ROWS.entries()) {
      await t.test(filter, async () => {
        const webhook =
          await activeWebhook(hub, handler.url, { eventFilter: filter })
        assert.equal(webhook.eventFilter, filter)
        const missed = await tell(hub, `miss-${number}`, miss)
        assert.equal(missed.at(-1), 0)
        const matched = await tell(hub, `hit-${number}`, hit)
        assert.equal(matched.at(-1), 1)
        const arrived = (id) =>
          handler.bodies().filter((body) => body.id === id).length
        await waitUntil(() => arrived(`hit-${number}`) === sum(matched),
          'the events have arrived')
        await waitUntil(() => arrived(`miss-${number}`) === sum(missed),
          'what matched on the way to the miss has arrived')
        const gone = await hub.api.del(`${WEBHOOKS}/${webhook.id}`)
        assert.equal(gone.status, 204)
      })
    }
  })

test('what is no filter is refused with the column', async (t) => {
  const hub = await startHub(t)
  for (const filter of NO_FILTERS) {
    await t.test(JSON.stringify(filter), async () => {
      const answer = await hub.api.post(WEBHOOKS,
        draft('http://127.0.0.1:1/', { eventFilter: filter }))
      assert.equal(answer.status, 400, answer.text)
      const [{ issues: [issue] }] = answer.body.errorDetails
      assert.equal(issue.source, 'field')
      assert.equal(issue.subject, 'eventFilter')
      if (filter) assert.match(issue.description, /column \d+/)
    })
  }
  assert.equal((await hub.api.get(WEBHOOKS)).body.total, 0)
})

test('filter eval --batch answers a line for each line', async () => {
  const event = {
    type: 'compute-ops/server',
    operation: 'Updated',
    old: server(),
    new: server(power('OFF'))
  }
  const lines = [
    { filter: "new/hardware/powerState eq 'OFF'", event },
    { filter: "old/hardware/powerState eq 'OFF'", event },
    { filter: 'changed/hardware/powerState', event },
    { filter: 'name eq', event },
    { filter: "type eq 'compute-ops/server'", event }
  ]
  const input = lines.map((line) => JSON.stringify(line) + '\n').join('')
  const { code, stdout, stderr } =
    await run(['filter', 'eval', '--batch'], { input })
  assert.equal(code, 0, stderr)
  const answers = stdout.trimEnd().split('\n').map((line) => JSON.parse(line))
  assert.deepEqual(answers.map((answer) => [answer.valid, answer.result]), [
    [true, true], [true, false], [true, true], [false, undefined],
    [true, true]
  ])
  assert.ok(Number.isInteger(answers[3].column))
  assert.ok(answers[3].error.length > 0)
})
