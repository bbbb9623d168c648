// What a person meets when the hub cannot start, or its disk fills up: each a
// sentence that names the thing and says what to do.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync, copyFileSync, existsSync, rmSync, writeFileSync
} from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { test } from 'node:test'

import { activeWebhook, resourcePath } from './com.mjs'
import {
  ADMIN_TOKEN, LAB, atEnd, freePort, request, run, startHub, tempDir, waitUntil
} from './harness.mjs'
import { faq, startReceiver } from './receiver.mjs'
import { makeCertificate } from './tls.mjs'

/** Runs `serve`, which must not start, and returns its one line. */
async function refusal (args, { code = 1, ...options } = {}) {
  const ended = await run(
    ['serve', '--listen', `127.0.0.1:${await freePort()}`, ...args],
    { env: { GRAPNEL_ADMIN_TOKEN: ADMIN_TOKEN }, ...options })
  assert.equal(ended.code, code, ended.stderr)
  assert.equal(ended.stdout, '')
  const lines = ended.stderr.trimEnd().split('\n')
  assert.equal(lines.length, 1, ended.stderr)
  assert.match(lines[0], /^grapnel: /)
  return lines[0]
}

/** A data folder in which a hub has run that had one webhook. */
async function usedFolder (t) {
  const hub = await startHub(t)
  const receiver = await startReceiver(t)
  await activeWebhook(hub, receiver.url)
  await hub.stop()
  return hub.dir
}

test('a data folder that cannot be one is said', async (t) => {
  const dir = tempDir(t)
  const file = path.join(dir, 'file')
  writeFileSync(file, '')
  assert.match(await refusal(['--data', file]),
    /data folder .+\/file: is a file/)
  const deep = path.join(dir, 'a', 'b')
  assert.match(await refusal(['--data', deep]),
    /data folder .+\/a\/b: .*make the folder above it first/)
})

test('a data folder that is not the user\'s own is said', async (t) => {
  const dir = tempDir(t)
  chmodSync(dir, 0o500)
  // Root may write anywhere, unless it has given that up.
  const wrap = process.getuid() === 0
    ? ['setpriv', '--bounding-set=-all', '--inh-caps=-all']
    : []
  assert.match(await refusal(['--data', dir], { wrap }),
    /data folder .+: Permission denied; .* must own it/)
})

test('a key file that others may read is refused', async (t) => {
  const dir = await usedFolder(t)
  const key = path.join(dir, 'grapnel.key')
  chmodSync(key, 0o644)
  assert.match(await refusal(['--data', dir]),
    /key file (.+): others may read it \(mode 644\).*run: chmod 600 \1$/)
})

test('the key of another data folder is refused', async (t) => {
  const dir = await usedFolder(t)
  const other = path.join(tempDir(t), 'other.key')
  writeFileSync(other, Buffer.alloc(32, 7), { mode: 0o600 })
  assert.match(await refusal(['--data', dir, '--key-file', other]),
    /other\.key\), so it is not the one .* put your copy/)
  writeFileSync(other, 'short')
  assert.match(await refusal(['--data', dir, '--key-file', other]),
    /other\.key: expected 32 bytes/)
})

test('a lost key file is not made anew, and its copy helps', async (t) => {
  const dir = await usedFolder(t)
  const key = path.join(dir, 'grapnel.key')
  const copy = path.join(tempDir(t), 'copy')
  copyFileSync(key, copy)
  rmSync(key)
  assert.match(await refusal(['--data', dir]),
    /grapnel\.key: is missing.* put your copy of it there/)
  assert.equal(existsSync(key), false)
  await startHub(t, { data: dir, args: [...LAB, '--key-file', copy] })
})

test('a second process on the folder is told the first one\'s id',
  async (t) => {
    const hub = await startHub(t)
    const line = await refusal(['--data', hub.dir])
    assert.ok(line.includes(`${hub.dir} is in use by another process ` +
      `(${hub.child.pid})`), line)
  })

test('a port that is taken comes with advice', async (t) => {
  const server = net.createServer().listen(0, '127.0.0.1')
  atEnd(t, () => server.close())
  await once(server, 'listening')
  const { port } = server.address()
  assert.match(
    await refusal(['--data', tempDir(t), '--listen', `127.0.0.1:${port}`]),
    new RegExp(`cannot listen on 127\\.0\\.0\\.1:${port}: Address already ` +
      'in use; .*--listen'))
})

test('a TLS key that is another certificate\'s is said', async (t) => {
  const one = makeCertificate(t)
  const two = makeCertificate(t)
  const line = await refusal(['--data', tempDir(t),
    '--tls-certificate', one.certFile, '--tls-key', two.keyFile])
  assert.ok(line.includes(one.certFile) && line.includes(two.keyFile), line)
  assert.match(line, /do not match/)
})

test('a file of authorities that is none is refused at once', async (t) => {
  const { keyFile } = makeCertificate(t)
  const data = ['--data', tempDir(t)]
  assert.match(await refusal([...data, '--ca-file', '/nowhere.pem']),
    /ca-file: \/nowhere\.pem: /)
  assert.match(await refusal([...data, '--ca-file', keyFile]),
    /ca-file: .+: has no certificate/)
})

test('a wrong line of the configuration is named by place', async (t) => {
  const file = path.join(tempDir(t), 'grapnel.yaml')
  writeFileSync(file, 'log-level: info\nlissten: 127.0.0.1:1\n')
  assert.match(await refusal(['--config', file], { code: 2 }),
    /grapnel\.yaml:2:1: there is no setting "lissten"; did you mean listen/)
  writeFileSync(file, 'body-max: many\n')
  assert.match(await refusal(['--config', file, '--check-config']),
    /grapnel\.yaml:1:11: body-max: /)
})

/** Whether anybody listens there. */
async function connects (port) {
  const socket = net.connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

const BAD_RECEIVERS = [
  ['--listen', '99'], ['--status', '900'], ['--secret', 'short'],
  ['--count', '0'], ['--tls-key', '/nowhere'], ['--lissten', 'x']
]

test('receive refuses what it cannot do and names it', async () => {
  for (const args of BAD_RECEIVERS) {
    const { code, stderr } = await run(['receive', ...args])
    assert.equal(code, 2, stderr)
    assert.ok(/^grapnel: .*\S{8}/.test(stderr), stderr)
    assert.match(stderr, args[0] === '--listen' ? /listen on 99/
      : new RegExp(args[0]))
  }
})

test('receive stops after exactly as many as it was told', async (t) => {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}/`
  const ended =
    run(['receive', '--listen', `127.0.0.1:${port}`, '--count', '3', '--json'])
  await waitUntil(async () => await connects(port), 'the receiver listens')
  const post = () => request('POST', url, { body: { a: 1 } })
    .then(({ status }) => status, () => 'refused')
  const answers = await Promise.all(Array.from({ length: 12 }, post))
  assert.equal(answers.filter((each) => each === 201).length, 3)
  const { code, stdout } = await ended
  assert.equal(code, 0)
  assert.equal(stdout.trim().split('\n').length, 3, stdout)
})

/* ---- a disk that is full ---- */

/**
 * A command that mounts a disk of `size` at `dir` for itself alone, fills
 * `ballast` KiB of it, and execs what follows. Undefined, and said, where the
 * machine lets this user mount nothing: not root, and no user namespaces.
 */
function onSmallDisk (t, dir, size, ballast) {
  const unshare = ['unshare', '--mount',
    ...(process.getuid() === 0 ? [] : ['--map-root-user'])]
  const mount = 'mount -t tmpfs -o size="$2" tmpfs "$1" && ' +
    'head -c "$3"K /dev/zero > "$1/ballast"'
  const rest = [dir, size, String(ballast)]
  try {
    execFileSync(unshare[0],
      [...unshare.slice(1), 'sh', '-c', mount, 'sh', ...rest],
      { stdio: 'pipe' })
  } catch (error) {
    t.diagnostic(`no disk can be mounted here: ${error.stderr}`)
    return undefined
  }
  return [...unshare, 'sh', '-c', `${mount} && shift 3 && exec "$@"`, 'sh',
    ...rest]
}

test('a full disk at the start is said, and nothing is left', async (t) => {
  const disk = tempDir(t)
  const wrap = onSmallDisk(t, disk, '64k', 60)
  if (!wrap) return
  assert.match(await refusal(['--data', path.join(disk, 'data')], { wrap }),
    /full|No space left on device/)
})

const readiness = async (hub) =>
  (await request('GET', `${hub.url}/readyz`, { token: null })).status

/**
 * Publishes new states, large ones while they fit and then small ones, until
 * the hub is not ready: [the answers that were no 202, how many were].
 */
async function fillUp (hub) {
  const refused = []
  let accepted = 0
  let size = 200_000
  for (let tries = 0; tries < 2000; tries++) {
    const answer = await hub.api.put(resourcePath('a', `full-${accepted}`),
      { n: accepted, text: 'x'.repeat(size) })
    if (answer.status === 202) {
      accepted++
      continue
    }
    refused.push(answer)
    if (await readiness(hub) === 503) return [refused, accepted]
    size = Math.ceil(size / 4)
  }
  throw new Error('the disk does not get full')
}

test('a disk that fills up is 507, and free space is enough', async (t) => {
  const disk = tempDir(t)
  const data = path.join(disk, 'data')
  const wrap = onSmallDisk(t, disk, '24m', 8192)
  if (!wrap) return
  const hub = await startHub(t, { data, wrap })
  const receiver = await startReceiver(t, faq)
  await activeWebhook(hub, receiver.url, { eventFilter: "type eq 'a'" })
  const [refused, accepted] = await fillUp(hub)
  assert.ok(accepted > 5, `${accepted} were accepted`)
  for (const { status, text } of refused) assert.equal(status, 507, text)
  const alive = await request('GET', `${hub.url}/livez`, { token: null })
  assert.equal(alive.status, 200)
  assert.equal((await hub.api.get(resourcePath('a', 'full-0'))).status, 200)
  assert.equal(
    (await hub.api.get(resourcePath('a', `full-${accepted}`))).status, 404)

  // The disk is the hub's own: its root is where the file can be seen.
  rmSync(`/proc/${hub.child.pid}/root${disk}/ballast`)
  await waitUntil(async () => await readiness(hub) === 200,
    'the hub is ready again')
  const after = await hub.api.put(resourcePath('a', 'after'), { n: -1 })
  assert.equal(after.status, 202, after.text)
  const expected = accepted + 1
  await waitUntil(() => new Set(receiver.events.map(({ bytes }) =>
    JSON.parse(bytes).n)).size === expected, 'all that was accepted comes')
})

/* ---- signals while there is work ---- */

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) {
  test(`${signal} under load loses nothing that was accepted`, async (t) => {
    const hub = await startHub(t)
    const receiver = await startReceiver(t, faq)
    await activeWebhook(hub, receiver.url, { eventFilter: "type eq 'a'" })
    const accepted = []
    let isOver = false
    const publisher = async (who) => {
      for (let n = 0; !isOver; n++) {
        try {
          const { status } =
            await hub.api.put(resourcePath('a', `${who}-${n}`), { who, n })
          if (status === 202) accepted.push(`${who}-${n}`)
        } catch {
          return // no connection any more: not accepted
        }
      }
    }
    const publishers = [0, 1, 2, 3].map(publisher)
    await waitUntil(() => accepted.length > 50, 'some are accepted')
    hub.child.kill(signal)
    assert.deepEqual(await hub.closed, { code: 0, signal: null })
    isOver = true
    await Promise.all(publishers)
    await hub.start()
    await waitUntil(() => {
      const seen = new Set(receiver.events.map(({ bytes }) => {
        const { who, n } = JSON.parse(bytes)
        return `${who}-${n}`
      }))
      return accepted.every((each) => seen.has(each))
    }, 'all that was accepted comes')
  })
}
