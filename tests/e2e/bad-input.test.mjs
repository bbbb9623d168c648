// What bad input gets: for each, the status, what the answer says, and that
// nothing was half-written.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { WEBHOOKS, createWebhook, draft, resourcePath } from './com.mjs'
import { LAB, request, startHub } from './harness.mjs'

const UNKNOWN = '00000000-0000-4000-8000-000000000000'
const RESOURCE = resourcePath('compute-ops/server', 'a+b')
const GOOD = draft('http://127.0.0.1:9/', { state: 'DISABLED' })
const JSON_TYPE = { 'content-type': 'application/json' }
const PATCH_TYPE = { 'content-type': 'application/merge-patch+json' }
const EVENT = 'application/cloudevents+json'

const without = (name) => {
  const { [name]: _, ...rest } = GOOD
  return rest
}
const event = (changes) => JSON.stringify({
  specversion: '1.0', id: '1', source: '/s', type: 't', data: {}, ...changes
})

// What is asked, the status, and what the answer must contain: a text for its
// whole body, or {subject} for the field, header or parameter it names.
const create = (name, body, status, says) => ({
  name: `create: ${name}`, method: 'POST', path: WEBHOOKS, body, status, says
})
const put = (name, body, status, says, headers) => ({
  name: `publish: ${name}`, method: 'PUT', path: RESOURCE, body, status, says,
  headers
})
const post = (name, type, body, status, says) => ({
  name: `event: ${name}`, method: 'POST', path: '/v1/events', body, status,
  says, headers: { 'content-type': type }
})

const ROWS = [
  create('no JSON', '{"name":', 400),
  create('two values', `${JSON.stringify(GOOD)} {}`, 400),
  create('a member twice', '{"name":"a","name":"b"}', 400),
  create('an array', '[]', 400),
  create('text that is not UTF-8',
    Buffer.from('{"name":"\xff\xfe"}', 'latin1'), 400),
  create('nested too deep', '['.repeat(100000), 400),
  ...['name', 'destination', 'state', 'eventFilter', 'headers'].map((name) =>
    create(`without ${name}`, without(name), 400, { subject: name })),
  create('an unknown member', { ...GOOD, colour: 'red' }, 400, /colour/),
  create('a name that is a number', { ...GOOD, name: 7 }, 400,
    { subject: 'name' }),
  create('a state of no kind', { ...GOOD, state: 'ON' }, 400,
    { subject: 'state' }),
  create('a filter that does not parse',
    { ...GOOD, eventFilter: "type eq 'a' und b eq 1" }, 400, /column 13/),
  create('a filter that is not closed',
    { ...GOOD, eventFilter: "type eq 'a" }, 400, { subject: 'eventFilter' }),
  create('an empty filter', { ...GOOD, eventFilter: '' }, 400,
    { subject: 'eventFilter' }),
  create('a filter over its limit',
    { ...GOOD, eventFilter: `name eq '${'x'.repeat(70000)}'` }, 400,
    { subject: 'eventFilter' }),
  create('headers that are a list', { ...GOOD, headers: [] }, 400,
    /headers/),
  create('a header that is a number', { ...GOOD, headers: { a: 1 } }, 400,
    /headers/),
  create('a reserved header',
    { ...GOOD, headers: { 'X-Compute-Ops-Mgmt-Whatever': 'x' } }, 400,
    /x-compute-ops-mgmt/i),
  create('a header with a line break',
    { ...GOOD, headers: { 'X-A': 'b\r\nX-C: d' } }, 400, /headers/),
  create('a header name with a blank',
    { ...GOOD, headers: { 'X A': 'b' } }, 400, /headers/),
  ...['Content-Length', 'Host', 'Transfer-Encoding'].map((name) =>
    create(`the header ${name}`, { ...GOOD, headers: { [name]: '1' } }, 400,
      /headers/)),
  ...['not an url', 'ftp://127.0.0.1/', '//127.0.0.1/', 'http://',
    'http://u:p@127.0.0.1/', 'http://127.0.0.1/#x', 'http://127.0.0.1:0x/',
    'http://127.0.0.1/a b', 'file:///etc/passwd',
    `http://127.0.0.1/${'x'.repeat(3000)}`].map((destination) =>
    create(`the destination ${destination.slice(0, 40)}`,
      { ...GOOD, destination }, 400, { subject: 'destination' })),
  { ...create('another content type', 'name=x', 415), headers:
    { 'content-type': 'application/x-www-form-urlencoded' } },
  create('over the body limit', { ...GOOD, name: 'x'.repeat(1 << 20) }, 413),
  { name: 'a method that is not there', method: 'PUT', path: WEBHOOKS,
    body: GOOD, status: 405, allow: ['GET', 'POST'] },
  { name: 'a path that is not there', method: 'GET', path: '/v1/nothing',
    status: 404 },
  { name: 'a webhook that is not there', method: 'GET',
    path: `${WEBHOOKS}/${UNKNOWN}`, status: 404 },
  { name: 'its deliveries', method: 'GET',
    path: `${WEBHOOKS}/${UNKNOWN}/deliveries`, status: 404 },
  { name: 'its patch', method: 'PATCH', path: `${WEBHOOKS}/${UNKNOWN}`,
    body: { name: 'x' }, headers: PATCH_TYPE, status: 404 },
  { name: 'its deletion', method: 'DELETE', path: `${WEBHOOKS}/${UNKNOWN}`,
    status: 404 },
  ...['limit=-1', 'limit=x', 'offset=-1', 'offset=1.5', 'sort=%00',
    'filter=name%20eq', 'limit=1&limit=2'].map((query) => ({
    name: `the list with ${query}`, method: 'GET',
    path: `${WEBHOOKS}?${query}`, status: 400 })),

  put('no JSON', '{"a":', 400),
  put('an empty body', '', 400),
  put('a state that is no object', '[1]', 400),
  put('another content type', 'a', 415, undefined,
    { 'content-type': 'text/plain' }),
  put('over the body limit', JSON.stringify({ a: 'x'.repeat(1 << 20) }), 413),
  { name: 'publish: a method that is not there', method: 'POST',
    path: RESOURCE, body: {}, status: 405, allow: ['DELETE', 'GET', 'PUT'] },
  { name: 'publish: a type that is not decodable', method: 'PUT',
    path: '/v1/resources/a%ZZ/b', body: {}, status: 400 },
  { name: 'publish: an empty id', method: 'PUT', path: '/v1/resources/a/',
    body: {}, status: [400, 404] },

  post('no JSON', EVENT, '{', 400),
  post('no id', EVENT, event({ id: undefined }), 400, /\bid\b/),
  post('an empty source', EVENT, event({ source: '' }), 400, /source/),
  post('another version', EVENT, event({ specversion: '2.0' }), 400,
    /specversion/),
  post('a time that is none', EVENT, event({ time: 'noon' }), 400, /time/),
  post('an attribute in capitals', EVENT, event({ Colour: 'red' }), 400,
    /Colour/),
  post('both kinds of data', EVENT, event({ data_base64: 'AA==' }), 400,
    /data/),
  post('an operation of no kind', EVENT, event({
    type: 'compute-ops/server', subject: 'a',
    data: { operation: 'Moved', new: {}, old: {} }
  }), 400, /operation/),
  post('a batch that is no array', 'application/cloudevents-batch+json',
    event(), 400),
  post('a batch with one bad event', 'application/cloudevents-batch+json',
    `[${event()},${event({ id: '' })}]`, 400, /\bid\b/),
  post('binary mode without ce-id', 'application/json', '{}', 400, /id/i)
]

function checkError (answer, status, isCom) {
  const { body } = answer
  assert.ok(body, `no JSON: ${answer.text}`)
  assert.equal(body.httpStatusCode, status)
  assert.match(body.errorCode, isCom ? /^HPE_GL_ERROR_[A-Z_]+$/ : /^[A-Z_]+$/)
  assert.ok(body.message.length > 0)
  assert.match(body.debugId, /^[0-9a-f-]{36}$/)
}

function checkSays (answer, says) {
  if (says instanceof RegExp) return assert.match(answer.text, says)
  const issues = (answer.body.errorDetails ?? [])
    .flatMap((detail) => detail.issues ?? [])
  assert.ok(issues.some((issue) =>
    issue.subject === says.subject && issue.description), answer.text)
}

test('bad input gets a clear answer and changes nothing', async (t) => {
  const hub = await startHub(t)
  for (const row of ROWS) {
    await t.test(row.name, async () => {
      const answer = await request(row.method, hub.url + row.path,
        { body: row.body, headers: row.headers ?? JSON_TYPE })
      assert.ok([row.status].flat().includes(answer.status),
        `${answer.status}: ${answer.text}`)
      checkError(answer, answer.status, row.path.startsWith(WEBHOOKS))
      if (row.says) checkSays(answer, row.says)
      if (row.allow) {
        const allowed = answer.headers.allow.split(/,\s*/)
        for (const method of row.allow) assert.ok(allowed.includes(method))
      }
    })
  }
  assert.equal((await hub.api.get(WEBHOOKS)).body.total, 0)
  assert.equal((await hub.api.get(RESOURCE)).status, 404)
  // Refused events are not remembered as seen.
  const first = await hub.api.post('/v1/events', event(),
    { headers: { 'content-type': EVENT } })
  assert.equal(first.status, 202, first.text)
})

const BAD_PATCHES = [
  ['an empty name', { name: '' }],
  ['a member taken away', { destination: null }],
  ['an unknown member', { status: 'ACTIVE' }],
  ['a filter that does not parse', { name: 'new', eventFilter: 'a eq' }],
  ['a destination not allowed', { name: 'new', destination: 'ftp://x/' }],
  ['a reserved header', {
    name: 'new', headers: { 'x-compute-ops-mgmt-a': 'b' }
  }]
]

test('a patch that is refused changes nothing', async (t) => {
  const hub = await startHub(t)
  const webhook = await createWebhook(hub, 'http://127.0.0.1:9/',
    { state: 'DISABLED' })
  const path = `${WEBHOOKS}/${webhook.id}`
  for (const [name, body] of BAD_PATCHES) {
    await t.test(name, async () => {
      const answer = await hub.api.patch(path, body)
      assert.equal(answer.status, 400, answer.text)
      checkError(answer, 400, true)
      assert.deepEqual((await hub.api.get(path)).body, webhook)
    })
  }
  await t.test('another content type', async () => {
    const answer = await hub.api.patch(path, 'name=x',
      { headers: { 'content-type': 'text/plain' } })
    assert.equal(answer.status, 415)
  })
})

test('the body limit is a setting', async (t) => {
  const hub = await startHub(t, { args: [...LAB, '--body-max', '2KiB'] })
  const state = (size) => JSON.stringify({ a: 'x'.repeat(size) })
  assert.equal((await hub.api.put(RESOURCE, state(1900))).status, 202)
  assert.equal((await hub.api.put(RESOURCE, state(2100))).status, 413)
  assert.equal((await hub.api.get(RESOURCE)).body.a.length, 1900)
})
