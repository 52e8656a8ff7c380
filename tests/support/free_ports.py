"""Ports for servers of tests: free now, and not handed to another test that looks at the same time."""
import pathlib
import random
import socket
import tempfile

# Below Linux's range for outgoing connections, so that no client takes a port while its server is being restarted.
FIRST, LAST = 12000, 31999


def claim_ports(count, owner_folder):
    """COUNT free loopback ports, claimed as long as OWNER_FOLDER exists."""
    claims = pathlib.Path(tempfile.gettempdir()) / "fermata-test-ports"
    claims.mkdir(mode=0o777, exist_ok=True)
    ports = []
    for port in random.SystemRandom().sample(range(FIRST, LAST + 1), LAST - FIRST + 1):
        if len(ports) == count:
            return ports
        if _claim(claims / str(port), owner_folder) and _is_free(port):
            ports.append(port)
    raise RuntimeError("no free ports on this machine")


def _claim(claim, owner_folder):
    try:
        owner = claim.read_text()
        if not owner or pathlib.Path(owner).exists():
            return False
        claim.unlink()
    except FileNotFoundError:
        pass
    except OSError:
        return False
    try:
        with open(claim, "x", encoding="utf-8") as file:
            file.write(str(owner_folder))
    except OSError:
        return False
    return True


def _is_free(port):
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with socket.socket(family) as probe:
            try:
                probe.bind((host, port))
            except OSError:
                if family == socket.AF_INET:
                    return False
    return True
