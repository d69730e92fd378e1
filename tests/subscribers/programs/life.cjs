// The life of a stream, seen by three clients: by name, by sid, and one that publishes.
"use strict";
const { connect, listen, orders, publish, rest, run, sleep, subscribed, until } = require("./common.cjs");

run(async () => {
  const clients = orders.tokens.map((token) => connect(token));
  const name = "zimmer é/1 😀";
  const first = await listen(clients[0].client, { id: name, ttl: 3600 });
  const { sid } = first.stream;
  const second = await listen(clients[1].client, sid);
  const third = await listen(clients[2].client, name);
  const all = [first, second, third];
  await subscribed(sid, 3);

  const data = { text: "é😀\n\"\\", nested: [1, 2.5, null, true, { a: [] }], "": "empty" };
  const big = { text: "x".repeat(4096 - '{"text":""}'.length) };
  const sids = [(await publish(sid, data)).sid, (await publish(sid, big)).sid];
  await until("both", () => all.every(({ heard }) => heard.messages.length === 2));
  const overRest = all.map(({ heard }) => heard.messages.splice(0));

  const sent = await third.stream.publishMessage({ from: "three" });
  await until("one each", () => all.every(({ heard }) => heard.messages.length >= 1));
  await sleep(300); // for a second one that must not come
  const overSdk = all.map(({ heard }) => heard.messages.splice(0));

  let refusal = null;
  try {
    await third.stream.publishMessage({ text: "y".repeat(5000) });
  } catch (error) {
    refusal = { status: error.status, code: error.code };
  }
  let missing = null;
  try {
    await clients[0].client.stream({ id: "nobody", mode: "open_existing" });
  } catch (error) {
    missing = { status: error.status, code: error.code };
  }
  let taken = null;
  try {
    await clients[0].client.stream({ id: name, mode: "create_new" });
  } catch (error) {
    taken = { status: error.status, code: error.code };
  }
  let document = null;
  try {
    await clients[0].client.document("none");
  } catch (error) {
    document = { status: error.status, code: error.code };
  }

  const before = third.stream.dateExpires;
  await third.stream.setTtl(7200);
  const after = third.stream.dateExpires;
  await third.stream.setTtl(0);
  const never = (await rest("GET", `/${sid}`)).date_expires;
  const createdBy = (await rest("GET", `/${sid}`)).created_by;

  await third.stream.removeStream();
  await until("removed", () => all.every(({ heard }) => heard.removed.length >= 1));
  await sleep(200);
  const removed = all.map(({ heard }) => heard.removed.splice(0));
  const gone = (await rest("GET", `/${sid}`)).status;

  const expiring = await listen(clients[0].client, { ttl: 1 });
  const deleted = await listen(clients[1].client, { id: "deleted over REST" });
  await subscribed(deleted.stream.sid, 1);
  await rest("DELETE", `/${deleted.stream.sid}`);
  await until("the end", () => expiring.heard.removed.length && deleted.heard.removed.length);
  const closed = await listen(clients[0].client, "closed");
  await subscribed("closed", 1);
  closed.stream.close();
  await subscribed("closed", 0);

  await Promise.all(clients.map(({ client }) => client.shutdown()));
  await until("the last state", () => clients.every(({ seen }) => seen.states.at(-1) === "disconnected"));
  return {
    sid, name: first.stream.uniqueName, sameSid: all.every(({ stream }) => stream.sid === sid), data, big, sids, overRest,
    sent, overSdk, refusal, missing, taken, document, before, after, never, createdBy, removed, gone,
    expired: expiring.heard.removed, deleted: deleted.heard.removed, errors: clients.flatMap(({ seen }) => seen.errors),
    states: clients.map(({ seen }) => seen.states),
  };
});
