"""Ends a test cluster when its time is over or the test that started it is gone, whatever way that test ended.

    python3 redis_keeper.py FOLDER LIFE_S

It reads its standard input: the end of that (the test closed it, or died) is the order to clean up; a cluster that shall
outlive its starter gives it /dev/null and the word `alone` as third argument."""
import pathlib
import select
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from redis_cluster import RedisCluster  # noqa: E402  (the folder of this file is not a package)


def wait(deadline, watch_input, folder):
    while time.monotonic() < deadline and folder.exists():
        left = min(1.0, deadline - time.monotonic())
        if not watch_input:
            time.sleep(max(0.0, left))
        elif select.select([sys.stdin], [], [], max(0.0, left))[0]:
            return


def main():
    folder = pathlib.Path(sys.argv[1])
    watch_input = "alone" not in sys.argv[3:]
    wait(time.monotonic() + float(sys.argv[2]), watch_input, folder)
    if folder.exists():
        RedisCluster.attach(folder).down()


if __name__ == "__main__":
    main()
