// By which way a destination is reached: TLS of its own, proxies.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import net from 'node:net'
import path from 'node:path'
import test from 'node:test'

import {
  ADMIN_TOKEN, LAB, atEnd, run, startHub, tempDir, waitUntil
} from './harness.mjs'
import { EVERY_SERVER } from './com.mjs'
import {
  WEBHOOKS, createWebhook, draft, getWebhook, patchWebhook, publishMany,
  publishServer, untilAttempt, untilStatus
} from './native.mjs'
import { always, startReceiver } from './receiver.mjs'
import { makeCertificate } from './tls.mjs'

const LOOPBACK = ['--allow-private', '127.0.0.0/8']

const NO_RETRY = { retry: { schedule: 'none' } }

// ---- client certificates ----

test('the hub shows a client certificate, and keeps it secret', async (t) => {
  const tls = makeCertificate(t)
  const client = makeCertificate(t)
  const receiver = await startReceiver(t, undefined, {
    ...tls, requestCert: true, rejectUnauthorized: true, ca: client.ca
  })
  const hub = await startHub(t,
    { args: [...LOOPBACK, '--ca-file', tls.caFile] })
  const made = await createWebhook(hub, receiver.url, {
    tls: {
      certificate: client.cert.toString(),
      key: client.key.toString(),
      minimumVersion: '1.3'
    }
  })
  assert.equal(made.tls.certificateSubject, 'CN=endpoint of the tests')
  assert.equal(made.tls.minimumVersion, '1.3')
  assert.ok(new Date(made.tls.certificateExpiresAt) > new Date())
  assert.equal(made.warnings, undefined)
  const plain = await createWebhook(hub, receiver.url, NO_RETRY)
  await publishServer(hub, 'a')
  await receiver.waitFor(1)
  const attempt = await untilAttempt(hub, plain.id, (each) => each.failure)
  assert.match(attempt.failure, /TLS_FAILED|BROKEN/)
  assert.equal(receiver.events.length, 1)

  // It is sealed, and comes back after a restart.
  await hub.restart()
  for (const file of readdirSync(hub.dir)) {
    const bytes = readFileSync(path.join(hub.dir, file))
    assert.equal(bytes.includes('PRIVATE KEY'), false, file)
  }
  const { text } = await hub.api.get(`${WEBHOOKS}/${made.id}`)
  assert.doesNotMatch(text + hub.log, /BEGIN/)
  await publishServer(hub, 'b')
  await receiver.waitFor(2)
  await patchWebhook(hub, made.id, { tls: null, ...NO_RETRY })
  await publishServer(hub, 'c')
  await untilAttempt(hub, made.id, (each) => each.failure)
})

test('what is wrong with a certificate is told at once', async (t) => {
  const hub = await startHub(t)
  const one = makeCertificate(t)
  const two = makeCertificate(t)
  const cert = one.cert.toString()
  const rows = [
    [{ certificate: 'x', key: one.key.toString() },
      /tls\.certificate: not PEM/],
    [{ certificate: cert, key: 'x' }, /tls\.key: not PEM/],
    [{ certificate: cert, key: two.key.toString() },
      /tls\.key: it is not the key of the first certificate/],
    [{ certificate: cert }, /tls\.key: is mandatory/],
    [{ authorities: 'x' }, /tls\.authorities: not PEM/],
    [{ minimumVersion: '1.1' }, /tls\.minimumVersion/]
  ]
  for (const [tls, expected] of rows) {
    const answer = await hub.api.post(WEBHOOKS,
      draft('https://example.com/', { state: 'DISABLED', tls }))
    assert.equal(answer.status, 400, answer.text)
    assert.match(answer.text, expected)
    assert.doesNotMatch(answer.text, /BEGIN EC|MIG/)
  }
})

test('an expired certificate is taken with a warning', async (t) => {
  const dir = tempDir(t)
  const key = path.join(dir, 'key.pem')
  const cert = path.join(dir, 'cert.pem')
  const request = path.join(dir, 'request.pem')
  const quiet = { stdio: 'pipe' }
  execFileSync('openssl', ['req', '-new', '-newkey', 'ec', '-pkeyopt',
    'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key,
    '-subj', '/CN=old', '-out', request], quiet)
  execFileSync('openssl', ['x509', '-req', '-in', request, '-signkey', key,
    '-days', '-1', '-out', cert], quiet)
  const hub = await startHub(t)
  const { status, body, text } = await hub.api.post(WEBHOOKS,
    draft('https://example.com/', {
      state: 'DISABLED',
      tls: {
        certificate: readFileSync(cert, 'utf8'),
        key: readFileSync(key, 'utf8')
      }
    }))
  assert.equal(status, 201, text)
  assert.match(body.warnings[0], /^tls\.certificate has expired at 20/)
})

test('an authority of its own is trusted by one webhook only', async (t) => {
  const tls = makeCertificate(t)
  const receiver = await startReceiver(t, undefined, tls)
  const hub = await startHub(t, { args: LOOPBACK })
  const without = await createWebhook(hub, receiver.url, NO_RETRY)
  const made = await createWebhook(hub, receiver.url,
    { tls: { authorities: tls.ca.toString() } })
  assert.deepEqual(made.tls.authoritySubjects,
    ['CN=authority of the tests'])
  await publishServer(hub, 'a')
  await receiver.waitFor(1)
  const attempt = await untilAttempt(hub, without.id, (each) => each.failure)
  assert.equal(attempt.failure, 'TLS_FAILED')
  assert.equal(receiver.events.length, 1)
})

test('an endpoint with an older TLS than asked for is refused', async (t) => {
  const tls = makeCertificate(t)
  const receiver = await startReceiver(t, undefined,
    { ...tls, maxVersion: 'TLSv1.2' })
  const hub = await startHub(t,
    { args: [...LOOPBACK, '--ca-file', tls.caFile] })
  const strict = await createWebhook(hub, receiver.url,
    { tls: { minimumVersion: '1.3' }, ...NO_RETRY })
  await createWebhook(hub, receiver.url)
  await publishServer(hub, 'a')
  await receiver.waitFor(1)
  const attempt = await untilAttempt(hub, strict.id, (each) => each.failure)
  assert.equal(attempt.failure, 'TLS_FAILED')
})

// ---- proxies ----

/** A proxy that notes what it is asked; `answer` null: it lets through. */
async function startProxy (t) {
  const proxy = { asked: [], answer: null }
  const server = http.createServer((request, response) =>
    response.writeHead(400).end())
  const sockets = new Set()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
  })
  server.on('connect', (request, socket, head) => {
    proxy.asked.push({ url: request.url, headers: request.headers })
    if (proxy.answer) {
      socket.end(`HTTP/1.1 ${proxy.answer} No\r\nContent-Length: 0\r\n\r\n`)
      return
    }
    const port = Number(request.url.split(':').at(-1))
    const peer = net.connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      peer.write(head)
      socket.pipe(peer).pipe(socket)
    })
    peer.on('error', () => socket.destroy())
    socket.on('error', () => peer.destroy())
    sockets.add(peer)
  })
  proxy.start = async (port = 0) => {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    proxy.port = server.address().port
    proxy.url = `http://127.0.0.1:${proxy.port}`
  }
  proxy.stop = async () => {
    for (const socket of sockets) socket.destroy()
    server.close()
    await once(server, 'close')
  }
  await proxy.start()
  atEnd(t, () => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return proxy
}

test('everything goes through the hub\'s proxy', async (t) => {
  const proxy = await startProxy(t)
  const tls = makeCertificate(t)
  const secure = await startReceiver(t, undefined, tls)
  const receiver = await startReceiver(t)
  const hub = await startHub(t, {
    args: [...LAB, '--proxy', proxy.url, '--ca-file', tls.caFile],
    env: { GRAPNEL_PROXY_CREDENTIALS: 'hub:pass:word' }
  })
  await createWebhook(hub, receiver.url, { headers: { 'X-Mine': 'secret' } })
  await createWebhook(hub, secure.url)
  const direct = await createWebhook(hub, receiver.url, { proxy: 'none' })
  assert.equal(direct.proxy, 'none')
  await publishServer(hub, 'a')
  await secure.waitFor(1)
  await receiver.waitFor(2)
  assert.deepEqual(proxy.asked.map(({ url }) => url).sort(),
    [`127.0.0.1:${receiver.port}`, `127.0.0.1:${secure.port}`].sort())
  for (const { headers } of proxy.asked) {
    assert.equal(headers['proxy-authorization'],
      `Basic ${Buffer.from('hub:pass:word').toString('base64')}`)
    assert.equal(headers['x-mine'], undefined)
    assert.equal(headers['webhook-signature'], undefined)
  }
  for (const { headers } of receiver.events) {
    assert.equal(headers['proxy-authorization'], undefined)
  }
  const { code, stdout } = await run(['serve', '--check-config'],
    { env: { GRAPNEL_PROXY_CREDENTIALS: 'hub:pass:word' } })
  assert.equal(code, 0)
  assert.doesNotMatch(stdout + hub.log, /pass:word/)
})

test('hosts may be excepted from the hub\'s proxy', async (t) => {
  const proxy = await startProxy(t)
  const receiver = await startReceiver(t)
  const hub = await startHub(t, {
    args: [...LAB, '--proxy', proxy.url, '--no-proxy', '127.0.0.0/8',
      '--allow-private', '::1/128']
  })
  await createWebhook(hub, receiver.url)
  await createWebhook(hub, `http://localhost:${receiver.port}/hook`)
  await publishServer(hub, 'a')
  await receiver.waitFor(2)
  // localhost is no address: its address is what the proxy is asked for.
  assert.equal(proxy.asked.length, 1)
  assert.match(proxy.asked[0].url, /^(127\.0\.0\.1|\[::1\]):/)
})

test('a proxy that fails is not the endpoint\'s fault', async (t) => {
  const proxy = await startProxy(t)
  const receiver = await startReceiver(t)
  const hub = await startHub(t, { args: [...LAB, '--proxy', proxy.url] })
  const { id } = await createWebhook(hub, receiver.url,
    { retry: { schedule: '1s,1s,1s,1s,1s,1s,1s,1s,1s,1s' } })
  proxy.answer = 503
  await publishMany(hub, 12)
  const refused = await untilAttempt(hub, id, (each) => each.failure)
  assert.equal(refused.failure, 'PROXY_DOWN')
  assert.match(refused.error, /503/)
  await waitUntil(() => proxy.asked.length >= 12, 'all were tried')
  await proxy.stop()
  await untilAttempt(hub, id, (each) => /connect/i.test(each.error))
  assert.equal((await getWebhook(hub, id)).status, 'ACTIVE')
  assert.equal(receiver.events.length, 0)
  proxy.answer = null
  await proxy.start(proxy.port)
  await receiver.waitFor(12)
  assert.equal((await getWebhook(hub, id)).status, 'ACTIVE')
})

test('a machine without a route blames no endpoint', async (t) => {
  const hub = await startHub(t,
    { args: [...LAB, '--allow-private', '224.0.0.1'] })
  // TCP goes to no multicast address: the kernel knows no way there.
  const { id } = await createWebhook(hub, 'http://224.0.0.1:9/hook', NO_RETRY)
  await publishMany(hub, 12) // ten failures in a row would disable it
  await waitUntil(async () => (await hub.api.get(
    `/v1/deliveries?webhook=${id}&state=DEAD`)).body.count === 12,
  'all were tried')
  const attempt = await untilAttempt(hub, id, (each) => each.failure)
  assert.equal(attempt.failure, 'OUR_FAULT')
  assert.match(attempt.error, /unreachable/i)
  const { state, status } = await getWebhook(hub, id)
  assert.deepEqual([state, status], ['ENABLED', 'ACTIVE'])
})

test('authorities that cannot be read blame no endpoint', async (t) => {
  const tls = makeCertificate(t)
  const receiver = await startReceiver(t, undefined, tls)
  const hub = await startHub(t,
    { args: [...LOOPBACK, '--ca-file', tls.caFile] })
  rmSync(tls.caFile)
  const { id } = await createWebhook(hub, receiver.url,
    { retry: { schedule: '1s,1s,1s,1s,1s,1s,1s,1s,1s,1s' } })
  await publishMany(hub, 12)
  const attempt = await untilAttempt(hub, id, (each) => each.failure)
  assert.equal(attempt.failure, 'OUR_FAULT')
  assert.match(attempt.error, /authorit|cannot be read/)
  await waitUntil(async () => (await hub.api.get('/metrics'))
    .text.match(/^grapnel_attempts_failed_total (\d+)/m)[1] >= 12,
  'all were tried')
  assert.equal((await getWebhook(hub, id)).status, 'ACTIVE')
  // Once it is there again, nobody has to restart anything.
  writeFileSync(tls.caFile, tls.ca)
  await receiver.waitFor(12)
  assert.equal((await getWebhook(hub, id)).status, 'ACTIVE')
})

test('a handshake that the proxy failed is made again', async (t) => {
  const proxy = await startProxy(t)
  const receiver = await startReceiver(t)
  const hub = await startHub(t, { args: [...LAB, '--proxy', proxy.url] })
  proxy.answer = 500
  const { body, text } = await hub.api.post(WEBHOOKS,
    draft(receiver.url, { handshake: 'com' }))
  await waitUntil(() => /handshake\.failed/.test(hub.log), 'it has failed')
  const waiting = await getWebhook(hub, body.id)
  assert.equal(waiting.state, 'ENABLED', text)
  assert.equal(waiting.status, body.status)
  proxy.answer = null
  await untilStatus(hub, body.id, 'ACTIVE')
  assert.equal(receiver.challenges.length, 1)
})

test('a webhook\'s own proxy is vetted, and its password kept', async (t) => {
  const proxy = await startProxy(t)
  const receiver = await startReceiver(t)
  const hub = await startHub(t, { args: LAB })
  const own = { url: proxy.url, username: 'me', password: 'topsecret' }
  const made = await createWebhook(hub, receiver.url, { proxy: own })
  assert.deepEqual(made.proxy,
    { url: proxy.url, username: 'me', lookup: 'hub' })
  await publishServer(hub, 'a')
  await receiver.waitFor(1)
  assert.equal(proxy.asked[0].headers['proxy-authorization'],
    `Basic ${Buffer.from('me:topsecret').toString('base64')}`)
  for (const [url, expected] of [
    ['http://10.0.0.1:3128', /10\.0\.0\.1 is private/],
    ['https://proxy.example:3128', /begins with http:/],
    ['http://proxy.example:3128/x', /ends with its port/],
    ['nonsense', /proxy\.url|expected https/]
  ]) {
    const answer = await hub.api.post(WEBHOOKS,
      draft(receiver.url, { proxy: { url } }))
    assert.equal(answer.status, 400, answer.text)
    assert.match(answer.text, expected)
  }
})

// ---- the first byte ----

test('an answer must begin in the time that is set for it', async (t) => {
  const receiver = await startReceiver(t, () => {})
  const hub = await startHub(t,
    { args: [...LAB, '--first-byte-timeout', '30s'] })
  const { id } = await createWebhook(hub, receiver.url,
    { firstByteTimeout: '1s', timeout: '60s', ...NO_RETRY })
  await publishServer(hub, 'a')
  const attempt = await untilAttempt(hub, id, (each) => each.failure)
  assert.equal(attempt.failure, 'TIMED_OUT')
  assert.equal(attempt.error, 'no answer began within 1000 ms')
  assert.ok(attempt.milliseconds.total >= 1000)
  assert.ok(attempt.milliseconds.total < 20000)
})

// ---- timings ----

test('every phase is told, and that a connection was open', async (t) => {
  const tls = makeCertificate(t)
  const receiver = await startReceiver(t, undefined, tls)
  const hub = await startHub(t, {
    args: [...LOOPBACK, '--allow-private', '::1/128', '--workers', '1',
      '--ca-file', tls.caFile]
  })
  const { id } = await createWebhook(hub,
    `https://localhost:${receiver.port}/hook`, { concurrency: 1 })
  await publishServer(hub, 'a')
  const first = await untilAttempt(hub, id, (each) => each.status)
  assert.equal(first.connection, 'new')
  const { nameResolved, connected, tlsDone, firstByte, total } =
    first.milliseconds
  assert.ok(nameResolved > 0 && nameResolved <= connected)
  assert.ok(connected <= tlsDone && tlsDone <= firstByte)
  assert.ok(firstByte <= total)
  await publishServer(hub, 'b')
  const second = await untilAttempt(hub, id,
    (each) => each.connection === 'reused')
  assert.equal(second.milliseconds.connected, null)
  assert.equal(second.milliseconds.tlsDone, null)
  assert.ok(second.milliseconds.firstByte > 0)
})

// ---- the command line ----

test('the command line reaches all of it', async (t) => {
  const tls = makeCertificate(t)
  const client = makeCertificate(t)
  const receiver = await startReceiver(t, always(204), {
    ...tls, requestCert: true, rejectUnauthorized: true, ca: client.ca
  })
  const hub = await startHub(t, { args: [] })
  const secret = path.join(tempDir(t), 'client.key')
  writeFileSync(secret, client.key, { mode: 0o600 })
  const grapnel = async (...args) => {
    const { code, stdout, stderr } = await run([...args, '--url', hub.url],
      { env: { GRAPNEL_TOKEN: ADMIN_TOKEN } })
    assert.equal(code, 0, stderr)
    return stdout
  }
  await grapnel('allow-list', 'create', 'lab', '--network', '127.0.0.1')
  await grapnel('allow-list', 'patch', 'lab', '--description', 'of the tests')
  assert.match(await grapnel('allow-list', 'list'),
    /lab .*127\.0\.0\.1.*of the tests/)
  const made = JSON.parse(await grapnel('webhook', 'create', '--json',
    '--name', 'x', '--destination', receiver.url, '--filter', EVERY_SERVER,
    '--handshake', 'none', '--allow-list', 'lab', '--proxy', 'none',
    '--first-byte-timeout', '5s', '--tls-minimum', '1.2',
    '--tls-authorities', tls.caFile, '--tls-certificate', client.certFile,
    '--tls-key', secret))
  assert.deepEqual(made.allowLists, ['lab'])
  assert.equal(made.firstByteTimeout, '5s')
  await publishServer(hub, 'a')
  await receiver.waitFor(1)
  const patched = JSON.parse(await grapnel('webhook', 'patch', made.id,
    '--json', '--allow-list', 'none', '--proxy', 'default',
    '--tls-authorities', 'default'))
  assert.deepEqual(patched.allowLists, [])
  assert.equal(patched.proxy, null)
  assert.equal(patched.tls.authoritySubjects, undefined)
  await grapnel('allow-list', 'delete', 'lab')
})
