// node bench/slow_sink.mjs PORT MILLISECONDS: an endpoint that takes so long
// to answer with 204. GET /count is the number of POSTs that it has had.

import http from 'node:http'

const [port, delay] = process.argv.slice(2).map(Number)
let count = 0

http.createServer((request, response) => {
  request.resume()
  if (request.method === 'GET') {
    response.end(String(count))
    return
  }
  request.on('end', () => {
    count++
    setTimeout(() => response.writeHead(204).end(), delay)
  })
}).listen(port, '127.0.0.1')

process.on('SIGTERM', () => process.exit(0))
