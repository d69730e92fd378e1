// Carries out the steps on standard input with npm's `twilio-cli`: each step is one command line, given to the
// package's own command runner. It is loaded once, as that takes a second; test_page_samples.py runs it as a command.
const path = require("path");
const root = path.dirname(require.resolve("twilio-cli/package.json"));
const { Config } = require(require.resolve("@oclif/core", { paths: [root] }));
require(require.resolve("@twilio/cli-core", { paths: [root] })).configureEnv();

const { TWILIO_ACCOUNT_SID: account, TWILIO_AUTH_TOKEN: token } = process.env;
const LOGINS = {
  right: [account, token],
  "wrong token": [account, "wrong"],
  "wrong account": ["AC" + "9".repeat(32), token],
};
const TOPIC = "api:sync:v1:services:streams";
const results = {};

const keyOf = ({ key }) => (key.sid_of ? results[key.sid_of].sid : key.name);
const flag = (name, value) => (value === undefined ? [] : [`--${name}`, String(value)]);
const LINES = {
  create: (step) => [`${TOPIC}:create`, ...flag("unique-name", step.name), ...flag("ttl", step.ttl)],
  fetch: (step) => [`${TOPIC}:fetch`, "--sid", keyOf(step)],
  update: (step) => [`${TOPIC}:update`, "--sid", keyOf(step), ...flag("ttl", step.ttl)],
  delete: (step) => [`${TOPIC}:remove`, "--sid", keyOf(step)],
  publish: (step) => {
    const data = step.text === undefined ? JSON.stringify(step.data) : step.text;
    return [`${TOPIC}:messages:create`, "--stream-sid", keyOf(step), "--data", data];
  },
  list: (step) => [
    `${TOPIC}:list`,
    ...flag("page-size", step.page_size),
    ...(step.limit === undefined ? ["--no-limit"] : flag("limit", step.limit)),
  ],
};

// Runs one command line and returns what it wrote and its exit code.
async function run(config, step, [id, ...words], ...more) {
  const written = { stdout: "", stderr: "" };
  const writers = { stdout: process.stdout.write, stderr: process.stderr.write };
  for (const name of Object.keys(writers)) {
    process[name].write = (text) => {
      written[name] += text;
      return true;
    };
  }
  let exit = 0;
  try {
    [process.env.TWILIO_ACCOUNT_SID, process.env.TWILIO_AUTH_TOKEN] = LOGINS[step.login];
    await config.runCommand(id, [...words, "--service-sid", step.service, ...more]);
  } catch (error) {
    if (!error.oclif) throw error;
    exit = error.oclif.exit;
  } finally {
    for (const [name, writer] of Object.entries(writers)) process[name].write = writer;
  }
  return { ...written, exit };
}

// How a person sees it is asked for only where the step says so: a command takes a quarter of a second.
async function carryOut(config, step) {
  if (step.do === "burst") {
    const ends = [];
    for (let n = 0; n < step.count; n += 1) {
      const publish = { ...step, do: "publish", data: { n } };
      ends.push(await run(config, publish, LINES.publish(publish)));
    }
    const errors = ends.filter(({ exit }) => exit);
    return { value: { accepted: ends.length - errors.length, errors } };
  }
  const plain = step.do === "delete" || step.shown === "to a person";
  const done = await run(config, step, LINES[step.do](step), ...(plain ? [] : ["-o", "json"]));
  if (done.exit) return { error: done };
  return { value: plain ? done : JSON.parse(done.stdout) };
}

async function main() {
  const config = await Config.load(root);
  await config.runHook("init", { id: TOPIC, argv: [] });
  const outcomes = {};
  for (const step of JSON.parse(require("fs").readFileSync(0, "utf8"))) {
    try {
      outcomes[step.id] = await carryOut(config, step);
      const { value } = outcomes[step.id];
      if (Array.isArray(value)) [results[step.id]] = value;
    } catch (error) {
      outcomes[step.id] = { crash: String(error.stack) };
    }
  }
  process.stdout.write(JSON.stringify(outcomes));
}

main();
