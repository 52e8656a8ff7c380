/* What is acknowledged is kept: numbered calls, fencing, WAIT and redo of docs/internals/cluster.md, in
 * every interleaving. `scripts/dev model` checks it, and leaves out one rule after the other, where spin
 * must find the schedule that breaks it.
 *
 * One partition, on a primary and a replica. P owns it at epoch 1 and commits; Q may claim it at any
 * moment (epoch 2) and commits too. A call that was sent once may reach the store at any later moment,
 * any number of times.
 *
 * LOSSY: the store answers before a replica has the write, and goes back once. Then nobody else claims (that
 * is the limit of the promise), but P may claim its own partition anew.
 *
 * Rules that can be left out: NO_FENCING, NO_WAIT, NO_NUMBERS, and with LOSSY: NO_REDO, NO_CLAIM_NUMBER.
 */
#define CALLS 4

typedef Contents {
  byte epoch;
  byte call;    /* the last applied of this epoch */
  byte of_p;    /* commits of P that are in the state */
  byte of_q
};

Contents primary;
Contents replica;
#ifdef LOSSY
byte failovers = 1; /* left */
#else
byte failovers = 3;
#endif

byte sent_p = 0; /* calls 1 ... sent_p of P may arrive at any time */
byte sent_q = 0;
byte told_p = 0; /* calls 1 ... told_p of P were acknowledged to clients */
byte told_q = 0;
bool q_owns = false; /* Q was told that its claim is there */
bool p_again = false; /* P has claimed anew: epoch 2 */

/* When a client may be told: the answer of the write is there. */
#if defined(LOSSY) || defined(NO_WAIT)
#define p_is_answered (primary.of_p >= sent_p && primary.epoch == 1)
#define q_is_answered (primary.of_q >= sent_q)
#define claim_is_answered (primary.epoch == 2)
#else
#define p_is_answered (replica.of_p >= sent_p)
#define q_is_answered (replica.of_q >= sent_q)
#define claim_is_answered (replica.epoch == 2)
#endif
/* A claim by who had calls of the partition acknowledged carries the number of the last one. */
#ifdef NO_CLAIM_NUMBER
#define nothing_is_missing true
#else
#define nothing_is_missing (primary.call == sent_p)
#endif
/* A call that does not follow the stored one is refused. */
#ifdef NO_REDO
#define follows(number) (primary.call < number)
#else
#define follows(number) (primary.call + 1 == number)
#endif
#ifdef NO_FENCING
#define is_of(its_epoch) (primary.epoch >= its_epoch)
#else
#define is_of(its_epoch) (primary.epoch == its_epoch)
#endif
#ifdef NO_NUMBERS
#define is_taken(number) true
#else
#define is_taken(number) follows(number)
#endif

inline copy(from, to) {
  to.epoch = from.epoch;
  to.call = from.call;
  to.of_p = from.of_p;
  to.of_q = from.of_q
}

/* Call `number` of epoch 1 (by P) or 2 (by Q) reaches the primary. Otherwise it is fenced, or a
 * repetition, or history went back and what is missing is sent first. */
inline apply(its_epoch, number) {
  if
  :: is_of(its_epoch) && is_taken(number) ->
     primary.call = number;
     if
     :: its_epoch == 1 -> assert(!q_owns); primary.of_p++
     :: else -> primary.of_q++
     fi;
     assert(primary.of_p <= sent_p && primary.of_q <= sent_q)
  :: else
  fi
}

active proctype store() {
  byte number;
  primary.epoch = 1;
  replica.epoch = 1;
  do
  :: atomic { replica.epoch != primary.epoch || replica.call != primary.call -> copy(primary, replica) }
  :: atomic { failovers > 0 -> failovers--; copy(replica, primary) }
  :: atomic { sent_p > 0 -> select(number : 1 .. sent_p); apply(1, number) }
  :: atomic { sent_q > 0 -> select(number : 1 .. sent_q); apply(2, number) }
#ifdef LOSSY
  /* P's claim was forgotten and is redone, after what came before it. */
  :: atomic { p_again && primary.epoch == 1 && primary.call == sent_p ->
       primary.epoch = 2;
       primary.call = 0
     }
#endif
  :: timeout -> break
  od;
  assert(primary.of_p >= told_p && primary.of_q >= told_q)
}

active proctype p() {
  do
  :: sent_p < CALLS && told_p == sent_p && !p_again -> sent_p++
  :: atomic { told_p < sent_p && p_is_answered -> told_p = sent_p }
#ifdef LOSSY
  /* It claims anew, and reads what it then serves. */
  :: atomic { !p_again && told_p == sent_p && primary.epoch == 1 && nothing_is_missing ->
       primary.epoch = 2;
       primary.call = 0;
       p_again = true;
       assert(primary.of_p >= told_p)
     }
#endif
  :: timeout -> break
  od
}

#ifndef LOSSY
active proctype q() {
  do
  :: atomic { !q_owns && primary.epoch == 1 -> primary.epoch = 2; primary.call = 0 }
  /* It reads what it then serves. */
  :: atomic { !q_owns && claim_is_answered -> q_owns = true; assert(primary.of_p >= told_p) }
  :: q_owns && sent_q < CALLS && told_q == sent_q -> sent_q++
  :: atomic { told_q < sent_q && q_is_answered -> told_q = sent_q }
  :: timeout -> break
  od
}
#endif
