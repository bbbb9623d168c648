// Half-open probing: what was disabled for its failures is asked again.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { startHub, waitUntil } from './harness.mjs'
import {
  WEBHOOKS, createWebhook, getWebhook, isSignedBy, patchWebhook, publishMany,
  publishServer, untilStatus
} from './native.mjs'
import { always, answering, faq, startReceiver } from './receiver.mjs'

const NEVER = { retry: { schedule: 'none' } }

const kinds = async (hub, id) => {
  const { body } = await hub.api.get(`${WEBHOOKS}/${id}/log?limit=100`)
  return body.items.map(({ type }) => type.replace('grapnel.webhook.', ''))
    .filter((kind) => kind !== 'delivery.dead')
}

/** A webhook in ERROR whose endpoint answers with what `post` says. */
async function failing (t, hub, options) {
  const receiver = await startReceiver(t, always(500))
  receiver.handler = answering(always(500))
  const webhook = await createWebhook(hub, receiver.url,
    { ...NEVER, ...options })
  receiver.handler = always(500)
  await publishMany(hub, 10)
  return { receiver, webhook }
}

test('a probe that is answered enables the webhook, and tells of the gap',
  async (t) => {
    const hub = await startHub(t)
    const { receiver, webhook: { id, secret } } = await failing(t, hub,
      { handshake: 'none', payload: 'cloudevent', probe: { after: '1s' } })
    await waitUntil(async () => (await kinds(hub, id)).includes('disabled'),
      'it is disabled')
    await publishServer(hub, 'missed')
    receiver.handler = always(204)
    const well = await untilStatus(hub, id, 'ACTIVE')
    assert.equal(well.state, 'ENABLED')
    assert.equal(well.statusReason,
      'A probe was answered: the webhook is enabled again.')
    assert.equal(well.nextProbeAt, undefined)
    const told = await kinds(hub, id)
    assert.equal(told[0], 'gap')
    assert.equal(told[1], 'enabled')
    assert.ok(told.includes('probe.started'))
    // The probe looks like a delivery: in the webhook's form, and signed.
    const probe = receiver.events.at(-1)
    const { type, data } = JSON.parse(probe.bytes.toString())
    assert.equal(type, 'grapnel.webhook.test')
    assert.equal(data.webhookId, id)
    assert.ok(isSignedBy(probe, secret))
    await publishServer(hub, 'seen')
    await waitUntil(() => receiver.bodies.some(({ subject }) =>
      subject === 'seen'), 'it sends again')
  })

test('a probe that fails is made again after twice the time, up to a longest',
  async (t) => {
    const hub = await startHub(t)
    const { receiver, webhook: { id } } = await failing(t, hub,
      { handshake: 'none', probe: { after: '1s', max: '2s' } })
    await waitUntil(async () => (await kinds(hub, id))
      .filter((kind) => kind === 'probe.failed').length >= 3, 'three failed')
    const probes = receiver.events.filter(({ bytes }) =>
      bytes.includes('find out whether')).map(({ time }) => time)
    assert.ok(probes[1] - probes[0] >= 1900, `${probes[1] - probes[0]} ms`)
    assert.ok(probes[2] - probes[1] >= 1900, `${probes[2] - probes[1]} ms`)
    const { status, state } = await getWebhook(hub, id)
    assert.equal(state, 'DISABLED')
    assert.ok(['ERROR', 'PENDING'].includes(status), status)
  })

test('with a handshake the probe is the handshake, also after a restart',
  async (t) => {
    const hub = await startHub(t)
    const receiver = await startReceiver(t, answering(always(500)))
    const { id, probe } = await createWebhook(hub, receiver.url,
      { ...NEVER, handshake: 'com', probe: { after: '2s', max: '1h' } })
    assert.deepEqual(probe, { after: '2s', max: '1h' })
    await publishMany(hub, 10)
    const failed = await untilStatus(hub, id, 'ERROR')
    assert.ok(Date.parse(failed.nextProbeAt) > Date.now())
    receiver.handler = faq
    await hub.kill9()
    await hub.start()
    await untilStatus(hub, id, 'ACTIVE')
    assert.equal(receiver.challenges.length, 2)
    assert.equal(receiver.events.length, 10)
  })

test('nobody is probed who did not ask, is gone, or was disabled by a user',
  async (t) => {
    const hub = await startHub(t)
    const gone = await startReceiver(t, answering(always(410)))
    const { id } = await createWebhook(hub, gone.url,
      { probe: { after: '1s' } })
    await publishServer(hub, 'a')
    const error = await untilStatus(hub, id, 'ERROR')
    assert.equal(error.nextProbeAt, undefined)
    const off = await createWebhook(hub, gone.url, { probe: { after: '1s' } })
    const { nextProbeAt } =
      await patchWebhook(hub, off.id, { state: 'DISABLED' })
    assert.equal(nextProbeAt, undefined)
    const { body: refused } = await hub.api.patch(`${WEBHOOKS}/${id}`,
      { probe: { after: '1h', max: '1m' } })
    assert.match(JSON.stringify(refused), /probe.max/)
  })
