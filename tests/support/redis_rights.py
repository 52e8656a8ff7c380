"""Users of a test cluster with ACL. The rights of `fermata` are the ones docs/guide/redis.md asks for, no more."""

USERS = ("fermata", "replication", "admin")

# AUTH and HELLO need no right.
COMMANDS = (
    # connection, topology, replicas
    "ping client|setname info time wait asking cluster|countkeysinslot cluster|info cluster|nodes cluster|shards cluster|slots",
    # the scripts that do all writing, and what is called in them
    "script|load evalsha",
    "exists unlink pexpire pexpireat get set",
    "hset hget hmget hgetall hkeys hscan hdel",
    "zadd zrem zremrangebyscore zrange zrangebyscore zrank zscore zcount",
)
# For tests of src/ that look behind the store.
EXTRA_FOR_TESTS = "+@read +@write +@keyspace"


def needed():
    return [name for line in COMMANDS for name in line.split()]


def rights_of_fermata(cluster_name, extra=""):
    """As one line of ACL SETUSER, without user name and password; `cluster_name`: [cluster] name."""
    names = " ".join(f"+{name}" for name in needed())
    return f"on resetchannels ~ORS:{cluster_name}:* -@all {names} {extra}".rstrip()


def settings(passwords, cluster_name, extra):
    """Lines of redis.conf. The default user is off: whoever forgets to log in gets nowhere. But it keeps its rights: a
    server that loads its AOF does so as that user, and without rights it silently leaves out every transaction, that is
    everything that scripts wrote (Redis 7.0 and Valkey 8.0)."""
    return [
        ("user", f"fermata >{passwords['fermata']} {rights_of_fermata(cluster_name, extra)}"),
        ("user", f"replication on >{passwords['replication']} -@all +psync +replconf +ping"),
        ("user", f"admin on >{passwords['admin']} ~* &* +@all"),
        ("user", "default off resetpass ~* &* +@all"),
        ("masteruser", "replication"),
        ("masterauth", passwords["replication"]),
    ]
