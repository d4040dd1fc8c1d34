// SPDX-License-Identifier: Apache-2.0
/* The grace periods' protocol under total store order, the memory model of x86: every thread's stores wait in a buffer of
 * its own until they reach memory, a read-modify-write empties the buffer first. Readers go on- and offline; the updater
 * replaces the object K times and frees the old one when its grace period is over. What the weaker orders of C++ allow
 * beyond this is the explorer's part.
 *
 * Properties: no reader holds what is freed (asserted at walk and at send); every grace period ends (ltl ends), though a
 * reader may stay offline for ever (HANG_OFFLINE). Where one stays online for ever (HANG_ONLINE) none ends, which is what
 * the stall detector is for. Broken variants, each of which must be found: ONLINE_STORE, NO_ADVANCE, UNLINK_LATE,
 * QUIESCENT_IN_WALK, SLOT_NOT_SCANNED, OFFLINE_IN_SEND, NO_RMW. On this model one read-modify-write of the updater is
 * enough, in start() (POLL_LOADS takes away the other) or in poll() (START_STORES): those two variants hold.
 */
#ifndef READERS
#define READERS 2
#endif
#ifndef K
#define K 3
#endif
#ifdef NO_RMW
#define POLL_LOADS
#define START_STORES
#endif

#define HEAD 0
#define GP 1
#define CTR(reader) (2 + (reader))

byte memory[2 + READERS];     /* what every thread sees */
chan buffer[1 + READERS] = [2] of { byte, byte };  /* address, value; 0 the updater's, 1 + reader a reader's */
bool freed[K + 2];
byte updates;

inline store(thread, address, value) { buffer[thread]!address, value }
inline drain(thread) { empty(buffer[thread]) }

proctype flush(byte thread) {
  byte address, value;
end:
  do
  :: d_step { buffer[thread]?address, value; memory[address] = value; address = 0; value = 0 }
  od
}

proctype reader(byte self) {
  byte epoch, seen, object;
end:
  do
  :: epoch = memory[GP];
     seen = epoch;
#ifdef ONLINE_STORE
     store(1 + self, CTR(self), epoch);
#else
     atomic { drain(1 + self); memory[CTR(self)] = epoch }
#endif
     do
     :: object = memory[HEAD];
        assert(!freed[object]);  /* walk */
#ifdef QUIESCENT_IN_WALK
        epoch = memory[GP];
        if
        :: epoch != seen -> store(1 + self, CTR(self), epoch); seen = epoch
        :: else
        fi;
#endif
#ifdef OFFLINE_IN_SEND
        store(1 + self, CTR(self), 0);
#endif
        assert(!freed[object]);  /* send */
#ifdef OFFLINE_IN_SEND
        epoch = memory[GP];
        seen = epoch;
        atomic { drain(1 + self); memory[CTR(self)] = epoch }
#endif
        object = 0;
        epoch = memory[GP];  /* quiescent */
        if
        :: epoch != seen -> store(1 + self, CTR(self), epoch); seen = epoch
        :: else
        fi
#ifdef HANG_ONLINE
     :: goto end_hangs
#endif
     :: break
     od;
     store(1 + self, CTR(self), 0);  /* offline */
     seen = 0;
     epoch = 0
#ifdef HANG_OFFLINE
  :: goto end_hangs
#endif
  od;
end_hangs:
  false
}

proctype updater() {
  byte gp = 1, old = 1, slot, seen;
  do
  :: updates < K ->
#ifndef UNLINK_LATE
     store(0, HEAD, old + 1);
#endif
#ifndef NO_ADVANCE
     gp++;
#endif
#ifdef START_STORES
     store(0, GP, gp);
#else
     atomic { drain(0); memory[GP] = gp }
#endif
#ifdef UNLINK_LATE
     store(0, HEAD, old + 1);
#endif
     /* poll: the slots one after the other, again from the first where one has not got so far */
     slot = 0;
     do
     :: slot < READERS ->
#ifdef SLOT_NOT_SCANNED
        if
        :: slot == 1 -> slot++
        :: else
        fi;
        if
        :: slot == READERS -> break
        :: else
        fi;
#endif
        seen = memory[CTR(slot)];
#ifndef POLL_LOADS
        if
        :: seen == 0 -> atomic { drain(0); seen = memory[CTR(slot)] }
        :: else
        fi;
#endif
        if
        :: seen == 0 || seen >= gp -> slot++
        :: else -> slot = 0
        fi
     :: else -> break
     od;
     seen = 0;
     freed[old] = true;
     old++;
     updates++
  :: else -> break
  od
}

init {
  byte i;
  atomic {
    memory[HEAD] = 1;
    memory[GP] = 1;
    run updater();
    run flush(0);
    do
    :: i < READERS -> run reader(i); run flush(1 + i); i++
    :: else -> break
    od;
    i = 0
  }
}

ltl ends { <> (updates == K) }
