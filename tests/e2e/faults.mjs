// The machine below a hub, made to fail by tests/faults/fault_shim.c.

import { readFileSync, writeFileSync, openSync, writeSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

import { BIN, ROOT, tempDir } from './harness.mjs'

const SHIM = path.join(path.dirname(BIN), 'tests/faults/fault_shim.so')

/** The places where a crash can fall, from the shim's own table. */
export const POINTS = [...readFileSync(
  path.join(ROOT, 'tests/faults/points.def'), 'utf8')
  .matchAll(/^POINT\((\w+)\)/gm)].map(([, name]) => name)

/** The environment that puts the shim below a hub. */
function shimmed (settings) {
  const asan = process.env.ASAN_OPTIONS
  return {
    LD_PRELOAD: SHIM,
    // The shim knows that it stands before the sanitizer.
    ASAN_OPTIONS: `${asan ? asan + ':' : ''}verify_asan_link_order=0`,
    ...settings
  }
}

/** The hub kills itself when it passes this point for the n-th time. */
export const dyingAt = (point, n) =>
  shimmed({ GRAPNEL_SHIM_DIE: `${point}:${n}` })

/**
 * A disk whose behaviour can be changed while the hub runs: `env` is for the
 * hub; fails('write' | 'short' | 'sync', 'EIO' | 'ENOSPC'), heals().
 */
export function failingDisk (t) {
  const file = path.join(tempDir(t), 'disk')
  writeFileSync(file, 'ok'.padEnd(64, ' '))
  const fd = openSync(file, 'r+')
  const say = (text) => writeSync(fd, text.padEnd(64, ' '), 0)
  return {
    env: shimmed({ GRAPNEL_SHIM_DISK: file }),
    fails: (how, name) => say(`${how} ${os.constants.errno[name]}`),
    heals: () => say('ok')
  }
}
