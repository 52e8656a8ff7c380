// SCION as a reference: the same documents, the same number of events. Prints one JSON object.
'use strict';
const fs = require('fs');
const path = require('path');
const scxml = require('@scion-scxml/scxml');

const shared = process.argv[2];
const workload = (name) => path.join(shared, 'workloads', name);

function load(text) {
  return new Promise((resolve, reject) => {
    scxml.documentStringToModel('workload.scxml', text, (error, model) => {
      if (error) return reject(error);
      model.prepare((failed, prepared) => (failed ? reject(failed) : resolve(prepared)));
    });
  });
}

const seconds = (since) => Number(process.hrtime.bigint() - since) / 1e9;

async function eventsPerSecond(name, event, count, transitionsEach) {
  const session = new scxml.core.Statechart(await load(fs.readFileSync(workload(name), 'utf8')));
  session.start();
  for (let i = 0; i < 1000; i++) session.gen({name: event});
  const begin = process.hrtime.bigint();
  for (let i = 0; i < count; i++) session.gen({name: event});
  return (count * transitionsEach) / seconds(begin);
}

async function startsPerSecond(name, count, eachText) {
  const text = fs.readFileSync(workload(name), 'utf8');
  const shared = await load(text);
  const begin = process.hrtime.bigint();
  for (let i = 0; i < count; i++) {
    const model = eachText ? await load(text + `<!-- ${i} -->`) : shared;
    new scxml.core.Statechart(model).start();
  }
  return count / seconds(begin);
}

async function snapshotsAndRestores(name, count) {
  const model = await load(fs.readFileSync(workload(name), 'utf8'));
  const session = new scxml.core.Statechart(model);
  session.start();
  const text = JSON.stringify(session.getSnapshot());
  let begin = process.hrtime.bigint();
  for (let i = 0; i < count; i++) JSON.stringify(session.getSnapshot());
  const snapshots = count / seconds(begin);
  const restores = Math.min(count, 1000);
  begin = process.hrtime.bigint();
  for (let i = 0; i < restores; i++) new scxml.core.Statechart(model, {snapshot: JSON.parse(text)});
  return {snapshot_bytes: text.length, snapshots, restores: restores / seconds(begin)};
}

async function raisedEcma() {
  const session = new scxml.core.Statechart(await load(fs.readFileSync(workload('raise-ecma-100000.scxml'), 'utf8')));
  session.start();
  const begin = process.hrtime.bigint();
  session.gen({name: 'go'});
  return 100000 / seconds(begin);
}

async function main() {
  const snapshot = await snapshotsAndRestores('small-ecma.scxml', 50000);
  console.log(JSON.stringify({
    external_null: await eventsPerSecond('pingpong-null.scxml', 'e', 100000, 1),
    raised_null: await eventsPerSecond('chain10-null.scxml', 'go', 10000, 10),
    external_ecma: await eventsPerSecond('pingpong-ecma.scxml', 'e', 100000, 1),
    raised_ecma: await raisedEcma(),
    start_null: await startsPerSecond('small-null.scxml', 500, false),
    start_ecma: await startsPerSecond('small-ecma.scxml', 500, false),
    start_new_text: await startsPerSecond('small-null.scxml', 200, true),
    snapshot_bytes: snapshot.snapshot_bytes,
    snapshots: snapshot.snapshots,
    restores: snapshot.restores,
  }));
  process.exit(0);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
