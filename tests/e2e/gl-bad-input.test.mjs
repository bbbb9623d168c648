// What bad input gets in GreenLake's shape: the status, the code, what the
// message names, and that nothing was half-written.

import assert from 'node:assert/strict'
import test from 'node:test'

import { LAB, request, startHub } from './harness.mjs'
import { GL, createWebhook, draft, verifying } from './gl.mjs'
import { startReceiver } from './receiver.mjs'

const UNKNOWN = '00000000-0000-4000-8000-000000000000'
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const GOOD = draft('http://127.0.0.1:9/hook', {
  challengeRequestEnabled: false
})
const BAD = 'HPE_GL_ERROR_BAD_REQUEST'
const BODY = 'HPE_GL_EVENTS_INVALID_REQUEST_BODY'
const NOT_FOUND = 'HPE_GL_ERROR_NOT_FOUND'

const without = (name) => {
  const { [name]: _, ...rest } = GOOD
  return rest
}

const create = (name, body, status, code, says) =>
  ({ name: `create: ${name}`, method: 'POST', path: GL, body, status, code, says })
const wrong = (name, changes, says) =>
  create(name, { ...GOOD, ...changes }, 422, BODY, says)
const patch = (name, body, status, code, says) => ({
  name: `patch: ${name}`, method: 'PATCH', path: `${GL}/{id}`, body, status,
  code, says
})
const get = (path, status, code, says) =>
  ({ name: `get ${path}`, method: 'GET', path, status, code, says })

const ROWS = [
  create('no JSON', '{"name":', 400, BAD),
  create('nothing', '', 400, BAD),
  create('two values', `${JSON.stringify(GOOD)} {}`, 400, BAD),
  create('text that is not UTF-8',
    Buffer.from('{"name":"\xff\xfe"}', 'latin1'), 400, BAD),
  create('an array', '[]', 422, BODY, /object/),
  create('a string', '"x"', 422, BODY, /object/),
  ...['name', 'destination', 'secret'].map((name) =>
    create(`without ${name}`, without(name), 422, BODY,
      new RegExp(`${name}: is mandatory`))),
  wrong('an unknown member', { colour: 'red' }, /colour/),
  wrong('a member that is shown only', { status: 'ACTIVE' },
    /status: is read-only/),
  wrong('paused', { paused: true }, /paused/),
  wrong('a name that is taken back', { name: '' }, /name/),
  wrong('a name that is too long', { name: 'x'.repeat(51) }, /51 characters/),
  wrong('a name with markup', { name: '<b>' }, /name/),
  wrong('a secret that is too short', { secret: 'abc' }, /4 to 100/),
  wrong('a secret that is too long', { secret: 'x'.repeat(101) }, /4 to 100/),
  wrong('a second secret that is too short', { secondarySecret: 'a' },
    /secondarySecret/),
  wrong('a description that is too long', { description: 'x'.repeat(101) },
    /description/),
  wrong('an unknown authType', { authType: 'Basic' }, /authType/),
  wrong('APIKey without a key', { authType: 'APIKey' }, /apiKey/),
  wrong('a key without APIKey', { apiKey: 'k' }, /authType/),
  wrong('Oauth without its members', { authType: 'Oauth' },
    /issuerUrl.*clientId.*clientSecret/),
  wrong('an issuer that is not allowed', {
    authType: 'Oauth', clientId: 'c', clientSecret: 's',
    issuerUrl: 'http://10.0.0.1/token'
  }, /./),
  wrong('batching that is a text', { batching: 'yes' }, /batching/),
  wrong('a destination that is no URL', { destination: 'nowhere' },
    /destination/),
  wrong('a private destination', { destination: 'http://10.0.0.1/' },
    /destination/),
  wrong('a destination of another scheme', { destination: 'ftp://a.example/' },
    /destination/),
  create('another media type', GOOD, 415, 'HPE_GL_ERROR_UNSUPPORTED_MEDIA_TYPE'),
  create('a body that is too large',
    JSON.stringify({ ...GOOD, description: 'x'.repeat(2 << 20) }), 413,
    'HPE_GL_ERROR_PAYLOAD_TOO_LARGE'),
  patch('an unknown member', { colour: 1 }, 422, BODY, /colour/),
  patch('no name', { name: null }, 422, BODY, /name/),
  patch('a list of operations', [], 422, BODY, /object/),
  patch('no JSON', '{', 400, BAD),
  get(`${GL}/${UNKNOWN}`, 404, NOT_FOUND, /^Webhook not found$/),
  get(`${GL}/no-id`, 404, NOT_FOUND),
  get('/events/v1beta1/nothing', 404, NOT_FOUND),
  get(`${GL}?limit=0`, 400, BAD, /limit.*Invalid query params/),
  get(`${GL}?limit=x`, 400, BAD, /limit/),
  get(`${GL}?offset=-1`, 400, BAD, /offset/),
  get(`${GL}/{id}/recent-deliveries?limit=no`, 400, BAD, /limit/),
  {
    name: 'force that is neither', method: 'DELETE',
    path: `${GL}/{id}?force=perhaps`, status: 400, code: BAD, says: /force/
  },
  {
    name: 'a method that is not offered', method: 'PUT', path: GL, body: {},
    status: 405, code: 'HPE_GL_ERROR_METHOD_NOT_ALLOWED'
  },
  {
    name: 'an answer that cannot be had', method: 'GET', path: GL,
    headers: { accept: 'text/html' }, status: 406,
    code: 'HPE_GL_ERROR_NOT_ACCEPTABLE'
  },
  {
    name: 'no credentials', method: 'GET', path: GL, token: null, status: 401,
    code: 'HPE_GL_ERROR_UNAUTHORIZED'
  },
  {
    name: 'a token that is none', method: 'GET', path: GL, token: 'x',
    status: 401, code: 'HPE_GL_ERROR_UNAUTHORIZED'
  }
]

function checkShape ({ status, body, headers, text }, row) {
  assert.equal(status, row.status, text)
  assert.match(headers['content-type'], /^application\/json/)
  assert.deepEqual(Object.keys(body).sort(),
    ['debugId', 'errorCode', 'httpStatusCode', 'message'])
  assert.equal(body.httpStatusCode, row.status)
  assert.equal(body.errorCode, row.code)
  assert.match(body.debugId, UUID)
  assert.match(body.message, row.says ?? /./)
}

test('bad input is answered in the dialect\'s shape', async (t) => {
  const hub = await startHub(t)
  const receiver = await startReceiver(t, verifying())
  const { id } = await createWebhook(hub, receiver.url,
    { name: 'the good one', challengeRequestEnabled: false })
  const before = (await hub.api.get(GL)).body
  for (const row of ROWS) {
    await t.test(row.name, async () => {
      const type = row.name.endsWith('another media type')
        ? 'text/plain'
        : 'application/json'
      const answer = await request(row.method,
        hub.url + row.path.replace('{id}', id), {
          body: row.body,
          headers: {
            ...(row.body !== undefined && { 'content-type': type }),
            ...row.headers
          },
          ...(row.token !== undefined && { token: row.token })
        })
      checkShape(answer, row)
    })
  }
  assert.deepEqual((await hub.api.get(GL)).body, before)
})

test('a viewer may look and is told what it may not', async (t) => {
  const hub = await startHub(t)
  const key = await hub.api.post('/v1/keys', { name: 'v', role: 'viewer' })
  const token = Object.values(key.body).find((value) =>
    String(value).startsWith(`${key.body.id}_`))
  const as = (method, path, body) =>
    request(method, hub.url + path, { body, token })
  assert.equal((await as('GET', GL)).status, 200)
  for (const answer of [
    await as('POST', GL, GOOD), await as('PATCH', `${GL}/${UNKNOWN}`, {}),
    await as('DELETE', `${GL}/${UNKNOWN}`),
    await as('POST', `${GL}/${UNKNOWN}/verify`)
  ]) {
    checkShape(answer, { status: 403, code: 'HPE_GL_ERROR_FORBIDDEN' })
  }
})

test('names are unique, and there are five webhooks', async (t) => {
  const hub = await startHub(t)
  const make = (name) => hub.api.post(GL, { ...GOOD, name })
  const { body } = await make('w-0')
  checkShape(await make('w-0'),
    { status: 409, code: 'HPE_GL_ERROR_CONFLICT', says: /w-0/ })
  for (const i of [1, 2, 3, 4]) assert.equal((await make(`w-${i}`)).status, 201)
  checkShape(await make('w-5'), {
    status: 403,
    code: 'HPE_GL_UNIFIED_EVENTS_REGISTRATION_FORBIDDEN',
    says: /5 webhooks/
  })
  checkShape(await hub.api.patch(`${GL}/${body.id}`, { name: 'w-1' }),
    { status: 409, code: 'HPE_GL_ERROR_CONFLICT', says: /w-1/ })
  const same = await hub.api.patch(`${GL}/${body.id}`, { name: 'w-0' })
  assert.equal(same.status, 200, same.text)
  assert.equal((await hub.api.del(`${GL}/${body.id}`)).status, 204)
  assert.equal((await make('w-0')).status, 201)
})

test('limits are settings', async (t) => {
  const hub = await startHub(t, {
    args: [...LAB, '--greenlake-webhooks-max', '1', '--greenlake-name-max',
      '3', '--greenlake-description-max', '2', '--greenlake-secret-min', '6',
      '--greenlake-secret-max', '8']
  })
  const good = { ...GOOD, name: 'abc', description: 'de', secret: '12345678' }
  for (const [change, says] of [
    [{ name: 'abcd' }, /1 to 3/], [{ description: 'def' }, /0 to 2/],
    [{ secret: '12345' }, /6 to 8/], [{ secret: '123456789' }, /6 to 8/]
  ]) {
    const answer = await hub.api.post(GL, { ...good, ...change })
    checkShape(answer, { status: 422, code: BODY, says })
  }
  assert.equal((await hub.api.post(GL, good)).status, 201)
  checkShape(await hub.api.post(GL, { ...good, name: 'x' }), {
    status: 403, code: 'HPE_GL_UNIFIED_EVENTS_REGISTRATION_FORBIDDEN'
  })
})

test('enabling too often is 429 with the time to wait', async (t) => {
  const hub = await startHub(t)
  const { id } = await createWebhook(hub, GOOD.destination,
    { challengeRequestEnabled: false })
  let answer
  for (let i = 0; i < 6 && answer?.status !== 429; i++) {
    await hub.api.patch(`${GL}/${id}`, { paused: true })
    answer = await hub.api.patch(`${GL}/${id}`, { paused: false })
  }
  checkShape(answer,
    { status: 429, code: 'HPE_GL_ERROR_TOO_MANY_REQUESTS' })
  assert.ok(Number(answer.headers['retry-after']) > 0)
})
