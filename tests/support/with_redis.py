#!/usr/bin/env python3
"""Runs a command beside a Redis cluster of its own, and takes that down afterwards.

    with_redis.py [--tls] [--acl] [--valkey] [--primaries 3] [--replicas 1] [--standalone] … -- command arguments…

The command finds the cluster in its environment:

    FERMATA_TEST_REDIS             host:port;host:port…   all nodes, as [persistence] redis-nodes takes them
    FERMATA_TEST_REDIS_USER        with --acl: a user with the rights that the server needs, and reading and writing beside
    FERMATA_TEST_REDIS_PASSWORD    … and its password
    FERMATA_TEST_REDIS_CACERT      with --tls: the authority's certificate; TLS is on when this is set
    FERMATA_TEST_REDIS_CERT, _KEY  … and a client's certificate and key, which --mutual-tls demands
    FERMATA_TEST_REDIS_REPLICAS    replicas of each primary
    FERMATA_TEST_REDIS_STANDALONE  1 with --standalone
    FERMATA_TEST_REDIS_FOLDER      the cluster's folder
    FERMATA_TEST_REDIS_CONTROL     a command line; add a verb to disturb the cluster: kill 0, pause 0, resume 0, restart 0,
                                   failover 0, reshard, flush-scripts, wait, cli 0 COMMAND… (see redis_command.py --help)

The exit code is the command's."""
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import redis_command  # noqa: E402
import redis_rights  # noqa: E402
from redis_cluster import RedisCluster  # noqa: E402


def main():
    if "--" not in sys.argv:
        sys.exit(__doc__)
    at = sys.argv.index("--")
    parser = redis_command.start_options("with_redis.py")
    options = redis_command.start_arguments(parser.parse_args(sys.argv[1:at]))
    with RedisCluster.start(**options, extra_rights=redis_rights.EXTRA_FOR_TESTS) as cluster:
        return subprocess.run(sys.argv[at + 1:], env={**os.environ, **cluster.environment}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
