// The hub's server, byte by byte: what could be understood in two ways is
// refused in the API's own shape, and bad clients harm nobody.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import net from 'node:net'
import { test } from 'node:test'
import tls from 'node:tls'

import { WEBHOOKS, resourcePath } from './com.mjs'
import {
  ADMIN_TOKEN, IS_SANITIZED, LAB, atEnd, request, startHub, waitUntil,
  within
} from './harness.mjs'
import { makeCertificate } from './tls.mjs'

const AUTHORIZED = `Host: a\r\nAuthorization: Bearer ${ADMIN_TOKEN}\r\n` +
  'Content-Type: application/json\r\n'
const POST = `PUT ${resourcePath('a', 'smuggled')} HTTP/1.1\r\n${AUTHORIZED}`
const SMUGGLED = `DELETE ${resourcePath('a', 'kept')} HTTP/1.1\r\n` +
  `${AUTHORIZED}\r\n`

/** A connection and what it hears. */
function dial (t, hub) {
  const socket = net.connect({
    port: hub.port, host: '127.0.0.1', allowHalfOpen: true
  })
  const client = { socket, heard: '' }
  socket.setEncoding('latin1')
  socket.on('data', (text) => { client.heard += text })
  socket.on('error', () => {})
  client.ended = once(socket, 'close')
  socket.on('end', () => socket.end())
  atEnd(t, () => socket.destroy())
  return client
}

/** What comes back until the hub closes. */
async function talk (t, hub, bytes) {
  const client = dial(t, hub)
  client.socket.write(bytes, 'latin1')
  await within(client.ended, 'the connection is closed')
  return client.heard
}

/** [{status, headers, body}] of answers that follow each other. */
function answers (text) {
  const all = []
  while (text) {
    const end = text.indexOf('\r\n\r\n')
    const [line, ...lines] = text.slice(0, end).split('\r\n')
    const headers = Object.fromEntries(lines.map((each) => {
      const [name, ...value] = each.split(': ')
      return [name.toLowerCase(), value.join(': ')]
    }))
    const length = Number(headers['content-length'] ?? 0)
    const body = text.slice(end + 4, end + 4 + length)
    assert.equal(body.length, length, text)
    all.push({ status: Number(line.split(' ')[1]), headers, body })
    text = text.slice(end + 4 + length)
  }
  return all
}

const REFUSED = [
  ['a length and chunks', 400,
    `${POST}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n` +
    `0\r\n\r\n${SMUGGLED}`],
  ['chunks and a length', 400,
    `${POST}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n` +
    `0\r\n\r\n${SMUGGLED}`],
  ['two lengths', 400,
    `${POST}Content-Length: 2\r\nContent-Length: 9\r\n\r\n{}${SMUGGLED}`],
  ['the same length twice', 400,
    `${POST}Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}${SMUGGLED}`],
  ['a list of lengths', 400,
    `${POST}Content-Length: 2, 2\r\n\r\n{}${SMUGGLED}`],
  ['a length with a sign', 400,
    `${POST}Content-Length: +2\r\n\r\n{}${SMUGGLED}`],
  ['a blank before the colon', 400,
    `${POST}Content-Length : 2\r\n\r\n{}${SMUGGLED}`],
  ['a folded line', 400,
    `${POST}X: a\r\n Content-Length: 2\r\n\r\n{}${SMUGGLED}`],
  ['a line that ends in LF', 400,
    `${POST}X: a\nContent-Length: 2\r\n\r\n{}${SMUGGLED}`],
  ['a CR in a value', 400,
    `${POST}X: a\rContent-Length: 2\r\n\r\n{}${SMUGGLED}`],
  ['a NUL in a value', 400,
    `${POST}X: a\0b\r\nContent-Length: 2\r\n\r\n{}${SMUGGLED}`],
  ['a coding nobody knows', 501,
    `${POST}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${SMUGGLED}`],
  ['chunks twice', 400,
    `${POST}Transfer-Encoding: chunked, chunked\r\n\r\n` +
    `0\r\n\r\n${SMUGGLED}`],
  ['chunks in HTTP/1.0', 400,
    `PUT /a HTTP/1.0\r\n${AUTHORIZED}Transfer-Encoding: chunked\r\n\r\n` +
    `0\r\n\r\n${SMUGGLED}`],
  ['a chunk without a size', 400,
    `${POST}Transfer-Encoding: chunked\r\n\r\n;\r\n\r\n${SMUGGLED}`],
  ['a chunk with a size that is none', 400,
    `${POST}Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n` +
    SMUGGLED],
  ['a chunk longer than its size', 400,
    `${POST}Transfer-Encoding: chunked\r\n\r\n2\r\n{}}\r\n0\r\n\r\n` +
    SMUGGLED],
  ['a chunk that ends in LF', 400,
    `${POST}Transfer-Encoding: chunked\r\n\r\n2\n{}\n0\n\n${SMUGGLED}`],
  ['a chunk over the limit', 413,
    `${POST}Transfer-Encoding: chunked\r\n\r\nfffffff\r\n${SMUGGLED}`],
  ['no Host', 400, `GET /livez HTTP/1.1\r\n\r\n${SMUGGLED}`],
  ['two Hosts', 400,
    `GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n${SMUGGLED}`],
  ['a Host that is none', 400,
    `GET /livez HTTP/1.1\r\nHost: a b\r\n\r\n${SMUGGLED}`],
  ['a path that is too long', 414,
    `GET /${'a'.repeat(9000)} HTTP/1.1\r\nHost: a\r\n\r\n${SMUGGLED}`],
  ['too many headers', 431,
    `GET /livez HTTP/1.1\r\n${'X: y\r\n'.repeat(200)}\r\n${SMUGGLED}`],
  ['too large a head', 431,
    `GET /livez HTTP/1.1\r\nX: ${'y'.repeat(40000)}\r\n\r\n${SMUGGLED}`],
  ['another version', 505, `GET /livez HTTP/2.0\r\nHost: a\r\n\r\n`],
  ['no version', 400, `GET /livez\r\n\r\n${SMUGGLED}`],
  ['an expectation nobody knows', 417,
    `${POST}Expect: more\r\nContent-Length: 2\r\n\r\n{}${SMUGGLED}`],
  ['TLS to a port without', 400,
    '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03']
]

test('what could be understood in two ways is refused, and nothing behind it',
  async (t) => {
    const hub = await startHub(t)
    await hub.api.put(resourcePath('a', 'kept'), { a: 1 })
    for (const [name, status, bytes] of REFUSED) {
      await t.test(name, async (t) => {
        const all = answers(await talk(t, hub, bytes))
        assert.equal(all.length, 1, JSON.stringify(all))
        assert.equal(all[0].status, status, all[0].body)
        assert.equal(all[0].headers.connection, 'close')
        const body = JSON.parse(all[0].body)
        assert.equal(body.httpStatusCode, status)
        assert.match(body.errorCode, /^[A-Z_]+$/)
        assert.doesNotMatch(body.errorCode, /INTERNAL/)
        assert.ok(body.message && body.debugId)
      })
    }
    assert.equal((await hub.api.get(resourcePath('a', 'kept'))).status, 200)
    assert.equal(
      (await hub.api.get(resourcePath('a', 'smuggled'))).status, 404)
  })

test('a refusal has the shape of the dialect that was spoken', async (t) => {
  const hub = await startHub(t)
  const heard = await talk(t, hub, `POST ${WEBHOOKS} HTTP/1.1\r\n` +
    `${AUTHORIZED}Content-Length: x\r\n\r\n`)
  assert.equal(JSON.parse(answers(heard)[0].body).errorCode,
    'HPE_GL_ERROR_BAD_REQUEST')
})

test('requests that come all at once are answered in order', async (t) => {
  const COUNT = 100
  const hub = await startHub(t)
  let bytes = ''
  for (let i = 0; i < COUNT; i++) {
    const body = JSON.stringify({ i })
    bytes += i % 5 === 0
      ? `GET /none${i} HTTP/1.1\r\n${AUTHORIZED}\r\n`
      : `PUT ${resourcePath('a', `n${i}`)} HTTP/1.1\r\n${AUTHORIZED}` +
        `Content-Length: ${body.length}\r\n\r\n${body}`
  }
  bytes += `GET ${resourcePath('a', `n${COUNT - 1}`)} HTTP/1.1\r\n` +
    `${AUTHORIZED}Connection: close\r\n\r\n`
  const all = answers(await talk(t, hub, bytes))
  assert.deepEqual(all.map(({ status }) => status),
    [...Array.from({ length: COUNT }, (_, i) => i % 5 ? 202 : 404), 200])
  assert.deepEqual(JSON.parse(all.at(-1).body), { i: COUNT - 1 })
})

test('a request that drips is ended although it goes on', async (t) => {
  const hub = await startHub(t, { args: [...LAB, '--idle-timeout', '1s'] })
  const begun = Date.now()
  const rest = ['', `${POST}Content-Length: 100000\r\n\r\n`].map((head) => {
    const client = dial(t, hub)
    client.socket.write(head || 'GET /livez HTTP/1.1\r\nX: ')
    const timer = setInterval(() => client.socket.write('x'), 100)
    atEnd(t, () => clearInterval(timer))
    return client
  })
  for (const client of rest) {
    await within(client.ended, 'the connection is closed')
    assert.match(client.heard, /^HTTP\/1\.1 408 /)
    assert.match(client.heard, /"httpStatusCode": ?408/)
  }
  assert.ok(Date.now() - begun >= 1000)
  assert.equal((await hub.api.get('/livez')).status, 200)
})

test('a client that closes its half gets its answer', async (t) => {
  const hub = await startHub(t)
  const client = dial(t, hub)
  client.socket.end(`${POST}Content-Length: 7\r\n\r\n{"a":1}`)
  await within(client.ended, 'the connection is closed')
  assert.deepEqual(answers(client.heard).map(({ status }) => status), [202])
})

test('a body is asked for, or refused before it comes', async (t) => {
  const hub = await startHub(t, { args: [...LAB, '--body-max', '2KiB'] })
  const client = dial(t, hub)
  client.socket.write(
    `${POST}Expect: 100-continue\r\nContent-Length: 7\r\n\r\n`)
  await waitUntil(() => client.heard === 'HTTP/1.1 100 Continue\r\n\r\n')
  client.heard = ''
  client.socket.write('{"a":1}')
  await waitUntil(() => answers(client.heard)[0]?.status === 202)
  client.heard = ''
  client.socket.write(
    `${POST}Expect: 100-continue\r\nContent-Length: 3000\r\n\r\n`)
  await within(client.ended, 'the connection is closed')
  assert.deepEqual(answers(client.heard).map(({ status }) => status), [413])
})

/** KiB of the process in memory. */
const resident = (hub) => Number(/^VmRSS:\s+(\d+)/m.exec(
  readFileSync(`/proc/${hub.child.pid}/status`, 'latin1'))[1])

test('a thousand idle connections take little memory', async (t) => {
  const COUNT = 1000
  const hub = await startHub(t)
  const clients = []
  const before = resident(hub)
  for (let i = 0; i < COUNT; i++) {
    const client = dial(t, hub)
    client.socket.write('GET /livez HTTP/1.1\r\nHost: a\r\n\r\n')
    clients.push(client)
  }
  for (const client of clients) {
    await waitUntil(() => client.heard.includes('\r\n\r\n'),
      'a connection is answered')
  }
  if (!IS_SANITIZED) {
    const each = (resident(hub) - before) / COUNT
    assert.ok(each < 2, `${each} KiB a connection`)
  }
  assert.equal((await hub.api.get('/livez')).status, 200)
})

test('handshakes that stall hold up nobody, and end', async (t) => {
  const { ca, certFile, keyFile } = makeCertificate(t)
  const hub = await startHub(t, {
    args: [...LAB, '--idle-timeout', '1s', '--server-threads', '1',
      '--tls-certificate', certFile, '--tls-key', keyFile],
    scheme: 'https',
    ca
  })
  const stalled = ['', '\x16\x03\x01\x02\x00\x01'].map((bytes) => {
    const client = dial(t, hub)
    client.socket.write(bytes, 'latin1')
    return client
  })
  const { status } = await request('GET', `${hub.url}/livez`,
    { token: null, ca })
  assert.equal(status, 200)
  for (const client of stalled)
    await within(client.ended, 'the connection is closed')
  const spoken = tls.connect({
    port: hub.port, host: '127.0.0.1', ca, ALPNProtocols: ['h2', 'http/1.1']
  })
  atEnd(t, () => spoken.destroy())
  await within(once(spoken, 'secureConnect'), 'the handshake is done')
  assert.equal(spoken.alpnProtocol, 'http/1.1')
})
