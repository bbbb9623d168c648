// GreenLake's webhooks as its clients use them, and endpoints for them.

import assert from 'node:assert/strict'
import crypto from 'node:crypto'

import { waitUntil } from './harness.mjs'

export const GL = '/events/v1beta1/webhooks'
export const SECRET = 's3cr3tKey'
export const CHALLENGE =
  'com.hpe.greenlake.events.v1beta1.webhooks.verification'

export const hmac = (secret, text) =>
  crypto.createHmac('sha256', secret).update(text).digest('hex')

/** The members that a create needs; `changes` replace or add. */
export const draft = (destination, changes = {}) => ({
  name: 'License Notification',
  description: 'Webhook for receiving license notifications',
  destination,
  secret: SECRET,
  ...changes
})

export const isChallenge = ({ method, bytes }) =>
  method === 'POST' && JSON.parse(bytes.toString()).type === CHALLENGE

/**
 * An endpoint that answers challenges by one of its secrets, and what else
 * comes with `post` (204 unless told otherwise). OPTIONS is answered with
 * `options`, a table of headers, or 405.
 */
export const verifying = ({
  secrets = [SECRET], post, options
} = {}) => (request, response) => {
  if (request.method === 'OPTIONS') {
    response.writeHead(options ? 200 : 405, options ?? {}).end()
  } else if (isChallenge(request)) {
    const { data } = JSON.parse(request.bytes.toString())
    const verification = hmac(secrets[0], data.challengeRequest)
    response.writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ verification }))
  } else if (post) {
    post(request, response)
  } else {
    response.writeHead(204).end()
  }
}

/** What came beside challenges and questions for the rate. */
export const eventsOf = (receiver) =>
  receiver.events.filter((request) => !isChallenge(request))

export const challengesOf = (receiver) => receiver.events.filter(isChallenge)

export const waitForEvents = async (receiver, n) => {
  await waitUntil(() => eventsOf(receiver).length >= n,
    `${n} events (${eventsOf(receiver).length} came)`)
  return eventsOf(receiver)
}

export async function getWebhook (hub, id) {
  const { status, body, text } = await hub.api.get(`${GL}/${id}`)
  assert.equal(status, 200, text)
  return body
}

export const untilStatus = (hub, id, status) => waitUntil(async () => {
  const webhook = await getWebhook(hub, id)
  if (webhook.status === status) return webhook
  throw new Error(`it is ${webhook.status}: ${webhook.stateReason}`)
}, `webhook ${id} is ${status}`)

export async function createWebhook (hub, destination, changes) {
  const { status, body, text } =
    await hub.api.post(GL, draft(destination, changes))
  assert.equal(status, 201, text)
  return body
}

export async function patchWebhook (hub, id, changes) {
  const { status, body, text } = await hub.api.patch(`${GL}/${id}`, changes)
  assert.equal(status, 200, text)
  return body
}

/** The events that the tests publish, and a type that only they have. */
export const TYPE = 'com.hpe.greenlake.sample-publisher.v1beta1.sample-event4'

export const SUBSCRIPTIONS = '/events/v1beta1/subscriptions'

/** What subscribes a webhook to a type; `changes` replace or add members. */
export const wanting = (id, eventType = TYPE, changes = {}) =>
  ({ eventType, webhook: { resourceUri: `${GL}/${id}` }, ...changes })

/** Subscribes a webhook to a type; the subscription. */
export async function subscribe (hub, id, eventType, changes) {
  const { status, body, text } =
    await hub.api.post(SUBSCRIPTIONS, [wanting(id, eventType, changes)])
  assert.equal(status, 201, text)
  return body[0]
}

/** A webhook that is ACTIVE and gets every event of TYPE. */
export async function activeWebhook (hub, destination, changes) {
  const { id } = await createWebhook(hub, destination, changes)
  await subscribe(hub, id)
  return untilStatus(hub, id, 'ACTIVE')
}

export const event = (id, changes = {}) => ({
  specversion: '1.0',
  type: TYPE,
  source: 'publisher-test',
  id,
  time: '2009-11-10T23:00:00Z',
  datacontenttype: 'application/json',
  data: { eventData: { key1: 'new-data-6', key2: 'value-7' } },
  ...changes
})

export async function publishEvent (hub, body) {
  const { status, text } = await hub.api.post('/v1/events', body, {
    headers: { 'content-type': 'application/cloudevents+json' }
  })
  assert.equal(status, 202, text)
}

export async function publishEvents (hub, ids) {
  const { status, text } =
    await hub.api.post('/v1/events', ids.map((id) => event(id)), {
      headers: { 'content-type': 'application/cloudevents-batch+json' }
    })
  assert.ok(status === 202 || status === 200, text)
}

/** The signatures that a request must have, by these secrets in order. */
export function checkSignatures (request, ...secrets) {
  const names = ['hpe-webhook-signature', 'hpe-webhook-signature2']
  for (const [i, name] of names.entries()) {
    assert.equal(request.headers[name], secrets[i] &&
      `sha256=${hmac(secrets[i], request.bytes)}`, name)
  }
}

export async function recentDeliveries (hub, id, query = '') {
  const { status, body, text } =
    await hub.api.get(`${GL}/${id}/recent-deliveries${query}`)
  assert.equal(status, 200, text)
  return body
}

export const ids = (prefix, n) =>
  Array.from({ length: n }, (_, i) => `${prefix}${i}`)

/** The one delivery that is shown, once the claim is true of it. */
export const onlyItem = (hub, id, claim) => waitUntil(async () => {
  const { items } = await recentDeliveries(hub, id)
  return items.length === 1 && claim(items[0]) && items[0]
})
