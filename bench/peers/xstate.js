// XState as a reference: the workloads written as XState machines (it has no SCXML loader of its own). Prints one JSON object.
'use strict';
const {assign, createActor, createMachine, raise} = require('xstate');

const seconds = (since) => Number(process.hrtime.bigint() - since) / 1e9;

const pingPongNull = {initial: 'a', states: {a: {on: {e: 'b'}}, b: {on: {e: 'a'}}}};

const step = (target) => ({
  target,
  guard: ({context}) => context.n >= 0,
  actions: assign({n: ({context}) => context.n + 1}),
});
const pingPongEcma = {context: {n: 0}, initial: 'a', states: {a: {on: {e: step('b')}}, b: {on: {e: step('a')}}}};

const chain = () => {
  const states = {};
  for (let i = 0; i < 10; i++) {
    const transition = {target: `s${(i + 1) % 10}`, actions: i < 9 ? raise({type: 'n'}) : []};
    states[`s${i}`] = {on: {[i === 0 ? 'go' : 'n']: transition}};
  }
  return {initial: 's0', states};
};

const raising = (limit) => {
  const next = (target) => [
    {
      target,
      guard: ({context}) => context.n < limit,
      actions: [assign({n: ({context}) => context.n + 1}), raise({type: 'e'})],
    },
    {target: 'done'},
  ];
  return {
    context: {n: 0},
    initial: 'idle',
    states: {
      idle: {on: {go: {target: 'a', actions: raise({type: 'e'})}}},
      a: {on: {e: next('b')}},
      b: {on: {e: next('a')}},
      done: {type: 'final'},
    },
  };
};

const small = (withData) => ({
  ...(withData ? {context: () => ({total: 0, items: [{sku: 'a', n: 1}, {sku: 'b', n: 2}]})} : {}),
  initial: 'order',
  states: {
    order: {
      initial: 'waiting',
      ...(withData ? {entry: assign({total: ({context}) => context.total + 1})} : {}),
      states: {
        waiting: {on: {'order.pay': 'paid', 'order.cancel': '#done'}},
        paid: {
          type: 'parallel',
          states: {
            ship: {initial: 'packing', states: {packing: {on: {'ship.packed': 'shipped'}}, shipped: {}}},
            bill: {initial: 'open', states: {open: {on: {'bill.sent': 'closed'}}, closed: {}}},
          },
          on: {'order.close': '#done'},
        },
      },
    },
    done: {id: 'done', type: 'final'},
  },
});

function eventsPerSecond(definition, event, count, transitionsEach) {
  const actor = createActor(createMachine(definition));
  actor.start();
  for (let i = 0; i < 1000; i++) actor.send({type: event});
  const begin = process.hrtime.bigint();
  for (let i = 0; i < count; i++) actor.send({type: event});
  return (count * transitionsEach) / seconds(begin);
}

function startsPerSecond(withData, count, eachText) {
  const machine = createMachine(small(withData));
  const begin = process.hrtime.bigint();
  for (let i = 0; i < count; i++) {
    createActor(eachText ? createMachine(small(withData)) : machine).start();
  }
  return count / seconds(begin);
}

function idleBytes(withData, count) {
  const machine = createMachine(small(withData));
  const actors = [];
  global.gc();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < count; i++) actors.push(createActor(machine).start());
  global.gc();
  const bytes = (process.memoryUsage().heapUsed - before) / count;
  return actors.length === count ? bytes : NaN;
}

function snapshotsAndRestores(count) {
  const machine = createMachine(small(true));
  const actor = createActor(machine).start();
  const text = JSON.stringify(actor.getPersistedSnapshot());
  let begin = process.hrtime.bigint();
  for (let i = 0; i < count; i++) JSON.stringify(actor.getPersistedSnapshot());
  const snapshots = count / seconds(begin);
  begin = process.hrtime.bigint();
  for (let i = 0; i < count; i++) createActor(machine, {snapshot: JSON.parse(text)}).start();
  return {snapshot_bytes: text.length, snapshots, restores: count / seconds(begin)};
}

function raisedEcma() {
  const actor = createActor(createMachine(raising(100000)));
  actor.start();
  const begin = process.hrtime.bigint();
  actor.send({type: 'go'});
  return 100000 / seconds(begin);
}

const snapshot = snapshotsAndRestores(20000);
console.log(JSON.stringify({
  external_null: eventsPerSecond(pingPongNull, 'e', 200000, 1),
  raised_null: eventsPerSecond(chain(), 'go', 20000, 10),
  external_ecma: eventsPerSecond(pingPongEcma, 'e', 200000, 1),
  raised_ecma: raisedEcma(),
  start_null: startsPerSecond(false, 20000, false),
  start_ecma: startsPerSecond(true, 20000, false),
  start_new_text: startsPerSecond(false, 5000, true),
  idle_null_bytes: idleBytes(false, 5000),
  idle_ecma_bytes: idleBytes(true, 5000),
  snapshot_bytes: snapshot.snapshot_bytes,
  snapshots: snapshot.snapshots,
  restores: snapshot.restores,
}));
