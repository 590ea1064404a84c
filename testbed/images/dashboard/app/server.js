'use strict';
// The dashboard's runtime: its own page and probe, and a same-origin proxy to the gateway.
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');

const read = (name) => {
  try {
    return fs.readFileSync(path.join(__dirname, name), 'utf8').trim();
  } catch {
    return '';
  }
};
const version = read('VERSION');
const [fault, number] = read('FAULT').split(' ');

const log = (level, message, fields = {}) =>
  process.stdout.write(
    JSON.stringify({ ts: new Date().toISOString(), level, role: 'dashboard', message, ...fields }) + '\n',
  );

const reply = (response, status, body) => {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body) + '\n');
};

const gateway = process.env.HIVE_GATEWAY_INTERNAL_URL;
const TIMEOUT_MS = 5000;

function proxy(request, response) {
  const failed = (reason) => {
    log('error', `gateway cannot be reached: ${reason}`, { event: 'gateway_unreachable', path: request.url });
    if (response.headersSent) {
      response.destroy();
      return;
    }
    reply(response, 502, { error: 'gateway cannot be reached', upstream: gateway ?? null, reason });
  };
  let target;
  try {
    target = new URL(request.url, gateway);
  } catch {
    failed('HIVE_GATEWAY_INTERNAL_URL is not set to a URL');
    return;
  }
  const upstream = http.request(
    target,
    { method: request.method, headers: { ...request.headers, host: target.host }, timeout: TIMEOUT_MS },
    (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    },
  );
  upstream.on('timeout', () => upstream.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)));
  // A name with several addresses fails with one error that holds the others, and has no message.
  upstream.on('error', (error) => failed(error.message || error.code));
  request.pipe(upstream);
}

function handle(request, response) {
  const { pathname } = new URL(request.url, 'http://dashboard');
  if (pathname === '/dashboard-healthz') {
    if (fault === 'never-ready') {
      reply(response, 503, { status: 'starting', role: 'dashboard', reason: 'the page cache never warmed up' });
    } else {
      reply(response, 200, { status: 'ok', role: 'dashboard', version });
    }
  } else if (pathname === '/healthz' || pathname.startsWith('/api/')) {
    proxy(request, response);
  } else if (pathname === '/') {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
    response.end(`<!doctype html><title>OpenHive</title><h1>OpenHive</h1><p>${version}</p>\n`);
  } else {
    reply(response, 404, { error: 'not found' });
  }
}

const server = http.createServer((request, response) => {
  try {
    handle(request, response);
  } catch (error) {
    reply(response, 400, { error: 'bad request', reason: error.code });
  }
});

process.on('SIGTERM', () => {
  log('info', 'dashboard has stopped', { event: 'stopped' });
  process.exit(0);
});

function listen() {
  const port = Number(process.env.PORT || 3000);
  const host = process.env.HOSTNAME || '0.0.0.0';
  server.on('error', (error) => {
    log('error', `startup failed: cannot listen on ${host}:${port}: ${error.code}`, { event: 'startup_failed' });
    process.exit(1);
  });
  server.listen(port, host, () => log('info', 'dashboard is ready', { event: 'started', host, port }));
}

// The ways in which the image can be broken on purpose; the Python roles have the same in fault.py.
switch (fault) {
  case 'exit-1':
    log('error', 'startup failed: the build manifest is missing', { event: 'startup_failed' });
    process.exit(1);
    break;
  case 'never-listens':
    log('info', 'waiting for a lock that is never released');
    setInterval(() => {}, 1 << 30);
    break;
  case 'slow-start':
    log('info', `warming up for ${number} s`);
    setTimeout(listen, number * 1000);
    break;
  case 'crash-after':
    setTimeout(() => {
      log('error', 'unhandled error in the page cache', { event: 'crashed' });
      process.exit(1);
    }, number * 1000);
    listen();
    break;
  case 'writes-root':
    fs.writeFileSync(path.join(__dirname, 'state.db'), '');
    break;
  case 'oom': {
    log('info', 'loading the page cache into memory');
    const held = [];
    while (held.length < 80) held.push(Buffer.alloc(64 << 20, 1));
    log('error', 'no memory limit stopped the allocation');
    process.exit(1);
    break;
  }
  default:
    listen();
}
