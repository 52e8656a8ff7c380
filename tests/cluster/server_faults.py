"""What happens to the servers of a cluster and to its Redis in one bout of faults. Several at a time, one per server."""
import contextlib
import heapq
import random
import time

from redis_connection import RedisError

# Shorter than a lease, or several of them.
AWAY_S = (0.2, 8.0)
PAUSE_MAX_S = 20.0
END_S = 40


class ServerFaults:
    """Each method without an underscore is one kind of fault: it does something, says for how many seconds, and is gone on with
    after that time; in the end what it disturbed is whole again."""

    def __init__(self, servers, redis, dice, longest_pause_s):
        self._servers = servers
        self._redis = redis
        self._dice = dice
        self._longest_pause_s = longest_pause_s
        self.done = []

    def kill(self, name):
        """kill -9"""
        self._servers[name].kill()
        yield self._away(name, "kill")
        self._servers[name].start()

    def kill_at_start(self, name):
        """… and once more while it comes back."""
        self._servers[name].kill()
        yield self._away(name, "kill_at_start") / 4
        self._servers[name].start()
        yield self._dice.uniform(0, 1)
        self._servers[name].kill()
        self._servers[name].start()

    def pause(self, name):
        away = self._dice.choice([self._dice.uniform(*AWAY_S), self._dice.uniform(1, self._longest_pause_s)])
        self.done.append(f"pause {name} {away:.1f}s")
        self._servers[name].pause()
        yield away
        self._servers[name].resume()

    def terminate(self, name):
        self._servers[name].terminate()
        yield from self._until_ended(name)
        yield self._away(name, "terminate") / 2
        self._servers[name].start()

    def drain(self, name):
        """As an operator does it: everything goes to others, then the process is stopped and replaced."""
        status, answer, _ = self._servers[name].call("POST", "/api/v1/cluster/drain")
        if status != 202:
            raise AssertionError(f"{name}: drain was answered {status} {answer}")
        self.done.append(f"drain {name}")
        deadline = time.monotonic() + END_S
        while time.monotonic() < deadline:
            view = self._servers[name].view()
            if view and view["drained"]:
                break
            yield 0.1
        else:
            raise AssertionError(f"{name} is not drained after {END_S} s: {view}")
        self._servers[name].terminate()
        yield from self._until_ended(name)
        self._servers[name].start()

    def part_from_redis(self, name):
        self._servers.part_from_redis(name)
        yield self._away(name, "part_from_redis")
        self._servers.rejoin_redis(name)

    def part_from_peers(self, name):
        self._servers.part_from_peers(name)
        yield self._away(name, "part_from_peers")
        self._servers.rejoin_peers(name)

    def rebalance(self, name):
        self.done.append(f"rebalance {name}")
        with contextlib.suppress(OSError):  # some peer may be away
            self._servers[name].call("POST", "/api/v1/cluster/rebalance", timeout_s=30)
        yield 0

    def _until_ended(self, name):
        deadline = time.monotonic() + END_S
        while self._servers[name].is_running():
            if time.monotonic() > deadline:
                raise AssertionError(f"{name} did not end within {END_S} s of SIGTERM\n{self._servers[name].last_words()}")
            yield 0.05
        code = self._servers[name].wait_ended()
        if code != 0:
            raise AssertionError(f"{name} ended with {code} after SIGTERM\n{self._servers[name].last_words()}")

    def _away(self, name, what):
        away = self._dice.uniform(*AWAY_S)
        self.done.append(f"{what} {name} {away:.1f}s")
        return away


class RedisFaults:
    """The same for Redis; one at a time."""

    def __init__(self, redis, dice):
        self._redis = redis
        self._dice = dice
        self.done = []

    def failover(self):
        self.done.append("failover")
        self._redis.failover(self._primary())
        yield 0

    def failover_force(self):
        self.done.append("failover_force")
        self._redis.failover(self._primary(), "FORCE")
        yield 0

    def kill_primary(self):
        node, away = self._primary(), self._dice.uniform(0.3, 6)
        self.done.append(f"kill_primary {away:.1f}s")
        self._redis.kill(node)
        yield away
        self._redis.restart(node)

    def pause_primary(self):
        node, away = self._primary(), self._dice.uniform(0.3, 6)
        self.done.append(f"pause_primary {away:.1f}s")
        self._redis.pause(node)
        yield away
        self._redis.resume(node)

    def flush_scripts(self):
        self.done.append("flush_scripts")
        self._redis.flush_scripts()
        yield 0

    def _primary(self):
        return self._dice.choice(self._redis.primaries())


def kinds(faults, without=()):
    return [name for name in vars(faults) if not name.startswith("_") and not name.startswith(tuple(without))]


class Bouts:
    """Choices depend on the seed and the number of the bout alone. Every bout ends with a whole cluster."""

    def __init__(self, servers, redis, seed, longest_pause_s=PAUSE_MAX_S, only=None):
        self.servers = servers
        self.redis = redis
        self.seed = seed
        self.longest_pause_s = longest_pause_s
        cuts = () if redis.network else ("part_",)
        chosen = set(only.split(",")) if only else None
        self.server_kinds = [kind for kind in kinds(ServerFaults, cuts) if not chosen or kind in chosen]
        self.redis_kinds = [kind for kind in kinds(RedisFaults) if not chosen or kind in chosen]

    def run(self, number):
        """What was done."""
        dice = random.Random(self.seed * 1000 + number)
        on_servers = ServerFaults(self.servers, self.redis, dice, self.longest_pause_s)
        on_redis = RedisFaults(self.redis, dice)
        self._play(self._plan(number, dice, on_servers, on_redis))
        self.redis.wait_healthy()
        self.servers.wait_whole()
        return " + ".join(on_servers.done + on_redis.done)

    def _plan(self, number, dice, on_servers, on_redis):
        """(begin, fault): each kind gets its turn as the first one of a bout; the others come by luck, each on another server."""
        order = random.Random(self.seed).sample(self.server_kinds + self.redis_kinds, len(self.server_kinds + self.redis_kinds))
        first = order[number % len(order)]
        names = dice.sample([instance.name for instance in self.servers], len(list(self.servers)))
        chosen = [first] if first in self.server_kinds else []
        if self.server_kinds:
            chosen += dice.choices(self.server_kinds, k=dice.choice([0, 1, 1, 2]))
        plan = [(dice.uniform(0, 3), getattr(on_servers, kind)(name)) for kind, name in zip(chosen, names)]
        if first in self.redis_kinds:
            plan.append((dice.uniform(0, 3), getattr(on_redis, first)()))
        elif self.redis_kinds and dice.random() < 0.3:
            plan.append((dice.uniform(0, 3), getattr(on_redis, dice.choice(self.redis_kinds))()))
        return plan

    @staticmethod
    def _play(plan):
        begin = time.monotonic()
        waiting = [(at, place, fault) for place, (at, fault) in enumerate(plan)]
        heapq.heapify(waiting)
        while waiting:
            at, place, fault = heapq.heappop(waiting)
            time.sleep(max(0.0, begin + at - time.monotonic()))
            try:
                pause = next(fault)
            except StopIteration:
                continue
            except (OSError, RedisError, RuntimeError) as error:
                raise AssertionError(f"a fault could not be made: {error!r}") from error
            heapq.heappush(waiting, (time.monotonic() - begin + pause, place, fault))
