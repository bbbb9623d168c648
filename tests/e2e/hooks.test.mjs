// Webhooks come in, are stored, and start scenarios.

import assert from 'node:assert/strict'
import crypto from 'node:crypto'
import { test } from 'node:test'
import zlib from 'node:zlib'

import { request, startHub, waitUntil } from './harness.mjs'

/** A scenario that answers with what it was told. */
const answering = {
  name: 'answers',
  flow: [
    { id: 1, module: 'gateway:CustomWebHook', version: 1, mapper: {} },
    {
      id: 2,
      module: 'gateway:WebhookRespond',
      version: 1,
      mapper: { status: '201', body: 'hello {{1.name}}', headers: [] }
    }
  ]
}

const silent = { name: 'silent', flow: [answering.flow[0]] }

async function setUp (hub, blueprint, options = {}) {
  const scenario = await hub.api.post('/v1/scenarios',
    { blueprint, isEnabled: true })
  assert.equal(scenario.status, 201, scenario.text)
  const hook = await hub.api.post('/v1/hooks',
    { name: 'in', scenarioId: scenario.body.id, ...options })
  assert.equal(hook.status, 201, hook.text)
  return { scenario: scenario.body, hook: hook.body }
}

const call = (hub, hook, body, options = {}) =>
  request('POST', `${hub.url}/hook/${hook.token}`,
    { body, token: null, ...options })

test('what comes in is stored, run, and told in the history', async (t) => {
  const hub = await startHub(t)
  const { scenario, hook } = await setUp(hub, silent)
  const answer = await call(hub, hook, { name: 'you' })
  assert.deepEqual([answer.status, answer.text], [200, 'Accepted'])
  await waitUntil(async () => {
    const { body } =
      await hub.api.get(`/v1/executions?scenario=${scenario.id}`)
    return body.items[0]?.state === 'SUCCESS'
  }, 'it has run')
})

test('a scenario answers for itself', async (t) => {
  const hub = await startHub(t)
  const { hook } = await setUp(hub, answering)
  const answer = await call(hub, hook, { name: 'you' })
  assert.deepEqual([answer.status, answer.text], [201, 'hello you'])
})

test('a signature that is not right is refused and never processed',
  async (t) => {
    const hub = await startHub(t)
    const { scenario, hook } = await setUp(hub, silent, {
      signature: { scheme: 'github', secrets: ['sesame'] }
    })
    const body = '{"zen":1}'
    const sign = (secret) => ({
      'content-type': 'application/json',
      'x-hub-signature-256': 'sha256=' +
        crypto.createHmac('sha256', secret).update(body).digest('hex')
    })
    const bad = await call(hub, hook, body, { headers: sign('other') })
    assert.equal(bad.status, 401, bad.text)
    const good = await call(hub, hook, body, { headers: sign('sesame') })
    assert.equal(good.status, 200, good.text)
    const { body: list } =
      await hub.api.get(`/v1/executions?scenario=${scenario.id}`)
    assert.equal(list.items.length, 1)
  })

test('bodies may come compressed, and be signed before or after that',
  async (t) => {
    const hub = await startHub(t)
    const { hook } = await setUp(hub, answering, {
      maxBytes: 1000,
      signature: { scheme: 'github', secrets: ['sesame'] }
    })
    const body = JSON.stringify({ name: 'you' + '!'.repeat(900) })
    const forms = {
      gzip: zlib.gzipSync(body),
      'X-GZIP': Buffer.concat(
        [body.slice(0, 20), body.slice(20)].map((part) => zlib.gzipSync(part))),
      deflate: zlib.deflateSync(body),
      Deflate: zlib.deflateRawSync(body),
      identity: Buffer.from(body)
    }
    for (const [encoding, sent] of Object.entries(forms)) {
      for (const signed of [body, sent]) {
        const answer = await call(hub, hook, sent, {
          headers: {
            'content-type': 'application/json',
            'content-encoding': encoding,
            'x-hub-signature-256': 'sha256=' +
              crypto.createHmac('sha256', 'sesame').update(signed).digest('hex')
          }
        })
        assert.equal(answer.status, 201, `${encoding}: ${answer.text}`)
        assert.equal(answer.text, `hello you${'!'.repeat(900)}`)
      }
    }
    const forged = await call(hub, hook, forms.gzip, {
      headers: {
        'content-encoding': 'gzip',
        'x-hub-signature-256': `sha256=${'0'.repeat(64)}`
      }
    })
    assert.equal(forged.status, 401, forged.text)
  })

test('requests that wait outlive a kill and run in their order', async (t) => {
  const hub = await startHub(t)
  const { scenario, hook } = await setUp(hub, silent)
  for (let n = 0; n < 20; n++) {
    assert.equal((await call(hub, hook, { n })).status, 200)
  }
  await hub.kill9()
  await hub.start()
  const runs = await waitUntil(async () => {
    const { body } = await hub.api.get(
      `/v1/executions?scenario=${scenario.id}&limit=50`)
    return body.items.length === 20 &&
      body.items.every(({ state }) => state === 'SUCCESS') && body.items
  }, 'all have run')
  assert.equal(runs.length, 20)
})

const encoded = (encoding, body) =>
  ({ body, headers: { 'content-encoding': encoding } })

// What a hook is made with, what is sent, and what is answered: the table of
// docs/hooks.md over the network.
const REFUSED = [
  [{ maxBytes: 4 }, { body: '{"a":1}' }, 413, 'Request entity too large'],
  [{ apiKeys: ['k'] }, {}, 401, 'Unauthorized'],
  [{ apiKeys: ['k'] }, { headers: { 'x-make-apikey': 'K' } }, 401,
    'Unauthorized'],
  [{ basic: { username: 'u', password: 'p' } },
    { headers: { authorization: `Basic ${btoa('u:q')}` } }, 401,
    'Unauthorized'],
  [{ allowedNetworks: ['192.0.2.0/24'] }, {}, 403, 'Forbidden'],
  // Whoever is no trusted proxy says nothing of where a request came from.
  [{ allowedNetworks: ['192.0.2.0/24'] },
    { headers: { 'x-forwarded-for': '192.0.2.1' } }, 403, 'Forbidden'],
  [{ allowedNetworks: ['192.0.2.0/24'], trustedProxies: ['127.0.0.1'] },
    { headers: { 'x-forwarded-for': '192.0.2.1, 198.51.100.1' } }, 403,
    'Forbidden'],
  [{ signature: { scheme: 'github', secrets: ['s'] } }, {}, 401,
    'Unauthorized'],
  [{ enabled: false }, {}, 410,
    'There is no scenario listening for this webhook.'],
  [{ scenarioId: null }, {}, 410,
    'There is no scenario listening for this webhook.'],
  [{}, { body: '{"a":' }, 400, /^line 1 column 6: expected /],
  [{}, { body: Buffer.from('{"a":"\xff"}', 'latin1') }, 400, /UTF-8/],
  [{}, encoded('br', zlib.brotliCompressSync('{}')), 400,
    'Content-Encoding: expected gzip or deflate'],
  [{}, encoded('gzip', '{"a":1}'), 400, /^the body is not the gzip that/],
  [{}, encoded('gzip', zlib.gzipSync('{"a":1}').subarray(0, -1)), 400,
    /or not whole$/],
  [{}, encoded('gzip', zlib.gzipSync('{"a":')), 400, /^line 1 column 6: /],
  [{ maxBytes: 100 }, encoded('gzip', zlib.gzipSync('x'.repeat(101))), 413,
    'Request entity too large'],
  // A thousand times smaller than what it would become.
  [{}, encoded('deflate', zlib.deflateSync(Buffer.alloc(64 << 20))), 413,
    'Request entity too large'],
  // Who may not call has nothing decompressed.
  [{ apiKeys: ['k'] }, encoded('gzip', 'x'), 401, 'Unauthorized'],
  [{ structure: { fields: [{ name: 'id', type: 'number', required: true }] } },
    {}, 400, 'id: must be given']
]

test('each refusal has its status and its reason, and nothing is run',
  async (t) => {
    const hub = await startHub(t)
    const scenario = await hub.api.post('/v1/scenarios', {
      isEnabled: true,
      blueprint: {
        name: 'Never',
        flow: [{ id: 1, module: 'gateway:CustomWebHook' }]
      }
    })
    for (const [options, sent, status, said] of REFUSED) {
      const { body: hook, text } = await hub.api.post('/v1/hooks',
        { name: 'in', scenarioId: scenario.body.id, ...options })
      assert.ok(hook.url, text)
      const answer = await request('POST', hub.url + hook.url, {
        body: '{}',
        token: null,
        ...sent,
        headers: { 'content-type': 'application/json', ...sent.headers }
      })
      const what = JSON.stringify([options, sent, answer.text])
      assert.equal(answer.status, status, what)
      if (said instanceof RegExp) assert.match(answer.text, said)
      else assert.equal(answer.text, said, what)
      const log = (await hub.api.get(`/v1/hooks/${hook.id}/log`)).body
      assert.equal(log.items[0].outcome, 'refused', what)
      assert.ok(log.items[0].reason.length > 0, what)
      assert.deepEqual([log.counts.accepted, log.counts.refused], [0, 1])
    }
    const limited = await hub.api.post('/v1/hooks', {
      name: 'in', scenarioId: null, rate: { requests: 1, window: '1h' }
    })
    await request('POST', hub.url + limited.body.url, { token: null })
    const late =
      await request('POST', hub.url + limited.body.url, { token: null })
    assert.equal(late.status, 429)
    assert.equal(late.text, 'Too many requests')
    assert.ok(Number(late.headers['retry-after']) > 0)
    await hub.api.del(`/v1/hooks/${limited.body.id}`)
    const gone =
      await request('POST', hub.url + limited.body.url, { token: null })
    assert.deepEqual([gone.status, gone.text], [410, 'Webhook not found'])
    const runs = await hub.api.get('/v1/executions')
    assert.equal(runs.body.count, 0)
  })
