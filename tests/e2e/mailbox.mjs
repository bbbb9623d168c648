// A real mail server on loopback, and what came in there, taken apart.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import readline from 'node:readline'

import { ROOT, atEnd, waitUntil, within } from './harness.mjs'
import { makeCertificate } from './tls.mjs'

// The packages of Debian are those of its own interpreter.
const PYTHON = '/usr/bin/python3'

const DECODERS = {
  base64: (text) => Buffer.from(text, 'base64').toString(),
  'quoted-printable': (text) => Buffer.from(
    text.replace(/=\r\n/g, '')
      .replace(/=([0-9A-F]{2})/g, (_, hex) =>
        String.fromCharCode(parseInt(hex, 16))), 'latin1').toString()
}

/** Head and body of a MIME entity: {headers, body, parts}. */
function readEntity (text) {
  const end = text.indexOf('\r\n\r\n')
  const headers = {}
  const lines = text.slice(0, end).replace(/\r\n[ \t]+/g, ' ').split('\r\n')
  for (const line of lines) {
    const colon = line.indexOf(':')
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim()
  }
  const raw = text.slice(end + 4)
  const [, boundary] =
    /boundary="?([^";]+)/.exec(headers['content-type'] ?? '') ?? []
  const parts = boundary
    ? raw.split(`--${boundary}`).slice(1, -1)
      .map((part) => readEntity(part.replace(/^\r\n/, '')
        .replace(/\r\n$/, '')))
    : []
  const decode = DECODERS[headers['content-transfer-encoding']]
  const body = (decode ? decode(raw) : raw).replaceAll('\r\n', '\n')
  return { headers, body, parts }
}

/** What has this type, in the entity or below it. */
export function partOf (entity, type) {
  if (entity.headers['content-type']?.startsWith(type)) return entity
  return entity.parts.map((part) => partOf(part, type)).find(Boolean)
}

/**
 * A mail server that takes mail after STARTTLS and AUTH only:
 * {port, user, password, caFile, mails, refuseNext(reply)}. A mail is {from,
 * to, user, isOverTls, entity}.
 */
export async function startMailbox (t) {
  const { caFile, certFile, keyFile } = makeCertificate(t)
  const [user, password] = ['grapnel@example.com', 'app password']
  const child = spawn(PYTHON, [path.join(ROOT, 'tests/e2e/smtp_server.py'),
    certFile, keyFile, user, password], {
    stdio: ['pipe', 'pipe', 'inherit']
  })
  const closed = once(child, 'close')
  atEnd(t, async () => {
    child.kill('SIGTERM')
    await closed
  })
  const mailbox = { user, password, caFile, mails: [], refusals: [] }
  readline.createInterface(child.stdout).on('line', (line) => {
    const told = JSON.parse(line)
    if (typeof told === 'number') mailbox.port = told
    else if (told.refusing) mailbox.refusals.push(told.refusing)
    else {
      const text = Buffer.from(told.message, 'base64').toString('latin1')
      mailbox.mails.push({ ...told, entity: readEntity(text) })
    }
  })
  mailbox.refuseNext = async (reply) => {
    const known = mailbox.refusals.length
    child.stdin.write(`${reply}\n`)
    await waitUntil(() => mailbox.refusals.length > known)
  }
  await within(waitUntil(() => mailbox.port), 'smtp_server.py listens')
  return mailbox
}
