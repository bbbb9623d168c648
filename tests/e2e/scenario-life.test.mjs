// The life of executions: run once, run again, removed.

import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'

import {
  ADMIN_TOKEN, BIN, request, startHub, waitUntil
} from './harness.mjs'
import { startReceiver } from './receiver.mjs'

const run = promisify(execFile)
const hookModule = { id: 1, module: 'gateway:CustomWebHook', version: 1 }

/** A scenario that answers with what `body` comes to. */
const answering = (body, settings = {}) => ({
  name: 'Answers',
  flow: [hookModule, {
    id: 2,
    module: 'util:SetVariable2',
    version: 1,
    metadata: { designer: { name: 'the greeting' } },
    mapper: { name: 'greeting', scope: 'execution', value: body }
  }, {
    id: 3,
    module: 'gateway:WebhookRespond',
    version: 1,
    mapper: { status: '200', body: '{{2.greeting}}', headers: [] }
  }],
  metadata: { scenario: settings }
})

async function setUp (hub, blueprint, isEnabled = true) {
  const scenario =
    await hub.api.post('/v1/scenarios', { blueprint, isEnabled })
  assert.equal(scenario.status, 201, scenario.text)
  const hook = await hub.api.post('/v1/hooks',
    { name: 'in', scenarioId: scenario.body.id })
  assert.equal(hook.status, 201, hook.text)
  return { id: scenario.body.id, hook: hook.body }
}

const call = (hub, hook, body) =>
  request('POST', `${hub.url}/hook/${hook.token}`, { body, token: null })

const environment = (hub) => ({
  ...process.env,
  GRAPNEL_URL: hub.url,
  GRAPNEL_TOKEN: ADMIN_TOKEN,
  NO_COLOR: '1'
})

const grapnel = (hub, ...args) => run(BIN, args, { env: environment(hub) })

const untilOver = (hub, execution) => waitUntil(async () => {
  const { body } = await hub.api.get(`/v1/executions/${execution}`)
  return ['QUEUED', 'RUNNING'].includes(body.state) ? undefined : body
}, `execution ${execution} to be over`)

test('run once takes one request of a scenario that is off and shows it',
  async (t) => {
    const hub = await startHub(t)
    const { hook } = await setUp(hub, answering('hi {{1.name}}'), false)
    assert.equal((await call(hub, hook, { name: 'a' })).status, 410)

    const child = spawn(BIN, ['scenario', 'run', 'Answers', '--once',
      '--timeout', '60s'], { env: environment(hub) })
    let output = ''
    child.stdout.on('data', (data) => { output += data })
    const ended = new Promise((resolve) => child.on('close', resolve))
    t.after(() => child.kill())
    const answer = await waitUntil(async () => {
      const answer = await call(hub, hook, { name: 'b', password: 'p' })
      return answer.status === 410 ? undefined : answer
    }, 'the request that is waited for to be taken')
    assert.deepEqual([answer.status, answer.text], [200, 'hi b'])
    assert.equal(await ended, 0, output)
    assert.match(output, /^execution \d+ {2}\{"name":"b","password":"\*\*\*"\}/)
    assert.match(output, /\n1 {2}util:SetVariable2: the greeting {2}flow/)
    assert.match(output, /\[\{"greeting":"hi b"\}\]/)
    assert.match(output, /\n2 {2}gateway:WebhookRespond/)
    assert.match(output, /SUCCESS after 3 operations\n$/)
    assert.equal((await call(hub, hook, { name: 'c' })).status, 410)
  })

test('run once ends when nothing comes, and only one may wait', async (t) => {
  const hub = await startHub(t)
  const { id } = await setUp(hub, answering('x'), false)
  const path = `/v1/scenarios/${id}/run?once=true&wait=1`
  const answers = await Promise.all([1, 2].map(() => hub.api.post(path, {})))
  assert.deepEqual(answers.map(({ status }) => status).sort(), [204, 409])
  assert.equal((await hub.api.post(`${path}0000`, {})).status, 400)
  await assert.rejects(
    grapnel(hub, 'scenario', 'run', id, '--once', '--timeout', '1s'),
    (error) => error.code === 1 && /no request came/.test(error.stderr))
})

test('an execution is replayed with the present version or the old one',
  async (t) => {
    const hub = await startHub(t)
    const { id, hook } = await setUp(hub, answering('old {{1.name}}'))
    assert.equal((await call(hub, hook, { name: 'a' })).text, 'old a')
    const [first] =
      (await hub.api.get(`/v1/executions?scenario=${id}`)).body.items
    assert.equal(first.scenarioRevision, 1)
    const changed = await hub.api.patch(`/v1/scenarios/${id}`,
      { blueprint: answering('new {{1.name}}') })
    assert.equal(changed.status, 200, changed.text)
    const same = await hub.api.patch(`/v1/scenarios/${id}`,
      { blueprint: answering('new {{1.name}}'), isEnabled: true })
    assert.equal(same.status, 200, same.text)
    assert.deepEqual(same.body, changed.body)
    assert.equal(same.headers.etag, changed.headers.etag)

    const outcome = async (body) => {
      const { body: begun, status, text } =
        await hub.api.post(`/v1/executions/${first.id}/replay`, body)
      assert.equal(status, 202, text)
      const over = await untilOver(hub, begun.id)
      assert.equal(over.cause, 'replay')
      assert.equal(over.originId, first.id)
      return [over.scenarioRevision, over.steps[0].output[0].greeting]
    }
    assert.deepEqual(await outcome({ version: 'then' }), [1, 'old a'])
    assert.deepEqual(await outcome({ version: 'present' }), [2, 'new a'])
    assert.deepEqual(await outcome({}), [2, 'new a'])
    assert.equal((await hub.api.post(`/v1/executions/${first.id}/replay`,
      { version: 'tomorrow' })).status, 400)

    const { stdout } = await grapnel(hub, 'execution', 'replay', first.id,
      '--version', 'then', '--wait', '--json')
    assert.equal(JSON.parse(stdout).steps[0].output[0].greeting, 'old a')
    const versions = await hub.api.get(`/v1/scenarios/${id}/versions`)
    assert.deepEqual(versions.body.items.map(({ revision }) => revision),
      [2, 1])
    const then = await grapnel(hub, 'scenario', 'show', 'Answers',
      '--revision', '1', '--blueprint')
    assert.match(then.stdout, /old \{\{1\.name\}\}/)
    assert.match((await grapnel(hub, 'execution', 'list', '--scenario',
      'Answers')).stdout, /replay/)
  })

test('of old versions the last fifty are kept', async (t) => {
  const hub = await startHub(t)
  const { id, hook } = await setUp(hub, answering('first'))
  await call(hub, hook, {})
  const [first] =
    (await hub.api.get(`/v1/executions?scenario=${id}`)).body.items
  for (let i = 0; i < 55; i++) {
    const { status } =
      await hub.api.patch(`/v1/scenarios/${id}`, { name: `n${i}` })
    assert.equal(status, 200)
  }
  const { body } = await hub.api.get(`/v1/scenarios/${id}/versions`)
  assert.equal(body.count, 50)
  assert.equal(body.items[0].revision, 56)
  const gone = await hub.api.post(`/v1/executions/${first.id}/replay`,
    { version: 'then' })
  assert.equal(gone.status, 404)
  assert.match(gone.text, /not kept any more/)
})

test('executions go by their number and by their age', async (t) => {
  const hub = await startHub(t, {
    args: ['--executions-max', '3', '--retention-executions', '500ms']
  })
  const { id, hook } = await setUp(hub, answering('x'))
  for (let i = 0; i < 8; i++) await call(hub, hook, { i })
  const left = await waitUntil(async () => {
    const { body } = await hub.api.get(`/v1/executions?scenario=${id}`)
    return body.items.length === 1 ? body.items : undefined
  }, 'all but the newest to be gone')
  assert.equal(left[0].id, '8')
  const { text } = await hub.api.get('/metrics')
  assert.match(text, /grapnel_retention_executions_removed_total 7\n/)
})

test('runs reach what the default allow-lists of the workspace open',
  async (t) => {
    const hub = await startHub(t, { args: ['--allow-http'] })
    const receiver = await startReceiver(t)
    receiver.handler = (request, response) => response.writeHead(200).end('{}')
    const { id } = await setUp(hub, {
      name: 'Asks',
      flow: [hookModule, {
        id: 2,
        module: 'http:ActionSendData',
        version: 3,
        mapper: { url: receiver.url, method: 'get' }
      }]
    })
    const outcome = async () => {
      const { body } = await hub.api.post(`/v1/scenarios/${id}/run`, {})
      return untilOver(hub, body.id)
    }
    const refused = await outcome()
    assert.equal(refused.state, 'ERROR')
    assert.match(refused.error, /InvalidConfigurationError/)
    const list = await hub.api.post('/v1/allow-lists',
      { name: 'lab', networks: ['127.0.0.0/8'], default: true })
    assert.equal(list.status, 201, list.text)
    assert.equal((await outcome()).state, 'SUCCESS')
    assert.equal((await hub.api.del('/v1/allow-lists/lab')).status, 204)
    assert.equal((await outcome()).state, 'ERROR')
    assert.equal(receiver.requests.length, 1)
  })
