// An application's HTTP client: follows redirects, keeps cookies, repeats nothing.
//
//   node client.js            requests as JSON lines on standard input, answers as JSON lines
//   node client.js stream URL prints what arrives
'use strict';

const readline = require('readline');
const got = require('got');
const { CookieJar } = require('tough-cookie');

const jar = new CookieJar();
const client = got.extend({
  cookieJar: jar,
  followRedirect: true,
  retry: 0,
  throwHttpErrors: false,
  timeout: 60000,
});

async function perform(asked) {
  const options = { method: asked.method };
  if (asked.json !== undefined) {
    options.json = asked.json;
  } else if (asked.form !== undefined) {
    options.form = asked.form;
  } else if (asked.text !== undefined) {
    options.body = asked.text;
  }
  const answer = await client(asked.url, options);
  const cookies = await jar.getCookies(asked.url);
  return {
    status: answer.statusCode,
    body: answer.body,
    url: answer.url,
    cookies: Object.fromEntries(cookies.map((cookie) => [cookie.key, cookie.value])),
  };
}

async function serve() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const asked = JSON.parse(line);
    let told;
    try {
      told = await perform(asked);
    } catch (error) {
      told = { error: String(error) };
    }
    process.stdout.write(`${JSON.stringify(told)}\n`);
  }
}

if (process.argv[2] === 'stream') {
  client.stream(process.argv[3], { timeout: undefined }).pipe(process.stdout);
} else {
  serve();
}
