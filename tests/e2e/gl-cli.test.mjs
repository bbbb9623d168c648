// `grapnel webhook … --dialect greenlake` and `grapnel webhook verify`.

import assert from 'node:assert/strict'
import test from 'node:test'

import { ADMIN_TOKEN, LAB, run, startHub } from './harness.mjs'
import { SECRET, challengesOf, getWebhook, verifying } from './gl.mjs'
import { startReceiver } from './receiver.mjs'

async function setUp (t, handler = verifying()) {
  const hub = await startHub(t,
    { args: [...LAB, '--challenge-retries', 'none'] })
  const receiver = await startReceiver(t, handler)
  const cli = (args, env = {}) => run(['webhook', ...args],
    { env: { GRAPNEL_URL: hub.url, GRAPNEL_TOKEN: ADMIN_TOKEN, ...env } })
  const create = (...more) => cli(['create', '--dialect', 'greenlake',
    '--name', 'w', '--destination', receiver.url, ...more],
  { GRAPNEL_WEBHOOK_SECRET: SECRET })
  return { hub, receiver, cli, create }
}

test('a webhook is created, verified, changed and paused', async (t) => {
  const { hub, receiver, cli, create } = await setUp(t)
  const made = await create('--wait', '--json', '--description', 'd',
    '--second-secret', 'another one', '--batching', 'true')
  assert.equal(made.code, 0, made.stderr)
  assert.doesNotMatch(made.stdout, new RegExp(SECRET))
  const { id } = JSON.parse(made.stdout)
  const webhook = await getWebhook(hub, id)
  assert.equal(webhook.status, 'ACTIVE')
  assert.equal(webhook.description, 'd')
  assert.equal(webhook.dualSecret, true)
  assert.equal(webhook.batching, true)
  const verified = await cli(['verify', id])
  assert.equal(verified.code, 0, verified.stderr)
  assert.match(verified.stdout, /destinationResponse/)
  assert.equal(challengesOf(receiver).length, 2)
  const changed = await cli(['patch', id, '--dialect', 'greenlake',
    '--second-secret', '', '--auth-type', 'apiKey', '--auth-secret', 'key',
    '--wait'])
  assert.equal(changed.code, 0, changed.stderr)
  const after = await getWebhook(hub, id)
  assert.equal(after.dualSecret, false)
  assert.equal(after.authType, 'APIKey')
  assert.equal((await cli(['disable', id])).code, 0)
  assert.equal((await getWebhook(hub, id)).paused, true)
  assert.equal((await cli(['enable', id, '--wait'])).code, 0)
  assert.equal((await getWebhook(hub, id)).status, 'ACTIVE')
  const list = await cli(['list', '--filter', "dialect eq 'greenlake'"])
  assert.match(list.stdout, new RegExp(id))
  assert.equal((await cli(['delete', id])).code, 0)
})

test('verify says that the challenge was not answered', async (t) => {
  const { cli, create } = await setUp(t, verifying({ secrets: ['wrong'] }))
  const made = await create('--json')
  const { id } = JSON.parse(made.stdout)
  const { code, stderr } = await cli(['verify', id])
  assert.equal(code, 1)
  assert.match(stderr, /HMAC validation failed/)
  assert.equal((await cli(['verify', id.replace(/^./, 'z')])).code, 5)
})

test('what does not go with the dialect is refused before it is sent',
  async (t) => {
    const { cli, create } = await setUp(t)
    for (const [more, says] of [
      [['--filter', "type eq 'x'"], /--filter/],
      [['--auth-type', 'basic'], /--auth-type/],
      [['--state', 'disabled'], /--state/]
    ]) {
      const { code, stderr } = await create(...more)
      assert.equal(code, 2)
      assert.match(stderr, says)
    }
    const { code, stderr } = await cli(['create', '--dialect', 'greenlake',
      '--name', 'w', '--destination', 'https://example.com/'])
    assert.equal(code, 2)
    assert.match(stderr, /--secret is missing/)
  })
