// The GreenLake walk-through end to end: the scenario answers the challenge
// by the shared secret, and each entry of the audit log becomes a row.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { createWebhook, subscribe, untilStatus } from './gl.mjs'
import { startHub, waitUntil } from './harness.mjs'
import {
  connect, execution, executions, grapnel, hookOf, importExample
} from './scenario-setup.mjs'
import {
  SHEETS_RATE_LIMIT, makeServiceAccount, startSheets
} from './sheets.mjs'

const EXAMPLE = 'greenlake-audit-log-to-sheet.json'
const AUDIT = 'com.hpe.greenlake.audit-log.v1.logs.created'
const SECRET = 'ChangeMe123'
const ONLY_KEYS = { eventFilter: "category eq 'keys'" }

/** A hub with a scenario, and a sheet that its connection may write to. */
async function setUp (t) {
  const account = makeServiceAccount()
  const sheets = await startSheets(t, account)
  const hub = await startHub(t)
  await connect(hub, 'google', 'google', {
    serviceAccount: account.json,
    baseUrl: sheets.url,
    tokenUrl: `${sheets.url}/token`
  })
  const scenario = await importExample(hub, EXAMPLE)
  return { hub, sheets, scenario }
}

async function follow (hub, destination, changes = {}) {
  const { id } =
    await createWebhook(hub, destination, { secret: SECRET, ...changes })
  const webhook = await untilStatus(hub, id, 'ACTIVE')
  await subscribe(hub, id, AUDIT, ONLY_KEYS)
  return webhook
}

async function makeKey (hub, name) {
  const { status, text } =
    await hub.api.post('/v1/keys', { name, role: 'viewer' })
  assert.equal(status, 201, text)
}

/** What the log says of the key, as the sheet is to show it. */
async function rowOf (hub, name) {
  const { body } = await hub.api.get('/v1/audit-log?category=keys')
  const entry = body.items.find(({ resource }) => resource.name === name)
  assert.ok(entry, JSON.stringify(body))
  const { id, at, category, who, description } = entry
  return [at, category, who.name, description, who.address, id]
}

async function checkRow (hub, sheets, name) {
  const [row] = await sheets.waitFor(1)
  assert.equal(row.valueInputOption, 'RAW')
  assert.equal(row.insertDataOption, 'INSERT_ROWS')
  const [[at, ...cells]] = row.values
  const [expectedAt, ...expected] = await rowOf(hub, name)
  assert.deepEqual(cells, expected)
  assert.equal(Date.parse(at), Date.parse(expectedAt))
}

test('an audit-log event becomes a row; sha256 answers the challenge',
  async (t) => {
    const { hub, sheets, scenario } = await setUp(t)
    const { destination } = await hookOf(hub, scenario)
    await follow(hub, destination)
    // The hub asked for the rate by OPTIONS too, which is nothing to tell.
    const runs = await Promise.all((await executions(hub, scenario, 2))
      .map(({ id }) => execution(hub, id)))
    const places = runs.map(({ steps }) => steps.map(({ place }) => place))
    assert.deepEqual(places.sort(), [[],
      ['flow[1].routes[0].flow[0]', 'flow[1].routes[0].flow[1]']])
    await makeKey(hub, 'row')
    await checkRow(hub, sheets, 'row')
    // One token serves until it ends.
    await makeKey(hub, 'another')
    await sheets.waitFor(2)
    assert.equal(sheets.tokens.size, 1)
  })

test('within the hub it is the same, without a network', async (t) => {
  const { hub, sheets, scenario } = await setUp(t)
  const { local } = await hookOf(hub, scenario)
  await follow(hub, local)
  await makeKey(hub, 'row')
  await checkRow(hub, sheets, 'row')
})

test('a wrong secret in the scenario fails the challenge', async (t) => {
  const { hub, scenario } = await setUp(t)
  const { destination } = await hookOf(hub, scenario)
  const { id } = await createWebhook(hub, destination,
    { secret: 'Another123' })
  await waitUntil(async () => {
    const { body } = await hub.api.get(`/events/v1beta1/webhooks/${id}`)
    return !['PENDING', 'ACTIVE'].includes(body.status) && body
  }, 'the webhook is refused')
})

test('the hook answers and checks signatures without any step of it',
  async (t) => {
    const { hub, sheets, scenario } = await setUp(t)
    const { destination } = await hookOf(hub, scenario, '--challenge',
      'greenlake', '--signature', 'greenlake', '--secret', SECRET)
    await follow(hub, destination)
    await makeKey(hub, 'row')
    await checkRow(hub, sheets, 'row')
    assert.equal((await executions(hub, scenario, 1)).length, 1)
  })

test('a sheet that is written too fast gets the row later', async (t) => {
  const { hub, sheets, scenario } = await setUp(t)
  sheets.before(/append/, SHEETS_RATE_LIMIT)
  const { destination } = await hookOf(hub, scenario)
  await follow(hub, destination)
  await makeKey(hub, 'row')
  const runs = await executions(hub, scenario, 4)
  assert.ok(runs.some(({ state }) => state === 'WARNING'))
  const aside = runs.find(({ state }) => state === 'INCOMPLETE')
  assert.match(aside.error, /^RateLimitError: \[429\] Quota exceeded/)
  await grapnel(hub, 'scenario', 'retry', aside.id)
  await checkRow(hub, sheets, 'row')
})

test('a key that Google does not know is told', async (t) => {
  const { hub, sheets, scenario } = await setUp(t)
  const other = makeServiceAccount()
  await hub.api.patch('/v1/connections/google',
    { members: { serviceAccount: other.json } })
  const { status } = await hub.api.post(`/v1/scenarios/${scenario}/run`,
    { time: '2026-11-22T10:00:00Z', data: { id: 'a', category: 'keys' } })
  assert.equal(status, 202)
  const [, aside] = await executions(hub, scenario, 2)
  assert.equal(aside.error,
    'InvalidAccessTokenError: [400] Invalid JWT Signature.')
  assert.deepEqual(sheets.kept, [])
})
