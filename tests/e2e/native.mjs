// Webhooks by the hub's own interface, and checking what they send.

import assert from 'node:assert/strict'
import crypto from 'node:crypto'

import { waitUntil } from './harness.mjs'
import { EVERY_SERVER, publish } from './com.mjs'

export const WEBHOOKS = '/v1/webhooks'

/** A webhook with these options, once it is ACTIVE, and its secret. */
export async function createWebhook (hub, destination, options = {}) {
  const { status, body, text } =
    await hub.api.post(WEBHOOKS, draft(destination, options))
  assert.equal(status, 201, text)
  const secret = await hub.api.get(`${WEBHOOKS}/${body.id}/secret`)
  assert.equal(secret.status, 200, secret.text)
  return { ...await untilStatus(hub, body.id, 'ACTIVE'), ...secret.body }
}

export async function getWebhook (hub, id) {
  const { status, body, text } = await hub.api.get(`${WEBHOOKS}/${id}`)
  assert.equal(status, 200, text)
  return body
}

export const untilStatus = (hub, id, status) => waitUntil(async () => {
  const webhook = await getWebhook(hub, id)
  if (webhook.status === status) return webhook
  throw new Error(`it is ${webhook.status}: ${webhook.statusReason}`)
}, `webhook ${id} is ${status}`)

/** Changes a webhook and returns it. */
export async function patchWebhook (hub, id, changes) {
  const { status, body, text } =
    await hub.api.patch(`${WEBHOOKS}/${id}`, changes)
  assert.equal(status, 200, text)
  return body
}

/** What the signature is over (Standard Webhooks 1.0.0). */
const signedContent = ({ headers, bytes }) => Buffer.concat([
  Buffer.from(`${headers['webhook-id']}.${headers['webhook-timestamp']}.`),
  bytes
])

const signatures = ({ headers }, version) =>
  headers['webhook-signature'].split(' ')
    .map((each) => each.split(','))
    .filter(([its]) => its === version)
    .map(([, text]) => Buffer.from(text, 'base64'))

/** Whether one of the v1 signatures is by this secret. */
export function isSignedBy (request, secret) {
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64')
  const expected = crypto.createHmac('sha256', key)
    .update(signedContent(request)).digest()
  return signatures(request, 'v1').some((each) => each.equals(expected))
}

/** Whether one of the v1a signatures is by the owner of this public key. */
export function isSignedByOwner (request, publicKey) {
  const prefix = Buffer.from('302a300506032b6570032100', 'hex')
  const raw = Buffer.from(publicKey.replace('whpk_', ''), 'base64')
  const key = crypto.createPublicKey({
    key: Buffer.concat([prefix, raw]), format: 'der', type: 'spki'
  })
  return signatures(request, 'v1a')
    .some((each) => crypto.verify(null, signedContent(request), key, each))
}

/** A server's state, and publishing it. */
export const server = (powerState) =>
  ({ name: 'é "1"', hardware: { powerState } })
export const publishServer = (hub, id, powerState = 'ON') =>
  publish(hub, 'compute-ops/server', id, server(powerState))

export async function publishMany (hub, count, prefix = 'many') {
  const lines = Array.from({ length: count }, (_, i) => JSON.stringify({
    type: 'compute-ops/server', id: `${prefix}-${i}`, state: server('ON')
  }))
  const { status, text } = await hub.api.post('/v1/resources',
    lines.join('\n'), { headers: { 'content-type': 'application/x-ndjson' } })
  assert.ok(status === 202 || status === 200, text)
}

/** What creates a webhook that needs no handshake. */
export const draft = (destination, options) => ({
  name: 'a webhook of the tests',
  destination,
  filter: EVERY_SERVER,
  handshake: 'none',
  ...options
})

/** The attempts of the newest delivery. */
const attemptsOf = async (hub, id) => {
  const { body } = await hub.api.get(`/v1/deliveries?webhook=${id}`)
  if (!body?.items?.length) return []
  const one = await hub.api.get(`/v1/deliveries/${body.items[0].id}`)
  assert.equal(one.status, 200, one.text)
  return one.body.attemptList
}

/** An attempt of the newest delivery of which that is true. */
export const untilAttempt = (hub, id, what) => waitUntil(
  async () => (await attemptsOf(hub, id)).find(what), 'such an attempt')
