// Endpoints that webhooks point at.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import path from 'node:path'

import { ROOT, atEnd, freePort, tempDir, waitUntil, within } from './harness.mjs'

export const CHALLENGE = 'x-compute-ops-mgmt-verification-challenge'

/** The handler of the FAQ: echoes the challenge, answers events with 201. */
export function faq (request, response) {
  const headers = { 'content-type': 'application/json' }
  if (request.method === 'GET') {
    const verification = request.headers[CHALLENGE]
    response.writeHead(200, headers).end(JSON.stringify({ verification }))
  } else {
    response.writeHead(201, headers).end('{}')
  }
}

/** Answers challenges as the FAQ does, and events with what `post` says. */
export const answering = (post) => (request, response) =>
  request.method === 'GET'
    ? faq(request, response)
    : post(request, response)

/** An answer that is always the same. */
export const always = (status, headers = {}, body = '') =>
  (request, response) => response.writeHead(status, headers).end(body)

/**
 * An endpoint. `handler(request, response)` decides what it answers and may
 * be changed at any time; `request.bytes` is the body. Every request is kept
 * in `requests`: {method, path, headers, rawHeaders, bytes, time}.
 */
export class Receiver {
  constructor (handler = faq, tls = null) {
    this.handler = handler
    this.requests = []
    this.scheme = tls ? 'https' : 'http'
    const receive = (request, response) => this.receive(request, response)
    this.server = tls
      ? https.createServer(tls, receive)
      : http.createServer(receive)
  }

  async start () {
    this.server.listen(0, '127.0.0.1')
    await once(this.server, 'listening')
    this.port = this.server.address().port
    return this
  }

  async receive (request, response) {
    const chunks = []
    try {
      for await (const chunk of request) chunks.push(chunk)
    } catch {
      return // the other side went away, as killed hubs do
    }
    request.bytes = Buffer.concat(chunks)
    this.requests.push({
      method: request.method,
      path: request.url,
      headers: request.headers,
      rawHeaders: request.rawHeaders,
      bytes: request.bytes,
      time: Date.now()
    })
    this.handler(request, response)
  }

  get url () {
    return `${this.scheme}://127.0.0.1:${this.port}/hook`
  }

  /** Events received so far, oldest first. */
  get events () {
    return this.requests.filter((request) => request.method === 'POST')
  }

  get challenges () {
    return this.requests.filter((request) => request.method === 'GET')
  }

  /** The bodies of the events, parsed. */
  get bodies () {
    return this.events.map((event) => JSON.parse(event.bytes.toString()))
  }

  /** Waits until at least n events came and returns them. */
  async waitFor (n) {
    await waitUntil(() => this.events.length >= n,
      `${n} events (${this.events.length} came)`)
    return this.events
  }

  async stop () {
    this.server.closeAllConnections()
    this.server.close()
    await once(this.server, 'close')
  }
}

/** A running receiver, stopped when the test ends. */
export async function startReceiver (t, handler = faq, tls = null) {
  const receiver = await new Receiver(handler, tls).start()
  atEnd(t, () => receiver.stop())
  return receiver
}

/**
 * faq_handler.py as a process of its own: {url, bodies()}, bodies being the
 * events it has written to its file, parsed.
 */
export async function startFaqHandler (t) {
  const port = await freePort()
  const file = path.join(tempDir(t), 'events')
  const child = spawn('python3',
    [path.join(ROOT, 'tests/e2e/faq_handler.py'), String(port), file],
    { stdio: ['ignore', 'pipe', 'inherit'] })
  const closed = once(child, 'close')
  atEnd(t, async () => {
    child.kill('SIGTERM')
    await closed
  })
  await within(once(child.stdout, 'data'), 'faq_handler.py listens')
  return {
    url: `http://127.0.0.1:${port}/`,
    bodies: () => existsSync(file)
      ? readFileSync(file, 'utf8').split('\n').filter(Boolean)
        .map((line) => JSON.parse(line))
      : []
  }
}
