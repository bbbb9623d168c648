// How a webhook delivers, option by option, as its endpoint sees it.

import assert from 'node:assert/strict'
import test from 'node:test'

import { CloudEvent, HTTP } from 'cloudevents'

import { LAB, startHub, waitUntil } from './harness.mjs'
import {
  WEBHOOKS, createWebhook, getWebhook, patchWebhook, publishMany,
  publishServer, server, untilAttempt, untilStatus
} from './native.mjs'
import { always, answering, faq, startReceiver } from './receiver.mjs'

const publishEvent = async (hub, event) => {
  const { status, text } = await hub.api.post('/v1/events', event, {
    headers: { 'content-type': 'application/cloudevents+json' }
  })
  assert.equal(status, 202, text)
}

for (const payload of ['cloudevent', 'cloudevent-binary']) {
  test(`states go out as ${payload}, read by the public library`, async (t) => {
    const hub = await startHub(t)
    const receiver = await startReceiver(t)
    await createWebhook(hub, receiver.url, { payload })
    await publishServer(hub, 'r 1', 'ON')
    await publishServer(hub, 'r 1', 'OFF')
    await hub.api.del('/v1/resources/compute-ops%2Fserver/r%201')
    await receiver.waitFor(3)
    const events = receiver.events.map(({ headers, bytes }) =>
      HTTP.toEvent({ headers, body: bytes.toString() }))
    events.sort((a, b) => a.sequence < b.sequence ? -1 : 1)
    for (const event of events) assert.ok(event.validate())
    assert.deepEqual(events.map(({ type, source, subject }) =>
      ({ type, source, subject: decode(subject) })),
    ['created', 'updated', 'deleted'].map((what) => ({
      type: `grapnel.resource.${what}`, source: '/grapnel', subject: 'r 1'
    })))
    const head = { type: 'compute-ops/server', id: 'r 1' }
    assert.deepEqual(events.map((event) => event.data), [
      { ...head, operation: 'Created', new: server('ON') },
      { ...head, operation: 'Updated', new: server('OFF'), old: server('ON') },
      { ...head, operation: 'Deleted', old: server('OFF') }])
    for (const { headers } of receiver.events) {
      assert.equal(headers['content-type'], payload === 'cloudevent'
        ? 'application/cloudevents+json; charset=utf-8'
        : 'application/json')
    }
  })

  test(`a CloudEvent goes out as it came, as ${payload}`, async (t) => {
    const hub = await startHub(t)
    const receiver = await startReceiver(t)
    await createWebhook(hub, receiver.url,
      { payload, filter: "source eq '/tests'" })
    const sent = [{
      specversion: '1.0',
      id: 'e-1',
      source: '/tests',
      type: 'com.example.thing',
      subject: 'Euro € 😀 100% "x"',
      time: '2026-01-02T03:04:05.000006Z',
      datacontenttype: 'application/json',
      dataschema: 'https://example.com/schema',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      count: 7,
      flag: true,
      data: { a: [1, 'ä'] }
    }, {
      specversion: '1.0',
      id: 'e-2',
      source: '/tests',
      type: 'com.example.text',
      datacontenttype: 'text/plain',
      data: 'plain words'
    }]
    for (const each of sent) await publishEvent(hub, each)
    await receiver.waitFor(2)
    const got = Object.fromEntries(receiver.events.map((request) => {
      const { headers, bytes } = request
      const event = HTTP.toEvent({ headers, body: bytes.toString() })
      return [event.id, event]
    }))
    for (const each of sent) {
      const event = got[each.id]
      assert.ok(event instanceof CloudEvent)
      for (const name of Object.keys(each)) {
        // In headers everything is text.
        const expected = payload === 'cloudevent' || name === 'data'
          ? each[name]
          : decode(each[name])
        const found = name === 'time'
          ? rawTime(receiver, each.id)
          : name === 'data' || payload === 'cloudevent'
            ? event[name]
            : decode(event[name])
        assert.deepEqual(found, expected, `${each.id} ${name}`)
      }
    }
  })
}

/** As text, percent-encoding undone: the library leaves it as it is. */
const decode = (value) => {
  const text = String(value)
  return /%[0-9A-F]{2}/.test(text) ? decodeURIComponent(text) : text
}

/** The library cuts times to milliseconds: look at what was sent. */
function rawTime (receiver, id) {
  const { headers, bytes } = receiver.events.find((request) =>
    request.headers['ce-id'] === id || request.bytes.includes(`"${id}"`))
  return headers['ce-time'] ?? JSON.parse(bytes.toString()).time
}

const CREDENTIALS = {
  'an API key': ['X-Api-Key',
    { type: 'apiKey', header: 'X-Api-Key', value: 'topsecret-1' },
    'topsecret-1'],
  'a name and a password': ['Authorization',
    { type: 'basic', username: 'me', password: 'topsecret-1' },
    `Basic ${Buffer.from('me:topsecret-1').toString('base64')}`]
}

for (const [name, [header, auth, sent]] of Object.entries(CREDENTIALS)) {
  test(`${name} is sent, and masked wherever attempts are shown`,
    async (t) => {
      const hub = await startHub(t)
      const receiver = await startReceiver(t,
        always(204, { 'Set-Cookie': 'session=topsecret-2' }))
      const { id } = await createWebhook(hub, receiver.url,
        { auth, headers: { 'X-Mine': 'topsecret-3' } })
      await publishServer(hub, 'a')
      const [event] = await receiver.waitFor(1)
      assert.equal(event.headers[header.toLowerCase()], sent)
      assert.equal(event.headers['x-mine'], 'topsecret-3')
      const { request, response } = await untilAttempt(hub, id, () => true)
      assert.ok(request.head.includes(`\r\n${header}: (masked)\r\n`),
        request.head)
      assert.ok(request.head.includes('\r\nX-Mine: (masked)\r\n'),
        request.head)
      assert.match(response.head, /set-cookie: \(masked\)/i)
      const shown = [await shownOf(hub, id), hub.log].join()
      assert.doesNotMatch(shown, /topsecret/)
      assert.ok(!shown.includes(sent))
    })
}

/** All that the interfaces tell of a webhook and its deliveries. */
async function shownOf (hub, id) {
  const { text: list, body } =
    await hub.api.get(`/v1/deliveries?webhook=${id}`)
  const paths = [`${WEBHOOKS}/${id}`, WEBHOOKS, `${WEBHOOKS}/${id}/log`,
    `/v1/deliveries/${body.items[0].id}`, '/v1/audit-log']
  const answers = await Promise.all(paths.map((path) => hub.api.get(path)))
  for (const { status } of answers) assert.equal(status, 200)
  return [list, ...answers.map(({ text }) => text)].join()
}

/** An OAuth2 server that counts; `life` and `answer` may be changed. */
async function startTokens (t) {
  const tokens = { asked: [], life: 3600, answer: null, valid: null }
  const receiver = await startReceiver(t, (request, response) => {
    tokens.asked.push({
      authorization: request.headers.authorization,
      form: request.bytes.toString()
    })
    if (tokens.answer) return tokens.answer(request, response)
    tokens.grant(response)
  })
  tokens.url = receiver.url
  tokens.grant = (response) => {
    tokens.valid = `token-${tokens.asked.length}`
    response.writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({
        access_token: tokens.valid,
        token_type: 'Bearer',
        expires_in: tokens.life
      }))
  }
  return tokens
}

const guarded = (tokens) => (request, response) =>
  response.writeHead(
    request.headers.authorization === `Bearer ${tokens.valid}` ? 204 : 401)
    .end()

const oauth2 = (tokens) => ({
  type: 'oauth2',
  tokenUrl: tokens.url,
  clientId: 'me:&',
  clientSecret: 'p w',
  scope: 'a b'
})

test('an OAuth2 token is fetched once and shared', async (t) => {
  const hub = await startHub(t)
  const tokens = await startTokens(t)
  const held = []
  tokens.answer = (request, response) => held.push(response) // slow
  const receiver = await startReceiver(t, guarded(tokens))
  const { id } =
    await createWebhook(hub, receiver.url, { auth: oauth2(tokens) })
  await publishMany(hub, 40)
  await waitUntil(() => held.length > 0, 'the token is asked for')
  await publishServer(hub, 'one-more')
  assert.equal(receiver.events.length, 0)
  tokens.answer = null
  tokens.grant(held[0])
  await receiver.waitFor(41)
  assert.equal(tokens.asked.length, 1)
  assert.deepEqual(tokens.asked[0], {
    authorization: `Basic ${Buffer.from('me%3A%26:p%20w').toString('base64')}`,
    form: 'grant_type=client_credentials&scope=a%20b'
  })
  assert.ok(receiver.events.every((each) =>
    each.headers.authorization === `Bearer ${tokens.valid}`))
  const { request } = await untilAttempt(hub, id, () => true)
  assert.match(request.head, /^Authorization: \(masked\)\r$/m)
  assert.doesNotMatch(await shownOf(hub, id) + hub.log, /p w|token-1/)
})

test('a revoked token is replaced within the attempt', async (t) => {
  const hub = await startHub(t)
  const tokens = await startTokens(t)
  const receiver = await startReceiver(t, guarded(tokens))
  const { id } =
    await createWebhook(hub, receiver.url, { auth: oauth2(tokens) })
  await publishServer(hub, 'a')
  await receiver.waitFor(1)
  tokens.valid = 'another'
  await publishServer(hub, 'b')
  await receiver.waitFor(3) // 401 with the old one, 204 with the new one
  assert.equal(tokens.asked.length, 2)
  assert.equal(receiver.events[2].headers['webhook-id'],
    receiver.events[1].headers['webhook-id'])
  assert.equal((await getWebhook(hub, id)).status, 'ACTIVE')
})

test('a token that is about to expire is not used', async (t) => {
  const hub = await startHub(t)
  const tokens = await startTokens(t)
  tokens.life = 1
  const receiver = await startReceiver(t, guarded(tokens))
  await createWebhook(hub, receiver.url, { auth: oauth2(tokens) })
  for (let i = 0; tokens.asked.length < 3; i++) {
    await publishServer(hub, `server-${i}`)
    await receiver.waitFor(i + 1)
  }
  assert.ok(receiver.events.length >= 3)
})

test('a token server that fails is not the endpoint\'s fault', async (t) => {
  const hub = await startHub(t)
  const tokens = await startTokens(t)
  tokens.answer = always(500)
  const receiver = await startReceiver(t, guarded(tokens))
  const { id } = await createWebhook(hub, receiver.url, {
    auth: oauth2(tokens), retry: { schedule: '1s,1s,1s,1s,1s,1s,1s,1s' }
  })
  await publishMany(hub, 12)
  // 12 failures in a row would disable it.
  await waitUntil(() => tokens.asked.length >= 2, 'it was asked again')
  assert.equal(receiver.events.length, 0)
  assert.equal((await getWebhook(hub, id)).status, 'ACTIVE')
  tokens.answer = null
  await receiver.waitFor(12)
  assert.equal(new Set(receiver.events
    .map((each) => each.headers['webhook-id'])).size, 12)
  assert.match(hub.log, /token\.failed .*status 500/)
})

test('a token that never comes holds up neither removal nor stop', async (t) => {
  const hub = await startHub(t)
  const tokens = await startTokens(t)
  tokens.answer = () => {}
  const receiver = await startReceiver(t, guarded(tokens))
  const made = []
  for (const prefix of ['one', 'two']) {
    made.push(await createWebhook(hub, receiver.url, { auth: oauth2(tokens) }))
    await publishMany(hub, 5, prefix)
    await waitUntil(() => tokens.asked.length === made.length, 'it is asked')
  }
  assert.equal(
    (await hub.api.del(`${WEBHOOKS}/${made[0].id}`)).status, 204)
  await hub.stop()
  assert.equal(receiver.events.length, 0)
  // What waited for the token is delivered by the next start.
  tokens.answer = null
  await hub.start()
  await receiver.waitFor(5)
})

test('the rate bounds any span of time', async (t) => {
  const hub = await startHub(t)
  const receiver = await startReceiver(t)
  const { id } = await createWebhook(hub, receiver.url, { rate: 600 })
  await publishMany(hub, 35)
  await receiver.waitFor(35)
  const times = receiver.events.map((each) => each.time)
  // Ten at once and ten a second; a receiver's clock may lag a little.
  for (let from = 0; from < times.length; from++) {
    for (let to = from; to < times.length; to++) {
      const allowed = 10 + (times[to] - times[from]) / 100 + 2
      assert.ok(to - from + 1 <= allowed,
        `${to - from + 1} within ${times[to] - times[from]} ms`)
    }
  }
  await patchWebhook(hub, id, { rate: null })
  const before = Date.now()
  await publishMany(hub, 200, 'fast')
  await receiver.waitFor(235)
  assert.ok(Date.now() - before < 19_000) // at the rate it would take 20 s
})

test('concurrency bounds what is in flight', async (t) => {
  const hub = await startHub(t)
  const held = []
  let most = 0
  const receiver = await startReceiver(t, (request, response) => {
    held.push(response)
    most = Math.max(most, held.length)
  })
  await createWebhook(hub, receiver.url, { concurrency: 3 })
  await publishMany(hub, 12)
  for (let done = 0; done < 12; done++) {
    await waitUntil(() => held.length === Math.min(3, 12 - done),
      'as many as there may be are in flight')
    held.shift().writeHead(204).end()
  }
  assert.equal(most, 3)
})

test('the OPTIONS handshake consents in headers only', async (t) => {
  const hub = await startHub(t,
    { args: [...LAB, '--origin', 'hub.example.com'] })
  const variants = [
    ['the origin', 200, { 'WebHook-Allowed-Origin': 'hub.example.com' }, true],
    ['any origin', 204, { 'WebHook-Allowed-Origin': '*' }, true],
    ['a status alone', 200, {}, false],
    ['another origin', 200, { 'WebHook-Allowed-Origin': 'x.com' }, false],
    ['a refusal', 405, { 'WebHook-Allowed-Origin': '*' }, false],
    ['a broken rate', 200,
      { 'WebHook-Allowed-Origin': '*', 'WebHook-Allowed-Rate': 'some' }, false],
    ['no rate', 200,
      { 'WebHook-Allowed-Origin': '*', 'WebHook-Allowed-Rate': '*' }, true],
    ['a rate', 200,
      { 'WebHook-Allowed-Origin': '*', 'WebHook-Allowed-Rate': '120' }, true]
  ]
  for (const [name, status, headers, isGood] of variants) {
    const receiver = await startReceiver(t, (request, response) =>
      request.method === 'OPTIONS'
        ? response.writeHead(status, headers).end()
        : response.writeHead(204).end())
    const { body } = await hub.api.post(WEBHOOKS, {
      name,
      destination: receiver.url,
      filter: "type eq 'compute-ops/server'",
      handshake: 'cloudevents',
      rate: 6000,
      headers: { 'X-Mine': 'yes' }
    })
    const settled =
      await untilStatus(hub, body.id, isGood ? 'ACTIVE' : 'WARNING')
    assert.equal(settled.allowedRate, name === 'a rate' ? 120 : undefined)
    const [asked] = receiver.requests
    assert.equal(asked.method, 'OPTIONS')
    assert.equal(asked.path, '/hook')
    assert.equal(asked.headers['webhook-request-origin'], 'hub.example.com')
    assert.equal(asked.headers['webhook-request-rate'], '6000')
    assert.equal(asked.headers['x-mine'], 'yes')
    if (isGood) {
      await hub.api.post(`${WEBHOOKS}/${body.id}/test`)
      const [event] = await receiver.waitFor(1)
      assert.equal(event.headers['webhook-request-origin'], 'hub.example.com')
    }
  }
})

test('changing the handshake or the auth asks again', async (t) => {
  const hub = await startHub(t)
  const receiver = await startReceiver(t, answering(faq))
  const { id } = await createWebhook(hub, receiver.url)
  assert.equal(receiver.requests.length, 0)
  await patchWebhook(hub, id, { handshake: 'com' })
  await untilStatus(hub, id, 'ACTIVE')
  await waitUntil(() => receiver.challenges.length === 1, 'it was asked')
  await patchWebhook(hub, id,
    { auth: { type: 'apiKey', header: 'X-K', value: 'v' } })
  await waitUntil(() => receiver.challenges.length === 2, 'and again')
  assert.equal(receiver.challenges[1].headers['x-k'], 'v')
  await untilStatus(hub, id, 'ACTIVE')
  await patchWebhook(hub, id, { timeout: '5s', payload: 'cloudevent' })
  assert.equal((await getWebhook(hub, id)).status, 'ACTIVE')
  assert.equal(receiver.challenges.length, 2)
})
