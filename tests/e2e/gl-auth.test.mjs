// How GreenLake's webhooks prove themselves to endpoints: OAuth, and secrets
// that are rotated.

import assert from 'node:assert/strict'
import test from 'node:test'

import { LAB, startHub, waitUntil } from './harness.mjs'
import {
  SECRET, activeWebhook, challengesOf, event, eventsOf, getWebhook, hmac, ids,
  isChallenge, onlyItem, patchWebhook, publishEvent, publishEvents,
  recentDeliveries, untilStatus, verifying, waitForEvents
} from './gl.mjs'
import { always, startReceiver } from './receiver.mjs'

// A retry a second, so that one can be waited for.
const SOON = [...LAB, '--greenlake-retry-schedule', '1s,1s,1s']

// ---- OAuth ----

/** A token server: every token is another one, good for `expires` seconds. */
const tokens = (given, { expires = 3600, delay = 0, broken } = {}) =>
  (request, response) => {
    const answer = () => {
      if (broken?.()) return always(500)(request, response)
      const token = `token-${given.push(request) - 1}`
      response.writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({
          access_token: token, token_type: 'Bearer', expires_in: expires
        }))
    }
    delay ? setTimeout(answer, delay) : answer()
  }

const oauth = (server) => ({
  authType: 'Oauth',
  clientId: 'your-client-id',
  clientSecret: 'your-client-secret',
  issuerUrl: server.url
})

const credentialsOf = (receiver) =>
  receiver.requests.map(({ headers }) => headers.authorization)

test('OAuth: one token for challenge, rate and events, never shown',
  async (t) => {
    const hub = await startHub(t)
    const given = []
    const server = await startReceiver(t, tokens(given))
    const receiver = await startReceiver(t, verifying())
    const webhook = await activeWebhook(hub, receiver.url, oauth(server))
    assert.equal(webhook.authType, 'Oauth')
    assert.equal(webhook.clientId, 'your-client-id')
    assert.equal(webhook.issuerUrl, server.url)
    assert.doesNotMatch(JSON.stringify(webhook), /your-client-secret/)
    await publishEvents(hub, ids('e-', 5))
    await waitForEvents(receiver, 5)
    assert.deepEqual([...new Set(credentialsOf(receiver))], ['Bearer token-0'])
    assert.equal(receiver.requests.length, 7)
    assert.equal(given.length, 1)
    assert.match(given[0].bytes.toString(), /grant_type=client_credentials/)
  })

test('OAuth: a token that expired or was revoked is replaced', async (t) => {
  const hub = await startHub(t)
  const given = []
  const server = await startReceiver(t, tokens(given))
  const receiver = await startReceiver(t, verifying())
  const { id } = await activeWebhook(hub, receiver.url, oauth(server))
  receiver.handler = verifying({
    post: (request, response) => always(
      request.headers.authorization === 'Bearer token-0' ? 401 : 204
    )(request, response)
  })
  await publishEvent(hub, event('e-1'))
  await onlyItem(hub, id, (item) => item.status === 'SUCCESS')
  assert.equal(given.length, 2)
  // A 401 disables, but not before a fresh token has been tried.
  assert.equal((await getWebhook(hub, id)).status, 'ACTIVE')
})

test('OAuth: a server that fails holds events back and blames nobody',
  async (t) => {
    const hub = await startHub(t, { args: SOON })
    const given = []
    let isBroken = false
    const server = await startReceiver(t,
      tokens(given, { expires: 1, broken: () => isBroken }))
    const receiver = await startReceiver(t, verifying())
    const { id } = await activeWebhook(hub, receiver.url, oauth(server))
    isBroken = true
    const before = server.requests.length
    await waitUntil(async () => {
      await publishEvent(hub, event(`e-${Date.now()}-${Math.random()}`))
      return server.requests.length > before
    }, 'the token has expired and a new one is asked for')
    isBroken = false
    await waitUntil(async () => {
      const { items } = await recentDeliveries(hub, id)
      return items.length > 0 &&
        items.every(({ status }) => status === 'SUCCESS')
    })
    assert.equal((await getWebhook(hub, id)).status, 'ACTIVE')
  })

test('OAuth: while a server is slow all wait for the one token', async (t) => {
  const hub = await startHub(t)
  const given = []
  const server = await startReceiver(t, tokens(given, { delay: 300 }))
  const receiver = await startReceiver(t, verifying())
  const { id } = await activeWebhook(hub, receiver.url,
    { ...oauth(server), challengeRequestEnabled: false })
  await publishEvents(hub, ids('e-', 10))
  await waitForEvents(receiver, 10)
  assert.equal(given.length, 1)
  assert.equal((await getWebhook(hub, id)).status, 'ACTIVE')
})

// ---- rotation ----

test('a rotation under load has no delivery rejected', async (t) => {
  const hub = await startHub(t)
  const NEW = 'your-new-hmac-secret'
  let accepted = [SECRET]
  let rejected = 0
  const receiver = await startReceiver(t, (request, response) => {
    if (request.method !== 'POST') return always(405)(request, response)
    const given = [request.headers['hpe-webhook-signature'],
      request.headers['hpe-webhook-signature2']].filter(Boolean)
    const isSigned = accepted.some((secret) =>
      given.includes(`sha256=${hmac(secret, request.bytes)}`))
    if (!isSigned) {
      rejected++
      return always(429)(request, response)
    }
    if (!isChallenge(request)) return always(204)(request, response)
    const { data } = JSON.parse(request.bytes.toString())
    response.writeHead(200).end(JSON.stringify(
      { verification: hmac(accepted[0], data.challengeRequest) }))
  })
  const { id } = await activeWebhook(hub, receiver.url)
  let isOver = false
  let published = 0
  const load = (async () => {
    while (!isOver) {
      await publishEvents(hub, ids(`e-${published}-`, 20))
      published += 20
    }
  })()
  const settle = () => waitForEvents(receiver, eventsOf(receiver).length + 50)
  await settle()
  await patchWebhook(hub, id, { secondarySecret: NEW })
  await untilStatus(hub, id, 'ACTIVE')
  await settle()
  accepted = [NEW] // the receivers are changed over
  await settle()
  await patchWebhook(hub, id, { secret: NEW, secondarySecret: '' })
  await untilStatus(hub, id, 'ACTIVE')
  await settle()
  isOver = true
  await load
  await waitForEvents(receiver, published)
  assert.equal(rejected, 0)
  assert.equal(challengesOf(receiver).length, 3)
  assert.equal((await getWebhook(hub, id)).status, 'ACTIVE')
})
