// Certificates for the tests, made by the openssl command: an authority and a
// certificate for 127.0.0.1 and localhost that it has signed.

import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'

import { tempDir } from './harness.mjs'

const openssl = (dir, ...args) =>
  execFileSync('openssl', args, { cwd: dir, stdio: 'pipe' })

const newKey = ['req', '-newkey', 'ec', '-pkeyopt',
  'ec_paramgen_curve:prime256v1', '-nodes', '-keyout']

/**
 * {ca, cert, key}: PEM texts; {caFile, certFile, keyFile}: their paths.
 * `names` is what the certificate is for.
 */
export function makeCertificate (t,
  names = 'IP:127.0.0.1,DNS:localhost') {
  const dir = tempDir(t)
  const file = (name) => path.join(dir, name)
  writeFileSync(file('names'), `subjectAltName=${names}\n`)
  openssl(dir, ...newKey, 'ca.key', '-x509', '-days', '2',
    '-subj', '/CN=authority of the tests', '-out', 'ca.pem')
  openssl(dir, ...newKey, 'leaf.key',
    '-subj', '/CN=endpoint of the tests', '-out', 'leaf.csr')
  openssl(dir, 'x509', '-req', '-in', 'leaf.csr', '-CA', 'ca.pem',
    '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2',
    '-extfile', 'names', '-out', 'leaf.pem')
  return {
    caFile: file('ca.pem'),
    certFile: file('leaf.pem'),
    keyFile: file('leaf.key'),
    ca: readFileSync(file('ca.pem')),
    cert: readFileSync(file('leaf.pem')),
    key: readFileSync(file('leaf.key'))
  }
}
