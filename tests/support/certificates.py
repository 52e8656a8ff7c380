"""Certificates for tests, made with the openssl command: an authority, servers, clients, and bad ones of each kind."""
import pathlib
import subprocess

SERVER_NAMES = ("DNS:localhost", "DNS:redis.fermata.test", "IP:127.0.0.1", "IP:::1")
VALID_DAYS = 365


def make_authority(folder, name="ca"):
    """FOLDER/NAME.crt and NAME.key; gives the path of the certificate."""
    folder = pathlib.Path(folder)
    _make_key(folder / f"{name}.key")
    _openssl("req", "-x509", "-new", "-key", folder / f"{name}.key", "-days", str(VALID_DAYS), "-sha256",
             "-subj", f"/O=Fermata test/CN={name}", "-addext", "basicConstraints=critical,CA:true",
             "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-out", folder / f"{name}.crt")
    return folder / f"{name}.crt"


def make_certificate(folder, name, authority="ca", names=SERVER_NAMES, expired=False):
    """FOLDER/NAME.crt and NAME.key, signed by AUTHORITY of the same folder; fit for servers and clients."""
    folder = pathlib.Path(folder)
    _make_key(folder / f"{name}.key")
    _openssl("req", "-new", "-key", folder / f"{name}.key", "-subj", f"/O=Fermata test/CN={name}",
             "-out", folder / f"{name}.csr")
    extensions = folder / f"{name}.ext"
    extensions.write_text(f"subjectAltName={','.join(names)}\nextendedKeyUsage=serverAuth,clientAuth\n"
                          "basicConstraints=CA:false\n")
    if expired:
        _sign_for_the_past(folder, name, authority, extensions)
    else:
        _openssl("x509", "-req", "-in", folder / f"{name}.csr", "-CA", folder / f"{authority}.crt",
                 "-CAkey", folder / f"{authority}.key", "-set_serial", _serial(name), "-days", str(VALID_DAYS),
                 "-sha256", "-extfile", extensions, "-out", folder / f"{name}.crt")
    return folder / f"{name}.crt"


def make_hashed_folder(folder, *certificates):
    """A CA folder as OpenSSL looks it up: one link `<hash>.0` for each certificate."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for certificate in certificates:
        target = folder / pathlib.Path(certificate).name
        target.write_bytes(pathlib.Path(certificate).read_bytes())
    _openssl("rehash", folder)
    return folder


# `openssl x509` of Debian 12 cannot date a certificate back; `openssl ca` can.
def _sign_for_the_past(folder, name, authority, extensions):
    database = folder / f"{name}.index"
    database.write_text("")
    settings = folder / f"{name}.cnf"
    settings.write_text(f"[ca]\ndefault_ca=own\n[own]\ndatabase={database}\nnew_certs_dir={folder}\nrand_serial=yes\n"
                        "default_md=sha256\npolicy=any\nunique_subject=no\n"
                        "[any]\norganizationName=optional\ncommonName=supplied\n")
    _openssl("ca", "-batch", "-notext", "-config", settings, "-cert", folder / f"{authority}.crt",
             "-keyfile", folder / f"{authority}.key", "-in", folder / f"{name}.csr", "-extfile", extensions,
             "-startdate", "20200101000000Z", "-enddate", "20200201000000Z", "-out", folder / f"{name}.crt")


def _make_key(path):
    _openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path)
    path.chmod(0o600)


def _serial(name):
    return "0x" + name.encode().hex()[:16].rjust(2, "0")


def _openssl(*arguments):
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {arguments[0]} failed:\n{done.stderr[-1500:]}")
