// Scenarios: imported, run by hand, looked at, and gone on with after the hub
// was killed in the middle of one.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'

import {
  ADMIN_TOKEN, BIN, ROOT, startHub, tempDir, waitUntil
} from './harness.mjs'
import { startReceiver } from './receiver.mjs'

const SCENARIOS = '/v1/scenarios'
const run = promisify(execFile)

/** A step that sends its input to the receiver. */
const send = (id, url, body) => ({
  id,
  module: 'http:ActionSendData',
  version: 3,
  parameters: { handleErrors: true },
  mapper: {
    url,
    method: 'post',
    bodyType: 'raw',
    contentType: 'application/json',
    data: body,
    parseResponse: true
  }
})

const hook = { id: 1, module: 'gateway:CustomWebHook', version: 1 }

const blueprint = (flow, settings = {}) => ({
  name: 'A scenario',
  flow: [hook, ...flow],
  metadata: { scenario: settings }
})

async function create (hub, body) {
  const answer = await hub.api.post(SCENARIOS, body)
  assert.equal(answer.status, 201, answer.text)
  assert.deepEqual(answer.body.problems, [])
  return answer.body.id
}

async function begin (hub, id, bundle) {
  const answer = await hub.api.post(`${SCENARIOS}/${id}/run`, bundle)
  assert.equal(answer.status, 202, answer.text)
  return answer.body.id
}

const untilOver = (hub, execution, state) => waitUntil(async () => {
  const { body } = await hub.api.get(`/v1/executions/${execution}`)
  if (['QUEUED', 'RUNNING'].includes(body.state)) return undefined
  assert.equal(body.state, state, JSON.stringify(body))
  return body
}, `execution ${execution} to be ${state}`)

const grapnel = (hub, ...args) => run(BIN, ['scenario', ...args], {
  env: {
    ...process.env,
    GRAPNEL_URL: hub.url,
    GRAPNEL_TOKEN: ADMIN_TOKEN,
    NO_COLOR: '1'
  }
})

test('a scenario is imported, run and looked at from the shell', async (t) => {
  const hub = await startHub(t)
  const receiver = await startReceiver(t)
  receiver.handler = (request, response) => response
    .writeHead(200, { 'content-type': 'application/json' })
    .end('{"ticket":"T-1"}')
  const file = path.join(tempDir(t), 'scenario.yaml')
  writeFileSync(file, `
name: Disk alert
flow:
  - { id: 1, module: gateway:CustomWebHook, version: 1 }
  - id: 2
    module: http:ActionSendData
    version: 3
    mapper:
      url: ${receiver.url}
      method: post
      bodyType: raw
      contentType: application/json
      data: '{"title":"{{upper(1.disk)}} is failing"}'
      parseResponse: true
  - id: 3
    module: util:SetVariable2
    mapper: { name: ticket, value: "{{2.data.ticket}}" }
`)
  assert.match((await grapnel(hub, 'check', file)).stdout, /: valid\n$/)
  const imported = await grapnel(hub, 'import', file, '--enable')
  assert.match(imported.stdout, /^\S{36} {2}Disk alert {2}enabled\n$/)
  const id = imported.stdout.slice(0, 36)
  assert.match((await grapnel(hub, 'list')).stdout, /Disk alert/)

  const bundle = path.join(tempDir(t), 'bundle.json')
  writeFileSync(bundle, '{"disk":"sda","apiKey":"secret"}')
  const done = await grapnel(hub, 'run', id, bundle, '--wait', '--json')
  const execution = JSON.parse(done.stdout)
  assert.equal(execution.state, 'SUCCESS', done.stdout)
  assert.deepEqual(execution.trigger, { disk: 'sda', apiKey: '***' })
  assert.deepEqual(execution.steps.map((step) => step.name),
    ['http:ActionSendData', 'util:SetVariable2'])
  assert.deepEqual(execution.steps[1].output, [{ ticket: 'T-1' }])
  assert.equal(String(receiver.requests.at(-1).bytes),
    '{"title":"SDA is failing"}')
  const history = await grapnel(hub, 'history', id)
  assert.match(history.stdout, /SUCCESS +manual/)

  await grapnel(hub, 'disable', id)
  assert.equal((await hub.api.get(`${SCENARIOS}/${id}`)).body.isEnabled, false)
  await grapnel(hub, 'delete', id)
  assert.equal((await hub.api.get(`${SCENARIOS}/${id}`)).status, 404)
})

test('what is wrong with a blueprint is told with its places', async (t) => {
  const hub = await startHub(t)
  const broken = blueprint([{
    id: 2,
    module: 'no:Such',
    mapper: { text: '{{foo(1)}}', other: '{{bar()}}' }
  }])
  const places = ['flow[1].module', 'flow[1].mapper.text',
    'flow[1].mapper.other']
  const checked = await hub.api.post(`${SCENARIOS}/check`, broken)
  assert.equal(checked.body.valid, false)
  assert.deepEqual(checked.body.problems.map((each) => each.place).sort(),
    [...places].sort())
  // It is kept, and cannot be enabled until it is mended.
  const kept = await hub.api.post(SCENARIOS, broken)
  assert.equal(kept.status, 201)
  assert.equal(kept.body.isRunnable, false)
  const at = `${SCENARIOS}/${kept.body.id}`
  assert.equal((await hub.api.patch(at, { isEnabled: true })).status, 400)
  assert.equal((await hub.api.post(`${at}/run`, {})).status, 409)
  const mended = await hub.api.patch(at,
    { isEnabled: true, blueprint: blueprint([]) },
    { headers: { 'if-match': '"1"' } })
  assert.equal(mended.status, 200, mended.text)
  assert.equal((await hub.api.patch(at, { name: 'x' },
    { headers: { 'if-match': '"1"' } })).status, 412)

  for (const [body, field] of [
    [{ blueprint: 7 }, 'blueprint'], [{ nmae: 'x' }, 'nmae'], [{}, 'blueprint'],
    [{ blueprint: blueprint([]), zone: 'Moon' }, 'zone'],
    [{ blueprint: blueprint([]), scheduling: { type: 'x' } }, 'scheduling']
  ]) {
    const answer = await hub.api.post(SCENARIOS, body)
    assert.equal(answer.status, 400, answer.text)
    assert.equal(answer.body.errorDetails[0].issues[0].subject, field)
  }
  const viewer = (await hub.api.post('/v1/keys',
    { role: 'viewer', name: 'v' })).body.key
  const as = { token: viewer }
  assert.equal((await hub.api.get(SCENARIOS, as)).body.total, 1)
  assert.equal((await hub.api.post(SCENARIOS, broken, as)).status, 403)
  assert.equal((await hub.api.post(`${at}/run`, {}, as)).status, 403)
})

test('a failure that is kept is retried, dropped and replayed', async (t) => {
  const hub = await startHub(t)
  const receiver = await startReceiver(t)
  let status = 503
  receiver.handler = (request, response) =>
    response.writeHead(status).end('{}')
  const id = await create(hub, {
    isEnabled: true,
    blueprint: blueprint([send(2, receiver.url, '{"n":{{1.n}}}')],
      { dlq: true })
  })
  const failed = await begin(hub, id, { n: 1 })
  const dropped = await begin(hub, id, { n: 2 })
  const first = await untilOver(hub, failed, 'INCOMPLETE')
  assert.equal(first.failedStep, 1)
  assert.match(first.error, /^ConnectionError: /)
  await untilOver(hub, dropped, 'INCOMPLETE')
  assert.equal(
    (await hub.api.post(`/v1/executions/${dropped}/drop`)).status, 202)
  assert.equal(
    (await hub.api.post(`/v1/executions/${dropped}/retry`)).status, 409)

  status = 200
  await hub.api.post(`/v1/executions/${failed}/retry`)
  const over = await waitUntil(async () => {
    const { body } = await hub.api.get(`/v1/executions/${failed}`)
    return body.state === 'SUCCESS' && body
  })
  assert.equal(over.attempts, 2)
  assert.equal(over.steps.length, 1)
  const again = await hub.api.post(`/v1/executions/${failed}/replay`)
  assert.equal(again.status, 202, again.text)
  assert.equal((await untilOver(hub, again.body.id, 'SUCCESS')).cause, 'replay')

  const page = (await hub.api.get(
    `/v1/executions?scenario=${id}&limit=2`)).body
  assert.deepEqual(page.items.map((each) => each.id), [again.body.id, dropped])
  const rest = (await hub.api.get(
    `/v1/executions?limit=2&cursor=${page.next}`)).body
  assert.deepEqual(rest.items.map((each) => each.id), [failed])
  const lost = (await hub.api.get('/v1/executions?state=DROPPED')).body
  assert.deepEqual(lost.items.map((each) => each.id), [dropped])
})

test('what repeats a confidential run shows nothing either', async (t) => {
  const hub = await startHub(t)
  const receiver = await startReceiver(t)
  let status = 503
  receiver.handler = (request, response) =>
    response.writeHead(status).end('{}')
  const flow = (settings) => blueprint(
    [send(2, receiver.url, '{"pin":"{{1.pin}}"}')], settings)
  const id = await create(hub, {
    isEnabled: true, blueprint: flow({ dlq: true, confidential: true })
  })
  const hidden = await begin(hub, id, { pin: 'pin-1234' })
  await untilOver(hub, hidden, 'INCOMPLETE')
  status = 200
  const now = await hub.api.patch(`${SCENARIOS}/${id}`, { blueprint: flow({}) })
  assert.equal(now.status, 200, now.text)
  const again = await hub.api.post(`/v1/executions/${hidden}/replay`)
  assert.equal(again.status, 202, again.text)
  await untilOver(hub, again.body.id, 'SUCCESS')
  const shown = await hub.api.get(`/v1/executions/${again.body.id}`)
  assert.doesNotMatch(shown.text, /pin-1234/)
})

test('kill -9 in the middle of a run: it goes on where it was', async (t) => {
  const hub = await startHub(t)
  const receiver = await startReceiver(t)
  const seen = []
  let arrived
  const waiting = new Promise((resolve) => { arrived = resolve })
  let isHanging = true
  receiver.handler = (request, response) => {
    const { step } = JSON.parse(String(request.bytes))
    seen.push(step)
    if (step === 'third' && isHanging) arrived()
    else {
      response.writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ got: step, number: seen.length }))
    }
  }
  const id = await create(hub, {
    isEnabled: true,
    blueprint: blueprint([
      send(2, receiver.url, '{"step":"first"}'),
      { id: 3, module: 'util:SetVariable2', mapper: { name: 'u', value: '{{uuid}}' } },
      send(4, receiver.url, '{"step":"second"}'),
      send(5, receiver.url, '{"step":"third","before":"{{4.data.got}}"}'),
      send(6, receiver.url, '{"step":"fourth","first":{{2.data.number}}}')
    ])
  })
  const execution = await begin(hub, id, {})
  await waiting
  await hub.kill9()
  isHanging = false
  await hub.start()
  const over = await untilOver(hub, execution, 'SUCCESS')
  assert.deepEqual(seen, ['first', 'second', 'third', 'third', 'fourth'])
  assert.equal(String(receiver.requests.at(-1).bytes),
    '{"step":"fourth","first":1}')
  assert.equal(over.steps.length, 5)
})

test('a stop lets the next start go on', async (t) => {
  const hub = await startHub(t)
  const id = await create(hub, {
    blueprint: blueprint([
      { id: 2, module: 'util:FunctionSleep', mapper: { duration: '2' } },
      { id: 3, module: 'util:SetVariable2', mapper: { name: 'a', value: 'b' } }
    ], { sequential: true })
  })
  const first = await begin(hub, id, {})
  const second = await begin(hub, id, {})
  await waitUntil(async () => /scenario_runs_in_flight 1/.test(
    (await hub.api.get('/metrics')).text))
  await hub.stop()
  await hub.start()
  await untilOver(hub, first, 'SUCCESS')
  await untilOver(hub, second, 'SUCCESS')
})

const example = (name) => path.join(ROOT, 'examples/scenarios', name)

async function importExample (hub, name) {
  const { stdout } = await grapnel(hub, 'import', example(name), '--enable')
  return stdout.slice(0, 36)
}

test('example: a server that is off becomes a text', async (t) => {
  const hub = await startHub(t)
  const id = await importExample(hub, 'power-off-to-text.json')
  const server = {
    name: 'rack1-07',
    host: { hostname: 'esx7' },
    hardware: { powerState: 'OFF', health: { summary: 'OK' } },
    tags: { Location: 'Houston', Application: 'Hypervisor' }
  }
  const over = await untilOver(hub, await begin(hub, id, server), 'SUCCESS')
  assert.equal(over.steps.at(-1).input.body,
    'rack1-07 (esx7) is off, health OK.\n' +
    'Location: Houston\nApplication: Hypervisor')
  server.hardware.powerState = 'ON'
  const other = await untilOver(hub, await begin(hub, id, server), 'SUCCESS')
  assert.equal(other.steps.length, 0)
})

test('a scenario starts by itself when its time has come', async (t) => {
  const hub = await startHub(t)
  const id = await create(hub, {
    isEnabled: true,
    zone: 'Europe/Prague',
    scheduling: {
      type: 'once',
      date: new Date(Date.now() + 3000).toISOString()
    },
    blueprint: {
      name: 'Once',
      flow: [{
        id: 1,
        module: 'util:SetVariable2',
        mapper: { name: 'at', value: '{{formatDate(now; "Z")}}' }
      }]
    }
  })
  const [run] = await waitUntil(async () => {
    const { items } = (await hub.api.get(
      `/v1/executions?scenario=${id}&state=SUCCESS`)).body
    return items.length > 0 && items
  })
  assert.equal(run.cause, 'schedule')
})
