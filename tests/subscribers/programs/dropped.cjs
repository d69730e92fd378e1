// Sockets cut by a relay between client and server, and 20 clients at once.
"use strict";
const net = require("node:net");
const { connect, listen, orders, publish, run, sleep, subscribed, until } = require("./common.cjs");

async function relay() {
  const pairs = new Set();
  const target = new URL(orders.url);
  const server = net.createServer((near) => {
    const far = net.connect(Number(target.port), target.hostname);
    pairs.add([near, far]);
    for (const [one, other] of [[near, far], [far, near]]) {
      one.pipe(other);
      one.on("error", () => other.destroy());
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const cut = () => pairs.forEach((pair) => pair.forEach((side) => side.destroy()));
  return { socket: `ws://127.0.0.1:${server.address().port}/v3/wsconnect`, cut, close: () => server.close() };
}

async function drop() {
  const between = await relay();
  const { client, seen } = connect(orders.tokens[0], between.socket);
  const one = await listen(client, "dropped one");
  const two = await listen(client, "dropped two");
  await subscribed("dropped one", 1);
  await subscribed("dropped two", 1);
  between.cut();
  await subscribed("dropped one", 0);
  await publish("dropped one", { while: "away" });
  await subscribed("dropped one", 1);
  await subscribed("dropped two", 1);
  await publish("dropped one", { back: 1 });
  await publish("dropped two", { back: 2 });
  await until("both", () => one.heard.messages.length && two.heard.messages.length);
  await client.shutdown();
  between.cut();
  between.close();
  return {
    states: seen.states,
    messages: [one, two].map(({ heard }) => heard.messages.map(({ data }) => data)),
    terminal: seen.errors.filter(({ terminal }) => terminal),
  };
}

async function many() {
  const clients = orders.tokens.map((token) => connect(token).client);
  const streams = await Promise.all(clients.map((client) => listen(client, "many")));
  await subscribed("many", clients.length);
  for (let number = 0; number < 50; number += 1) {
    while ((await publish("many", { number })).status === 429) await sleep(50);
  }
  await until("all messages", () => streams.every(({ heard }) => heard.messages.length >= 50));
  await sleep(200);
  await Promise.all(clients.map((client) => client.shutdown()));
  return streams.map(({ heard }) => heard.messages.map(({ data }) => data.number));
}

run(async () => {
  const [dropped, delivered] = await Promise.all([drop(), many()]);
  return { dropped, delivered };
});
