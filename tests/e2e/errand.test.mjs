// One delivery to another destination, and what is shown of attempts.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import {
  ADMIN_TOKEN, LAB, api, run, startHub, waitUntil
} from './harness.mjs'
import {
  WEBHOOKS, createWebhook, getWebhook, isSignedBy, patchWebhook,
  publishServer
} from './native.mjs'
import { always, answering, startReceiver } from './receiver.mjs'

const NEVER = { retry: { schedule: 'none' } }

const firstOf = (hub, id, state) => waitUntil(async () => {
  const { body } = await hub.api.get(
    `/v1/deliveries?webhook=${id}&state=${state}`)
  return body.items[0]
}, `one is ${state}`)

const attempts = async (hub, id) =>
  (await hub.api.get(`/v1/deliveries/${id}`)).body.attemptList

test('a delivery goes to another destination, signed, and counts for nothing',
  async (t) => {
    const hub = await startHub(t)
    const receiver = await startReceiver(t, answering(always(500)))
    const elsewhere = await startReceiver(t,
      always(418, { 'x-kettle': 'yes' }, 'short and stout'))
    const { id, secret } = await createWebhook(hub, receiver.url, {
      ...NEVER,
      headers: { 'x-key': 'for the endpoint only' },
      auth: { type: 'basic', username: 'u', password: 'hush' }
    })
    await publishServer(hub, 'a')
    const dead = await firstOf(hub, id, 'DEAD')
    const { status, body, text } = await hub.api.post(
      `/v1/deliveries/${dead.id}/retry`, { destination: elsewhere.url })
    assert.equal(status, 200, text)
    const [came] = elsewhere.events
    assert.deepEqual(came.bytes, receiver.events[0].bytes)
    assert.equal(came.headers['webhook-id'], dead.id)
    assert.ok(isSignedBy(came, secret))
    assert.equal(came.headers['x-key'], undefined)
    assert.equal(came.headers.authorization, undefined)
    assert.equal(body.deliveryId, dead.id)
    assert.equal(body.kept, true)
    assert.equal(body.attempt.debug, true)
    assert.equal(body.attempt.status, 418)
    assert.equal(body.attempt.request.destination, elsewhere.url)
    assert.equal(body.attempt.response.body, 'short and stout')
    assert.match(body.attempt.error, /status 418/)
    // It is kept beside the delivery's own, which is as it was.
    const after = await firstOf(hub, id, 'DEAD')
    assert.equal(after.attempts, 1)
    assert.equal(after.reason, dead.reason)
    const [own, debug] = await attempts(hub, dead.id)
    assert.equal(own.number, 0)
    assert.equal(debug.debug, true)
    const { body: shown } =
      await hub.api.get(`${WEBHOOKS}/${id}/deliveries`)
    assert.equal(shown.items.length, 1)
    assert.equal((await getWebhook(hub, id)).status, 'ACTIVE')
    // Also while the webhook does not send, and one that was delivered.
    await patchWebhook(hub, id, { state: 'DISABLED' })
    const again = await hub.api.post(`/v1/deliveries/${dead.id}/retry`,
      { destination: elsewhere.url })
    assert.equal(again.status, 200)
    assert.equal((await attempts(hub, dead.id)).length, 3)
  })

test('another destination is vetted like every one', async (t) => {
  const hub = await startHub(t, { args: [...LAB, '--connect-timeout', '2s'] })
  const receiver = await startReceiver(t, answering(always(500)))
  const { id } = await createWebhook(hub, receiver.url, NEVER)
  await publishServer(hub, 'a')
  const dead = await firstOf(hub, id, 'DEAD')
  const to = (destination) => hub.api.post(`/v1/deliveries/${dead.id}/retry`,
    typeof destination === 'string' ? { destination } : destination)
  const refused = await to('http://169.254.169.254/latest/meta-data')
  assert.equal(refused.status, 200)
  assert.equal(refused.body.attempt.failure, 'NOT_ALLOWED')
  assert.equal(refused.body.attempt.status, null)
  for (const wrong of ['ftp://x/', 'x', { destination: 5 }, { to: 'x' }, []]) {
    assert.equal((await to(wrong)).status, 400, JSON.stringify(wrong))
  }
  assert.equal((await hub.api.post(
    '/v1/deliveries/00000000-0000-7000-8000-000000000000/retry',
    { destination: receiver.url })).status, 404)
  const { body } = await hub.api.post('/v1/keys', { name: 'v', role: 'viewer' })
  assert.equal((await api(hub, body.key).post(
    `/v1/deliveries/${dead.id}/retry`, { destination: receiver.url })).status,
  403)
  assert.equal(receiver.events.length, 1)
})

test('the hub stops while one is on its way', async (t) => {
  const hub = await startHub(t, { args: [...LAB, '--stop-timeout', '1s'] })
  const receiver = await startReceiver(t, answering(always(500)))
  const silent = await startReceiver(t, () => {})
  const { id } = await createWebhook(hub, receiver.url, NEVER)
  await publishServer(hub, 'a')
  const dead = await firstOf(hub, id, 'DEAD')
  const answer = hub.api.post(`/v1/deliveries/${dead.id}/retry`,
    { destination: silent.url }).catch((error) => error)
  await silent.waitFor(1)
  await hub.stop()
  await answer
})

test('the command shows what came back', async (t) => {
  const hub = await startHub(t)
  const receiver = await startReceiver(t)
  const elsewhere = await startReceiver(t, always(202))
  const { id } = await createWebhook(hub, receiver.url)
  await publishServer(hub, 'a')
  const delivered = await firstOf(hub, id, 'DELIVERED')
  const { code, stdout } = await run(['delivery', 'retry', delivered.id,
    '--destination', elsewhere.url, '--url', hub.url, '--json'],
  { env: { GRAPNEL_TOKEN: ADMIN_TOKEN } })
  assert.equal(code, 0)
  assert.equal(JSON.parse(stdout).attempt.status, 202)
  const angry = await startReceiver(t, always(500))
  const refused = await run(['delivery', 'retry', delivered.id,
    '--destination', angry.url, '--url', hub.url],
  { env: { GRAPNEL_TOKEN: ADMIN_TOKEN } })
  assert.equal(refused.code, 1)
  assert.match(refused.stdout, /"status": 500/)
})

test('cuts of both bodies are shown, of a length that can be set',
  async (t) => {
    const hub = await startHub(t, { args: [...LAB, '--body-kept', '20'] })
    const receiver = await startReceiver(t, always(200,
      { 'set-cookie': 'session=very-secret', 'x-plain': 'seen' },
      'y'.repeat(100)))
    for (const payload of ['resource', 'cloudevent', 'cloudevent-binary']) {
      const { id } = await createWebhook(hub, receiver.url, { payload })
      await publishServer(hub, `of ${payload}`)
      const { id: delivery } = await firstOf(hub, id, 'DELIVERED')
      const sent = receiver.events.find(({ headers }) =>
        headers['webhook-id'] === delivery).bytes.toString()
      // The form it was sent in counts, not the one there is now.
      await patchWebhook(hub, id, { payload: 'resource', state: 'DISABLED' })
      const [{ request, response }] = await attempts(hub, delivery)
      const bytes = Buffer.from(sent)
      assert.equal(request.bodyBytes, bytes.length, payload)
      assert.equal(request.body.slice(0, 15), sent.slice(0, 15))
      assert.ok(Buffer.byteLength(request.body) <= 24)
      assert.equal(response.body, 'y'.repeat(20))
      assert.match(response.head, /x-plain: seen/)
      assert.match(response.head, /set-cookie: \(masked\)/i)
      assert.ok(!response.head.includes('very-secret'))
    }
  })
