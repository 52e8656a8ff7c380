"""Users of a test cluster with ACL. The rights of `fermata` are the ones docs/guide/redis.md asks for, no more."""

USERS = ("fermata", "replication", "admin")

# For the keys of the store, and what the client needs to find and watch the servers.
COMMANDS = (
    # connection and topology
    "hello auth ping info role wait asking cluster|shards cluster|slots cluster|nodes cluster|info",
    # scripts: loading and calling them
    "evalsha eval script|load",
    # what the scripts and the plain reads do
    "exists type time expire pexpire pexpireat ttl pttl del unlink get set "
    "hset hsetnx hget hmget hgetall hdel hexists hlen hincrby hscan "
    "zadd zrem zrange zrangebyscore zrevrangebyscore zscore zmscore zcard zcount "
    "xadd xrange xrevrange xlen xtrim xdel",
)


def rights_of_fermata(cluster_name):
    """As one line of ACL SETUSER, without user name and password; `cluster_name`: [cluster] name."""
    names = " ".join(f"+{name}" for line in COMMANDS for name in line.split())
    return f"on resetchannels ~ORS:{cluster_name}:* -@all {names}"


def settings(passwords, cluster_name):
    """Lines of redis.conf. The default user is off: whoever forgets to log in gets nowhere."""
    return [
        ("user", f"fermata >{passwords['fermata']} {rights_of_fermata(cluster_name)}"),
        ("user", f"replication on >{passwords['replication']} -@all +psync +replconf +ping"),
        ("user", f"admin on >{passwords['admin']} ~* &* +@all"),
        ("user", "default off -@all"),
        ("masteruser", "replication"),
        ("masterauth", passwords["replication"]),
    ]
