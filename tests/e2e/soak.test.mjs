// `make soak` is long, so it has to come to its end, and to tell what happened
// on its way. What its parts run is replaced here by programs that do as told.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'

import { ROOT, atEnd, tempDir, waitUntil, within } from './harness.mjs'

/** Runs it with `node` doing what the shell's `cases` say of its arguments. */
function startSoak (t, cases, { args = [], env = {} } = {}) {
  const dir = tempDir(t)
  const put = (file, text) => {
    mkdirSync(path.dirname(path.join(dir, file)), { recursive: true })
    writeFileSync(path.join(dir, file), `#!/bin/sh\n${text}\n`, { mode: 0o755 })
  }
  put('bin/npm', 'exit 0')
  put('bin/node', `cd ${dir}; case "$*" in ${cases} esac`)
  put('build/tests/unit/unit_tests', 'echo "pairs: $GRAPNEL_TEST_PAIRS"')
  mkdirSync(path.join(dir, 'tmp'))
  const child = spawn(path.join(ROOT, 'tools/soak.sh'),
    [...args, path.join(dir, 'build')], {
      detached: true,
      env: {
        ...process.env,
        PATH: `${dir}/bin:${process.env.PATH}`,
        TMPDIR: path.join(dir, 'tmp'),
        ...env
      }
    })
  const soak = { dir, text: '', child, pid: child.pid }
  const over = once(child, 'close')
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => { soak.text += chunk })
  }
  soak.end = async () => (await within(over, 'it ends'))[0]
  atEnd(t, () => { if (child.exitCode === null) child.kill('SIGTERM') })
  return soak
}

/** Whether there is a process of that id that has not ended. */
function isRunning (pid) {
  try {
    return !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

const linesOf = (text) => text.trimEnd().split('\n')

test('the long proofs say first by when they have ended', async (t) => {
  const soak = startSoak(t, '*) ;;', { env: { LIMIT: '100' } })
  assert.equal(await soak.end(), 0, soak.text)
  const [first, ...lines] = linesOf(soak.text)
  assert.equal(first, 'soak: 9 parts; ends within 15:00 (minutes)')
  assert.match(lines.at(-1), /^soak: 9 passed, 0 failed in \d+:\d\d$/)
  assert.ok(lines.includes('pairs: 1000000'), soak.text)
  assert.deepEqual(readdirSync(path.join(soak.dir, 'tmp')), [])
})

test('a part that fails, or does not end, hides no other one', async (t) => {
  const soak = startSoak(t, `
    *crash.test.mjs) echo not ok; exit 3 ;;
    *disk-faults*) sleep 1000 & echo $! > hangs; wait ;;`,
  { args: ['--short'], env: { LIMIT: '5' } })
  assert.equal(await soak.end(), 1, soak.text)
  const told = linesOf(soak.text).slice(-10)
  const outcomes = told.slice(0, -1).map((line) =>
    /^(\S+) +\d+:\d\d {2}(.*)$/.exec(line)?.slice(1) ?? line)
  assert.deepEqual(outcomes, [
    ['packages', 'ok'],
    ['crash', 'failed (3)'],
    ['crash-points', 'ok'],
    ['disk-faults', 'not ended within 0:05'],
    ['neighbours', 'ok'],
    ['overload', 'ok'],
    ['pairs', 'ok'],
    ['churn', 'ok'],
    ['delays', 'ok']
  ])
  const pid = readFileSync(path.join(soak.dir, 'hangs'), 'utf8').trim()
  await waitUntil(() => !isRunning(pid), 'what hung is gone')
  assert.match(told.at(-1), /^soak: 7 passed, 2 failed in/)
})

test('Ctrl-C ends what a part has started, and leaves nothing', async (t) => {
  const soak = startSoak(t, `
    *crash.test.mjs) mktemp > /dev/null
      sleep 1000 & echo $! > hangs.new; mv hangs.new hangs; wait ;;`,
  { env: { ONLY: 'crash overload' } })
  const pid = await waitUntil(() => {
    try {
      return Number(readFileSync(path.join(soak.dir, 'hangs'), 'utf8'))
    } catch {
      return undefined
    }
  }, 'a part is under way')
  process.kill(-soak.pid, 'SIGINT') // as a terminal does
  assert.equal(await soak.end(), 130, soak.text)
  await waitUntil(() => !isRunning(pid), 'what it started is gone')
  assert.match(soak.text, /soak: interrupted/)
  assert.doesNotMatch(soak.text, /== overload/)
  assert.deepEqual(readdirSync(path.join(soak.dir, 'tmp')), [])
})

test('parts are chosen by name, and none at all is not well', async (t) => {
  const one = startSoak(t, '*) ;;', { env: { ONLY: 'churn delays' } })
  assert.equal(await one.end(), 0, one.text)
  assert.match(one.text, /soak: 2 passed, 0 failed/)
  const none = startSoak(t, '*) ;;', { env: { ONLY: 'nonsense' } })
  assert.equal(await none.end(), 1, none.text)
})
