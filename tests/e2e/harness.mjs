// What every end-to-end test stands on: a hub in a folder of its own, a
// receiver that can be told how to behave, requests, and waiting for a thing
// with a deadline. Nothing here waits for time to pass.
//
// GRAPNEL_BIN names the binary (build/grapnel when it does not).

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import net from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))
export const BIN = process.env.GRAPNEL_BIN ?? path.join(ROOT, 'build/grapnel')
export const ADMIN_TOKEN = 'e2e-admin-token-0123456789abcdef'

/** Their own books are kept in the memory that is measured, too. */
export const IS_SANITIZED = ['asan', 'tsan'].includes(process.env.GRAPNEL_BUILD)

// Sanitizer builds are several times slower; deadlines are only for failures.
const SLOWNESS = IS_SANITIZED ? 4 : 1
export const DEADLINE = 20_000 * SLOWNESS

const REPORT =
  /ERROR: (Address|Leak|Undefined)\w*Sanitizer|WARNING: ThreadSanitizer|: runtime error: /

/** Destinations on loopback are open: what nearly every test needs. */
export const LAB = ['--allow-http', '--allow-private', '127.0.0.0/8']

const cleanups = new WeakMap()

/**
 * Calls `undo` when the test ends, in the reverse order of the calls here: a
 * hub stops before its folder goes. All are called; the first error counts.
 */
export function atEnd (t, undo) {
  if (!cleanups.has(t)) {
    cleanups.set(t, [])
    t.after(async () => {
      const errors = []
      for (const each of cleanups.get(t).reverse()) {
        try {
          await each()
        } catch (error) {
          errors.push(error)
        }
      }
      if (errors.length > 0) throw errors[0]
    })
  }
  cleanups.get(t).push(undo)
}

/** A new folder, removed when the test ends. */
export function tempDir (t) {
  const dir = mkdtempSync(path.join(tmpdir(), 'grapnel-e2e-'))
  atEnd(t, () => rmSync(dir, { recursive: true, force: true }))
  return dir
}

/**
 * Calls `claim` until it returns something true, and returns that. The last
 * thing it threw is told when the deadline passes.
 */
export async function waitUntil (claim, what = String(claim),
  deadline = DEADLINE) {
  const end = Date.now() + deadline
  let last
  for (let pause = 5; ; pause = Math.min(pause * 2, 100)) {
    try {
      const value = await claim()
      if (value) return value
      last = undefined
    } catch (error) {
      last = error
    }
    if (Date.now() > end) {
      throw new Error(`not within ${deadline} ms: ${what}`, { cause: last })
    }
    await new Promise((resolve) => setTimeout(resolve, pause))
  }
}

/** The promise, or an error when it takes longer than the deadline. */
export async function within (promise, what, deadline = DEADLINE) {
  let timer
  const late = new Promise((resolve, reject) => {
    timer = setTimeout(
      () => reject(new Error(`not within ${deadline} ms: ${what}`)), deadline)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** A port that nobody listened on a moment ago. */
export async function freePort () {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

/**
 * One request. `body` may be text, bytes or (sent as JSON) an object; `token`
 * null sends no credentials. Returns {status, headers, body, text, bytes};
 * `body` is the parsed JSON, or undefined.
 */
export async function request (method, url, {
  body, headers = {}, token = ADMIN_TOKEN, ca
} = {}) {
  const all = { ...headers }
  const has = (name) => Object.keys(all).some((h) => h.toLowerCase() === name)
  let bytes
  if (body !== undefined) {
    const isRaw = typeof body === 'string' || Buffer.isBuffer(body)
    bytes = Buffer.from(isRaw ? body : JSON.stringify(body))
    if (!has('content-type')) all['content-type'] = 'application/json'
    all['content-length'] = bytes.length
  }
  if (token !== null && !has('authorization')) {
    all.authorization = `Bearer ${token}`
  }
  const { request: send } = url.startsWith('https:') ? https : http
  const sent = send(url, { method, headers: all, ca, agent: false })
  const answer = (async () => {
    const [response] = await once(sent, 'response')
    const chunks = []
    for await (const chunk of response) chunks.push(chunk)
    return { response, answered: Buffer.concat(chunks) }
  })()
  sent.on('error', () => {}) // after the answer it is nobody's concern
  sent.end(bytes)
  try {
    const { response, answered } =
      await within(answer, `an answer to ${method} ${url}`)
    const text = answered.toString()
    let parsed
    try {
      parsed = JSON.parse(text)
    } catch {
      parsed = undefined
    }
    return {
      status: response.statusCode,
      headers: response.headers,
      body: parsed,
      text,
      bytes: answered
    }
  } finally {
    sent.destroy()
  }
}

/** get/post/put/patch/del on a hub, with paths instead of URLs. */
export function api (hub, token = ADMIN_TOKEN) {
  const call = (method) => (where, body, options = {}) =>
    request(method, hub.url + where, { body, token, ca: hub.ca, ...options })
  return {
    get: (where, options) => call('GET')(where, undefined, options),
    del: (where, options) => call('DELETE')(where, undefined, options),
    post: call('POST'),
    put: call('PUT'),
    patch: (where, body, options = {}) => call('PATCH')(where, body, {
      ...options,
      headers: {
        'content-type': 'application/merge-patch+json', ...options.headers
      }
    })
  }
}

class Hub {
  constructor ({ dir, args, env, scheme, ca, wrap }) {
    Object.assign(this, { dir, args, env, scheme, ca, wrap })
    this.log = ''
    this.child = null
  }

  get url () {
    return `${this.scheme}://127.0.0.1:${this.port}`
  }

  get api () {
    return api(this)
  }

  /** Starts the process on a free port and waits for /readyz. */
  async start () {
    for (let tries = 0; ; tries++) {
      this.port = await freePort()
      this.spawn()
      try {
        await this.untilReady()
        return this
      } catch (error) {
        await this.kill9()
        const isTaken = /in use|EADDRINUSE/i.test(this.log)
        if (!isTaken || tries === 4) throw error
      }
    }
  }

  spawn () {
    const args = ['serve', '--data', this.dir,
      '--listen', `127.0.0.1:${this.port}`, ...this.args]
    const [program, ...rest] = [...this.wrap, BIN, ...args]
    this.child = spawn(program, rest, {
      env: { ...process.env, GRAPNEL_ADMIN_TOKEN: ADMIN_TOKEN, ...this.env },
      stdio: ['ignore', 'pipe', 'pipe']
    })
    const keep = (chunk) => { this.log += chunk }
    this.child.stdout.on('data', keep)
    this.child.stderr.on('data', keep)
    // 'close' comes after the last of the output, unlike 'exit'.
    this.closed = once(this.child, 'close').then(([code, signal]) => {
      this.child = null
      return { code, signal }
    })
  }

  async untilReady () {
    const child = this.child
    const before = this.log.length
    // The port may have gone to another hub in the meantime, which would
    // answer as well: this one must have said that it has it.
    const hasPort = () =>
      this.log.slice(before).includes(`listens on ${this.url}\n`)
    const end = await waitUntil(async () => {
      if (this.child !== child) return 'ended'
      if (!hasPort()) return false
      const options = { token: null, ca: this.ca }
      const { status } =
        await request('GET', `${this.url}/readyz`, options)
      return status === 200 && 'ready'
    }, 'the hub is ready')
    assert.equal(end, 'ready', `the hub ended by itself:\n${this.tail()}`)
  }

  /** SIGTERM; the hub must end by itself, with 0 and no report. */
  async stop () {
    if (!this.child) return
    this.child.kill('SIGTERM')
    let end
    try {
      end = await within(this.closed, 'the hub stops on SIGTERM')
    } catch (error) {
      await this.kill9()
      throw error
    }
    this.checkLog()
    assert.deepEqual(end, { code: 0, signal: null },
      `the hub stopped badly:\n${this.tail()}`)
  }

  /** The process is gone from one moment to the next. */
  async kill9 () {
    if (!this.child) return
    this.child.kill('SIGKILL')
    await this.closed
    this.checkLog()
  }

  /** Starts again on the same data, with the same arguments. */
  async restart () {
    await this.stop()
    return this.start()
  }

  checkLog () {
    assert.doesNotMatch(this.log, REPORT, 'a sanitizer reported')
  }

  tail () {
    return this.log.split('\n').slice(-40).join('\n')
  }
}

/**
 * A running hub, stopped (and its log looked at) when the test ends. `args`
 * are further flags (LAB unless told otherwise), `data` its folder, `wrap` a
 * command that execs the one behind it.
 */
export async function startHub (t, {
  args = LAB, env = {}, data, scheme = 'http', ca, wrap = []
} = {}) {
  const hub =
    new Hub({ dir: data ?? tempDir(t), args, env, scheme, ca, wrap })
  atEnd(t, () => hub.stop())
  return hub.start()
}

/**
 * Runs the binary once to its end: {code, stdout, stderr}. `input` goes to
 * its standard input; `wrap` as for startHub.
 */
export async function run (args, { env = {}, input = '', wrap = [] } = {}) {
  const [program, ...rest] = [...wrap, BIN, ...args]
  const child = spawn(program, rest, { env: { ...process.env, ...env } })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk) => { stdout += chunk })
  child.stderr.on('data', (chunk) => { stderr += chunk })
  child.stdin.on('error', () => {}) // it may end without reading
  child.stdin.end(input)
  try {
    const [code] = await within(once(child, 'close'), args.join(' '))
    assert.doesNotMatch(stderr, REPORT, 'a sanitizer reported')
    return { code, stdout, stderr }
  } finally {
    child.kill('SIGKILL')
  }
}
