// Allow-lists: what a workspace's webhooks may reach though it is not public.

import assert from 'node:assert/strict'
import test from 'node:test'

import { startHub } from './harness.mjs'
import {
  WEBHOOKS, createWebhook, draft, getWebhook, patchWebhook, publishServer,
  untilAttempt
} from './native.mjs'
import { startReceiver } from './receiver.mjs'

const LISTS = '/v1/allow-lists'
const NO_RETRY = { retry: { schedule: 'none' } }

test('a webhook reaches what an allow-list of its workspace opens',
  async (t) => {
    const hub = await startHub(t, { args: ['--allow-http'] })
    const receiver = await startReceiver(t)
    const refused = await hub.api.post(WEBHOOKS, draft(receiver.url))
    assert.equal(refused.status, 400, refused.text)

    const made = await hub.api.post(LISTS,
      { name: 'lab', networks: ['127.0.0.0/8'], description: 'the lab' })
    assert.equal(made.status, 201, made.text)
    assert.equal(made.headers.location, `${LISTS}/lab`)
    // Who does not name it may not use it.
    assert.equal(
      (await hub.api.post(WEBHOOKS, draft(receiver.url))).status, 400)
    const { id, allowLists } = await createWebhook(hub, receiver.url,
      { allowLists: ['lab'], ...NO_RETRY })
    assert.deepEqual(allowLists, ['lab'])
    await publishServer(hub, 'a')
    await receiver.waitFor(1)

    // Kept over a restart, and closed at once when it is deleted, although
    // the connection is open.
    await hub.restart()
    await publishServer(hub, 'b')
    await receiver.waitFor(2)
    assert.equal((await hub.api.del(`${LISTS}/lab`)).status, 204)
    await publishServer(hub, 'c')
    const attempt = await untilAttempt(hub, id, (each) => each.failure)
    assert.equal(attempt.failure, 'NOT_ALLOWED')
    assert.equal(receiver.events.length, 2)
  })

test('default lists, hosts, and what no list opens', async (t) => {
  const hub = await startHub(t, { args: ['--allow-http'] })
  const receiver = await startReceiver(t)
  const all = await hub.api.post(LISTS,
    { name: 'all', networks: ['0.0.0.0/0', '::/0'], default: true })
  assert.equal(all.status, 201, all.text)
  for (const closed of ['http://169.254.169.254/', 'http://[fd00:ec2::254]/',
    'http://[::ffff:169.254.169.254]/']) {
    const answer = await hub.api.post(WEBHOOKS, draft(closed))
    assert.equal(answer.status, 400, closed)
  }
  const { id } = await createWebhook(hub, receiver.url, NO_RETRY)
  await publishServer(hub, 'a')
  await receiver.waitFor(1)
  await patchWebhook(hub, id, { allowLists: [] })
  await publishServer(hub, 'b')
  await untilAttempt(hub, id, (each) => each.failure === 'NOT_ALLOWED')

  assert.equal((await hub.api.patch(`${LISTS}/all`,
    { networks: [], hosts: ['LocalHost'] })).status, 200)
  const named = await createWebhook(hub,
    `http://localhost:${receiver.port}/hook`)
  await publishServer(hub, 'c')
  await receiver.waitFor(2)
  assert.equal((await getWebhook(hub, named.id)).allowLists, null)
})

test('allow-lists are checked, and administrators\' only', async (t) => {
  const hub = await startHub(t)
  const rows = [
    [{ name: 'a/b' }, 'name'],
    [{ networks: [] }, 'name'],
    [{ name: 'a', networks: ['10.0.0.1/8'] }, 'networks'],
    [{ name: 'a', networks: 'x' }, 'networks'],
    [{ name: 'a', hosts: ['a b'] }, 'hosts'],
    [{ name: 'a', hosts: ['*'] }, 'hosts'],
    [{ name: 'a', default: 'yes' }, 'default']
  ]
  for (const [body, field] of rows) {
    const answer = await hub.api.post(LISTS, body)
    assert.equal(answer.status, 400, answer.text)
    assert.equal(answer.body.errorDetails[0].issues[0].subject, field)
  }
  assert.equal((await hub.api.post(LISTS, { name: 'a' })).status, 201)
  assert.equal((await hub.api.post(LISTS, { name: 'a' })).status, 409)
  const mistyped = await hub.api.post(WEBHOOKS,
    draft('https://example.com/', { allowLists: ['b'] }))
  assert.equal(mistyped.status, 400)
  assert.match(mistyped.text, /there is no allow-list/)
  const viewer = (await hub.api.post('/v1/keys',
    { role: 'viewer', name: 'v' })).body.key
  const as = { token: viewer }
  assert.equal((await hub.api.get(LISTS, as)).body.total, 1)
  assert.equal((await hub.api.post(LISTS, { name: 'c' }, as)).status, 403)
  assert.equal((await hub.api.del(`${LISTS}/a`, as)).status, 403)
  assert.equal((await hub.api.del(`${LISTS}/none`)).status, 404)
})

test('allow-lists can be switched off', async (t) => {
  const hub = await startHub(t, { args: ['--allow-http'] })
  const receiver = await startReceiver(t)
  await hub.api.post(LISTS,
    { name: 'lab', networks: ['127.0.0.0/8'], default: true })
  const { id } = await createWebhook(hub, receiver.url, NO_RETRY)
  await hub.stop()
  hub.args = ['--allow-http', '--allow-lists=false']
  await hub.start()
  await publishServer(hub, 'a')
  await untilAttempt(hub, id, (each) => each.failure === 'NOT_ALLOWED')
  assert.equal((await hub.api.post(LISTS, { name: 'b' })).status, 403)
  assert.equal(receiver.events.length, 0)
})
