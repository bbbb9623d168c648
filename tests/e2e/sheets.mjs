// Google's Sheets API v4 and the token server before it, as
// https://developers.google.com describes both.

import assert from 'node:assert/strict'
import crypto from 'node:crypto'

import { Refusal, isObject, mediaType, startService } from './service.mjs'

export const SPREADSHEET = '00000000000000000000000000000000000000000000'
const SCOPE = 'https://www.googleapis.com/auth/spreadsheets'
const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

const apiError = (code, status, message) =>
  ({ status: code, body: { error: { code, message, status } } })

const no = (code, status, message) =>
  new Refusal(message, apiError(code, status, message))

const noToken = (description) => new Refusal(description, {
  status: 400,
  body: { error: 'invalid_grant', error_description: description }
})

/** What Google answers beyond sixty writes a minute and user. */
export const SHEETS_RATE_LIMIT = {
  ...apiError(429, 'RESOURCE_EXHAUSTED', "Quota exceeded for quota metric " +
    "'Write requests' and limit 'Write requests per minute per user'"),
  headers: { 'retry-after': '60' }
}

/** A service account: {json, publicKey, email}; json is its key's file. */
export function makeServiceAccount () {
  const { publicKey, privateKey } = crypto.generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' }
  })
  const email = 'grapnel@e2e-project.iam.gserviceaccount.com'
  const json = JSON.stringify({
    type: 'service_account',
    project_id: 'e2e-project',
    private_key_id: '0'.repeat(40),
    private_key: privateKey,
    client_email: email,
    client_id: '100000000000000000000',
    token_uri: 'https://oauth2.googleapis.com/token'
  })
  return { json, publicKey, email }
}

const decode = (part) => JSON.parse(Buffer.from(part, 'base64url').toString())

/** The assertion is signed by the account and says what Google wants. */
function checkAssertion (assertion, account, audience) {
  const parts = assertion.split('.')
  if (parts.length !== 3) throw noToken('Invalid JWT: not three parts')
  const [head, body, signature] = parts
  const { alg, typ } = decode(head)
  if (alg !== 'RS256' || typ !== 'JWT') throw noToken('Invalid JWT header')
  if (!crypto.verify('RSA-SHA256', Buffer.from(`${head}.${body}`),
    account.publicKey, Buffer.from(signature, 'base64url'))) {
    throw noToken('Invalid JWT Signature.')
  }
  const claims = decode(body)
  const now = Date.now() / 1000
  if (claims.iss !== account.email) throw noToken('Invalid issuer')
  if (claims.aud !== audience) throw noToken('Invalid audience')
  if (claims.scope !== SCOPE) throw noToken('Invalid scope')
  if (claims.iat > now + 60 || claims.exp <= now ||
      claims.exp - claims.iat > 3600) {
    throw noToken('Invalid JWT: Token must be a short-lived token (60 ' +
      'minutes) and in a reasonable timeframe. Check your iat and exp values')
  }
}

function giveToken (call, account, url, tokens) {
  if (call.method !== 'POST' ||
      mediaType(call) !== 'application/x-www-form-urlencoded') {
    throw noToken('expected a form')
  }
  const form = new URLSearchParams(call.text)
  if (form.get('grant_type') !== GRANT) throw noToken('Bad grant')
  checkAssertion(form.get('assertion') ?? '', account, `${url}/token`)
  const token = `ya29.${crypto.randomUUID()}`
  tokens.add(token)
  return {
    body: { access_token: token, expires_in: 3599, token_type: 'Bearer' }
  }
}

const APPEND = /^\/v4\/spreadsheets\/([^/]+)\/values\/([^/]+):append$/

function append (call, sheet) {
  const [, spreadsheet, range] = APPEND.exec(call.path) ?? []
  if (call.method !== 'POST' || spreadsheet !== SPREADSHEET) {
    throw no(404, 'NOT_FOUND', 'Requested entity was not found.')
  }
  const place = decodeURIComponent(range)
  if (!/^('?)AuditLog\1(![A-Z]+\d+(:[A-Z]+\d+)?)?$/.test(place)) {
    throw no(400, 'INVALID_ARGUMENT', `Unable to parse range: ${place}`)
  }
  if (!['RAW', 'USER_ENTERED'].includes(call.query.get('valueInputOption'))) {
    throw no(400, 'INVALID_ARGUMENT', "'valueInputOption' is required but " +
      'not specified')
  }
  if (mediaType(call) !== 'application/json' || !isObject(call.json)) {
    throw no(400, 'INVALID_ARGUMENT', 'Invalid JSON payload received.')
  }
  const { values, majorDimension = 'ROWS', ...rest } = call.json
  const odd = Object.keys(rest).find((name) => name !== 'range')
  const isGrid = Array.isArray(values) && values.every((row) =>
    Array.isArray(row) && row.every((cell) => !isObject(cell)))
  if (odd || !isGrid || majorDimension !== 'ROWS') {
    throw no(400, 'INVALID_ARGUMENT',
      `Invalid JSON payload received. Unknown name "${odd}"`)
  }
  const row = sheet.length + 2
  const end = String.fromCharCode(64 + values[0].length)
  const updatedRange = `AuditLog!A${row}:${end}${row + values.length - 1}`
  return {
    kept: {
      values,
      valueInputOption: call.query.get('valueInputOption'),
      insertDataOption: call.query.get('insertDataOption')
    },
    body: {
      spreadsheetId: SPREADSHEET,
      tableRange: `AuditLog!A1:${end}${row - 1}`,
      updates: {
        spreadsheetId: SPREADSHEET,
        updatedRange,
        updatedRows: values.length,
        updatedColumns: values[0].length,
        updatedCells: values.length * values[0].length
      }
    }
  }
}

/** The rows appended are kept; `tokens` are those given out. */
export async function startSheets (t, account) {
  const tokens = new Set()
  const service = await startService(t, (call) => {
    if (call.path === '/token') {
      return giveToken(call, account, service.url, tokens)
    }
    const [, token] = /^Bearer (.+)$/.exec(call.headers.authorization) ?? []
    if (!tokens.has(token)) {
      throw no(401, 'UNAUTHENTICATED', 'Request had invalid authentication ' +
        'credentials. Expected OAuth 2 access token, login cookie or other ' +
        'valid authentication credential.')
    }
    return append(call, service.kept)
  })
  assert.ok(account.publicKey.startsWith('-----BEGIN PUBLIC KEY'))
  return Object.assign(service, { tokens })
}
