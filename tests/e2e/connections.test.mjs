// Connections: credentials of services, told by nobody once they are stored.

import assert from 'node:assert/strict'
import test from 'node:test'

import { ADMIN_TOKEN, run, startHub } from './harness.mjs'

const ALL = '/v1/connections'

test('a connection is made, read, changed and deleted; its secrets stay',
  async (t) => {
    const hub = await startHub(t)
    const made = await hub.api.post(ALL, { id: 'slack-1', name: 'team',
      type: 'slack', members: { token: 'xoxb-secret', baseUrl: null } })
    assert.equal(made.status, 201, made.text)
    assert.equal(made.headers.location, `${ALL}/slack-1`)
    assert.deepEqual(made.body.members, { token: '***' })
    assert.equal((await hub.api.post(ALL, { id: 'slack-1', name: 'again',
      type: 'slack', members: { token: 'x' } })).status, 409)

    await hub.restart()
    const changed = await hub.api.patch(`${ALL}/slack-1`,
      { name: 'crew', members: { token: '***', baseUrl: 'http://127.0.0.1' } })
    assert.equal(changed.status, 200, changed.text)
    assert.deepEqual(changed.body.members,
      { baseUrl: 'http://127.0.0.1', token: '***' })
    const seen = await hub.api.get(`${ALL}/slack-1`)
    assert.equal(seen.body.name, 'crew')
    assert.equal(seen.body.createdAt, made.body.createdAt)
    const list = await hub.api.get(ALL)
    assert.equal(list.body.total, 1)
    assert.ok(!list.text.includes('xoxb-secret'))

    assert.equal((await hub.api.del(`${ALL}/slack-1`)).status, 204)
    assert.equal((await hub.api.get(`${ALL}/slack-1`)).status, 404)
    assert.equal((await hub.api.del(`${ALL}/slack-1`)).status, 404)
  })

test('what is wrong with a connection is told', async (t) => {
  const hub = await startHub(t)
  const cases = [
    [{ name: 'a', type: 'slak', members: {} }, /expected one of: slack email/],
    [{ type: 'slack', members: { token: 'x' } }, /1 to 255/],
    [{ name: 'a', type: 'slack', members: {} }, /token webhookUrl/],
    [{ name: 'a', type: 'notion', members: { tokn: 'x' } }, /tokn/],
    [{ name: 'a', type: 'notion', members: 7 }, /object/],
    [{ name: 'a', type: 'slack', id: 'a/b', members: { token: 'x' } }, /letters, digits and/],
    [{ name: 'a', type: 'slack', token: 'x' }, /has no member/]
  ]
  for (const [body, said] of cases) {
    const answer = await hub.api.post(ALL, body)
    assert.equal(answer.status, 400, answer.text)
    assert.match(answer.text, said)
    assert.ok(!answer.text.includes('"x"'))
  }
  assert.equal((await hub.api.post(ALL,
    { name: 'a', id: 'n', type: 'notion', members: { token: 'x' } })).status,
  201)
  const other = await hub.api.patch(`${ALL}/n`, { type: 'slack' })
  assert.equal(other.status, 400, other.text)
  const bare = await hub.api.patch(`${ALL}/n`, { members: { token: null } })
  assert.equal(bare.status, 400, bare.text)
})

test('the command line makes and shows connections', async (t) => {
  const hub = await startHub(t)
  const cli = (...args) => run(['connection', ...args],
    { env: { GRAPNEL_URL: hub.url, GRAPNEL_TOKEN: ADMIN_TOKEN } })
  const made = await cli('create', 'shell', '--id', 'c',
    '--type', 'command', '--member', 'programs=/bin/true', '--member',
    'programs=/bin/date')
  assert.equal(made.code, 0, made.stderr)
  const show = await cli('show', 'c', '--json')
  assert.deepEqual(JSON.parse(show.stdout).members.programs,
    ['/bin/true', '/bin/date'])
  const list = await cli('list')
  assert.match(list.stdout, /c +shell +command/)
  assert.equal((await cli('delete', 'c')).code, 0)
})
