// The CloudEvents handshake, consented to later by its callback.

import assert from 'node:assert/strict'
import test from 'node:test'

import { LAB, request, startHub, waitUntil } from './harness.mjs'
import { WEBHOOKS, getWebhook, untilStatus } from './native.mjs'
import { always, startReceiver } from './receiver.mjs'

const PUBLIC = 'https://hub.example.com'

async function setUp (t, answer = always(200), more = []) {
  const hub = await startHub(t, {
    args: [...LAB, '--public-url', PUBLIC, '--origin', 'hub.test', ...more]
  })
  const receiver = await startReceiver(t, answer)
  const { body } = await hub.api.post(WEBHOOKS, {
    name: 'w',
    destination: receiver.url,
    filter: "id eq 'x'",
    handshake: 'cloudevents'
  })
  await waitUntil(() => receiver.requests.length > 0)
  const offered = receiver.requests[0].headers['webhook-request-callback']
  assert.ok(offered.startsWith(`${PUBLIC}/v1/handshakes/`), offered)
  const path = offered.slice(PUBLIC.length)
  const call = (method, headers = {}, where = path) =>
    request(method, hub.url + where, { headers, token: null })
  return { hub, receiver, id: body.id, path, call }
}

for (const method of ['GET', 'POST']) {
  test(`a ${method} of the callback consents, with a rate, once`, async (t) => {
    const { hub, id, call } = await setUp(t)
    assert.equal((await getWebhook(hub, id)).status, 'PENDING')
    const answer = await call(method, { 'webhook-allowed-rate': '120' })
    assert.equal(answer.status, 200, answer.text)
    const webhook = await untilStatus(hub, id, 'ACTIVE')
    assert.equal(webhook.allowedRate, 120)
    assert.equal((await call(method)).status, 410)
  })
}

test('another key, origin or rate does not consent', async (t) => {
  const { hub, id, path, call } = await setUp(t)
  const wrong = path.replace(/.$/, (c) => c === '0' ? '1' : '0')
  assert.equal((await call('GET', {}, wrong)).status, 404)
  assert.equal(
    (await call('POST', { 'webhook-allowed-origin': 'other' })).status, 400)
  assert.equal(
    (await call('POST', { 'webhook-allowed-rate': '0' })).status, 400)
  assert.equal((await getWebhook(hub, id)).status, 'PENDING')
  assert.equal(
    (await call('POST', { 'webhook-allowed-origin': '*' })).status, 200)
  await untilStatus(hub, id, 'ACTIVE')
})

test('a consent that does not come in time is a refusal', async (t) => {
  const { hub, id, call } =
    await setUp(t, always(200), ['--callback-timeout', '100ms'])
  await untilStatus(hub, id, 'WARNING')
  assert.equal((await call('POST')).status, 410)
})

test('an answer that consents, or refuses, does not wait', async (t) => {
  const good = await setUp(t, always(200, { 'webhook-allowed-origin': '*' }))
  await untilStatus(good.hub, good.id, 'ACTIVE')
  const bad = await setUp(t, always(405))
  await untilStatus(bad.hub, bad.id, 'WARNING')
})

test('a stop while one is awaited is clean, and the next start asks anew',
  async (t) => {
    const { hub, receiver, id, call } = await setUp(t)
    await hub.restart()
    await waitUntil(() => receiver.requests.length === 2)
    const offered = receiver.requests[1].headers['webhook-request-callback']
    assert.equal(
      (await call('GET', {}, offered.slice(PUBLIC.length))).status, 200)
    await untilStatus(hub, id, 'ACTIVE')
  })
