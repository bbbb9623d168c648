// Endpoints that misbehave in every way that was ever met, below HTTP.

import { once } from 'node:events'
import net from 'node:net'

import { atEnd } from './harness.mjs'

/** Calls `write` as long as the other side takes it, and the socket lives. */
function pour (socket, write) {
  const go = () => {
    while (!socket.destroyed && write()) { /* as much as it takes */ }
  }
  socket.on('drain', go)
  go()
}

/** A piece every few milliseconds, for ever. */
function drip (socket, piece) {
  const timer = setInterval(() => socket.write(piece()), 20)
  socket.on('close', () => clearInterval(timer))
}

const OK = 'HTTP/1.1 200 OK\r\n'
const block = Buffer.alloc(64 * 1024, 'x')

/**
 * What each does once a request begins to arrive, and the failure that the
 * hub's attempt ends with (null: it was acknowledged).
 */
export const BAD = {
  'accepts and never answers': {
    failure: 'TIMED_OUT',
    act: () => {}
  },
  'drips a head, a byte at a time': {
    failure: 'TIMED_OUT',
    act: (socket) => {
      socket.write(OK)
      drip(socket, () => 'x')
    }
  },
  'drips header lines': {
    failure: 'TIMED_OUT',
    act: (socket) => {
      socket.write(OK)
      let n = 0
      drip(socket, () => `X-${n++}: y\r\n`)
    }
  },
  'drips a body': {
    failure: 'TIMED_OUT',
    act: (socket) => {
      socket.write(`${OK}Content-Length: 1000000\r\n\r\n`)
      drip(socket, () => 'x')
    }
  },
  'pours header lines': {
    failure: 'TOO_LARGE',
    act: (socket) => {
      socket.write(OK)
      pour(socket, () => socket.write(`X: ${block.subarray(0, 1000)}\r\n`))
    }
  },
  'pours one endless header line': {
    failure: 'TOO_LARGE',
    act: (socket) => {
      socket.write(`${OK}X: `)
      pour(socket, () => socket.write(block))
    }
  },
  'pours an endless body': {
    failure: null,
    act: (socket) => {
      socket.write(`${OK}\r\n`)
      pour(socket, () => socket.write(block))
    }
  },
  'pours endless chunks': {
    failure: null,
    act: (socket) => {
      socket.write(`${OK}Transfer-Encoding: chunked\r\n\r\n`)
      pour(socket, () => socket.write(`10000\r\n${block}\r\n`))
    }
  },
  'pours 1xx answers': {
    failure: 'BROKEN',
    act: (socket) => {
      pour(socket, () =>
        socket.write('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'
          .repeat(100)))
    }
  },
  'resets the connection': {
    failure: 'BROKEN',
    act: (socket) => socket.resetAndDestroy()
  },
  'closes without a word': {
    failure: 'BROKEN',
    act: (socket) => socket.destroy()
  },
  'closes in the middle of the head': {
    failure: 'BROKEN',
    act: (socket) => socket.end('HTTP/1.1 20')
  },
  'answers what is no HTTP': {
    failure: 'BROKEN',
    act: (socket) => socket.end('220 smtp\r\n')
  },
  'speaks no TLS': {
    failure: 'TLS_FAILED',
    scheme: 'https',
    act: (socket) => socket.end('HTTP/1.1 400 No\r\n\r\n')
  },
  'never finishes the TLS handshake': {
    failure: 'TIMED_OUT',
    scheme: 'https',
    act: () => {}
  }
}

/** A running one; {url, accepted} where accepted counts connections. */
export async function startBadPeer (t, { act, scheme = 'http' }) {
  const sockets = new Set()
  const peer = { accepted: 0 }
  const server = net.createServer((socket) => {
    peer.accepted++
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    socket.once('data', () => act(socket))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  atEnd(t, async () => {
    sockets.forEach((socket) => socket.destroy())
    server.close()
    await once(server, 'close')
  })
  peer.url = `${scheme}://127.0.0.1:${server.address().port}/hook`
  return peer
}
