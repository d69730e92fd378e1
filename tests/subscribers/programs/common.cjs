// What the programs share. Each gets its orders as JSON on standard input and ends by printing one line of JSON; none
// calls process.exit, so a client that keeps Node alive after shutdown() is a test that times out.
"use strict";
const { readFileSync } = require("node:fs");
const { SyncClient } = require("twilio-sync");

const orders = JSON.parse(readFileSync(0, "utf8"));
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function until(what, condition, ms = 15000) {
  const end = Date.now() + ms;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await sleep(10);
  }
}

function connect(token, socket = orders.socket) {
  const client = new SyncClient(token, { cdsUri: orders.url, Twilsock: { uri: socket } });
  const seen = { states: [], errors: [], about: 0, expired: 0 };
  client.on("connectionStateChanged", (state) => seen.states.push(state));
  client.on("connectionError", (error) => seen.errors.push(error));
  client.on("tokenAboutToExpire", () => (seen.about += 1));
  client.on("tokenExpired", () => (seen.expired += 1));
  return { client, seen };
}

async function listen(client, arg) {
  const stream = await client.stream(arg);
  const heard = { messages: [], removed: [] };
  stream.on("messagePublished", (event) => heard.messages.push({ ...event.message, isLocal: event.isLocal }));
  stream.on("removed", (event) => heard.removed.push(event));
  return { stream, heard };
}

const login = "Basic " + Buffer.from(`${orders.account_sid}:${orders.auth_token}`).toString("base64");

async function rest(method, path, form) {
  const body = form && new URLSearchParams(form);
  const response = await fetch(`${orders.url}/v1/Services/default/Streams${path}`, {
    method,
    body,
    headers: { Authorization: login },
  });
  return response.status === 204 ? { status: 204 } : { status: response.status, ...(await response.json()) };
}

const publish = (stream, data) => rest("POST", `/${encodeURIComponent(stream)}/Messages`, { Data: JSON.stringify(data) });

async function subscribed(stream, count) {
  const url = `${orders.url}/_reference/streams/${encodeURIComponent(stream)}/subscribers`;
  await until(`${count} subscribers`, async () => (await (await fetch(url)).json()).subscribers === count);
}

function run(main) {
  main().then(
    (result) => console.log(JSON.stringify(result)),
    (error) => {
      console.error(error);
      process.exitCode = 1;
    },
  );
}

module.exports = { connect, listen, login, orders, publish, rest, run, sleep, subscribed, until };
