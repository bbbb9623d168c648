// Commands in documents, run as they stand.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, symlinkSync } from 'node:fs'
import path from 'node:path'

import { ADMIN_TOKEN, BIN, ROOT, tempDir, within } from './harness.mjs'

/** The ```sh blocks below a heading, up to the next of its rank. */
export function shellBlocks (file, heading) {
  const text = readFileSync(path.join(ROOT, file), 'utf8')
  const [, marks] = /^(#+) /.exec(heading)
  const start = text.indexOf(`\n${heading}\n`)
  assert.ok(start >= 0, `${file} has no "${heading}"`)
  const rest = text.slice(start + 1 + heading.length)
  const end = rest.search(new RegExp(`^#{1,${marks.length}} `, 'm'))
  const section = end < 0 ? rest : rest.slice(0, end)
  return [...section.matchAll(/^```sh\n(.*?)^```/gms)].map(([, code]) => code)
}

/**
 * A reader's shell: a folder with `examples` in it, `grapnel` in PATH, the
 * hub's address and token and `env` as variables. `type(script)` runs it in
 * one shell after the other and returns what it printed; variables it has set
 * are there in the next.
 */
export function openShell (t, hub, env) {
  const dir = tempDir(t)
  symlinkSync(path.join(ROOT, 'examples'), path.join(dir, 'examples'))
  const known = {
    ...process.env,
    ...env,
    PATH: `${path.dirname(BIN)}:${process.env.PATH}`,
    GRAPNEL_URL: hub.url,
    GRAPNEL_TOKEN: ADMIN_TOKEN,
    NO_COLOR: '1'
  }
  const MARK = '--- variables ---'
  return async function type (script) {
    const child = spawn('bash', ['-euo', 'pipefail', '-c',
      `set -a\n${script}\necho '${MARK}'\nenv -0`], { cwd: dir, env: known })
    let out = ''
    let err = ''
    child.stdout.on('data', (chunk) => { out += chunk })
    child.stderr.on('data', (chunk) => { err += chunk })
    const [code] = await within(once(child, 'close'), script)
    assert.equal(code, 0, `${script}\n${out}${err}`)
    const [told, variables] = out.split(`${MARK}\n`)
    for (const pair of variables.split('\0').filter(Boolean)) {
      const at = pair.indexOf('=')
      known[pair.slice(0, at)] = pair.slice(at + 1)
    }
    return told
  }
}
