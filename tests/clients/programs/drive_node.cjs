// Carries out the steps on standard input with npm's `twilio`.
const twilio = require("twilio");

const { TWILIO_ACCOUNT_SID: account, TWILIO_AUTH_TOKEN: token, SYNC_URL: url } = process.env;
const LOGINS = {
  right: [account, token],
  "wrong token": [account, "wrong"],
  "wrong account": ["AC" + "9".repeat(32), token],
};
const KEYS = {
  sid: "sid",
  unique_name: "uniqueName",
  account_sid: "accountSid",
  service_sid: "serviceSid",
  url: "url",
  links: "links",
  date_expires: "dateExpires",
  date_created: "dateCreated",
  date_updated: "dateUpdated",
  created_by: "createdBy",
};

const clients = {};
for (const [login, pair] of Object.entries(LOGINS)) {
  const client = twilio(...pair);
  client.sync.baseUrl = url;
  clients[login] = client.sync.v1;
}

const shown = (value) => (value instanceof Date ? { date: value.getTime() / 1000 } : value);
const show = (stream) =>
  Object.fromEntries(Object.entries(KEYS).map(([theirs, ours]) => [theirs, shown(stream[ours])]));
const results = {};

function keyOf({ key }) {
  if (key.sid_of) return results[key.sid_of].sid;
  return key.encoded ? encodeURIComponent(key.name) : key.name;
}

const given = (pairs) => Object.fromEntries(pairs.filter(([, value]) => value !== undefined));
const OPERATIONS = {
  create: async (streams, step) =>
    show(await streams.create(given([["uniqueName", step.name], ["ttl", step.ttl]]))),
  fetch: async (streams, step) => show(await streams(keyOf(step)).fetch()),
  update: async (streams, step) => show(await streams(keyOf(step)).update(given([["ttl", step.ttl]]))),
  delete: (streams, step) => streams(keyOf(step)).remove(),
  publish: async (streams, step) => {
    const data = step.text === undefined ? step.data : step.text;
    const message = await streams(keyOf(step)).streamMessages.create({ data });
    return { sid: message.sid, data: message.data };
  },
  list: async (streams, step) =>
    (await streams.list(given([["limit", step.limit], ["pageSize", step.page_size]]))).map(show),
  pages: async (streams, step) => {
    const there = [];
    const back = [];
    let last;
    for (let page = await streams.page({ pageSize: step.page_size }); page; page = await page.nextPage()) {
      there.push(page.instances.map(({ sid }) => sid));
      last = page;
    }
    while ((last = await last.previousPage())) back.push(last.instances.map(({ sid }) => sid));
    return { there, back };
  },
  iterate: async (streams, step) => {
    const seen = [];
    const changes = [];
    await streams.each({ pageSize: step.page_size }, (stream) => {
      // Not stream.remove(): in twilio 6.2.0 an instance from a list does not know its own sid.
      seen.push(show(stream));
      if (seen.length <= 8) changes.push(streams.create({ uniqueName: `new ${seen.length}` }));
      changes.push(streams(stream.sid).remove());
    });
    await Promise.all(changes);
    return seen;
  },
  burst: async (streams, step) => {
    const messages = streams(keyOf(step)).streamMessages;
    const sent = Array.from({ length: step.count }, (_, n) => messages.create({ data: { n } }));
    const ends = await Promise.allSettled(sent);
    const errors = ends.filter((end) => end.status === "rejected").map((end) => refusal(end.reason));
    return { accepted: ends.length - errors.length, errors };
  },
};

const refusal = (error) => ({
  class: error.constructor.name,
  status: error.status,
  code: error.code,
  message: error.message,
  more_info: error.moreInfo,
});

async function main() {
  const outcomes = {};
  for (const step of JSON.parse(require("fs").readFileSync(0, "utf8"))) {
    const streams = clients[step.login].services(step.service).syncStreams;
    try {
      results[step.id] = await OPERATIONS[step.do](streams, step);
      outcomes[step.id] = { value: results[step.id] };
    } catch (error) {
      outcomes[step.id] = error.status ? { error: refusal(error) } : { crash: String(error.stack) };
    }
  }
  process.stdout.write(JSON.stringify(outcomes));
}

main();
