"""A network of its own for the servers of one test cluster, so that links between them can be cut.

Each server lives in a network namespace that hangs on one bridge; this machine has an address on the bridge too. A cut is
silence, as on a broken cable: both sides send to a hardware address that nobody has, no error comes back, connections that
exist stay and starve. Needs root and `ip netns` (package iproute2)."""
import hashlib
import ipaddress
import os
import shutil
import subprocess
import typing

NOBODY = "02:00:00:00:00:00"


class Guest(typing.NamedTuple):
    """A namespace on the bridge: its name, its link's end on the bridge, its address."""

    name: str
    link: str
    host: str


class Network:
    """Names come from the cluster's folder, so that any process that knows the folder can cut, heal and remove."""

    def __init__(self, folder):
        digest = hashlib.sha256(str(folder).encode()).digest()
        self.tag = digest.hex()[:6]
        self.bridge = f"fmt{self.tag}"
        self.subnet = ipaddress.ip_network(f"10.{200 + digest[4] % 50}.{digest[5]}.0/24")
        self.file = os.path.join(folder, "network")
        self.guest_file = os.path.join(folder, "network-guests")

    @staticmethod
    def unavailable():
        """Why there can be no network here; empty when there can."""
        if os.geteuid() != 0:
            return "network namespaces need root: run this as root, or leave out --netns"
        if not shutil.which("ip"):
            return "network namespaces need the ip command (package iproute2)"
        probe = f"fmtprobe{os.getpid()}"
        done = subprocess.run(["ip", "netns", "add", probe], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            return f"this machine allows no network namespaces: {done.stderr.strip()}"
        run("ip", "netns", "del", probe)
        return ""

    def plan(self, count):
        """The addresses of the servers."""
        return [str(self.subnet[1 + number]) for number in range(count)]

    def names(self, count):
        return [f"{self.bridge}n{number}" for number in range(count)]

    def hosts(self):
        with open(self.file, encoding="utf-8") as file:
            return file.read().split()

    def build(self, hosts):
        if self.unavailable():
            raise RuntimeError(self.unavailable())
        with open(self.file, "w", encoding="utf-8") as file:
            file.write(" ".join(hosts))
        run("ip", "link", "add", self.bridge, "type", "bridge")
        run("ip", "addr", "add", f"{self.subnet[254]}/24", "dev", self.bridge)
        run("ip", "link", "set", self.bridge, "up")
        for number, name in enumerate(self.names(len(hosts))):
            self._attach(name, f"{self.bridge}v{number}", hosts[number])

    def _attach(self, name, link, host):
        run("ip", "netns", "add", name)
        run("ip", "link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", name)
        run("ip", "link", "set", link, "master", self.bridge, "up")
        run("ip", "-n", name, "addr", "add", f"{host}/24", "dev", "eth0")
        run("ip", "-n", name, "link", "set", "lo", "up")
        run("ip", "-n", name, "link", "set", "eth0", "up")

    def cut(self, number, client):
        """`client`: `away`, `beside` or `both`, see RedisCluster.cut."""
        hosts = self.hosts()
        names = self.names(len(hosts))
        for other, host in enumerate(hosts):
            if other != number:
                self._silence(names[number], host)
                self._silence(names[other], hosts[number])
        lost = {"away": [number], "beside": [at for at in range(len(hosts)) if at != number], "both": []}[client]
        for at in lost:
            self._silence(None, hosts[at])
            self._silence(names[at], str(self.subnet[254]))

    def heal(self):
        hosts = self.hosts()
        for name in [None, *self.names(len(hosts))]:
            # Permanent entries are ours alone; what the kernel learned by itself has other states.
            run("ip", *_inside(name), "neigh", "flush", "nud", "permanent", "dev", self._device(name), check=False)

    def remove(self):
        """Also what is left of an unfinished build."""
        if not os.path.exists(self.file):
            return
        for number, name in enumerate(self.names(len(self.hosts()))):
            run("ip", "netns", "del", name, check=False)
            run("ip", "link", "del", f"{self.bridge}v{number}", check=False)
        for guest in self.guests():
            run("ip", "netns", "del", guest.name, check=False)
            run("ip", "link", "del", guest.link, check=False)
        run("ip", "link", "del", self.bridge, check=False)

    # --- guests: programs that use the cluster, each with a link of its own

    def add_guest(self):
        """A namespace on the same bridge; everybody reaches it until it is parted from somebody."""
        number = len(self.guests())
        guest = Guest(f"{self.bridge}g{number}", f"{self.bridge}w{number}", str(self.subnet[101 + number]))
        with open(self.guest_file, "a", encoding="utf-8") as file:
            file.write(f"{guest.name} {guest.link} {guest.host}\n")
        self._attach(guest.name, guest.link, guest.host)
        return guest

    def guests(self):
        try:
            with open(self.guest_file, encoding="utf-8") as file:
                return [Guest(*line.split()) for line in file]
        except FileNotFoundError:
            return []

    def servers(self):
        """Those of build(), as guests see them."""
        hosts = self.hosts()
        return [Guest(name, f"{self.bridge}v{number}", host)
                for number, (name, host) in enumerate(zip(self.names(len(hosts)), hosts))]

    def part(self, one, others):
        """Silence between one member and others, both ways, until rejoin()."""
        for other in others:
            self._silence(one.name, other.host)
            self._silence(other.name, one.host)

    def rejoin(self, one, others):
        for other in others:
            run("ip", "-n", one.name, "neigh", "del", other.host, "dev", "eth0", check=False)
            run("ip", "-n", other.name, "neigh", "del", one.host, "dev", "eth0", check=False)

    def _silence(self, name, host):
        run("ip", *_inside(name), "neigh", "replace", host, "lladdr", NOBODY, "nud", "permanent",
            "dev", self._device(name))

    def _device(self, name):
        return "eth0" if name else self.bridge


def _inside(name):
    return ["-n", name] if name else []


def run(*words, check=True):
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip()}")
