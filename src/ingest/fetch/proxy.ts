import { request as requestHttp, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { ConfigError, readEnvironment } from '../../core/index.js';

/** What is sent with a request. */
export interface RequestParts {
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

const mostRedirects = 20;

/**
 * The proxy by which an address is to be asked for: the configured one, else that of `HTTPS_PROXY` or `HTTP_PROXY` (or in small letters)
 * unless `NO_PROXY` names the host or it is this machine; null: none.
 *
 * @throws ConfigError `bad-proxy` for one that is no `http://` address.
 */
export function proxyFor(address: string, configured: string | null): URL | null {
  const url = new URL(address);
  const variable = (name: string) => readEnvironment(name.toLowerCase()) ?? readEnvironment(name);
  const named = url.protocol === 'https:' ? variable('HTTPS_PROXY') : variable('HTTP_PROXY');
  const text = configured ?? (isExempt(url, variable('NO_PROXY') ?? '') ? undefined : named);
  if (text === undefined) return null;
  const proxy = URL.canParse(text) ? new URL(text) : null;
  if (proxy?.protocol === 'http:') return proxy;
  throw new ConfigError(
    'Plain HTTP goes through proxies of the form http://host:port; others only through yt-dlp (fetch.ytDlpArguments).',
    { code: 'bad-proxy', context: { protocol: proxy?.protocol ?? null } }, // the address may hold a password
  );
}

function isExempt({ hostname, port }: URL, list: string): boolean {
  if (/^(?:localhost|127\.[\d.]+|\[::1\])$/.test(hostname)) return true;
  return list
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .filter((entry) => entry !== '')
    .some((entry) => {
      const [, name = '', wantedPort] = /^\*?\.?(.*?)(?::(\d+))?$/.exec(entry) ?? [];
      if (entry === '*') return true;
      if (wantedPort !== undefined && wantedPort !== port) return false;
      return hostname === name || hostname.endsWith(`.${name}`);
    });
}

/**
 * Asks for an address through a proxy, redirects included. As `fetch`, except that a proxy stands between.
 *
 * @throws Error for what the network or the proxy refuses.
 */
export async function fetchThrough(proxy: URL, address: string, { headers, signal }: RequestParts): Promise<Response> {
  let url = new URL(address);
  let sent = headers;
  for (let hops = 0; hops <= mostRedirects; hops++) {
    const answer = await ask(proxy, url, { headers: sent, signal });
    const { statusCode: status = 0, statusMessage, headers: received } = answer;
    if (![301, 302, 303, 307, 308].includes(status) || received.location === undefined) {
      const pairs = Object.entries(received).flatMap(([name, value]) =>
        (Array.isArray(value) ? value : [value ?? '']).map((each): [string, string] => [name, each]),
      );
      const hasBody = ![204, 205, 304].includes(status);
      if (!hasBody) answer.resume();
      const body = hasBody ? Readable.toWeb(answer) : null;
      return new Response(body as globalThis.ReadableStream | null, {
        status,
        statusText: statusMessage ?? '',
        headers: pairs,
      });
    }
    answer.resume();
    const next = new URL(received.location, url);
    // Passwords and cookies are meant for the host they were given for.
    if (next.origin !== url.origin)
      sent = Object.fromEntries(Object.entries(sent).filter(([name]) => !/^(?:authorization|cookie)$/i.test(name)));
    url = next;
  }
  throw new Error(`${address} leads on and on: more than ${mostRedirects} redirects`);
}

async function ask(proxy: URL, url: URL, { headers, signal }: RequestParts): Promise<IncomingMessage> {
  if (!/^https?:$/.test(url.protocol)) throw new Error(`a redirect leads to ${url.protocol}//`);
  const credentials = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  const permit =
    proxy.username === '' ? {} : { 'proxy-authorization': `Basic ${Buffer.from(credentials).toString('base64')}` };
  const place = { host: proxy.hostname, port: proxy.port === '' ? 80 : Number(proxy.port), agent: false, signal };
  if (url.protocol === 'http:')
    return answerOf(requestHttp, {
      ...place,
      path: url.href.replace(/#.*/, ''),
      headers: { ...headers, host: url.host, ...permit },
    });
  const target = `${url.hostname}:${url.port === '' ? '443' : url.port}`;
  const socket = await new Promise<Socket>((resolve, reject) => {
    const tunnel = requestHttp({ ...place, method: 'CONNECT', path: target, headers: { host: target, ...permit } });
    tunnel.once('connect', ({ statusCode, statusMessage }, connected) => {
      if (statusCode === 200) resolve(connected);
      else {
        connected.destroy();
        reject(new Error(`the proxy answers ${statusCode} ${statusMessage}`.trimEnd()));
      }
    });
    tunnel.once('error', reject);
    tunnel.end();
  });
  const secure = connectTls({
    socket,
    ...(isIP(url.hostname.replace(/[[\]]/g, '')) === 0 ? { servername: url.hostname } : {}),
  });
  return answerOf(requestHttps, {
    createConnection: () => secure,
    path: `${url.pathname}${url.search}`,
    headers: { ...headers, host: url.host },
    signal,
  });
}

function answerOf(request: typeof requestHttp, options: RequestOptions): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const asked = request({ ...options, method: 'GET' });
    asked.once('response', resolve);
    asked.once('error', reject);
    asked.end();
  });
}
