// Asks for the state twice a second. Everything shown is put in as text, never as markup.
"use strict";
const SHOWN = 200;
const names = new Map();
const rows = new Map(); // streams by sid
let after = 0;

const element = (id) => document.getElementById(id);

function fill(row, texts) {
  while (row.cells.length < texts.length) row.insertCell();
  texts.forEach((text, index) => {
    if (row.cells[index].textContent !== text) row.cells[index].textContent = text;
  });
}

function showStreams(streams) {
  const body = element("streams");
  const known = element("known");
  const there = new Set(streams.map(({ sid }) => sid));
  for (const [sid, { row, option }] of rows) {
    if (!there.has(sid)) {
      row.remove();
      option.remove();
      rows.delete(sid);
    }
  }
  streams.forEach((stream, index) => {
    names.set(stream.sid, stream.unique_name ?? stream.sid);
    if (!rows.has(stream.sid)) {
      const option = document.createElement("option");
      option.value = stream.unique_name ?? stream.sid;
      known.append(option);
      rows.set(stream.sid, { row: body.insertRow(), option });
    }
    const { row } = rows.get(stream.sid);
    fill(row, [stream.unique_name ?? "", stream.sid, stream.service, String(stream.subscribers)]);
    if (body.rows[index] !== row) body.insertBefore(row, body.rows[index]);
  });
}

function showMessages(messages) {
  const body = element("messages");
  for (const message of messages) {
    const name = names.get(message.stream_sid) ?? message.stream_sid;
    fill(body.insertRow(0), [name, JSON.stringify(message.data), String(message.reached)]);
    after = message.number;
  }
  while (body.rows.length > SHOWN) body.deleteRow(-1);
}

async function look() {
  try {
    const response = await fetch(`/_reference/state?after=${after}`);
    const state = await response.json();
    if (state.published < after) after = 0; // the server began anew
    showStreams(state.streams);
    showMessages(state.messages);
    element("summary").textContent =
      `${state.connections} connected, ${state.published} messages published, ${state.lost} lost to slow subscribers`;
  } catch {
    element("summary").textContent = "the server does not answer";
  }
}

async function keepLooking() {
  await look();
  setTimeout(keepLooking, 500);
}

element("publish").addEventListener("submit", async (event) => {
  event.preventDefault();
  const stream = encodeURIComponent(element("stream").value);
  const response = await fetch(`/_reference/streams/${stream}/messages`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ data: element("data").value }),
  });
  const answer = await response.json();
  element("outcome").textContent = response.ok ? `published ${answer.sid}` : answer.message;
});

keepLooking();
