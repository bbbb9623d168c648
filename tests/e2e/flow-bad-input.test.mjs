// What people get wrong with scenarios, hooks and connections: each is
// answered by what was wrong, where, and what was expected.

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'

import {
  ADMIN_TOKEN, request, run, startHub, tempDir, waitUntil
} from './harness.mjs'

const hook = { id: 1, module: 'gateway:CustomWebHook' }
const blueprint = (...flow) => ({ name: 'A scenario', flow: [hook, ...flow] })

const variable = (id, value) => ({
  id,
  module: 'util:SetVariable2',
  mapper: { name: 'x', value, scope: 'roundtrip' }
})

async function create (hub, body) {
  const { status, body: made, text } = await hub.api.post('/v1/scenarios', body)
  assert.equal(status, 201, text)
  return made.id
}

const grapnel = (hub, ...args) => run(args, {
  env: { GRAPNEL_URL: hub.url, GRAPNEL_TOKEN: ADMIN_TOKEN, NO_COLOR: '1' }
})

const over = (hub, id) => waitUntil(async () => {
  const { body } = await hub.api.get(`/v1/executions/${id}`)
  return !['QUEUED', 'RUNNING'].includes(body.state) && body
}, `execution ${id} is over`)

test('a refusal names the member and the values it may have', async (t) => {
  const hub = await startHub(t)
  const cases = [
    ['hooks', { name: '' }, /^name: expected 1 to 128 characters/],
    ['hooks', { name: 'x', challenges: ['no'] }, /^challenges: expected com, /],
    ['hooks', { name: 'x', signature: { scheme: 'no' } },
      /^signature.scheme: expected none, standard, /],
    ['hooks', { name: 'x', scenarioId: '7b3e4f66-0000-4000-8000-000000000000' },
      /^scenarioId: there is no such scenario/],
    ['hooks', { name: '', enabled: 1 }, /^2 things are wrong with the body/],
    ['connections', { name: 'x', type: 'no' },
      /^type: expected one of: .*slack.*email/],
    ['connections', { name: 'x', id: '..', type: 'slack' }, /^id: expected /],
    ['scenarios', { blueprint: blueprint(), isEnabled: 1 },
      /^isEnabled: expected true or false/],
    ['scenarios', { blueprint: blueprint(), enable: 1 },
      /^enable: there is no such member; name, blueprint, /],
    ['scenarios', { name: 'x', flow: {} }, /^blueprint: it is not a blueprint/]
  ]
  for (const [kind, body, expected] of cases) {
    const answer = await hub.api.post(`/v1/${kind}`, body)
    assert.equal(answer.status, 400, answer.text)
    assert.match(answer.body.message, expected)
    for (const { subject, description } of
      answer.body.errorDetails[0].issues) {
      assert.ok(!description.startsWith(`${subject}: `), answer.text)
    }
  }
})

test('a schedule that means nothing is refused', async (t) => {
  const hub = await startHub(t)
  const daily = { type: 'daily', time: '09:00' }
  const cases = [
    [{ type: 'cron', expression: '0 0 30 2 *' }, /no such time will ever come/],
    [{ type: 'once', date: '2001-01-01T00:00:00Z' }, /no such time will ever/],
    [{ ...daily, restricts: [] }, /^scheduling.restricts: there is no such/],
    [{ ...daily, restrict: { days: [1] } }, /^scheduling.restrict: expected/],
    [{ ...daily, between: '2026-01-01' }, /^scheduling.between: expected/],
    [{ type: 'cron', expression: '* * *' },
      /^scheduling.expression: field 4, the month: expected/]
  ]
  for (const [scheduling, expected] of cases) {
    const { status, body, text } = await hub.api.post('/v1/scenarios',
      { blueprint: blueprint(), scheduling })
    assert.equal(status, 400, text)
    assert.match(body.message, expected)
  }
  await create(hub, {
    blueprint: blueprint(),
    scheduling: { ...daily, restrict: [{ time: ['22:00', '10:00'] }] }
  })
})

test('settings and directives that do nothing are told', async (t) => {
  const hub = await startHub(t)
  const { body } = await hub.api.post('/v1/scenarios/check', {
    ...blueprint({ id: 2, module: 'builtin:Ignore' }),
    metadata: { scenario: { dlq: 'yes', maxErrors: 'many', sequentially: true } }
  })
  assert.deepEqual(body.problems.map(({ severity, place, text }) =>
    `${severity} ${place}: ${text}`), [
    'warning flow[1]: builtin:Ignore ends the flow here: its place is an ' +
      'error handler (onerror)',
    'warning metadata.scenario.dlq: expected true or false',
    'warning metadata.scenario.maxErrors: expected a number',
    'warning metadata.scenario.sequentially: there is no such setting: it ' +
      'does nothing'
  ])
})

test('an answer that cannot be sent as it is fails the run', async (t) => {
  const hub = await startHub(t)
  const answer = async (mapper) => {
    const id = await create(hub, {
      isEnabled: true,
      blueprint: blueprint({ id: 2, module: 'gateway:WebhookRespond', mapper })
    })
    const { body } = await hub.api.post('/v1/hooks',
      { name: 'in', scenarioId: id })
    const got = await request('POST', hub.url + body.url, { body: {} })
    const { items } = (await hub.api.get(`/v1/executions?scenario=${id}`)).body
    return { ...got, error: (await over(hub, items[0].id)).error }
  }
  const cases = [
    [{ status: '101' }, /status: expected a number from 200 to 999/],
    [{ headers: [{ name: 'x-a', value: 'b' }] }, /headers\[0\]: expected a key/],
    [{ headers: [{ key: 'x-a', value: 'b\r\nx-c: d' }] },
      /headers\[0\]: "x-a" with this value cannot be a header/],
    [{ headers: [{ key: 'x-a', value: 'b'.repeat(4097) }] },
      /headers\[0\]: a key has 256 bytes/],
    [{ headers: Array(17).fill({ key: 'x-a', value: 'b' }) },
      /headers: over 16 of them/]
  ]
  for (const [mapper, error] of cases) {
    const got = await answer({ status: '200', ...mapper })
    assert.equal(got.status, 500, JSON.stringify(mapper))
    assert.equal(got.text, 'Scenario failed to complete.')
    assert.match(got.error, error)
  }
  const list = await answer({
    status: '201',
    body: ['a', '{{1.none}}'],
    headers: [{ key: 'x-a', value: '1' }, { key: 'x-a', value: '2' }]
  })
  assert.equal(list.status, 201)
  assert.deepEqual(list.body, ['a', null])
  assert.equal(list.headers['x-a'], '1, 2')
})

test('what a replay does not know is refused and runs nothing', async (t) => {
  const hub = await startHub(t)
  const id = await create(hub, { blueprint: blueprint(variable(2, 'a')) })
  const { body } = await hub.api.post(`/v1/scenarios/${id}/run`, {})
  await over(hub, body.id)
  for (const [wrong, expected] of [
    [{ verison: 'then' }, /^verison: there is no such member; version is/],
    [[], /expected an object, found an array/],
    [{ version: 5 }, /^version: expected present or then/],
    [{ version: 'before' }, /^version: expected present or then/]
  ]) {
    const answer =
      await hub.api.post(`/v1/executions/${body.id}/replay`, wrong)
    assert.equal(answer.status, 400, answer.text)
    assert.match(answer.body.message, expected)
  }
  const all = await hub.api.get(`/v1/executions?scenario=${id}`)
  assert.equal(all.body.count, 1)
})

test('what is confidential stays so when its scenario is gone', async (t) => {
  const hub = await startHub(t)
  const confidential = {
    blueprint: {
      ...blueprint(variable(2, '{{1.data}}')),
      metadata: { scenario: { confidential: true } }
    }
  }
  const id = await create(hub, confidential)
  const begun = await hub.api.post(`/v1/scenarios/${id}/run`,
    { data: 'between us' })
  const told = async () => JSON.stringify(await over(hub, begun.body.id))
  assert.ok(!(await told()).includes('between us'))
  const gone = await hub.api.del(`/v1/scenarios/${id}`)
  assert.equal(gone.status, 204)
  assert.ok(!(await told()).includes('between us'), await told())
})

test('the command line takes a scenario by its name', async (t) => {
  const hub = await startHub(t)
  const file = path.join(tempDir(t), 'a.json')
  writeFileSync(file, JSON.stringify(blueprint(variable(2, 'a'))))
  for (const args of [
    ['import', file],
    ['enable', 'A scenario'],
    ['disable', 'A scenario'],
    ['import', file, '--update', 'A scenario', '--enable']
  ]) {
    const { code, stderr } = await grapnel(hub, 'scenario', ...args)
    assert.equal(code, 0, stderr)
  }
  const made = await grapnel(hub, 'hook', 'create', 'in', '--scenario',
    'A scenario')
  assert.equal(made.code, 0, made.stderr)
  const { items } = (await hub.api.get('/v1/scenarios')).body
  assert.equal(items.length, 1)
  assert.equal(items[0].isEnabled, true)
  assert.match(made.stdout, new RegExp(`scenarioId +${items[0].id}`))
  const unknown = await grapnel(hub, 'scenario', 'disable', 'Another')
  assert.equal(unknown.code, 5)
  assert.match(unknown.stderr, /there is no scenario "Another"/)
  const removed = await grapnel(hub, 'scenario', 'delete', 'A scenario')
  assert.equal(removed.code, 0, removed.stderr)
})
