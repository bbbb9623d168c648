// Who may do what: keys, roles, OAuth2 tokens.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { WEBHOOKS, draft, resourcePath } from './com.mjs'
import { ADMIN_TOKEN, api, request, startHub } from './harness.mjs'

const RESOURCE = resourcePath('compute-ops/server', 'a')
const TOKEN_PATH = '/as/token.oauth2'

/**
 * Makes a key and returns {id, token}; the token, which begins with the id,
 * is shown only here.
 */
async function createKey (hub, role) {
  const { status, body, text } =
    await hub.api.post('/v1/keys', { name: `a ${role}`, role })
  assert.equal(status, 201, text)
  assert.equal(body.role, role)
  assert.match(body.id, /^gk_/)
  const token = Object.values(body).find((value) =>
    String(value).startsWith(`${body.id}_`))
  assert.ok(token, text)
  return { id: body.id, token }
}

const getToken = (hub, form, headers = {}) =>
  request('POST', hub.url + TOKEN_PATH, {
    token: null,
    body: new URLSearchParams(form).toString(),
    headers: {
      'content-type': 'application/x-www-form-urlencoded', ...headers
    }
  })

// What each role may do: [what, call, roles].
const RIGHTS = [
  ['list webhooks', (a) => a.get(WEBHOOKS), ['viewer', 'admin']],
  ['read a resource', (a) => a.get(RESOURCE), ['viewer', 'admin']],
  ['read the metrics', (a) => a.get('/metrics'), ['viewer', 'admin']],
  ['publish a state', (a) => a.put(RESOURCE, { n: Math.random() }),
    ['publisher', 'admin']],
  ['publish an event', (a) => a.post('/v1/events', {
    specversion: '1.0', id: String(Math.random()), source: '/s', type: 't'
  }, { headers: { 'content-type': 'application/cloudevents+json' } }),
  ['publisher', 'admin']],
  ['create a webhook', (a) => a.post(WEBHOOKS,
    draft('http://127.0.0.1:9/', { state: 'DISABLED' })), ['admin']],
  ['list keys', (a) => a.get('/v1/keys'), ['admin']],
  ['make a key', (a) => a.post('/v1/keys', { name: 'k', role: 'viewer' }),
    ['admin']]
]

test('a role may do what it is for and nothing else', async (t) => {
  const hub = await startHub(t)
  await hub.api.put(RESOURCE, { n: 0 })
  for (const role of ['viewer', 'publisher', 'admin']) {
    const { token } = await createKey(hub, role)
    for (const [what, call, roles] of RIGHTS) {
      const may = roles.includes(role)
      await t.test(`a ${role} may ${may ? '' : 'not '}${what}`, async () => {
        const { status, text } = await call(api(hub, token))
        if (may) assert.ok(status < 300, text)
        else assert.equal(status, 403, text)
      })
    }
  }
})

test('a refused call has done nothing', async (t) => {
  const hub = await startHub(t)
  const { token } = await createKey(hub, 'viewer')
  const viewer = api(hub, token)
  assert.equal((await viewer.put(RESOURCE, {})).status, 403)
  assert.equal((await viewer.post(WEBHOOKS,
    draft('http://127.0.0.1:9/'))).status, 403)
  assert.equal((await hub.api.get(RESOURCE)).status, 404)
  assert.equal((await hub.api.get(WEBHOOKS)).body.total, 0)
})

const WRONG = [
  ['none', undefined],
  ['a wrong token', `Bearer ${ADMIN_TOKEN}x`],
  ['half a token', `Bearer ${ADMIN_TOKEN.slice(0, -1)}`],
  ['an empty token', 'Bearer '],
  ['another scheme', `Digest ${ADMIN_TOKEN}`],
  ['a token without scheme', ADMIN_TOKEN],
  ['a very long token', `Bearer ${'x'.repeat(4000)}`],
  ['a key that is not there', `Bearer gk_${'a'.repeat(12)}_${'b'.repeat(43)}`]
]

test('missing or wrong credentials get 401 everywhere', async (t) => {
  const hub = await startHub(t)
  for (const [name, authorization] of WRONG) {
    await t.test(name, async () => {
      for (const [method, path] of [['GET', WEBHOOKS], ['PUT', RESOURCE],
        ['GET', '/metrics'], ['GET', '/v1/keys']]) {
        const answer = await request(method, hub.url + path, {
          token: null,
          body: method === 'PUT' ? {} : undefined,
          headers: authorization ? { authorization } : {}
        })
        assert.equal(answer.status, 401, `${method} ${path}: ${answer.text}`)
        assert.match(answer.headers['www-authenticate'] ?? '', /^Bearer\b/)
        assert.equal(answer.body.httpStatusCode, 401)
      }
    })
  }
  assert.equal((await hub.api.get(RESOURCE)).status, 404)
})

test('a key that was revoked is worth nothing', async (t) => {
  const hub = await startHub(t)
  const { id, token } = await createKey(hub, 'viewer')
  assert.equal((await api(hub, token).get(WEBHOOKS)).status, 200)
  const listed = await hub.api.get('/v1/keys')
  assert.ok(listed.body.items.some((key) => key.id === id))
  assert.ok(!listed.text.includes(token))
  assert.equal((await hub.api.del(`/v1/keys/${id}`)).status, 204)
  assert.equal((await api(hub, token).get(WEBHOOKS)).status, 401)
  await hub.restart()
  assert.equal((await api(hub, token).get(WEBHOOKS)).status, 401)
  assert.ok(!hub.log.includes(token))
})

test('keys are still good after a restart', async (t) => {
  const hub = await startHub(t)
  const { token } = await createKey(hub, 'publisher')
  await hub.restart()
  assert.equal((await api(hub, token).put(RESOURCE, {})).status, 202)
})

test('a client gets a token for its credentials and uses it', async (t) => {
  const hub = await startHub(t)
  const { id, token: secret } = await createKey(hub, 'viewer')
  const form = {
    grant_type: 'client_credentials', client_id: id, client_secret: secret
  }
  const { status, headers, body } = await getToken(hub, form)
  assert.equal(status, 200)
  assert.equal(body.token_type, 'Bearer')
  assert.ok(body.expires_in > 0)
  assert.match(headers['cache-control'], /no-store/)
  assert.notEqual(body.access_token, secret)
  const client = api(hub, body.access_token)
  assert.equal((await client.get(WEBHOOKS)).status, 200)
  assert.equal((await client.put(RESOURCE, {})).status, 403)

  const basic = Buffer.from(`${id}:${secret}`).toString('base64')
  const other = await getToken(hub, { grant_type: 'client_credentials' },
    { authorization: `Basic ${basic}` })
  assert.equal(other.status, 200, other.text)

  await hub.api.del(`/v1/keys/${id}`)
  assert.equal((await client.get(WEBHOOKS)).status, 401,
    'its tokens go with the key')
})

test('a token is not given for anything else', async (t) => {
  const hub = await startHub(t)
  const { id, token: secret } = await createKey(hub, 'viewer')
  const good = {
    grant_type: 'client_credentials', client_id: id, client_secret: secret
  }
  const rows = [
    ['a wrong secret', { ...good, client_secret: 'x' }, 401,
      'invalid_client'],
    ['an unknown client', { ...good, client_id: 'gk_x' }, 401,
      'invalid_client'],
    ['another grant', { ...good, grant_type: 'password' }, 400,
      'unsupported_grant_type'],
    ['no grant', { client_id: id, client_secret: secret }, 400,
      'invalid_request']
  ]
  for (const [name, form, status, error] of rows) {
    await t.test(name, async () => {
      const answer = await getToken(hub, form)
      assert.equal(answer.status, status, answer.text)
      assert.equal(answer.body.error, error)
    })
  }
  const json = await hub.api.post(TOKEN_PATH, good)
  assert.equal(json.status, 415, json.text)
})

test('without GRAPNEL_ADMIN_TOKEN the first start shows one, once',
  async (t) => {
    const hub = await startHub(t, { env: { GRAPNEL_ADMIN_TOKEN: '' } })
    const shown = hub.log.match(/\bgk_[\w.-]{16,}/g) ?? []
    assert.equal(new Set(shown).size, 1, hub.log)
    const { status } = await api(hub, shown[0]).get('/v1/keys')
    assert.equal(status, 200)
    hub.log = ''
    await hub.restart()
    assert.ok(!hub.log.includes(shown[0]))
    assert.equal((await api(hub, shown[0]).get('/v1/keys')).status, 200)
  })
