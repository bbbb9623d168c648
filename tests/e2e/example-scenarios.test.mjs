// The further examples of examples/scenarios, from what the hub publishes to
// what the services get.

import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'

import { CLIENT, COM_RATE_LIMIT, POWER_ON, startComCloud } from './com-cloud.mjs'
import { activeWebhook, publish } from './com.mjs'
import { ADMIN_TOKEN, run, startHub, waitUntil } from './harness.mjs'
import {
  EXAMPLES, connect, execution, executions, grapnel, hookOf, importExample
} from './scenario-setup.mjs'
import {
  SNOW_PASSWORD, SNOW_RATE_LIMIT, SNOW_USER, startServiceNow
} from './servicenow.mjs'
import { SERVER_ID, server } from './states.mjs'

/** The example behind a webhook with this filter: its scenario's id. */
async function setUp (hub, example, eventFilter) {
  const scenario = await importExample(hub, example)
  const { destination } = await hookOf(hub, scenario, '--challenge', 'com')
  await activeWebhook(hub, destination, { eventFilter })
  return scenario
}

const connectCom = (hub, cloud) => connect(hub, 'com', 'grapnel', {
  baseUrl: cloud.url,
  tokenUrl: `${cloud.url}/as/token.oauth2`,
  clientId: CLIENT.id,
  clientSecret: CLIENT.secret
})

test('every example is valid', async (t) => {
  const hub = await startHub(t)
  const files = readdirSync(EXAMPLES)
    .filter((name) => /\.(json|yaml)$/.test(name))
    .map((name) => path.join(EXAMPLES, name))
  assert.ok(files.length >= 6)
  const told = await grapnel(hub, 'scenario', 'check', ...files)
  assert.equal(told, files.map((file) => `${file}: valid\n`).join(''))
})

test('whoever imports an example is told which connections to make',
  async (t) => {
    const hub = await startHub(t)
    const { code, stderr } = await run(['scenario', 'import',
      path.join(EXAMPLES, 'restart-server.yaml'), '--enable'],
    { env: { GRAPNEL_URL: hub.url, GRAPNEL_TOKEN: ADMIN_TOKEN } })
    assert.equal(code, 0, stderr)
    for (const place of ['flow[1]', 'flow[2]']) {
      assert.ok(stderr.includes(`${place}.parameters: it needs a connection ` +
        'of type grapnel, and there is none with the id "com" yet\n'), stderr)
    }
  })

/* ---- a disk's alert becomes a ticket ---- */

const ALERT = '0058fbc0-0a6c-44b0-8b93-631cf603f769'

const alert = (changes) => ({
  id: ALERT,
  type: 'compute-ops-mgmt/alert',
  createdAt: '2026-03-02T08:00:00.000000+00:00',
  category: 'Storage',
  severity: 'CRITICAL',
  message: 'Drive "3" has failed',
  description: 'A physical drive has failed.',
  resolution: 'Replace it.',
  messageId: 'iLOEvents.2.3.DriveFailed',
  serverId: SERVER_ID,
  cleared: false,
  ...changes
})

const INCIDENT = {
  short_description: 'Drive "3" has failed',
  description: 'A physical drive has failed.\n\nReplace it.\n' +
    `Server ${SERVER_ID}, iLOEvents.2.3.DriveFailed, ` +
    '2026-03-02T08:00:00.000000+00:00',
  category: 'hardware',
  urgency: '1',
  impact: '2',
  correlation_id: ALERT,
  correlation_display: 'HPE Compute Ops Management'
}

async function ticketing (t) {
  const snow = await startServiceNow(t)
  const hub = await startHub(t)
  await connect(hub, 'servicenow', 'servicenow', {
    baseUrl: snow.url, username: SNOW_USER, password: SNOW_PASSWORD
  })
  const scenario = await setUp(hub, 'disk-alert-to-ticket.yaml',
    "type eq 'compute-ops/alert'")
  return { hub, snow, scenario }
}

test('a disk alert becomes one incident, resolved when it is cleared',
  async (t) => {
    const { hub, snow, scenario } = await ticketing(t)
    await publish(hub, 'compute-ops/alert', 'fan',
      alert({ id: 'fan', category: 'Cooling' }))
    await publish(hub, 'compute-ops/alert', ALERT, alert())
    assert.deepEqual(await snow.waitFor(1), [INCIDENT])
    // It comes again: the incident is there.
    await executions(hub, scenario, 2)
    await hub.api.post(`/v1/scenarios/${scenario}/run`, alert())
    await executions(hub, scenario, 3)
    await snow.waitFor(1)

    await hub.api.post(`/v1/scenarios/${scenario}/run`, alert({
      cleared: true, clearedAt: '2026-03-02T09:00:00.000000+00:00'
    }))
    const [, update] = await snow.waitFor(2)
    assert.deepEqual(update, {
      state: '6',
      close_code: 'Resolved by caller',
      close_notes: 'The alert was cleared at ' +
        '2026-03-02T09:00:00.000000+00:00.'
    })
    assert.equal(snow.incidents.length, 1)
    assert.equal(snow.incidents[0].active, 'false')
    const over = await executions(hub, scenario, 4)
    assert.ok(over.every(({ state }) => state === 'SUCCESS'))
  })

test('an incident that is refused for the rate is made later, in order',
  async (t) => {
    const { hub, snow, scenario } = await ticketing(t)
    snow.before(/POST/, SNOW_RATE_LIMIT)
    await publish(hub, 'compute-ops/alert', ALERT, alert())
    const failed = await waitUntil(async () => {
      const { body } = await hub.api.get(
        `/v1/executions?scenario=${scenario}&state=INCOMPLETE`)
      return body.items[0]
    })
    assert.equal(failed.error,
      'RateLimitError: [429] Rate limit exceeded')
    // As late as it was asked for: ten minutes, not one.
    assert.ok(Date.parse(failed.dueAt) - Date.now() > 9 * 60_000)
    // What comes meanwhile waits.
    await hub.api.post(`/v1/scenarios/${scenario}/run`, alert())
    await grapnel(hub, 'scenario', 'retry', failed.id)
    await executions(hub, scenario, 2)
    assert.deepEqual(await snow.waitFor(1), [INCIDENT])
  })

test('a password that ServiceNow refuses is told', async (t) => {
  const { hub, scenario } = await ticketing(t)
  await grapnel(hub, 'connection', 'create', 'servicenow', '--update',
    '--id', 'servicenow', '--member', 'password=wrong')
  await hub.api.post(`/v1/scenarios/${scenario}/run`, alert())
  const [{ id, state, error }] = await executions(hub, scenario, 1)
  assert.equal(state, 'INCOMPLETE')
  assert.equal(error,
    'InvalidAccessTokenError: [401] User Not Authenticated')
  const told = await grapnel(hub, 'scenario', 'history', scenario, id)
  assert.match(told, /servicenow:searchRecords: Is there a ticket already\?/)
  assert.match(told, /answer +401 .*Required to provide Auth information/)
})

/* ---- a server that was shut down by accident ---- */

const must = (powerState, changes = {}) => server({
  hardware: { powerState }, tags: { Power: 'always-on' }, ...changes
})

const SHUT_DOWN = "type eq 'compute-ops/server' and " +
  "old/hardware/powerState eq 'ON' and changed/hardware/powerState eq True"

async function restarting (t, now) {
  const cloud = await startComCloud(t, { servers: { [SERVER_ID]: now } })
  const hub = await startHub(t)
  await connectCom(hub, cloud)
  const scenario = await setUp(hub, 'restart-server.yaml', SHUT_DOWN)
  return { hub, cloud, scenario }
}

async function shutDown (hub, changes) {
  await publish(hub, 'compute-ops/server', SERVER_ID, must('ON', changes))
  await publish(hub, 'compute-ops/server', SERVER_ID, must('OFF', changes))
}

const JOB = {
  jobTemplate: POWER_ON,
  resourceId: SERVER_ID,
  resourceType: 'compute-ops-mgmt/server',
  jobParams: {}
}

test('a server that must run is powered on by a job of COM', async (t) => {
  const { hub, cloud, scenario } = await restarting(t, must('OFF'))
  await shutDown(hub)
  assert.deepEqual(await cloud.waitFor(1), [JOB])
  const [{ id }] = await executions(hub, scenario, 1)
  const { steps } = await execution(hub, id)
  assert.equal(steps.at(-1).output[0].state, 'PENDING')
  assert.equal(cloud.tokens.size, 1)
})

test('a server is left alone when it runs again, may be off, or is serviced',
  async (t) => {
    const { hub, cloud, scenario } = await restarting(t, must('ON'))
    await shutDown(hub)
    await executions(hub, scenario, 1)
    cloud.servers[SERVER_ID] = must('OFF')
    await shutDown(hub, { tags: { Power: 'on-demand' } })
    await shutDown(hub, { maintenanceMode: true })
    await executions(hub, scenario, 3)
    assert.deepEqual([cloud.kept, cloud.complaints], [[], []])
  })

test('a token that ends between two steps is fetched anew', async (t) => {
  const { hub, cloud, scenario } = await restarting(t, must('OFF'))
  Object.defineProperty(cloud.servers, SERVER_ID, {
    get () {
      cloud.tokens.clear()
      return must('OFF')
    }
  })
  await shutDown(hub)
  const [{ state }] = await executions(hub, scenario, 1)
  assert.equal(state, 'SUCCESS')
  assert.deepEqual(cloud.kept, [JOB])
  assert.deepEqual(cloud.complaints,
    ['POST /compute-ops-mgmt/v1/jobs: Jwt is expired'])
})

test('a job that is refused for the rate is made later, once', async (t) => {
  const { hub, cloud, scenario } = await restarting(t, must('OFF'))
  cloud.before(/POST .*jobs/, COM_RATE_LIMIT)
  await shutDown(hub)
  const [, aside] = await executions(hub, scenario, 2)
  assert.equal(aside.error, 'RateLimitError: [429] Too many requests')
  assert.ok(Date.parse(aside.dueAt) - Date.now() > 100_000)
  await grapnel(hub, 'scenario', 'retry', aside.id)
  assert.deepEqual(await cloud.waitFor(1), [JOB])
})

/* ---- a new server joins a group ---- */

const GROUPS = [
  { id: '6081a383-b9e5-45e3-8371-1e0ba7b72068', name: 'Databases' },
  { id: '8a3a2a46-0102-48e2-bdd9-a29ee6909860', name: 'ESXi hosts' }
]

const CONNECTED = "type eq 'compute-ops/server' and " +
  'old/state/connected eq False and changed/state/connected eq True'

test('a server that connects joins the group of its tag', async (t) => {
  const cloud = await startComCloud(t, { groups: GROUPS })
  const hub = await startHub(t)
  await connectCom(hub, cloud)
  const scenario =
    await setUp(hub, 'new-server-joins-group.yaml', CONNECTED)
  const connected = async (id, tags) => {
    for (const isConnected of [false, true]) {
      const state = server({ id, state: { connected: isConnected } })
      await publish(hub, 'compute-ops/server', id, { ...state, tags })
    }
  }
  await connected('A+1', { Application: 'Hypervisor' })
  await connected('B+2', { Application: 'Database', Location: 'Houston' })
  await connected('C+3', { Application: 'Printing' })
  await connected('D+4', {})
  const over = await executions(hub, scenario, 4)
  assert.ok(over.every(({ state }) => state === 'SUCCESS'))
  const joined = await cloud.waitFor(2)
  assert.deepEqual(joined.sort((a, b) => a.group < b.group ? -1 : 1), [
    { group: 'Databases', devices: [{ deviceId: 'B+2' }] },
    { group: 'ESXi hosts', devices: [{ deviceId: 'A+1' }] }
  ])
})
