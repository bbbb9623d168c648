// The COM interface as its clients use it, and publishing beside it.

import assert from 'node:assert/strict'

import { waitUntil } from './harness.mjs'

export const WEBHOOKS = '/compute-ops-mgmt/v1beta1/webhooks'
export const EVERY_SERVER = "type eq 'compute-ops/server'"

/** The five members that a create needs; `changes` replace or add. */
export const draft = (destination, changes = {}) => ({
  name: 'a webhook of the tests',
  destination,
  state: 'ENABLED',
  eventFilter: EVERY_SERVER,
  headers: {},
  ...changes
})

export async function getWebhook (hub, id) {
  const { status, body } = await hub.api.get(`${WEBHOOKS}/${id}`)
  assert.equal(status, 200)
  return body
}

/** Waits until the webhook has this status and returns it. */
export const untilStatus = (hub, id, status) => waitUntil(async () => {
  const webhook = await getWebhook(hub, id)
  if (webhook.status === status) return webhook
  throw new Error(`it is ${webhook.status}: ${webhook.statusReason}`)
}, `webhook ${id} is ${status}`)

/** Creates a webhook and returns the answer's body, handshake not awaited. */
export async function createWebhook (hub, destination, changes) {
  const { status, body, text } =
    await hub.api.post(WEBHOOKS, draft(destination, changes))
  assert.equal(status, 201, text)
  return body
}

/** Creates a webhook and waits until its handshake was accepted. */
export async function activeWebhook (hub, destination, changes) {
  const { id } = await createWebhook(hub, destination, changes)
  return untilStatus(hub, id, 'ACTIVE')
}

/** The path of a resource; ids contain '+', types '/'. */
export const resourcePath = (type, id) =>
  `/v1/resources/${encodeURIComponent(type)}/${encodeURIComponent(id)}`

/** Publishes a state (object or text) and returns the 202's body. */
export async function publish (hub, type, id, state) {
  const { status, body, text } =
    await hub.api.put(resourcePath(type, id), state)
  assert.equal(status, 202, text)
  return body
}

/** Deletes a resource and returns the 202's body. */
export async function unpublish (hub, type, id) {
  const { status, body, text } = await hub.api.del(resourcePath(type, id))
  assert.equal(status, 202, text)
  return body
}

/** The attempts that the webhook's deliveries list shows. */
export async function deliveries (hub, id) {
  const { status, body, text } =
    await hub.api.get(`${WEBHOOKS}/${id}/deliveries`)
  assert.equal(status, 200, text)
  return body.items
}

/** One line of a bulk: what POST /v1/resources takes many of. */
export const bulkItem = (type, id, state) => ({ type, id, state })
