/* Who may answer for a partition: beats, marks, claims and suspensions of docs/internals/cluster.md, in
 * every interleaving. `scripts/dev model` checks it, and leaves out one rule after the other, where spin
 * must find the schedule that breaks it.
 *
 * Instance A acts for a node that owns one partition. Observers B and C act for nodes of their own and
 * want to adopt it.
 *
 * Time is abstract. The lease of a beat counts from its sending and may end at any moment after that:
 * `expired` is the highest beat whose lease is over. An observer's patience with a beat ends only when the
 * lease of that beat is over: that is what the margin and the two ends of counting are for. Everything
 * else may take any time: requests, answers, replication.
 *
 * The record is one number, 2 * beat + (1 when marked dead), so every write raises it. The primary
 * has `record`, its replica `durable`; a failover (a new `term`) puts the primary back to that. Answers of writes
 * wait for the replica, reads do not. The partition lies on another shard, whose failovers are the subject of
 * commit.pml.
 *
 * Rules that can be left out: NO_LEASE, NO_MARK, NO_CONFIRMATION, NO_ORDER.
 */
#define A 0
#define B 1
#define C 2
#define BEATS 4 /* that A sends at most */

byte record = 2;
byte durable = 2;
byte term = 0;

byte owner = A;
byte epoch = 1;

byte sent = 1;    /* the last beat of A */
byte known = 1;   /* the last that was accepted, as far as A knows; 0: none counts any more */
byte expired = 0; /* leases of beats up to this are over */
bool open = true;       /* A has the partition in memory */
bool suspended = false; /* and may not use it */
bool serves_b = false;
bool serves_c = false;

#ifdef NO_LEASE
#define serves_a (open)
#else
#define serves_a (open && !suspended && known > expired)
#endif

#define one_server \
  (!(serves_a && serves_b) && !(serves_a && serves_c) && !(serves_b && serves_c))

/* Writes `new` where `old` is expected; `done` when it is durable, not when it was refused. A request whose
 * answer a failover took is sent again. */
inline compare_and_set(old, new, done) {
  atomic {
    done = false;
    at = term;
    if
    :: record == old || record == new -> record = new; done = true
    :: else
    fi
  };
  do
  :: !done -> break
  :: atomic { done && term == at && durable >= new -> break }
  :: atomic { done && term != at ->
       at = term;
       if
       :: record == old || record == new -> record = new
       :: else -> done = false
       fi
     }
  od
}

active proctype clock() {
  do
  :: atomic { expired < sent ->
       expired++;
       if
       :: expired >= known -> suspended = true
       :: else
       fi
     }
  :: expired == BEATS -> break
  od
}

active proctype shard() {
  do
  :: atomic { durable != record -> durable = record }
  :: atomic { term == 0 && durable != record -> term = 1; record = durable }
  :: record == 2 * BEATS && durable == record -> break
  :: true -> break
  od;
  /* Replication goes on for ever, or nobody would be answered. */
  do
  :: atomic { durable != record -> durable = record }
  :: timeout -> break
  od
}

active proctype instance_a() {
  byte at, read_owner, read_epoch, expected, own_epoch = 1;
  bool done;
  do
  :: sent == BEATS -> break
  :: sent < BEATS && known > 0 ->
     /* The next beat. */
     atomic { sent++; expected = 2 * known };
     compare_and_set(expected, 2 * sent, done);
     if
     :: done ->
        atomic {
          known = sent;
          if
          :: expired >= known -> suspended = true
          :: else
          fi;
          assert(one_server)
        };
        if
        :: suspended && open && known > expired ->
           atomic { read_owner = owner; read_epoch = epoch };
           /* Reading takes time; the lease is looked at when the answer is there. */
           atomic {
             if
             :: read_owner == A && read_epoch == own_epoch && known > expired -> suspended = false
             :: read_owner == A && read_epoch == own_epoch -> skip
             :: else -> open = false
             fi;
             assert(one_server)
           }
        :: else
        fi
     :: else -> atomic { open = false; known = 0 } /* drops everything */
     fi
  :: sent < BEATS && known == 0 ->
     /* Takes its record back, whoever marked it, and claims what the store says is its own. */
     atomic { sent++; expected = record };
     compare_and_set(expected, 2 * sent, done);
     if
     :: done ->
        atomic { known = sent; suspended = false };
        atomic { read_owner = owner; read_epoch = epoch };
        atomic {
          if
          :: read_owner == A && owner == A && epoch == read_epoch && known > expired ->
             epoch++; own_epoch = epoch; open = true
          :: else
          fi;
          assert(one_server)
        }
     :: else
     fi
  od
}

proctype observer(byte me) {
  byte at, seen, known_owner, known_epoch;
  bool done;
  atomic { known_owner = owner; known_epoch = epoch };
  do
  :: atomic { record % 2 == 0 -> seen = record };
     /* It stood still for the patience: a second read shows the same. */
     (seen / 2 <= expired);
     if
     :: record == seen -> skip
     :: record != seen -> goto over
     fi;
#ifndef NO_MARK
     compare_and_set(seen, seen + 1, done);
     if
     :: done -> skip
     :: else -> goto over
     fi;
#endif
     break
  :: atomic { record % 2 == 1 -> seen = record };
#ifndef NO_CONFIRMATION
     compare_and_set(seen, seen, done);
     if
     :: done -> skip
     :: else -> goto over
     fi;
#endif
     break
  od;
#ifdef NO_ORDER
  atomic { known_owner = owner; known_epoch = epoch };
#endif
  atomic {
    if
    :: owner == A && known_owner == A && epoch == known_epoch ->
       owner = me;
       epoch++;
       if
       :: me == B -> serves_b = true
       :: else -> serves_c = true
       fi
    :: else
    fi;
    assert(one_server)
  };
over:
  skip
}

init {
  atomic { run observer(B); run observer(C) }
}
