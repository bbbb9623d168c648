// The one way out: where the hub may connect to, and TLS on both sides.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import {
  WEBHOOKS, activeWebhook, createWebhook, draft, publish, untilStatus
} from './com.mjs'
import { LAB, request, startHub, waitUntil } from './harness.mjs'
import { always, answering, startReceiver } from './receiver.mjs'
import { SERVER_ID, server } from './states.mjs'
import { makeCertificate } from './tls.mjs'

const SERVER = 'compute-ops/server'

const LITERALS = [
  'https://127.0.0.1/', 'https://127.1/', 'https://2130706433/',
  'https://0x7f000001/', 'https://0177.0.0.1/', 'https://[::1]/',
  'https://[::ffff:127.0.0.1]/', 'https://0.0.0.0/', 'https://[::]/',
  'https://10.1.2.3/', 'https://172.16.0.1/', 'https://192.168.1.1/',
  'https://169.254.169.254/', 'https://100.64.0.1/', 'https://224.0.0.1/',
  'https://[fe80::1]/', 'https://[fd00::1]/', 'https://[64:ff9b::7f00:1]/',
  'https://[2002:7f00:1::]/'
]

test('a destination that is a private address is refused at create',
  async (t) => {
    const hub = await startHub(t, { args: [] })
    for (const destination of LITERALS) {
      await t.test(destination, async () => {
        const answer = await hub.api.post(WEBHOOKS, draft(destination))
        assert.equal(answer.status, 400, answer.text)
        const [{ issues: [issue] }] = answer.body.errorDetails
        assert.equal(issue.subject, 'destination')
      })
    }
    assert.equal((await hub.api.get(WEBHOOKS)).body.total, 0)
  })

test('plain http is refused unless --allow-http says otherwise',
  async (t) => {
    const hub = await startHub(t,
      { args: ['--allow-private', '127.0.0.0/8'] })
    const receiver = await startReceiver(t)
    const answer = await hub.api.post(WEBHOOKS, draft(receiver.url))
    assert.equal(answer.status, 400, answer.text)
    assert.match(answer.text, /https/)
    assert.equal(receiver.requests.length, 0)
  })

test('a name that leads to loopback is refused when connecting',
  async (t) => {
    const hub = await startHub(t, { args: ['--allow-http'] })
    const receiver = await startReceiver(t)
    const { id } = await createWebhook(hub,
      `http://localhost:${receiver.port}/hook`)
    const refused = await untilStatus(hub, id, 'WARNING')
    assert.equal(refused.state, 'DISABLED')
    assert.equal(receiver.requests.length, 0)
    assert.match(hub.log, /loopback/)
  })

test('the same name is reached when the network is allowed', async (t) => {
  const hub = await startHub(t, {
    args: [...LAB, '--allow-private', '::1/128']
  })
  const receiver = await startReceiver(t)
  await activeWebhook(hub, `http://localhost:${receiver.port}/hook`)
  await publish(hub, SERVER, SERVER_ID, server())
  await receiver.waitFor(1)
})

test('an allowed network opens no other one', async (t) => {
  const hub = await startHub(t, {
    args: ['--allow-http', '--allow-private', '127.0.0.2/32']
  })
  const receiver = await startReceiver(t)
  const answer = await hub.api.post(WEBHOOKS, draft(receiver.url))
  assert.equal(answer.status, 400, answer.text)
  assert.equal(receiver.requests.length, 0)
})

test('what was allowed before a restart and is not any more is refused',
  async (t) => {
    const hub = await startHub(t)
    const receiver = await startReceiver(t)
    await activeWebhook(hub, receiver.url)
    await hub.stop()
    hub.args = ['--retry-schedule', 'none']
    await hub.start()
    const seen = receiver.requests.length
    const { matched } = await publish(hub, SERVER, SERVER_ID, server())
    assert.equal(matched, 1)
    await waitUntil(async () => {
      const { body: { items } } = await hub.api.get(WEBHOOKS)
      const { text } = await hub.api.get(items[0].deliveriesUri)
      return text.includes('127.0.0.1') &&
        JSON.parse(text).items.length === 1
    }, 'the refused attempt is listed')
    assert.equal(receiver.requests.length, seen)
  })

test('redirects are not followed', async (t) => {
  const hub = await startHub(t, { args: [...LAB, '--retry-schedule', 'none'] })
  const elsewhere = await startReceiver(t)
  const receiver = await startReceiver(t,
    answering(always(307, { location: elsewhere.url })))
  await activeWebhook(hub, receiver.url)
  await publish(hub, SERVER, SERVER_ID, server())
  await receiver.waitFor(1)
  await hub.stop()
  assert.equal(elsewhere.requests.length, 0)
})

test('a redirect to a metadata address is a failed attempt', async (t) => {
  const hub = await startHub(t, { args: [...LAB, '--retry-schedule', 'none'] })
  const receiver = await startReceiver(t, answering(always(302,
    { location: 'http://169.254.169.254/latest/meta-data/' })))
  await activeWebhook(hub, receiver.url)
  await publish(hub, SERVER, SERVER_ID, server())
  await receiver.waitFor(1)
  await waitUntil(async () => {
    const { body: { items } } = await hub.api.get(WEBHOOKS)
    const { body } = await hub.api.get(items[0].deliveriesUri)
    return body.items.length === 1 && /302/.test(JSON.stringify(body.items))
  }, 'the attempt is listed with the status of the redirect')
  assert.equal(receiver.events.length, 1)
})

test('no proxy is taken from the environment', async (t) => {
  const proxy = await startReceiver(t)
  const at = `http://127.0.0.1:${proxy.port}`
  const hub = await startHub(t, {
    env: { http_proxy: at, https_proxy: at, all_proxy: at, ALL_PROXY: at }
  })
  const receiver = await startReceiver(t)
  await activeWebhook(hub, receiver.url)
  assert.equal(proxy.requests.length, 0)
})

test('the hub serves and delivers over TLS', async (t) => {
  const tls = makeCertificate(t)
  const receiver = await startReceiver(t, undefined, tls)
  const hub = await startHub(t, {
    scheme: 'https',
    ca: tls.ca,
    args: ['--allow-private', '127.0.0.0/8', '--ca-file', tls.caFile,
      '--tls-certificate', tls.certFile, '--tls-key', tls.keyFile]
  })
  await activeWebhook(hub, receiver.url)
  await publish(hub, SERVER, SERVER_ID, server())
  const [event] = await receiver.waitFor(1)
  assert.deepEqual(JSON.parse(event.bytes), server())
  await assert.rejects(
    request('GET', hub.url.replace('https:', 'http:') + '/livez'),
    'plain HTTP on the TLS port')
})

const BAD_TLS = [
  ['an authority that nobody knows', {}, () => []],
  ['a certificate for another name', { names: 'DNS:example.com' },
    (tls) => ['--ca-file', tls.caFile]]
]

for (const [name, { names }, argsOf] of BAD_TLS) {
  test(`an endpoint is not trusted with ${name}`, async (t) => {
    const tls = makeCertificate(t, names)
    const receiver = await startReceiver(t, undefined, tls)
    const hub = await startHub(t, {
      args: ['--allow-private', '127.0.0.0/8', ...argsOf(tls)]
    })
    const { id } = await createWebhook(hub, receiver.url)
    const failed = await untilStatus(hub, id, 'WARNING')
    assert.equal(failed.state, 'DISABLED')
    assert.equal(receiver.requests.length, 0)
  })
}
