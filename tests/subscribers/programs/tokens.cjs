// What a program sees of each token: the state it ends in, the errors, and what opening a stream comes to.
"use strict";
const { connect, listen, orders, run, sleep, subscribed, publish, until } = require("./common.cjs");
const twilio = orders.twilio && require(orders.twilio);

function fromNode({ account_sid, key, secret, service_sid }) {
  const { AccessToken } = twilio.jwt;
  const token = new AccessToken(account_sid, key, secret, { identity: "node", ttl: 600 });
  token.addGrant(new AccessToken.SyncGrant({ serviceSid: service_sid }));
  return token.toJwt();
}

async function look(token) {
  const { client, seen } = connect(token);
  const { states, errors } = seen;
  await until("a decision", () => states.includes("connected") || states.includes("denied"));
  let opened;
  try {
    opened = (await client.stream("for tokens")).uniqueName;
  } catch (error) {
    opened = error.message;
  }
  await sleep(50);
  const state = client.connectionState;
  await client.shutdown();
  return { state, errors, opened, expired: seen.expired };
}

async function refresh() {
  const result = {};
  const { client, seen } = connect(orders.short);
  const { stream, heard } = await listen(client, "refreshed");
  await until("the warning", () => seen.about === 1);
  await client.updateToken(orders.long);
  await sleep(orders.lifetime);
  await subscribed("refreshed", 1);
  await publish(stream.sid, { after: "refresh" });
  await until("the message", () => heard.messages.length === 1);
  result.refreshed = { state: client.connectionState, expired: seen.expired, messages: heard.messages.length };
  try {
    await client.updateToken(orders.other);
    result.other = "taken";
  } catch (error) {
    result.other = { message: error.message, status: error.status, code: error.code };
  }
  await until("the error", () => seen.errors.length);
  result.afterOther = { state: client.connectionState, errors: seen.errors };
  await client.shutdown();
  return result;
}

async function expire() {
  const { client, seen } = connect(orders.short);
  const { heard } = await listen(client, "expired");
  await until("the end", () => seen.expired === 1 && seen.states.at(-1) === "disconnected"); // told a little after it is so
  const states = [...seen.states];
  await client.updateToken(orders.long); // and back again
  await subscribed("expired", 1);
  await publish("expired", { again: true });
  await until("the message", () => heard.messages.length === 1);
  await client.shutdown();
  return { states, about: seen.about, state: states.at(-1) };
}

run(async () => {
  const tokens = { ...orders.tokens };
  if (twilio) tokens.node = fromNode(orders.maker);
  const looks = Object.entries(tokens).map(async ([name, token]) => [name, await look(token)]);
  const [found, refreshed, expired] = await Promise.all([Promise.all(looks), refresh(), expire()]);
  return { looks: Object.fromEntries(found), ...refreshed, expired };
});
