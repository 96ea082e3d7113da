/** A server of one page for this machine alone. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RunError } from '../errors.js';
import { hasCode, systemReason } from '../system/system-errors.js';

const LOOPBACK = '127.0.0.1';

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
};

export interface PageServer {
  readonly address: string;
  close(): Promise<void>;
}

/** Serves files by their names, index.html as /; 0 is any free port. */
export async function servePage(
  files: ReadonlyMap<string, Uint8Array>,
  port: number,
): Promise<PageServer> {
  const server = createServer(({ method, url = '/', headers }, response) => {
    const name = url === '/' ? 'index.html' : url.slice(1);
    const content = files.get(name);
    // Other names may lead here from pages of others.
    const own = [`${LOOPBACK}:${portOf(server)}`, `localhost:${portOf(server)}`];
    const known = content !== undefined && own.includes(headers.host ?? '');
    if (!known || (method !== 'GET' && method !== 'HEAD')) {
      response.writeHead(known ? 405 : 404).end();
      return;
    }
    const type = TYPES[name.split('.').at(-1) ?? ''] ?? 'application/octet-stream';
    response.writeHead(200, {
      'content-type': type,
      'content-length': content.length,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    response.end(method === 'HEAD' ? undefined : content);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(cannotListen(port, error)));
    server.listen(port, LOOPBACK, resolve);
  });
  return {
    address: `http://${LOOPBACK}:${portOf(server)}/`,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

function cannotListen(port: number, error: unknown): RunError {
  const other = 'name another with --port, or 0 for any that is free';
  const why = hasCode(error, 'EADDRINUSE') ? 'another program uses it' : systemReason(error);
  return new RunError(`Cannot serve at port ${port} of ${LOOPBACK}: ${why}; ${other}`);
}
