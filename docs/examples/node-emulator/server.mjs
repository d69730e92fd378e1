// A small emulator of Twilio Sync Streams: plain Node, no dependencies, everything in memory.
import { createServer } from 'node:http';
import { createHash, randomBytes } from 'node:crypto';

const port = Number(process.env.PORT ?? 8080); // 0: one that is free
const accountSid = process.env.TWILIO_ACCOUNT_SID ?? 'AC' + 'a'.repeat(32);
const authToken = process.env.TWILIO_AUTH_TOKEN ?? 'secret';
// The services, by unique name: sid. A service's sid is made of its name, so that it is the same after a restart.
const serviceNames = (process.env.SERVICES ?? 'default').split(',');
const services = new Map(serviceNames.map((name) => [name, 'IS' + createHash('md5').update(name).digest('hex')]));
const streams = []; // in the order of their creation
let made = 0; // how many there have been

const newSid = (prefix) => prefix + randomBytes(16).toString('hex');
const iso = (time) => new Date(time).toISOString().replace(/\.\d+/, '');

class Refusal extends Error {
  constructor(status, code, message) {
    super(message);
    Object.assign(this, { status, code });
  }
}

function show(stream, base) {
  const url = `${base}/${stream.sid}`;
  return {
    sid: stream.sid,
    unique_name: stream.uniqueName,
    account_sid: accountSid,
    service_sid: stream.serviceSid,
    url,
    links: { messages: `${url}/Messages` },
    date_expires: stream.expires && iso(stream.expires),
    date_created: iso(stream.created),
    date_updated: iso(stream.updated),
    created_by: 'system',
  };
}

/** The moment of expiry, in milliseconds, that a form's Ttl asks for; null for never. */
function expiry(form, now) {
  const ttl = form.get('Ttl') ?? '';
  if (!/^\d*$/.test(ttl) || Number(ttl) > 31_536_000) throw new Refusal(400, 54011, 'Invalid Ttl');
  return Number(ttl) === 0 ? null : now + Number(ttl) * 1000;
}

function create(form, serviceSid, base) {
  const uniqueName = form.get('UniqueName') || null;
  if (uniqueName && [...uniqueName].length > 320) throw new Refusal(400, 54302, 'UniqueName is too long');
  if (/^[A-Z]{2}[0-9a-fA-F]{32}$/.test(uniqueName)) throw new Refusal(400, 54302, 'UniqueName looks like a sid');
  if (uniqueName && alive(serviceSid).some((s) => s.uniqueName === uniqueName))
    throw new Refusal(409, 54301, 'UniqueName is taken');
  const now = Date.now();
  const expires = expiry(form, now);
  const stream = { number: ++made, sid: newSid('TO'), uniqueName, serviceSid, created: now, updated: now, expires };
  streams.push({ ...stream, published: [] });
  return [201, show(stream, base)];
}

const alive = (serviceSid) =>
  streams.filter((s) => s.serviceSid === serviceSid && (s.expires === null || s.expires > Date.now()));

/** One page. A token is `after-` or `before-` and the number of a stream, which it keeps for life, so that streams
 *  that come and go while somebody follows the pages shift nothing. */
function list(query, serviceSid, base) {
  const asked = query.get('PageSize') || '50';
  if (!/^-?\d+$/.test(asked)) throw new Refusal(400, 20001, 'PageSize must be an integer');
  const size = Math.min(Math.max(Number(asked), 1), 100);
  const token = query.get('PageToken');
  const [, direction, number] = /^(after|before)-(\d{1,9})$/.exec(token ?? 'after-0') ?? [];
  if (!direction) throw new Refusal(400, 20001, 'Invalid PageToken');
  const page = token === null ? 0 : Number(query.get('Page')) || 0;
  const all = alive(serviceSid);
  const shown = direction === 'after'
    ? all.filter((s) => s.number > number).slice(0, size)
    : all.filter((s) => s.number < number).slice(-size);
  const [first, last] = [shown[0]?.number ?? Number(number), shown.at(-1)?.number ?? Number(number)];
  const url = (n, where) => `${base}?PageSize=${size}&Page=${n}` + (where ? `&PageToken=${where}` : '');
  return [200, {
    streams: shown.map((s) => show(s, base)),
    meta: {
      first_page_url: url(0),
      key: 'streams',
      next_page_url: all.some((s) => s.number > last) ? url(page + 1, `after-${last}`) : null,
      page,
      page_size: size,
      previous_page_url: all.some((s) => s.number < first) ? url(Math.max(page - 1, 0), `before-${first}`) : null,
      url: url(page, token),
    },
  }];
}

function update(stream, form, base) {
  const now = Date.now();
  if (form.has('Ttl')) stream.expires = expiry(form, now);
  stream.updated = now;
  return [200, show(stream, base)];
}

function publish(stream, form) {
  if (!form.has('Data')) throw new Refusal(400, 20001, 'Data is required');
  let data;
  try {
    data = JSON.parse(form.get('Data'));
  } catch {
    throw new Refusal(400, 54008, 'Data is not JSON');
  }
  if (Buffer.byteLength(JSON.stringify(data)) > 4096) throw new Refusal(413, 54006, 'The message is too large');
  const now = Date.now();
  // 30 a second, counted over ten seconds: a sender whose clock is not quite ours is not refused for a moment's hurry.
  stream.published = stream.published.filter((time) => time > now - 10_000);
  if (stream.published.length >= 300) throw new Refusal(429, 54009, 'Too many messages');
  stream.published.push(now);
  return [201, { sid: newSid('TZ'), data }];
}

function answer(request, form) {
  const login = 'Basic ' + Buffer.from(`${accountSid}:${authToken}`).toString('base64');
  if (request.headers.authorization !== login) throw new Refusal(401, 20003, 'Authenticate');
  const url = new URL(request.url, `http://${request.headers.host}`);
  const [, version, collection, service, name, id, messages, ...more] = url.pathname.split('/').map(decodeURIComponent);
  const serviceSid = services.get(service) ?? [...services.values()].find((sid) => sid === service);
  const known = version === 'v1' && collection === 'Services' && name === 'Streams' && !more.length;
  if (!known || !serviceSid || (messages !== undefined && messages !== 'Messages'))
    throw new Refusal(404, 20404, `${url.pathname} was not found`);
  const base = `${url.origin}/v1/Services/${serviceSid}/Streams`;
  const stream = alive(serviceSid).find((s) => s.sid === id || s.uniqueName === id);
  if (id !== undefined && !stream) throw new Refusal(404, 20404, `${url.pathname} was not found`);
  const operations = id === undefined
    ? { GET: () => list(url.searchParams, serviceSid, base), POST: () => create(form, serviceSid, base) }
    : messages
      ? { POST: () => publish(stream, form) }
      : {
          GET: () => [200, show(stream, base)],
          POST: () => update(stream, form, base),
          DELETE: () => [204, streams.splice(streams.indexOf(stream), 1) && undefined],
        };
  if (!(request.method in operations)) throw new Refusal(405, 20004, 'Method not allowed');
  return operations[request.method]();
}

createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8'); // a character may be cut in two between chunks
  request.on('data', (chunk) => (body += chunk));
  request.on('end', () => {
    let status, json;
    try {
      [status, json] = answer(request, new URLSearchParams(body));
    } catch (error) {
      const malformed = error instanceof URIError; // a path with a broken percent-escape
      const { status: refused = malformed ? 400 : 500, code = malformed ? 20001 : 20500, message } = error;
      if (refused === 500) console.error(request.method, request.url, body, error);
      status = refused;
      json = { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status };
    }
    const headers = { 'Content-Type': 'application/json', 'Twilio-Request-Id': newSid('RQ') };
    if (status === 401) headers['WWW-Authenticate'] = 'Basic realm="Twilio API"';
    response.writeHead(status, headers);
    response.end(json && JSON.stringify(json));
  });
}).listen(port, '127.0.0.1', function () {
  console.log(`listening on http://127.0.0.1:${this.address().port}`);
});
